//! From a pasted source to the page of its session: a torrent is looked into first, and something chosen of it.

use std::time::Duration;

use leptos::{html, prelude::*, task::spawn_local};
use protocol::{Error, ErrorKind, LARGEST_TORRENT_FILE, SessionId, TorrentAdded, TorrentFile, TorrentFileKind};
use web_sys::File;

use super::choose_file::Offer;
use crate::{
    api, browser,
    text::{Pasted, films, is_torrent_name, pasted},
};

/// Opening answers at once; a server that takes longer has a problem.
const OPENING: Duration = Duration::from_secs(30);
/// The server asks peers for 30 s.
const ASKING: Duration = Duration::from_secs(45);
/// A `.torrent` file of megabytes over a slow line.
const SENDING: Duration = Duration::from_secs(60);

/// What the form is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Nothing,
    Sending,
    Asking(Pasted),
    Opening,
}

impl Doing {
    /// What is told while it can be called off.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            Self::Sending => Some("Sending the torrent file…"),
            Self::Asking(Pasted::Magnet) => Some("Asking peers what is in it… (up to 30 seconds)"),
            Self::Asking(_) => Some("Reading what is in the torrent…"),
            Self::Nothing | Self::Opening => None,
        }
    }
}

/// What went wrong, and whether a torrent did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) error: Error,
    pub(super) torrent: bool,
}

/// The state of the form. All fields are handles.
#[derive(Clone, Copy)]
pub(super) struct Opening {
    pub(super) field: NodeRef<html::Input>,
    /// Whether the session is to be left out of the list.
    pub(super) private: NodeRef<html::Input>,
    pub(super) doing: RwSignal<Doing>,
    pub(super) problem: RwSignal<Option<Problem>>,
    pub(super) offer: RwSignal<Option<Offer>>,
    /// Counts up for everything that is begun or called off, so that the answer to a former question is dropped.
    turns: StoredValue<u32>,
    go: Callback<SessionId>,
}

impl Opening {
    /// `go` shows the page of a session.
    pub(super) fn new(go: Callback<SessionId>) -> Self {
        Self {
            field: NodeRef::new(),
            private: NodeRef::new(),
            doing: RwSignal::new(Doing::Nothing),
            problem: RwSignal::new(None),
            offer: RwSignal::new(None),
            turns: StoredValue::new(0),
            go,
        }
    }

    /// Opens what is in the field, or looks into it.
    pub(super) fn submit(self) {
        let Some(field) = self.field.get_untracked() else { return };
        if self.is_busy() {
            return;
        }
        let source = field.value().trim().to_owned();
        if source.is_empty() {
            let message = "the field is empty; paste a link to a video, or a magnet link";
            return self.fail(Error::new(ErrorKind::InvalidSource, message), false);
        }
        match pasted(&source) {
            Pasted::Film => self.open(source, None, None),
            torrent => self.look_into(source, torrent),
        }
    }

    /// Takes a `.torrent` file of this computer, and looks into it.
    pub(super) fn take_file(self, file: File) {
        if self.is_busy() {
            return;
        }
        if !is_torrent_name(&file.name()) {
            let message = format!("{} is not a .torrent file; choose one whose name ends in .torrent", file.name());
            return self.fail(Error::new(ErrorKind::InvalidSource, message), true);
        }
        if file.size() > LARGEST_TORRENT_FILE as f64 {
            let most = LARGEST_TORRENT_FILE >> 20;
            let message = format!("torrent files of more than {most} MB are not taken; paste the magnet link instead");
            return self.fail(Error::new(ErrorKind::TooLarge, message), true);
        }
        let turn = self.begin(Doing::Sending);
        spawn_local(async move {
            let answer = api::within(SENDING, browser::post_file::<TorrentAdded>("/torrents".to_owned(), file)).await;
            if !self.is_current(turn) {
                return;
            }
            match answer {
                Ok(TorrentAdded { source }) => {
                    // So that the form can try again what fails later.
                    if let Some(field) = self.field.get_untracked() {
                        field.set_value(&source);
                    }
                    self.look_into(source, Pasted::TorrentFile);
                }
                Err(error) => self.fail(error.0, true),
            }
        });
    }

    /// Opens a session and goes there. `film` and `subtitles` are numbers of files of a torrent.
    pub(super) fn open(self, source: String, film: Option<u32>, subtitles: Option<u32>) {
        let turn = self.begin(Doing::Opening);
        let private = self.private.get_untracked().map(|field| field.checked());
        spawn_local(async move {
            let answer = api::within(OPENING, api::open(source, film, subtitles, private)).await;
            if !self.is_current(turn) {
                return;
            }
            match answer {
                Ok(opened) => {
                    self.doing.set(Doing::Nothing);
                    browser::keep_host_key(opened.session, &opened.host_key);
                    self.go.run(opened.session);
                }
                Err(error) => self.fail(error.0, film.is_some()),
            }
        });
    }

    /// No longer waits for what a torrent holds.
    pub(super) fn call_off(self) {
        if self.doing.get_untracked().words().is_some() {
            self.begin(Doing::Nothing);
            self.focus();
        }
    }

    pub(super) fn focus(self) {
        if let Some(field) = self.field.get_untracked() {
            let _ = field.focus();
        }
    }

    fn look_into(self, source: String, torrent: Pasted) {
        let turn = self.begin(Doing::Asking(torrent));
        spawn_local(async move {
            let answer = api::within(ASKING, api::inspect(source.clone())).await;
            if !self.is_current(turn) {
                return;
            }
            let media = match answer {
                Ok(media) => media,
                Err(error) => return self.fail(error.0, true),
            };
            match next(&media.files, !media.video.is_empty()) {
                Next::Open(film) => self.open(source, film, None),
                Next::Choose => {
                    self.doing.set(Doing::Nothing);
                    self.offer.set(Some(Offer { source, title: media.title, files: media.files }));
                }
                Next::Refuse => {
                    let message = "none of the torrent's files is a video; look for another torrent";
                    self.fail(Error::new(ErrorKind::NotAVideo, message), true);
                }
            }
        });
    }

    fn is_busy(self) -> bool {
        self.doing.get_untracked() != Doing::Nothing
    }

    fn begin(self, doing: Doing) -> u32 {
        let turn = self.turns.with_value(|turns| turns + 1);
        self.turns.set_value(turn);
        self.problem.set(None);
        self.doing.set(doing);
        turn
    }

    fn is_current(self, turn: u32) -> bool {
        !self.doing.is_disposed() && self.turns.get_value() == turn
    }

    fn fail(self, error: Error, torrent: bool) {
        self.doing.set(Doing::Nothing);
        self.problem.set(Some(Problem { error, torrent }));
        self.focus();
    }
}

/// What follows once the files are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// There is nothing to choose: the only film, or no torrent after all.
    Open(Option<u32>),
    Choose,
    Refuse,
}

/// `is_film`: it has tracks, which nobody knows of a torrent yet.
fn next(files: &[TorrentFile], is_film: bool) -> Next {
    let has_subtitles = files.iter().any(|file| file.kind == TorrentFileKind::Subtitles);
    match &films(files)[..] {
        [] if is_film => Next::Open(None),
        [] => Next::Refuse,
        [only] if !has_subtitles => Next::Open(Some(only.file)),
        _ => Next::Choose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_only_where_there_is_a_choice() {
        let file = |file, kind| TorrentFile { file, name: String::new(), size: 1, kind, preselected: false };
        let (film, other) = (file(3, TorrentFileKind::Video), file(4, TorrentFileKind::Video));
        let subtitles = file(5, TorrentFileKind::Subtitles);
        assert_eq!(next(&[], true), Next::Open(None), "a film, whatever its name is");
        assert_eq!(next(&[], false), Next::Refuse, "texts are not listed");
        assert_eq!(next(std::slice::from_ref(&film), false), Next::Open(Some(3)));
        assert_eq!(next(&[film.clone(), subtitles.clone()], false), Next::Choose);
        assert_eq!(next(&[film, other], false), Next::Choose);
        assert_eq!(next(&[subtitles], false), Next::Refuse);
    }

    #[test]
    fn whatever_may_take_long_is_told() {
        assert!(Doing::Asking(Pasted::Magnet).words().is_some_and(|words| words.contains("30 seconds")));
        assert!(Doing::Asking(Pasted::TorrentFile).words().is_some_and(|words| !words.contains("peers")));
        assert_eq!(Doing::Nothing.words(), None);
    }
}
