//! The program as its operator and its clients see it: started for real, on a free port, with its own folders.

#![expect(clippy::unwrap_used, reason = "this is a test through and through, helpers included")]

mod calls;
mod company;
mod events;
mod house;
mod login;
mod program;
mod start;
mod stop;
mod subtitles;
mod webvtt;
