//! Words and figures as the page shows them. Pure: time is an argument.

mod advice;
mod format;
mod label;

pub(crate) use advice::{Remedy, advice, remedy};
pub(crate) use format::{age, bytes, clock, watching};
pub(crate) use label::{audio_label, spoken_duration, subtitle_label, viewer_label};
