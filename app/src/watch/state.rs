//! The signals of one watch page.

use leptos::{html, prelude::*};
use protocol::{
    Choice, Error, ErrorKind, MasterQuery, Media, PlanView, Quality, SessionId, SessionView, Stage, Strain,
    SubtitleKind, SubtitleTrack, TorrentView, TrackId, TrackKind, ViewerView,
};
use send_wrapper::SendWrapper;
use web_sys::HtmlMediaElement;

use super::{company::Company, subtitles::Drawn, together::Together};
use crate::{
    browser::{self, Look},
    overlay::Way,
    player::{Fallback, Player, Recovery, Texts, known_position_s, master_query},
};

/// How far the film is on its way to the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The server has not told anything yet.
    Joining,
    /// The server is at work on the source.
    Preparing(Stage),
    /// The player is loading and has no picture yet.
    FirstSegment,
    /// There is a picture.
    Showing,
}

/// Where playing goes on when the film is loaded anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resume {
    /// Seconds of the film.
    pub(crate) position_s: f64,
    pub(crate) play: bool,
}

fn is_outside(track: TrackId) -> bool {
    track.kind == TrackKind::Outside
}

/// Everything that a watch page knows. All fields are handles, so that event handlers can copy it.
#[derive(Clone, Copy)]
pub(crate) struct Watching {
    pub(crate) session: SessionId,
    pub(crate) video: NodeRef<html::Video>,
    /// The picture with its menus.
    pub(crate) house: NodeRef<html::Div>,
    /// The server's last account of the session.
    pub(crate) view: RwSignal<Option<SessionView>>,
    /// How the film comes along, where it is a torrent's.
    pub(crate) torrent: RwSignal<Option<TorrentView>>,
    /// The tracks that are played.
    pub(crate) choice: RwSignal<Choice>,
    /// The subtitles that viewers brought along.
    pub(crate) outside: RwSignal<Vec<SubtitleTrack>>,
    pub(crate) quality: RwSignal<Quality>,
    /// Subtitles are drawn into the picture though they could be drawn over it.
    pub(crate) burning: RwSignal<bool>,
    /// How text is drawn over the picture.
    pub(crate) look: RwSignal<Look>,
    /// How much later than the film has it, or earlier when negative, in milliseconds.
    pub(crate) delay_ms: RwSignal<i32>,
    /// The subtitle track that was switched off by its key.
    pub(crate) hidden_track: StoredValue<Option<TrackId>>,
    /// This browser can draw subtitles over the picture, as far as is known.
    pub(crate) can_overlay: RwSignal<bool>,
    /// The same of subtitles that are pictures.
    pub(crate) can_draw_pictures: RwSignal<bool>,
    /// The video is shown without the page: in a window or on a screen of its own.
    pub(crate) alone: RwSignal<bool>,
    /// The player is in a small window of its own; whether this browser has such windows.
    pub(crate) floats: RwSignal<bool>,
    pub(crate) can_float: RwSignal<bool>,
    /// Wrapped like the player.
    pub(crate) drawn: StoredValue<Option<SendWrapper<Drawn>>>,
    /// Counts up for every track that is drawn.
    pub(crate) drawings: StoredValue<u32>,
    /// How the server makes what is chosen; for a moment after each change how it made what was chosen before. None
    /// until the server has chosen for the first time.
    pub(crate) plan: RwSignal<Option<PlanView>>,
    /// Counts up for every plan that is asked for, so that a late answer is dropped.
    pub(crate) plans_asked: StoredValue<u32>,
    pub(crate) phase: RwSignal<Phase>,
    /// The picture stands still because the next part is not there yet.
    pub(crate) buffering: RwSignal<bool>,
    /// The server has no encoder free for the next part; the player goes on asking.
    pub(crate) queueing: RwSignal<bool>,
    /// The browser plays only after a click.
    pub(crate) needs_click: RwSignal<bool>,
    /// What ended playing, until another attempt.
    pub(crate) problem: RwSignal<Option<Error>>,
    /// What is wrong with a part of the film that playing has not reached yet.
    pub(crate) ahead: StoredValue<Option<Error>>,
    /// The last call or request was answered.
    pub(crate) reachable: RwSignal<bool>,
    pub(crate) viewers: RwSignal<Vec<ViewerView>>,
    /// Pictures of the session's film that the server makes too slowly.
    pub(crate) strains: RwSignal<Vec<Strain>>,
    pub(crate) together: Together,
    pub(crate) company: Company,
    /// This viewer's own name.
    pub(crate) name: RwSignal<Option<String>>,
    /// Counts up for every "try again".
    pub(crate) attempt: RwSignal<u32>,
    /// The film's duration in seconds, corrected by heartbeats.
    pub(crate) duration_s: RwSignal<Option<f64>>,
    /// Where playing is, in seconds of the film.
    pub(crate) at_s: RwSignal<f64>,
    /// Wrapped, since it belongs to the browser's only thread; the server never has one.
    pub(crate) player: StoredValue<Option<SendWrapper<Player>>>,
    pub(crate) recovery: StoredValue<Recovery>,
    pub(crate) fallback: StoredValue<Fallback>,
    /// Counts up for every load, so that what a former one was waiting for is dropped.
    pub(crate) loads: StoredValue<u32>,
    /// How often the film was loaded anew because it stood still right before its end.
    pub(crate) ends_missed: StoredValue<u32>,
    pub(crate) resume: StoredValue<Resume>,
    /// The duration for which the film was last loaded anew, in seconds.
    pub(crate) reloaded_for_s: StoredValue<Option<f64>>,
    pub(crate) beating: StoredValue<bool>,
    pub(crate) beat_again: StoredValue<bool>,
    pub(crate) beats_asked: StoredValue<u32>,
}

impl Watching {
    pub(crate) fn new(session: SessionId) -> Self {
        Self {
            session,
            video: NodeRef::new(),
            house: NodeRef::new(),
            view: RwSignal::new(None),
            torrent: RwSignal::new(None),
            choice: RwSignal::new(Choice::default()),
            outside: RwSignal::new(Vec::new()),
            quality: RwSignal::new(Quality::Original),
            burning: RwSignal::new(false),
            look: RwSignal::new(Look::default()),
            delay_ms: RwSignal::new(0),
            hidden_track: StoredValue::new(None),
            can_overlay: RwSignal::new(true),
            can_draw_pictures: RwSignal::new(true),
            alone: RwSignal::new(false),
            floats: RwSignal::new(false),
            can_float: RwSignal::new(false),
            drawn: StoredValue::new(None),
            drawings: StoredValue::new(0),
            plan: RwSignal::new(None),
            plans_asked: StoredValue::new(0),
            phase: RwSignal::new(Phase::Joining),
            buffering: RwSignal::new(false),
            queueing: RwSignal::new(false),
            needs_click: RwSignal::new(false),
            problem: RwSignal::new(None),
            ahead: StoredValue::new(None),
            reachable: RwSignal::new(true),
            viewers: RwSignal::new(Vec::new()),
            strains: RwSignal::new(Vec::new()),
            together: Together::new(),
            company: Company::new(),
            name: RwSignal::new(None),
            attempt: RwSignal::new(0),
            duration_s: RwSignal::new(None),
            at_s: RwSignal::new(0.0),
            player: StoredValue::new(None),
            recovery: StoredValue::new(Recovery::default()),
            fallback: StoredValue::new(Fallback::default()),
            loads: StoredValue::new(0),
            ends_missed: StoredValue::new(0),
            resume: StoredValue::new(Resume { position_s: 0.0, play: true }),
            reloaded_for_s: StoredValue::new(None),
            beating: StoredValue::new(false),
            beat_again: StoredValue::new(false),
            beats_asked: StoredValue::new(0),
        }
    }

    /// The page has been left; nothing of this may be touched any more.
    pub(crate) fn is_over(self) -> bool {
        self.view.is_disposed()
    }

    /// The server is known not to have the session, or not for this viewer.
    pub(crate) fn is_gone(self) -> bool {
        self.company.removed.get_untracked()
            || self.problem.with_untracked(|problem| {
                problem.as_ref().is_some_and(|problem| problem.kind == ErrorKind::UnknownSession)
            })
    }

    pub(crate) fn media(self) -> Option<Media> {
        self.view.with(|view| view.as_ref().and_then(|view| view.media.clone()))
    }

    pub(crate) fn media_untracked(self) -> Option<Media> {
        self.view.with_untracked(|view| view.as_ref().and_then(|view| view.media.clone()))
    }

    pub(crate) fn title(self) -> Option<String> {
        self.view.with(|view| view.as_ref().map(|view| view.title.clone())).filter(|title| !title.is_empty())
    }

    /// The position in seconds and whether playing is paused. Before there is a picture, where it will start.
    pub(crate) fn position(self) -> (f64, bool) {
        let video = self.video.get_untracked();
        match video.and_then(|video| Some((known_position_s(&video)?, video.paused()))) {
            Some(position) => position,
            None => (self.resume.with_value(|resume| resume.position_s), true),
        }
    }

    /// Where playing goes on, and whether it does, when the film is loaded anew now.
    pub(crate) fn place(self) -> Resume {
        // Before its first picture the element is paused at zero, which nobody has asked for.
        let showing = self.phase.get_untracked() == Phase::Showing;
        // Chromium pauses an element that fails, even before it says so.
        let video = self.video.get_untracked().filter(|video| showing && video.error().is_none());
        match video.and_then(|video| Some((known_position_s(&video)?, video.paused()))) {
            Some((position_s, paused)) => Resume { position_s, play: !paused || self.needs_click.get_untracked() },
            None => self.resume.get_value(),
        }
    }

    /// Remembers the place, which the element forgets when its buffers are taken from it.
    pub(crate) fn keep_place(self) {
        let place = self.place();
        self.resume.set_value(place);
        self.at_s.set(place.position_s);
    }

    /// What the server is asked for to play what is chosen.
    pub(crate) fn query(self) -> MasterQuery {
        let fallback = self.fallback.get_value();
        let capabilities = match browser::capabilities() {
            all if fallback.encodes_sound() => all.without_sound(),
            all => all,
        };
        let (mut choice, quality) = (self.choice.get_untracked(), self.quality.get_untracked());
        // The server can draw nothing into the picture but the film's own.
        let outside = choice.subtitles.is_some_and(is_outside);
        if outside || self.overlaid().is_some() || matches!(self.texts(), Texts::Shown(Some(_))) {
            choice.subtitles = None;
        }
        master_query(choice, quality, &capabilities, fallback.video())
    }

    /// How the page shows subtitles of this track itself; none where it cannot.
    pub(crate) fn way(self, track: TrackId) -> Option<Way> {
        let readable = |plan: &Option<PlanView>| plan.as_ref().is_some_and(|plan| plan.readable.contains(&track));
        if !is_outside(track) && !self.plan.with_untracked(readable) {
            return None;
        }
        let (able, alone) = (self.can_draw(track).get_untracked(), self.alone.get_untracked());
        match (self.is_bitmap(track), able) {
            (true, _) => able.then_some(Way::Pictures),
            (false, true) => Some(if alone { Way::Cues } else { Way::Script }),
            // The film's own are in the master, which the server does not make for what viewers bring along.
            (false, false) => is_outside(track).then_some(Way::Cues),
        }
    }

    /// Whether this browser can draw subtitles of this track's kind over the picture, as far as is known.
    pub(crate) fn can_draw(self, track: TrackId) -> RwSignal<bool> {
        if self.is_bitmap(track) { self.can_draw_pictures } else { self.can_overlay }
    }

    /// Whether the film's track of this id is made of pictures.
    pub(crate) fn is_bitmap(self, track: TrackId) -> bool {
        let bitmap = |one: &SubtitleTrack| one.track == track && one.kind == SubtitleKind::Bitmap;
        self.media_untracked().is_some_and(|media| media.subtitles.iter().any(bitmap))
    }

    /// The chosen subtitle track, if the page shows it itself, and how.
    pub(crate) fn overlaid(self) -> Option<(TrackId, Way)> {
        let chosen = self.choice.get_untracked().subtitles?;
        let burned = self.burning.get_untracked() && !is_outside(chosen);
        if burned { None } else { Some((chosen, self.way(chosen)?)) }
    }

    /// Takes the server's list of the subtitles that were brought along; what is known already changes nothing.
    pub(crate) fn tell_outside(self, outside: Vec<SubtitleTrack>) {
        // An older answer may come later.
        if outside.len() > self.outside.with_untracked(Vec::len) {
            self.outside.set(outside);
        }
    }

    /// What the player shows of the subtitles by itself: where the page cannot draw over the picture, the text of the
    /// chosen track, unless that is drawn into it.
    pub(crate) fn texts(self) -> Texts {
        if self.can_overlay.get_untracked() {
            return Texts::Unused;
        }
        let chosen = self.choice.get_untracked().subtitles.filter(|_| !self.burning.get_untracked());
        let place = |media: &Media| {
            let readable = self.plan.with_untracked(|plan| plan.as_ref().map(|plan| plan.readable.clone()))?;
            media.texts(&readable).position(|track| Some(track.track) == chosen)
        };
        Texts::Shown(self.media_untracked().as_ref().and_then(place))
    }

    /// The player has nothing to show after this moment.
    pub(crate) fn is_dry(self) -> bool {
        let video = self.video.get_untracked();
        video.is_none_or(|video| video.ready_state() <= HtmlMediaElement::HAVE_CURRENT_DATA)
    }

    /// What is wrong with a part ahead, which is not kept any longer.
    pub(crate) fn take_damage(self) -> Option<Error> {
        self.ahead.try_update_value(Option::take).flatten()
    }

    /// Ends playing with an error on the screen; the position is kept for the next attempt.
    pub(crate) fn give_up(self, error: Error) {
        // Said once: a screen reader would read it out at every heartbeat that finds the same.
        if self.problem.with_untracked(|problem| problem.as_ref() == Some(&error)) {
            return;
        }
        self.resume.set_value(Resume { position_s: self.place().position_s, play: true });
        self.loads.update_value(|loads| *loads += 1);
        self.player.set_value(None);
        self.queueing.set(false);
        self.problem.set(Some(error));
    }

    /// Tries from the start again.
    pub(crate) fn try_again(self) {
        self.problem.set(None);
        self.phase.set(Phase::Joining);
        self.attempt.update(|attempt| *attempt += 1);
    }
}
