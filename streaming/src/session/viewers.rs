//! The viewers of one session.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use protocol::{Error, ErrorKind, Heartbeat, Playhead, PublicViewerId, ViewerToken, ViewerView};

use super::{Limits, colours::Colours, secrets::ViewerKey, words::clean_name};

/// Who asks for a playlist or a segment.
#[derive(Clone, Copy, Debug)]
pub enum Reader<'a> {
    /// A page, which sends its token and also heartbeats.
    Viewer(&'a ViewerToken),
    /// A player without a token, recognised by what is known of it: its address and user agent.
    Anonymous(&'a str),
}

/// One browser, or one player, in a session.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) id: PublicViewerId,
    name: Option<String>,
    /// Where it says that it is; none: it has not said.
    playhead: Option<Playhead>,
    hidden: bool,
    pub(super) anonymous: bool,
    /// Its last heartbeat had the host's key.
    pub(super) host: bool,
    buffering: bool,
    alone: bool,
    pub(super) colour: u8,
    /// The order in which viewers came.
    order: u64,
    /// The last sign of it.
    pub(super) seen: Instant,
    /// Its open event channels. While there are some it is there.
    channels: Vec<u64>,
}

/// What a heartbeat says of its viewer, made safe.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    /// Absent: as before; empty: none.
    pub(super) name: Option<String>,
    pub(super) playhead: Playhead,
    pub(super) hidden: bool,
    pub(super) buffering: bool,
    pub(super) alone: bool,
}

impl Sign {
    /// # Errors
    ///
    /// `invalid_request`.
    pub(super) fn read(beat: &Heartbeat) -> Result<Self, Error> {
        check_token(&beat.viewer)?;
        if !beat.position_s.is_finite() {
            return Err(Error::new(ErrorKind::InvalidRequest, "the position must be a number of seconds"));
        }
        Ok(Self {
            name: beat.name.as_deref().map(clean_name),
            // `+ 0.0` makes a zero of minus zero.
            playhead: Playhead { position_s: beat.position_s.max(0.0) + 0.0, paused: beat.paused },
            hidden: beat.hidden,
            buffering: beat.report.is_some_and(|report| report.stalled_at_s.is_some()),
            alone: beat.report.is_some_and(|report| !report.following),
        })
    }
}

/// # Errors
///
/// `invalid_request`.
pub(super) fn check_token(viewer: &ViewerToken) -> Result<(), Error> {
    if viewer.is_well_formed() {
        return Ok(());
    }
    let message = "a viewer's token has 16 to 64 letters, digits, - or _; reload the page";
    Err(Error::new(ErrorKind::InvalidRequest, message))
}

impl Viewer {
    const fn new(id: PublicViewerId, anonymous: bool, colour: u8, order: u64, now: Instant) -> Self {
        Self {
            id,
            name: None,
            playhead: None,
            hidden: false,
            anonymous,
            host: false,
            buffering: false,
            alone: false,
            colour,
            order,
            seen: now,
            channels: Vec::new(),
        }
    }

    pub(super) fn name(&self) -> Option<String> {
        self.name.clone()
    }

    /// Where it says that it is, if that is not where the others are.
    pub(super) fn own_position_s(&self) -> Option<f64> {
        self.playhead.filter(|_| self.alone).map(|playhead| playhead.position_s)
    }

    /// When this viewer is gone unless there is a sign of it, or an open channel.
    pub(super) fn due(&self, limits: &Limits) -> Instant {
        self.seen + self.patience(limits)
    }

    pub(super) fn patience(&self, limits: &Limits) -> Duration {
        if self.anonymous {
            limits.anonymous_timeout
        } else if self.hidden {
            limits.hidden_timeout
        } else {
            limits.viewer_timeout
        }
    }

    /// Where a player is nobody knows, so it is shown at the session's playhead.
    fn view(&self, shared: Playhead) -> ViewerView {
        let playhead = self.playhead.unwrap_or(shared);
        ViewerView {
            id: self.id.clone(),
            name: self.name.clone(),
            position_s: playhead.position_s,
            paused: playhead.paused,
            anonymous: self.anonymous,
            host: self.host,
            buffering: self.buffering,
            alone: self.alone,
            colour: self.colour,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Viewers {
    /// Keyed by a hash: the tokens themselves are kept nowhere.
    all: BTreeMap<ViewerKey, Viewer>,
    colours: Colours,
    came: u64,
    changes: u64,
}

impl Viewers {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn contains(&self, key: ViewerKey) -> bool {
        self.all.contains_key(&key)
    }

    /// Counts the changes of what the viewers see of each other.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// Takes in a viewer's heartbeat. Whether the viewer is new.
    pub(super) fn beat(&mut self, now: Instant, key: ViewerKey, sign: Sign) -> bool {
        let new = self.come(now, key);
        let Some(viewer) = self.all.get_mut(&key) else { return new };
        let name = match sign.name {
            Some(name) => Some(name).filter(|name| !name.is_empty()),
            None => viewer.name.clone(),
        };
        let place = Some(sign.playhead);
        let changed = (viewer.playhead, viewer.buffering, viewer.alone) != (place, sign.buffering, sign.alone)
            || viewer.name != name;
        viewer.name = name;
        viewer.playhead = place;
        viewer.hidden = sign.hidden;
        viewer.buffering = sign.buffering;
        viewer.alone = sign.alone;
        viewer.seen = now.max(viewer.seen);
        self.changes += u64::from(changed);
        new
    }

    /// A viewer with a page is there. Whether it is new.
    fn come(&mut self, now: Instant, key: ViewerKey) -> bool {
        let new = !self.all.contains_key(&key);
        if new {
            self.add(now, key, key.public_id(), false);
        }
        new
    }

    fn add(&mut self, now: Instant, key: ViewerKey, id: PublicViewerId, anonymous: bool) {
        let colour = self.colours.give(key, self.all.values().map(|viewer| viewer.colour), self.came);
        self.all.insert(key, Viewer::new(id, anonymous, colour, self.came, now));
        self.came += 1;
        self.changes += 1;
    }

    /// A viewer has opened an event channel. Whether the viewer is new.
    pub(super) fn open_channel(&mut self, now: Instant, key: ViewerKey, channel: u64) -> bool {
        let new = self.come(now, key);
        if let Some(viewer) = self.all.get_mut(&key) {
            viewer.channels.push(channel);
            viewer.seen = now.max(viewer.seen);
        }
        new
    }

    /// A channel ended, which was a sign of its viewer until now.
    pub(super) fn close_channel(&mut self, now: Instant, key: ViewerKey, channel: u64) {
        let Some(viewer) = self.all.get_mut(&key) else { return };
        if let Some(place) = viewer.channels.iter().position(|open| *open == channel) {
            viewer.channels.swap_remove(place);
            viewer.seen = now.max(viewer.seen);
        }
    }

    /// Whether a channel's viewer is there and has not left since.
    pub(super) fn has_channel(&self, key: ViewerKey, channel: u64) -> bool {
        self.all.get(&key).is_some_and(|viewer| viewer.channels.contains(&channel))
    }

    /// Open channels of one viewer.
    pub(super) fn channels_of(&self, key: ViewerKey) -> usize {
        self.all.get(&key).map_or(0, |viewer| viewer.channels.len())
    }

    /// Open channels of all of them.
    pub(super) fn channels(&self) -> usize {
        self.all.values().map(|viewer| viewer.channels.len()).sum()
    }

    /// A viewer that is there has asked for something.
    pub(super) fn refresh(&mut self, now: Instant, key: ViewerKey) {
        if let Some(viewer) = self.all.get_mut(&key) {
            viewer.seen = now.max(viewer.seen);
        }
    }

    /// A player without heartbeats comes. It is named by its number, since a hash of its address could be guessed.
    pub(super) fn add_player(&mut self, now: Instant, key: ViewerKey) {
        let id = PublicViewerId(format!("player-{}", self.came + 1));
        self.add(now, key, id, true);
    }

    pub(super) fn get(&self, key: ViewerKey) -> Option<&Viewer> {
        self.all.get(&key)
    }

    /// Who is shown by that name.
    pub(super) fn find(&self, id: &PublicViewerId) -> Option<(ViewerKey, &Viewer)> {
        self.all.iter().find(|(_, viewer)| viewer.id == *id).map(|(key, viewer)| (*key, viewer))
    }

    /// Whether a viewer has the host's key.
    pub(super) fn set_host(&mut self, key: ViewerKey, host: bool) {
        if let Some(viewer) = self.all.get_mut(&key).filter(|viewer| viewer.host != host) {
            viewer.host = host;
            self.changes += 1;
        }
    }

    /// The host's key is another from now on.
    pub(super) fn unset_hosts(&mut self) {
        for viewer in self.all.values_mut() {
            self.changes += u64::from(viewer.host);
            viewer.host = false;
        }
    }

    /// Nobody is there; who comes is not recognised by an earlier colour.
    pub(super) fn forget_colours(&mut self) {
        self.colours = Colours::default();
    }

    pub(super) fn remove(&mut self, key: ViewerKey) -> Option<Viewer> {
        let gone = self.all.remove(&key);
        self.changes += u64::from(gone.is_some());
        gone
    }

    /// Takes out those of whom there was no sign for too long, in the order in which they went.
    pub(super) fn expire(&mut self, now: Instant, limits: &Limits) -> Vec<Viewer> {
        let is_gone = |viewer: &Viewer| viewer.channels.is_empty() && viewer.due(limits) <= now;
        let gone: Vec<ViewerKey> = self.all.iter().filter(|(_, it)| is_gone(it)).map(|(&key, _)| key).collect();
        let mut gone: Vec<Viewer> = gone.into_iter().filter_map(|key| self.remove(key)).collect();
        gone.sort_by_key(|viewer| (viewer.due(limits), viewer.order));
        gone
    }

    pub(super) fn next_due(&self, limits: &Limits) -> Option<Instant> {
        self.all.values().filter(|viewer| viewer.channels.is_empty()).map(|viewer| viewer.due(limits)).min()
    }

    /// Whom the session's playhead follows: the page that has been there longest.
    pub(super) fn lead(&self) -> Option<Playhead> {
        let pages = self.all.values().filter_map(|viewer| Some((viewer.order, viewer.playhead?)));
        pages.min_by_key(|(order, _)| *order).map(|(_, playhead)| playhead)
    }

    /// The viewers as they see each other, in the order in which they came.
    pub(super) fn views(&self, shared: Playhead) -> Vec<ViewerView> {
        let mut viewers: Vec<&Viewer> = self.all.values().collect();
        viewers.sort_unstable_by_key(|viewer| viewer.order);
        viewers.into_iter().map(|viewer| viewer.view(shared)).collect()
    }
}
