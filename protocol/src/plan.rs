//! What is done so that a browser can play the film, and why, for the viewer.

use serde::{Deserialize, Serialize};

use crate::{EncoderKind, Quality, TrackId, VideoMode};

/// The plan for one viewer's browser and choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// Absent in a film without picture.
    pub video: Option<VideoPlan>,
    /// One entry an audio track, in the film's order.
    pub audio: Vec<AudioPlan>,
    /// The audio track that plays first.
    pub audio_track: Option<TrackId>,
    /// The subtitle track that is drawn into the picture.
    pub burn: Option<TrackId>,
    /// The subtitle tracks that a browser can draw itself, from their events.
    #[serde(default)]
    pub readable: Vec<TrackId>,
    /// The qualities below the original that make the picture smaller, the best first.
    pub qualities: Vec<Quality>,
    /// The graphics card's encoder that makes the picture where it is encoded; absent: libx264.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<EncoderKind>,
}

/// How the picture is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoPlan {
    pub track: TrackId,
    pub mode: VideoMode,
    /// Why it is encoded, in a few words for the viewer; absent when it is copied.
    pub why: Option<String>,
    /// Lines of the picture that comes out.
    pub height: u32,
}

/// Whether the sound is passed on as it is or encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioMode {
    Copy,
    Encode,
}

/// How an audio track is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioPlan {
    pub track: TrackId,
    pub mode: AudioMode,
    /// Why it is encoded, in a few words for the viewer; absent when it is copied.
    pub why: Option<String>,
    pub channels: u16,
}
