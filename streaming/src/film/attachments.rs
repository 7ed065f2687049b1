//! The files attached to a film that its subtitles need.

use bytes::{Bytes, BytesMut};
use protocol::{Error, ErrorKind};
use tokio::sync::OnceCell;

use crate::{
    gateway::Feed,
    keyframes::{self, Attachment},
};

/// Fonts for Chinese, Japanese and Korean have twenty megabytes.
const MAX_FONT: u64 = 32 << 20;
/// What is read at a time.
const PIECE: u64 = 4 << 20;

/// Where the attached files are; looked for when the first one is asked for.
#[derive(Debug, Default)]
pub(super) struct Attachments {
    places: OnceCell<Vec<Attachment>>,
}

impl Attachments {
    /// The numbers of those that are fonts by their content.
    pub(super) async fn fonts(&self, feed: &Feed) -> Result<Vec<usize>, Error> {
        let mut fonts = Vec::new();
        for (number, place) in self.places(feed).await?.iter().enumerate() {
            if place.size <= MAX_FONT && is_font(&feed.glance(place.offset, 4).await?) {
                fonts.push(number);
            }
        }
        Ok(fonts)
    }

    /// An attached font, by its number among all attached files. What is not a font by its content is not given away.
    pub(super) async fn font(&self, feed: &Feed, number: usize) -> Result<Bytes, Error> {
        let none = || Error::new(ErrorKind::NotFound, "the film has no such font");
        let place = *self.places(feed).await?.get(number).ok_or_else(none)?;
        if place.size > MAX_FONT || !is_font(&feed.glance(place.offset, 4).await?) {
            return Err(none());
        }
        let mut font = BytesMut::new();
        while (font.len() as u64) < place.size {
            let at = font.len() as u64;
            let length = usize::try_from((place.size - at).min(PIECE)).unwrap_or(usize::MAX);
            let piece = feed.read(place.offset + at, length).await?;
            if piece.is_empty() {
                return Err(none());
            }
            font.extend_from_slice(&piece);
        }
        Ok(font.freeze())
    }

    async fn places(&self, feed: &Feed) -> Result<&Vec<Attachment>, Error> {
        let read = |at, length| feed.glance(at, length);
        self.places.get_or_try_init(|| keyframes::attachments(feed.len(), &read)).await
    }
}

/// TrueType, OpenType, a collection of them, or one compressed for the web.
fn is_font(beginning: &[u8]) -> bool {
    matches!(beginning, [0, 1, 0, 0] | b"true" | b"OTTO" | b"ttcf" | b"wOFF" | b"wOF2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_known_by_their_content() {
        assert!(is_font(&[0, 1, 0, 0]) && is_font(b"OTTO") && is_font(b"ttcf"));
        assert!(!is_font(b"\x89PNG") && !is_font(b"<htm") && !is_font(b""));
    }
}
