//! What is in a torrent, read from its `.torrent` file.

use bytes::Bytes;
use librqbit::{ByteBuf, TorrentMetaV1Info, torrent_from_bytes};
use protocol::{Error, ErrorKind, Media, Reach, TorrentFile, TorrentFileKind};

use url::Url;

use crate::source::{InfoHash, printable, tracker};

/// Files of one torrent; the largest that are shared have some tens of thousands.
const MOST_FILES: usize = 100_000;
/// Trackers of one torrent; real ones have some dozens.
const MOST_TRACKERS: usize = 64;
/// Bytes of a piece, from the smallest that anybody makes.
const PIECES: std::ops::RangeInclusive<u64> = 1024..=256 << 20;
/// Bytes of all files.
const LARGEST: u64 = 1 << 46;
/// Files that are listed, the largest videos first.
const MOST_LISTED: usize = 2_000;
/// Characters of a file's name that are shown.
const LONGEST_NAME: usize = 300;

/// The endings of files that have video in them. Nothing of a file has been read when they are listed, so that there is
/// nothing but the name to go by; what is in the chosen one is found by probing.
const VIDEO: [&str; 30] = [
    "3g2", "3gp", "asf", "avi", "divx", "f4v", "flv", "m2ts", "m2v", "m4v", "mk3d", "mkv", "mov", "mp4", "mpeg", "mpg",
    "mts", "mxf", "ogm", "ogv", "qt", "rm", "rmvb", "ts", "vob", "webm", "wmv", "wtv", "y4m", "tp",
];
/// And of those whose subtitles can be added to a session.
const SUBTITLES: [&str; 4] = ["ass", "srt", "ssa", "vtt"];

/// One file of a torrent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileMeta {
    /// For showing only.
    pub(super) name: String,
    /// Bytes.
    pub(super) len: u64,
    /// Where it begins among the bytes of all files.
    pub(super) offset: u64,
    /// It fills a piece up, or is a link to another file.
    padding: bool,
}

/// A torrent's contents.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) hash: InfoHash,
    pub(super) name: String,
    pub(super) files: Vec<FileMeta>,
    /// Bytes of a piece; the last one may be shorter.
    pub(super) piece: u64,
    /// Bytes of all files.
    pub(super) total: u64,
    /// The info dictionary as it came, of which the hash is.
    info: Bytes,
    /// As the `.torrent` file names them.
    pub(super) trackers: Vec<Url>,
}

impl Meta {
    /// Reads a `.torrent` file.
    ///
    /// # Errors
    ///
    /// `invalid_source` where it is none, or one that cannot be used.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |why: &dyn std::fmt::Display| {
            tracing::debug!(%why, "a .torrent file is refused");
            invalid(&format!("this .torrent file cannot be used ({}); look for another", printable(&why.to_string())))
        };
        let file = torrent_from_bytes(bytes).map_err(|_| {
            invalid("this is no .torrent file of BitTorrent's first version; give another, or its magnet link")
        })?;
        let trackers = file.iter_announce().filter_map(|text| tracker(std::str::from_utf8(text.as_ref()).ok()?));
        let trackers = trackers.take(MOST_TRACKERS).collect();
        check(&file.info.data).map_err(|why| refused(&why))?;
        let info_bytes = Bytes::copy_from_slice(file.info.raw_bytes.as_ref());
        let hash = InfoHash(file.info_hash.0);
        let info = file.info.data.validate().map_err(|why| refused(&why))?;
        let (piece, total) = (u64::from(info.lengths().default_piece_length()), info.lengths().total_length());
        if info.iter_file_details().nth(MOST_FILES).is_some() {
            return Err(refused(&"it has too many files"));
        }
        let files: Vec<_> = info
            .iter_file_details_ext()
            .map(|file| FileMeta {
                name: shown(file.details.filename.iter_components()),
                len: file.details.len,
                offset: file.offset,
                padding: file.details.attrs().padding || file.details.attrs().symlink,
            })
            .collect();
        let name = info.name().map(|name| printable(&name)).filter(|name| !name.is_empty());
        let name = name.or_else(|| Some(files.first()?.name.clone())).unwrap_or_default();
        Ok(Self { hash, name, files, piece, total, info: info_bytes, trackers })
    }

    /// Bytes that it takes in memory, about.
    pub(super) fn weight(&self) -> usize {
        self.info.len() + self.files.iter().map(|file| file.name.len() + size_of::<FileMeta>()).sum::<usize>()
    }

    /// A `.torrent` file with these trackers alone, however many there were.
    pub(super) fn file(&self, trackers: &[Url]) -> Bytes {
        let mut file = b"d".to_vec();
        if !trackers.is_empty() {
            file.extend(b"13:announce-listl");
            for tracker in trackers.iter().map(Url::as_str) {
                file.extend(format!("l{}:{tracker}e", tracker.len()).as_bytes());
            }
            file.extend(b"e");
        }
        file.extend(b"4:info");
        file.extend(&self.info);
        file.extend(b"e");
        file.into()
    }

    /// What can be chosen: videos, the largest first, and then subtitles by name.
    pub(super) fn listed(&self) -> Vec<TorrentFile> {
        let files = (0..).zip(&self.files).filter(|(_, file)| !file.padding && file.len > 0);
        let of = |kind, ends: &[&str]| -> Vec<TorrentFile> {
            let fits = |file: &FileMeta| extension(&file.name).is_some_and(|end| ends.contains(&&*end));
            let chosen = files.clone().filter(|(_, file)| fits(file));
            chosen.map(|(number, file)| listed(number, file, kind)).collect()
        };
        let mut videos = of(TorrentFileKind::Video, &VIDEO);
        if videos.is_empty() {
            // A name may say nothing.
            let unnamed = files.clone().filter(|(_, file)| extension(&file.name).is_none());
            videos = unnamed.map(|(number, file)| listed(number, file, TorrentFileKind::Video)).collect();
        }
        videos.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
        videos.truncate(MOST_LISTED);
        if let Some(largest) = videos.first_mut() {
            largest.preselected = true;
        }
        let mut subtitles = of(TorrentFileKind::Subtitles, &SUBTITLES);
        subtitles.sort_by(|a, b| a.name.cmp(&b.name));
        subtitles.truncate(MOST_LISTED);
        videos.extend(subtitles);
        videos
    }

    /// The number of the file that was chosen, or of the largest video.
    ///
    /// # Errors
    ///
    /// `not_found` for a file that is not there, `not_a_video` where there is none.
    pub(super) fn choose(&self, file: Option<u32>) -> Result<u32, Error> {
        match file {
            Some(number) => match self.files.get(number as usize) {
                Some(file) if !file.padding && file.len > 0 => Ok(number),
                _ => Err(Error::new(
                    ErrorKind::NotFound,
                    "the torrent has no such file, or it is empty; choose another of its files",
                )),
            },
            None => self.listed().iter().find(|file| file.preselected).map(|file| file.file).ok_or_else(|| {
                Error::new(ErrorKind::NotAVideo, "there is no video in this torrent; look for another one")
            }),
        }
    }

    /// What inspecting it tells: its files, and nothing of what is in them.
    pub(super) fn media(&self) -> Media {
        Media {
            title: self.name.clone(),
            size: Some(self.total),
            duration_s: 0.0,
            container: "Torrent".into(),
            video: Vec::new(),
            audio: Vec::new(),
            subtitles: Vec::new(),
            chapters: Vec::new(),
            attachments: Vec::new(),
            reach: Reach::Anywhere,
            warnings: Vec::new(),
            files: self.listed(),
        }
    }
}

/// What librqbit takes for granted.
fn check(info: &TorrentMetaV1Info<ByteBuf<'_>>) -> Result<(), &'static str> {
    let piece = u64::from(info.piece_length);
    if !PIECES.contains(&piece) {
        return Err("its pieces have a length that nobody uses");
    }
    let mut total = info.length.unwrap_or_default();
    for file in info.files.iter().flatten() {
        total = total.checked_add(file.length).ok_or("its files are longer than can be")?;
    }
    if total > LARGEST || total == 0 {
        return Err("its files are longer than can be, or empty");
    }
    match info.pieces.as_ref().len() as u64 == 20 * total.div_ceil(piece) {
        true => Ok(()),
        false => Err("its pieces and its files have different lengths"),
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidSource, message)
}

fn listed(number: u32, file: &FileMeta, kind: TorrentFileKind) -> TorrentFile {
    TorrentFile { file: number, name: file.name.clone(), size: file.len, kind, preselected: false }
}

/// A path as it is shown: where its makers would have it lead does not matter.
fn shown<'a>(parts: impl Iterator<Item = std::borrow::Cow<'a, str>>) -> String {
    let parts: Vec<_> = parts.map(|part| printable(&part)).filter(|part| !part.is_empty()).collect();
    let name = parts.join("/");
    let length = name.chars().count();
    if length <= LONGEST_NAME {
        return name;
    }
    // The end has the episode and the ending.
    format!("…{}", name.chars().skip(length - LONGEST_NAME + 1).collect::<String>())
}

/// In lower case.
fn extension(name: &str) -> Option<String> {
    let (_, end) = name.rsplit('/').next()?.rsplit_once('.')?;
    let is_end = (1..=5).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_end.then(|| end.to_ascii_lowercase())
}
