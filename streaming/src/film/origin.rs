//! From a source to its feed: a torrent's file, or the film that a link leads to.

use std::{sync::Arc, time::Duration};

use protocol::{Error, ErrorKind, LARGEST_TORRENT_FILE, Media};
use tokio::sync::watch;

use super::{Workshop, title};
use crate::{
    gateway::{Feed, READ_MAX},
    source::{InfoHash, Magnet, Source, Torrent, TorrentFrom},
    torrent::{self, Along, TorrentFile},
};

/// What of a film is asked of peers first: tools read so much of its beginning, and the indexes of most films are as near to
/// their ends.
const FIRST: usize = 256 * 1024;
/// How long the first bytes may take. By then peers are known; who has only these may still have to be found.
const FIRST_BYTES: Duration = Duration::from_secs(90);

/// How far a torrent is that a film may be in.
#[derive(Clone, Debug)]
pub enum Coming {
    /// It is no torrent, as far as is known.
    Not,
    /// It is asked what is in it.
    Resolving,
    Open(Arc<TorrentFile>),
    /// It cannot be played, so that nothing more of it is downloaded.
    Over(InfoHash),
}

impl Coming {
    /// Which torrent it is, once that is opened.
    #[must_use]
    pub fn hash(&self) -> Option<InfoHash> {
        match self {
            Self::Not | Self::Resolving => None,
            Self::Open(file) => Some(file.hash()),
            Self::Over(hash) => Some(*hash),
        }
    }

    /// What the chosen file is called, for showing only.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Open(file) => Some(file.name()).filter(|name| !name.is_empty()),
            Self::Not | Self::Resolving | Self::Over(_) => None,
        }
    }

    /// How it comes along.
    #[must_use]
    pub fn along(&self) -> Option<Along> {
        match self {
            Self::Not | Self::Over(_) => None,
            Self::Resolving => Some(Along::resolving()),
            Self::Open(file) => Some(file.along()),
        }
    }
}

/// Opens a source, and tells if it is a torrent's.
pub(super) async fn open(
    workshop: &Workshop,
    source: &Source,
    coming: &watch::Sender<Coming>,
) -> Result<(Feed, String), Error> {
    let torrent = match source {
        Source::Torrent(torrent) => torrent.clone(),
        Source::File(_) => return Ok((workshop.gateway.open(source).await?, source.title())),
        Source::Url(_) => {
            let feed = workshop.gateway.open(source).await?;
            let Some(magnet) = of_torrent_file(workshop, &feed).await? else {
                let title = title::fallback(&feed, source);
                return Ok((feed, title));
            };
            return open_file(workshop, source, &magnet, None, coming).await;
        }
    };
    coming.send_replace(Coming::Resolving);
    let magnet = resolve(workshop, &torrent.from).await?;
    open_file(workshop, source, &magnet, torrent.file, coming).await
}

/// What a source turned out to be.
#[derive(Debug)]
pub(crate) enum Found {
    /// A torrent, with what can be chosen in it.
    Torrent(Box<Media>),
    /// Something else, with its feed where it was opened.
    Other(Option<Feed>),
}

/// Finds out whether a source is a torrent, and what is in it.
pub(crate) async fn inspect(workshop: &Workshop, source: &Source) -> Result<Found, Error> {
    let torrents = || workshop.torrents.as_ref().ok_or_else(torrent::switched_off);
    match source {
        Source::File(_) => Ok(Found::Other(None)),
        Source::Torrent(Torrent { from, .. }) => {
            let magnet = resolve(workshop, from).await?;
            Ok(Found::Torrent(Box::new(torrents()?.inspect(&magnet).await?)))
        }
        Source::Url(_) => {
            let feed = workshop.gateway.open(source).await?;
            match of_torrent_file(workshop, &feed).await? {
                Some(magnet) => Ok(Found::Torrent(Box::new(torrents()?.inspect(&magnet).await?))),
                None => Ok(Found::Other(Some(feed))),
            }
        }
    }
}

/// A torrent's hash, and who may have it.
async fn resolve(workshop: &Workshop, from: &TorrentFrom) -> Result<Magnet, Error> {
    match from {
        TorrentFrom::Magnet(magnet) => Ok(magnet.clone()),
        TorrentFrom::Known(hash) => Ok((*hash).into()),
        TorrentFrom::Link(url) => {
            let feed = workshop.gateway.open(&Source::Url(url.clone())).await?;
            of_torrent_file(workshop, &feed).await?.ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidRequest,
                    "this link leads to no torrent, so that it has no files to choose from",
                )
            })
        }
    }
}

/// The torrent that a feed's bytes describe; none where they are something else.
async fn of_torrent_file(workshop: &Workshop, feed: &Feed) -> Result<Option<Magnet>, Error> {
    if feed.len().is_some_and(|len| len > LARGEST_TORRENT_FILE as u64) {
        return Ok(None);
    }
    // What cannot be read is told by who reads it in earnest.
    let Ok(beginning) = feed.read(0, 16).await else { return Ok(None) };
    if !torrent::may_be_torrent_file(&beginning) {
        return Ok(None);
    }
    let mut whole = bytes::BytesMut::new();
    while whole.len() <= LARGEST_TORRENT_FILE {
        let more = feed.read(whole.len() as u64, READ_MAX).await?;
        if more.is_empty() {
            let torrents = workshop.torrents.as_ref().ok_or_else(torrent::switched_off)?;
            return Ok(Some(torrents.add_file(whole.freeze()).await?.into()));
        }
        whole.extend_from_slice(&more);
    }
    Ok(None)
}

async fn open_file(
    workshop: &Workshop,
    source: &Source,
    magnet: &Magnet,
    file: Option<u32>,
    coming: &watch::Sender<Coming>,
) -> Result<(Feed, String), Error> {
    let torrents = workshop.torrents.as_ref().ok_or_else(torrent::switched_off)?;
    coming.send_replace(Coming::Resolving);
    let file = torrents.open(magnet, file).await?;
    let title = file.name();
    coming.send_replace(Coming::Open(Arc::clone(&file)));
    // By a key of its own: the link's own feed is of the .torrent file.
    let source = match source {
        Source::Url(url) => Source::Torrent(Torrent { from: TorrentFrom::Link(url.clone()), file: None }),
        other => other.clone(),
    };
    let feed = workshop.gateway.open_bytes(&source, file).await?;
    first(&feed).await?;
    Ok((feed, title))
}

/// Waits for a film's first bytes, which may take longer than any tool waits, and asks for its last ones meanwhile.
async fn first(feed: &Feed) -> Result<(), Error> {
    let len = feed.len().unwrap_or_default();
    let last = len.saturating_sub(FIRST as u64);
    let beginning = async {
        loop {
            match feed.read(0, FIRST).await {
                // Each try is a wait of its own.
                Err(error) if error.kind == ErrorKind::SourceTimeout => {}
                read => return read.map(drop),
            }
        }
    };
    let end =
        async { while feed.read(last, FIRST).await.is_err_and(|error| error.kind == ErrorKind::SourceTimeout) {} };
    let both = async { tokio::join!(beginning, end).0 };
    tokio::time::timeout(FIRST_BYTES, both).await.unwrap_or_else(|_| {
        Err(feed.fault().unwrap_or_else(|| {
            Error::new(ErrorKind::SourceTimeout, "nobody who has this torrent sends anything of it; try again later")
        }))
    })
}
