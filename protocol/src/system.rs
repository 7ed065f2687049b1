//! The server's own state, as the home page shows it.

use serde::{Deserialize, Serialize};

use crate::TorrentsReport;

/// One program that Matinee runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolReport {
    /// `ffmpeg`, `ffprobe` or `mpv`.
    pub name: String,
    /// Absent when the program is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What to do about a missing or unusable program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How much of something is in use and how much may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    pub used: u64,
    pub allowed: u64,
}

/// The segment store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreReport {
    pub on_tmpfs: bool,
    /// Bytes.
    pub bytes: Capacity,
    /// What to do when the store is not on tmpfs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// The answer of `POST /api/system`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemReport {
    pub version: String,
    pub tools: Vec<ToolReport>,
    pub store: StoreReport,
    pub sessions: Capacity,
    pub encodes: Capacity,
    /// Absent where torrents are switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torrents: Option<TorrentsReport>,
}
