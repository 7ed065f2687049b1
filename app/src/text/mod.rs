//! Words and figures as the page shows them. Pure: time is an argument.

mod advice;
mod format;
mod label;
mod making;

pub(crate) use advice::{Remedy, advice, remedy};
pub(crate) use format::{age, bytes, clock, watching};
pub(crate) use label::{audio_label, spoken_duration, subtitle_label, viewer_label};
pub(crate) use making::{SUBTITLES_OFF, picture_words, quality_label, sound_words};
