//! Time: film time and source time, the frame grids, and the table of a rendition's segments.
//!
//! Pure functions only. Everything outside a head's command line is *film time*: zero is the earliest start among
//! the tracks that play. A time on a grid is counted in frames, so that heads, playlists and `tfdt` agree exactly.

mod clock;
mod grid;
mod table;

pub use clock::FilmClock;
pub use grid::{
    AUDIO_FRAME_SAMPLES, AUDIO_RATE, AUDIO_SEGMENT_FRAMES, AUDIO_SHORT_SEGMENT_FRAMES, COPIED_TIMESCALE,
    LONG_SEGMENT_S, MAX_FILM_S, SHORT_SEGMENTS, STANDARD_RATES, UNKNOWN_RATE, film_frames, gop_frames,
    long_segment_frames, snap_rate,
};
pub use table::{SUBTITLE_SEGMENT_S, SegmentTable};
