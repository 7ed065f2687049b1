//! playlist.
