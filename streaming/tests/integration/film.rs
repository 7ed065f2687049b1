//! A film from its link to its segments, through the public handle and with the real tools.

mod broken;
mod cards;
mod children;
mod copied;
mod heads;
mod held;
mod limits;
mod outside;
mod pictures;
mod prefetch;
mod presets;
mod rates;
mod sharing;
mod subtitles;
mod timed;
mod undecodable;
mod walked;
mod whole;

/// The default video rendition of the test films, and all audio ones.
const VIDEO: &str = "v0-encode-s0";
const PLAIN_VIDEO: &str = "v0-encode-none";
const AUDIO: [&str; 2] = ["a0-aac", "a1-aac"];
