//! Against real sockets, files and programs, all of them on this machine.

#![expect(clippy::unwrap_used, reason = "this is a test through and through, helpers included")]

mod every;
mod film;
mod gateway;
mod keyframes;
mod probe;
mod process;
mod subtitles;
mod support;
mod tools;
#[cfg(feature = "torrents")]
mod torrents;
