//! One password for the whole server, where it was given one.
//!
//! Whoever knows it gets a cookie, which is an HMAC with a key made of the password: the server keeps no list of
//! logins, they outlive its restarts, and another password ends them all. Players without a page say the password
//! with each request (HTTP Basic). [`gate`] stands in front of everything.

mod attempts;
mod basic;
mod cookie;
mod gate;
mod keys;
mod next;
mod page;
mod routes;
mod salt;
mod verify;

pub use self::{gate::gate, routes::routes, verify::Login};

/// Where the form is.
const PATH: &str = "/login";
