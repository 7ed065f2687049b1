//! What the server is asked for, and the address of the master playlist that has it.

use protocol::{Capabilities, Choice, MasterQuery, Quality, SessionId, TrackId, VideoMode};

/// The query for `choice`, all of it named, so that the server has nothing to choose.
pub(crate) fn master_query(
    choice: Choice,
    quality: Quality,
    capabilities: &Capabilities,
    video: Option<VideoMode>,
) -> MasterQuery {
    MasterQuery {
        video,
        audio: choice.audio,
        burn: Some(choice.subtitles.map_or_else(|| "none".to_owned(), |track| track.to_string())),
        quality: smaller(quality),
        caps: caps(capabilities),
    }
}

/// The query of a viewer who has not chosen any track yet, but may prefer the language of an audio track. Which subtitles
/// are drawn, and where, is seen when the server has told which can be drawn over the picture.
pub(crate) fn first_query(audio: Option<TrackId>, quality: Quality, capabilities: &Capabilities) -> MasterQuery {
    let burn = Some("none".to_owned());
    MasterQuery { audio, burn, quality: smaller(quality), caps: caps(capabilities), ..MasterQuery::default() }
}

/// The master playlist for `query`.
pub(crate) fn master_url(session: SessionId, query: &MasterQuery) -> String {
    let MasterQuery { video, audio, burn, quality, caps } = query;
    let video = video.map(|video| match video {
        VideoMode::Copy => "copy",
        VideoMode::Encode => "encode",
        VideoMode::Software => "software",
    });
    let parts = [
        ("video", video.map(str::to_owned)),
        ("audio", audio.map(|track| track.to_string())),
        ("burn", burn.clone()),
        ("quality", quality.map(|quality| quality.as_str().to_owned())),
        ("caps", caps.clone()),
    ];
    let parts = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", escaped(&value?))));
    format!("/hls/{session}/master.m3u8?{}", parts.collect::<Vec<_>>().join("&"))
}

/// The original is what the server takes when it is asked for no quality.
fn smaller(quality: Quality) -> Option<Quality> {
    (quality != Quality::Original).then_some(quality)
}

/// A browser that affirmed nothing is better served by the server's own assumption.
fn caps(capabilities: &Capabilities) -> Option<String> {
    Some(capabilities.to_string()).filter(|caps| !caps.is_empty())
}

/// As the value of a query may be written. Codecs are listed with commas, which may stand as they are.
fn escaped(value: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' | b',' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(query: &MasterQuery) -> String {
        let session = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap();
        let url = master_url(session, query);
        url.strip_prefix("/hls/67e55044-10b1-426f-9247-bb680e5fe0c8/master.m3u8?").unwrap().to_owned()
    }

    #[test]
    fn names_every_choice() {
        let both =
            Choice { audio: Some(TrackId::audio(1)), subtitles: Some(TrackId::subtitles(0)), ..Choice::default() };
        let capabilities = Capabilities::of(["mp4a.40.2", "avc1.640028"]);
        let query = master_query(both, Quality::P720, &capabilities, None);
        assert_eq!(url(&query), "audio=a1&burn=s0&quality=720&caps=avc1.640028,mp4a.40.2");
        let query = master_query(Choice::default(), Quality::Original, &capabilities, Some(VideoMode::Encode));
        assert_eq!(url(&query), "video=encode&burn=none&caps=avc1.640028,mp4a.40.2");
    }

    #[test]
    fn the_first_query_leaves_the_tracks_to_the_server() {
        let capabilities = Capabilities::of(["avc1.640028"]);
        assert_eq!(url(&first_query(None, Quality::Original, &capabilities)), "burn=none&caps=avc1.640028");
        assert_eq!(
            url(&first_query(Some(TrackId::audio(1)), Quality::P480, &capabilities)),
            "audio=a1&burn=none&quality=480&caps=avc1.640028"
        );
        assert_eq!(first_query(None, Quality::Original, &Capabilities::of([])).caps, None);
    }

    #[test]
    fn nothing_breaks_out_of_a_value() {
        let query = MasterQuery { caps: Some("a&b=#é".into()), ..MasterQuery::default() };
        assert_eq!(url(&query), "caps=a%26b%3D%23%C3%A9");
    }
}
