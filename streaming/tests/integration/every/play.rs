//! Playing an input as a page does: its plan, its master playlist, and every segment of what that offers first.

use bytes::Bytes;
use m3u8_rs::{AlternativeMediaType, MasterPlaylist, MediaPlaylist};
use protocol::{Error, ErrorKind, MasterQuery, Media, Open, PlanView, RenditionId, SessionId};
use streaming::{Config, Player};

use super::{AT_ONCE, list::Input};
use crate::support::{
    films::{TestFilm, folder},
    theatre::Theatre,
    timeline,
    upstream::{Content, Habits, Upstream},
};

/// What Debian's Chromium 156 affirms of `protocol::CANDIDATES` (`MediaSource.isTypeSupported`), without hardware.
const CHROMIUM: &str = "avc1.42e01e,avc1.4d4028,avc1.640028,avc1.64002a,avc1.640033,avc1.640034,avc1.64003e,avc1.6e0033,\
                        av01.0.13M.08,av01.0.13M.10,vp09.00.51.08,vp09.02.51.10,mp4a.40.2,opus,flac";

/// How often a page loads a film anew whose tracks turn out not to be copyable: once a track.
const LOADS: usize = 3;

/// What came of an input.
pub(super) enum Outcome {
    Played(Box<Shown>),
    /// It was refused before anything of it was to be seen.
    Refused(Error),
    /// It was promised, and did not come.
    Broken(String),
}

/// All of a film that a page has loaded.
pub(super) struct Shown {
    pub(super) media: Media,
    pub(super) plan: PlanView,
    pub(super) picture: Option<Track>,
    pub(super) sound: Option<Track>,
}

/// All of a rendition: one file of its init segment and its segments.
pub(super) struct Track {
    pub(super) file: Vec<u8>,
    /// What its playlist says in the end, seconds.
    pub(super) told_s: f64,
}

/// One Matinee for all.
pub(super) struct House {
    theatre: Theatre,
}

impl House {
    pub(super) async fn open() -> Self {
        let film = TestFilm::at(folder().join("every/h264.mkv"));
        let many = |config: &mut Config| (config.sessions.max_streams, config.max_encodes) = (32, Some(AT_ONCE));
        Self { theatre: Theatre::with(&film, many).await }
    }

    pub(super) async fn close(self) {
        self.theatre.close().await;
    }

    pub(super) async fn play(&self, input: &Input) -> Outcome {
        let habits = Habits { content_type: "application/octet-stream", ..Habits::default() };
        let path = folder().join(&input.file);
        let upstream = Upstream::serve(Content::File(path), habits).await;
        let link = upstream.url(&format!("/{}", input.file));
        let opened = match self.theatre.matinee.open(&Open::link(link), &[]) {
            Ok(opened) => opened,
            Err(error) => return Outcome::Refused(error),
        };
        let outcome = self.watch(opened.session).await;
        self.theatre.matinee.close(opened.session, &opened.host_key).unwrap();
        outcome
    }

    async fn watch(&self, session: SessionId) -> Outcome {
        let player = Player::Anonymous(session.to_string());
        let query = MasterQuery { caps: Some(CHROMIUM.into()), ..MasterQuery::default() };
        let mut last = String::new();
        for load in 0..LOADS {
            let (plan, master) = match self.loaded(session, &query, &player).await {
                Ok(loaded) => loaded,
                Err(error) if load == 0 => return Outcome::Refused(error),
                Err(error) => return Outcome::Broken(format!("loaded anew: {error}")),
            };
            match self.tracks(session, &master, &player).await {
                Ok((picture, sound)) => {
                    let media = self.theatre.matinee.session(session).unwrap().media.unwrap();
                    return Outcome::Played(Box::new(Shown { media, plan, picture, sound }));
                }
                // A page asks for another plan then.
                Err(Failure { error, copied: true }) if error.kind == ErrorKind::Unplayable => last = error.to_string(),
                Err(failure) => return Outcome::Broken(failure.error.to_string()),
            }
        }
        Outcome::Broken(format!("loaded {LOADS} times, and again: {last}"))
    }

    async fn loaded(
        &self,
        session: SessionId,
        query: &MasterQuery,
        player: &Player,
    ) -> Result<(PlanView, MasterPlaylist), Error> {
        let plan = self.theatre.matinee.plan(session, query, &[]).await?;
        let master = self.theatre.matinee.master(session, query, &[], player).await?;
        let (_, master) = m3u8_rs::parse_master_playlist(master.as_bytes()).unwrap();
        Ok((plan, master))
    }

    /// The picture, and the sound that plays first.
    async fn tracks(
        &self,
        session: SessionId,
        master: &MasterPlaylist,
        player: &Player,
    ) -> Result<(Option<Track>, Option<Track>), Failure> {
        let rendition = |uri: &str| uri.split('/').next().unwrap().parse::<RenditionId>().unwrap();
        let sounds = master.alternatives.iter().filter(|other| other.media_type == AlternativeMediaType::Audio);
        let first = sounds.clone().find(|other| other.default).or_else(|| sounds.clone().next());
        let sound = first.and_then(|other| other.uri.as_deref()).map(rendition);
        let [variant] = master.variants.as_slice() else { panic!("{:?}", master.variants) };
        // Of a film without picture the variant is its sound.
        let picture = Some(rendition(&variant.uri))
            .filter(|id| matches!(id, RenditionId::CopiedVideo { .. } | RenditionId::EncodedVideo { .. }));
        let sound = sound.or_else(|| Some(rendition(&variant.uri)).filter(|id| Some(*id) != picture));
        let track = |id: Option<RenditionId>| async move {
            match id {
                Some(id) => self.track(session, id, player).await.map(Some),
                None => Ok(None),
            }
        };
        let (picture, sound) = tokio::join!(track(picture), track(sound));
        Ok((picture?, sound?))
    }

    async fn track(&self, session: SessionId, id: RenditionId, player: &Player) -> Result<Track, Failure> {
        let copied = matches!(id, RenditionId::CopiedVideo { .. } | RenditionId::CopiedAudio { .. });
        let failed = |error| Failure { error, copied };
        let matinee = &self.theatre.matinee;
        let playlist = || async {
            let text = matinee.media_playlist(session, id, player).await?;
            let (_, playlist) = m3u8_rs::parse_media_playlist(text.as_bytes()).unwrap();
            Ok::<MediaPlaylist, Error>(playlist)
        };
        let init = matinee.init(session, id, player).await.map_err(failed)?;
        // By a head of its own, which has to find its place.
        let middle = u32::try_from(playlist().await.map_err(failed)?.segments.len() / 2).unwrap();
        match matinee.segment(session, id, middle, player).await {
            // A container may promise a middle that is not there.
            Err(error) if error.kind != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let mut segments: Vec<Bytes> = Vec::new();
        // The playlist may become shorter while it is played, which the page is told.
        while segments.len() < playlist().await.map_err(failed)?.segments.len() {
            match matinee.segment(session, id, u32::try_from(segments.len()).unwrap(), player).await {
                Ok(segment) => segments.push(segment),
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let told_s = playlist().await.map_err(failed)?.segments.iter().map(|segment| f64::from(segment.duration)).sum();
        Ok(Track { file: timeline::joined(&init, &segments), told_s })
    }
}

struct Failure {
    error: Error,
    /// Of a track that was passed on as it is.
    copied: bool,
}
