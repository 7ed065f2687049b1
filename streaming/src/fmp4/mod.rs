//! Fragmented MP4: taking a head's output apart and putting segments together. Pure.
//!
//! A head writes an init segment (`ftyp`, `moov`) and then fragments (`moof`, `mdat`) that are cut as its
//! muxer likes. Matinee's segments are cut as the [`crate::time::SegmentTable`] says, so fragments are
//! reduced to samples and written anew: one `moof` and one `mdat` a segment.

mod edit;
mod init;
mod reader;
mod writer;

pub use edit::with_edit;
pub use init::{InitError, codec_string, hevc_name};
pub use reader::{Event, Fragment, FragmentReader, ReadError, Sample};
pub use writer::{Run, write_segment};
