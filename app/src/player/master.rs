//! The address of a master playlist.

use protocol::{Choice, SessionId};

/// The master playlist for `choice`, with the chosen subtitles drawn into the picture.
pub(crate) fn master_url(session: SessionId, choice: Choice) -> String {
    let mut url = format!("/hls/{session}/master.m3u8?video=encode");
    if let Some(audio) = choice.audio {
        url.push_str(&format!("&audio={audio}"));
    }
    match choice.subtitles {
        Some(burn) => url.push_str(&format!("&burn={burn}")),
        None => url.push_str("&burn=none"),
    }
    url
}

#[cfg(test)]
mod tests {
    use protocol::TrackId;

    use super::*;

    #[test]
    fn names_every_choice() {
        let session: SessionId = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap();
        let both =
            Choice { audio: Some(TrackId::audio(1)), subtitles: Some(TrackId::subtitles(0)), ..Choice::default() };
        assert_eq!(
            master_url(session, both),
            "/hls/67e55044-10b1-426f-9247-bb680e5fe0c8/master.m3u8?video=encode&audio=a1&burn=s0"
        );
        assert!(master_url(session, Choice::default()).ends_with("?video=encode&burn=none"));
    }
}
