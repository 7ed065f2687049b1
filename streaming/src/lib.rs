//! Matinee's domain: from a link to HLS segments, and the sessions that watch them.
//!
//! ```text
//! source -> probe -> plan -> rendition -> head -> store -> http -> hls.js
//!                                ^                                  |
//!                                +------- session <--- heartbeat ---+
//! ```
//!
//! This crate knows neither the routes of the app nor Leptos.

mod ebml;
pub mod encoder;
pub mod film;
pub mod fmp4;
pub mod fonts;
pub mod gateway;
pub mod head;
pub mod keyframes;
pub mod matinee;
mod mpeg;
mod owned_folder;
pub mod plan;
pub mod playlist;
pub mod probe;
pub mod process;
pub mod rendition;
pub mod scheduler;
pub mod session;
pub mod source;
pub mod store;
pub mod subtitles;
pub mod tasks;
pub mod time;
pub mod tools;
pub mod torrent;

pub use matinee::{Bringing, Channel, Config, Matinee, Player, StartError};
