//! The page's player, as it is read and as it is told what to do.

/// The page's player, all read at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlayerState {
    /// `currentTime`, as film time in seconds.
    pub position_s: f64,
    pub paused: bool,
    pub seeking: bool,
    /// It could not go on at once: `readyState` below `HAVE_FUTURE_DATA`.
    pub buffering: bool,
    pub ended: bool,
    /// `playbackRate`.
    pub rate: f64,
}

/// What the page shall do with its player, in this order; what is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Action {
    /// Pause (true) or play (false).
    pub pause: Option<bool>,
    /// Set `currentTime` to this film time, in seconds.
    pub seek_to_s: Option<f64>,
    /// Set `playbackRate`.
    pub rate: Option<f64>,
}
