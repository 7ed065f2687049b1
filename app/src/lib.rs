//! What both sides of Matinee compile: pages, components, server functions and the hls.js bindings.
//!
//! The server renders the frame of each page; whatever changes from request to request is fetched by the
//! browser, so that what is hydrated is always what was rendered.

pub mod api;
mod browser;
#[allow(unreachable_pub, reason = "the component macro makes its items public")]
mod components;
mod overlay;
#[allow(unreachable_pub, reason = "the component macro makes its items public")]
mod pages;
mod player;
#[allow(unreachable_pub, reason = "the component macro makes its items public")]
mod root;
mod text;
mod watch;

pub use browser::tell_ready;
pub use root::{App, shell};
