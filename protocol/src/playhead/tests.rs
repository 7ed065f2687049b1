//! Tests of the parts together; the crowd is in `tests/simulation`.

mod clock;
mod correction;
mod follower;
mod leading;
mod standing;
mod steering;
