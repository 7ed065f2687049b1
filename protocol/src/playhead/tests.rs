//! Tests of the parts together.

mod steering;
