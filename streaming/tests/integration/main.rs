//! Integration tests.

#![allow(clippy::unwrap_used, reason = "a test says by its panic what was unexpected")]

mod process;
mod tools;
