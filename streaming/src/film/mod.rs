//! A film: an opened source, what is known of it, and its renditions. Sessions on the same source share one.

mod attachments;
mod clock;
mod index;
mod origin;
mod shelf;
mod subtitles;
mod texts;
mod title;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use protocol::{Error, ErrorKind, MasterQuery, Media, Reach, RenditionId, Stage, Strain, TorrentView};
use tokio::sync::{Semaphore, watch};

pub use origin::Coming;
pub(crate) use origin::{Found, inspect};
pub(crate) use shelf::stopped;
pub use shelf::{Preparation, Screen, Shelf};

use self::{attachments::Attachments, clock::Clock, index::Parts};
use crate::{
    encoder::{Encoders, Hardware, Speeds},
    gateway::{Feed, Gateway},
    keyframes::IndexKind,
    plan::{self, Plan},
    probe::{Probed, Subject, probe},
    process::Spawner,
    rendition::{EncodeSlots, Faults, Inits, ReaderId, Rendition, Surroundings},
    scheduler::Limits,
    source::Source,
    store::Store,
    tasks::Tasks,
    tools::{Tools, decodes},
    torrent::{TorrentFile, Torrents},
};

/// What all films of a server have in common. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Workshop {
    pub gateway: Gateway,
    /// None where torrents are switched off.
    pub torrents: Option<Torrents>,
    pub spawner: Spawner,
    pub tools: Arc<Tools>,
    pub store: Store,
    pub slots: EncodeSlots,
    pub limits: Limits,
    pub encoders: Encoders,
    pub speeds: Arc<Speeds>,
}

/// What nearly every film needs of its beginning before a picture is there, in bytes.
const BEGINNING: u64 = 2 << 20;
/// How long after that the first heads are there at the latest, on their way through the beginning.
const HEADS: Duration = Duration::from_secs(2);

/// Reads a film's beginning, so that its server's line is not idle between ffprobe and the first heads.
fn read_beginning(feed: &Feed, tasks: &Tasks) {
    let feed = feed.clone();
    tasks.spawn("read beginning", async move { feed.prefetch(0, BEGINNING, HEADS).await });
}

/// How often a source is probed whose server is late.
const PROBES: u32 = 3;

/// Probes a source. All of ffprobe's time is 20 s, and a server that fetches each place from elsewhere may take longer.
/// The gateway goes on waiting for it, and has what ffprobe asked for when that asks again.
///
/// Peers may send a piece in more time than ffprobe and the gateway have. What has come stays, so that there is less to wait for
/// each time; a torrent's preparation has a limit of its own.
///
/// `doubted`: that the container does not know its length is known.
async fn examine(workshop: &Workshop, feed: &Feed, title: &str, torrent: bool, doubted: bool) -> Result<Probed, Error> {
    let url = feed.url();
    let mut tries = 1;
    loop {
        let subject = Subject { url: &url, size: feed.len(), reach: feed.reach(), fallback_title: title, doubted };
        let read = |offset, len| feed.read(offset, len);
        match probe(&workshop.spawner, &workshop.tools, &subject, read).await {
            Ok(probed) => return Ok(probed),
            Err(error) => {
                // A source that fails looks like a bad file to ffprobe.
                if let Some(fault) = feed.fault() {
                    if torrent && fault.kind == ErrorKind::SourceTimeout {
                        continue;
                    }
                    return Err(fault);
                }
                // The gateway has met nothing: it was ffprobe that would not wait. Where a file comes from its start only, what
                // took too long is its end.
                let is_late = error.kind == ErrorKind::SourceUnreachable
                    || error.kind == ErrorKind::SourceTimeout && feed.reach() == Reach::Anywhere;
                if !is_late || !torrent && tries >= PROBES {
                    return Err(error);
                }
            }
        }
        tries += 1;
        tracing::debug!(?feed, tries, "the source's server is late: it is probed again");
    }
}

/// An opened and probed source with its renditions.
#[derive(Debug)]
pub struct Film {
    feed: Feed,
    probed: Probed,
    /// When each video track's picture starts and ends, in seconds of film time.
    pictures_s: Vec<(f64, f64)>,
    parts: Parts,
    /// Present where it is a torrent's.
    torrent: Option<Arc<TorrentFile>>,
    /// Places of runs for text.
    text_places: Semaphore,
    attachments: Attachments,
    faults: Faults,
    mpv: PathBuf,
    ffmpeg: PathBuf,
    /// The graphics card's encoder, if one worked when the film was opened.
    hardware: Option<Hardware>,
    workshop: Workshop,
    /// Seconds; shortened by an end that comes early.
    length: watch::Sender<f64>,
    renditions: Mutex<HashMap<RenditionId, Arc<Rendition>>>,
    inits: Inits,
    tasks: Tasks,
}

impl Film {
    /// Opens and probes a source, telling which stage it is in.
    async fn prepare(
        workshop: &Workshop,
        source: &Source,
        tasks: &Tasks,
        coming: &watch::Sender<Coming>,
        stage: impl Fn(Stage),
    ) -> Result<Self, Error> {
        // Told first, since without them nothing else helps.
        let mpv = workshop.tools.require("mpv")?.to_owned();
        let ffmpeg = workshop.tools.require("ffmpeg")?.to_owned();
        stage(Stage::Connecting);
        let (feed, title) = origin::open(workshop, source, coming).await?;
        stage(Stage::Probing);
        read_beginning(&feed, tasks);
        let torrent = match &*coming.borrow() {
            Coming::Open(file) => Some(Arc::clone(file)),
            _ => None,
        };
        let examined = || examine(workshop, &feed, &title, torrent.is_some(), false);
        let one_clock = async {
            // Of a torrent each place that is looked at would have to come from peers first.
            Ok::<_, Error>(if torrent.is_some() { Clock::default() } else { clock::make_one(&feed).await })
        };
        let (mut probed, clock) = tokio::try_join!(examined(), one_clock)?;
        if clock.is_mended {
            probed = examined().await?;
        }
        let teletext =
            texts::has_teletext(&probed.media) && decodes(&workshop.spawner, &ffmpeg, texts::TELETEXT_DECODER).await;
        let mut parts = index::of_index(&feed, &probed, teletext, torrent.is_some()).await;
        if parts.last_key_s.is_some_and(|last_s| last_s > probed.media.duration_s) {
            tracing::warn!(told_s = probed.media.duration_s, ?parts.last_key_s, "the film is longer than it says");
            probed = examine(workshop, &feed, &title, torrent.is_some(), true).await?;
            parts = index::of_index(&feed, &probed, teletext, torrent.is_some()).await;
        }
        probed.media.warnings.extend(clock.warning);
        if let Some(torrent) = &torrent {
            torrent.set_duration(probed.media.duration_s);
        }
        subtitles::tell_text(&mut probed.media.subtitles, &parts);
        stage(Stage::Starting);
        let (length, _) = watch::channel(probed.media.duration_s);
        let zero_s = probed.zero_s;
        let pictures_s = probed.video.iter().map(|span| (span.start_s - zero_s, span.end_s - zero_s)).collect();
        Ok(Self {
            feed,
            probed,
            pictures_s,
            parts,
            torrent,
            text_places: Semaphore::new(texts::AT_ONCE),
            attachments: Attachments::default(),
            faults: Faults::default(),
            mpv,
            ffmpeg,
            // Found out long before, but for a film that is opened right after the server's start.
            hardware: workshop.encoders.hardware().await,
            workshop: workshop.clone(),
            length,
            renditions: Mutex::default(),
            inits: Inits::default(),
            tasks: tasks.clone(),
        })
    }

    /// What is known of the film, with its length as it is known now.
    #[must_use]
    pub fn media(&self) -> Media {
        Media { duration_s: *self.length.borrow(), ..self.probed.media.clone() }
    }

    /// Tells when the film's length is corrected.
    #[must_use]
    pub fn length(&self) -> watch::Receiver<f64> {
        self.length.subscribe()
    }

    /// How many seconds have been read of a source that cannot seek, estimated by bytes; none where one can.
    #[must_use]
    pub fn read_s(&self) -> Option<f64> {
        let (Reach::AsRead, Some(size)) = (self.feed.reach(), self.feed.len()) else { return None };
        (size > 0).then(|| *self.length.borrow() * self.feed.have_read() as f64 / size as f64)
    }

    /// How the film comes along, where it is a torrent's.
    #[must_use]
    pub fn torrent(&self) -> Option<TorrentView> {
        let along = self.torrent.as_ref()?.along();
        let (size, duration_s) = (along.size(), *self.length.borrow());
        Some(along.view(Some(&|offset| self.parts.moments.at(offset, size, duration_s))))
    }

    /// Bytes that were read from the source's server.
    #[must_use]
    pub fn upstream_bytes(&self) -> u64 {
        self.feed.upstream_bytes()
    }

    fn facts<'a>(&'a self, faults: &'a HashMap<RenditionId, &'static str>) -> plan::Film<'a> {
        plan::Film {
            media: &self.probed.media,
            zero_s: self.probed.zero_s,
            pictures_s: &self.pictures_s,
            duration_s: *self.length.borrow(),
            hardware: self.hardware.as_ref().filter(|_| self.workshop.encoders.has_card()),
            copies: &self.parts.copies,
            faults,
        }
    }

    /// The numbers of the fonts among the files attached to the film.
    ///
    /// # Errors
    ///
    /// What the source's server answers.
    pub async fn fonts(&self) -> Result<Vec<usize>, Error> {
        self.attachments.fonts(&self.feed).await
    }

    /// A font that is attached to the film, by its number among the attached files.
    ///
    /// # Errors
    ///
    /// `not_found` for what is not there or no font; what the source's server answers.
    pub async fn font(&self, number: usize) -> Result<Bytes, Error> {
        self.attachments.font(&self.feed, number).await
    }

    /// The plan for one viewer's choice.
    ///
    /// # Errors
    ///
    /// As [`plan::plan`].
    pub fn plan(&self, query: &MasterQuery, languages: &[String]) -> Result<Plan, Error> {
        let mut plan = plan::plan(self.facts(&self.faults.all()), query, languages)?;
        plan.view.readable = self.readable_subtitles();
        plan.master.subtitles = plan::subtitles(&self.probed.media, &plan.view.readable);
        Ok(plan)
    }

    /// A rendition, started if it is not there.
    ///
    /// # Errors
    ///
    /// `not_found` when the film has no such track.
    pub fn rendition(&self, id: RenditionId) -> Result<Arc<Rendition>, Error> {
        let mut renditions = self.renditions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rendition) = renditions.get(&id) {
            return Ok(Arc::clone(rendition));
        }
        let spec = plan::spec(self.facts(&self.faults.all()), id)?;
        let around = Surroundings {
            feed: self.feed.clone(),
            spawner: self.workshop.spawner.clone(),
            mpv: self.mpv.clone(),
            ffmpeg: self.ffmpeg.clone(),
            slots: self.workshop.slots.clone(),
            encoders: self.workshop.encoders.clone(),
            speeds: Arc::clone(&self.workshop.speeds),
            inits: self.inits.clone(),
            faults: self.faults.clone(),
            limits: self.workshop.limits,
            moments: Arc::clone(&self.parts.moments),
            lists_tracks: IndexKind::of(&self.probed.media.container).is_some(),
            tasks: self.tasks.clone(),
            length: self.length.clone(),
        };
        let rendition = Arc::new(Rendition::start(spec, around, self.workshop.store.rendition()));
        renditions.insert(id, Arc::clone(&rendition));
        Ok(rendition)
    }

    /// The encoded pictures that this machine makes more slowly than they are watched.
    #[must_use]
    pub fn strains(&self) -> Vec<Strain> {
        let renditions = self.renditions.lock().unwrap_or_else(PoisonError::into_inner);
        let strains = renditions.values().filter_map(|rendition| {
            let speed = rendition.strain()?;
            plan::strain(&self.probed.media, rendition.id(), speed)
        });
        strains.collect()
    }

    /// Nothing of it has been asked for yet.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.renditions.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Makes the first segments of what the plan plays first, before anyone asks.
    pub fn warm(&self, plan: &Plan) {
        for id in [plan.video, plan.audio].into_iter().flatten() {
            let Ok(rendition) = self.rendition(id) else { continue };
            self.tasks.spawn("warm", async move {
                // Whoever asks for it later hears what is wrong.
                if let Err(error) = rendition.segment(0, ReaderId::WARM).await {
                    tracing::debug!(%error, rendition = %rendition.id(), "the first segment could not be made");
                }
            });
        }
    }
}
