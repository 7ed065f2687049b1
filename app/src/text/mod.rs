//! Words and figures as the page shows them. Pure: time is an argument.

mod advice;
mod company;
mod files;
mod format;
mod label;
mod making;
mod parts;
mod source;
mod together;
mod torrent;

pub(crate) use advice::{REMOVED, Remedy, advice, remedy, torrent_advice};
pub(crate) use company::{host_words, lane, reaction_name, sender, viewer_state};
pub(crate) use files::{films, first_choice, passes, subtitles_for};
pub(crate) use format::{age, bytes, clock, watching};
pub(crate) use label::{audio_label, spoken_duration, subtitle_label, viewer_label};
pub(crate) use making::{SUBTITLES_OFF, encoder_words, picture_words, quality_label, sound_words, strain_words};
pub(crate) use parts::{HEIGHT, WIDTH, parts_path, place_percent};
pub(crate) use source::{Pasted, is_torrent_name, pasted};
pub(crate) use together::shared_words;
pub(crate) use torrent::{Wait, rate, torrent_peers, torrent_progress, torrent_share, torrent_state, torrent_wait};
