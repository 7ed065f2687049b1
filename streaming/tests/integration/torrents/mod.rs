//! Torrents, with seeders on this machine.

mod contents;
mod quota;
mod restart;
mod watched;

const VIDEO: &str = "v0-copy";
const AUDIO: &str = "a0-copy";
