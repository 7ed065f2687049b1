//! Parts of pages.

pub(crate) mod brand;
pub(crate) mod bring_subtitles;
mod choose_file;
pub(crate) mod curtain;
mod host;
pub(crate) mod house;
pub(crate) mod live;
pub(crate) mod look;
pub(crate) mod making;
pub(crate) mod messages;
pub(crate) mod notices;
pub(crate) mod open_form;
mod opening;
mod over;
pub(crate) mod player;
pub(crate) mod share;
pub(crate) mod stage;
pub(crate) mod together;
pub(crate) mod torrent;
pub(crate) mod tracks;
pub(crate) mod trouble;
pub(crate) mod viewers;
