//! The player: hls.js where there are Media Source Extensions, the browser's own HLS elsewhere.

mod bridge;
mod config;
mod fallback;
mod ffi;
mod master;
mod owner;
mod recovery;

pub(crate) use bridge::{Event, Fault};
pub(crate) use fallback::{Fallback, Witness, copied};
pub(crate) use master::{first_query, master_query, master_url};
pub(crate) use owner::{Player, Source, Texts, known_position_s, preload};
pub(crate) use recovery::{Recovery, Step};
