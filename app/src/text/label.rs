//! What tracks, viewers and durations are called.

use protocol::{AudioTrack, SubtitleKind, SubtitleTrack, ViewerView};

/// `English · Commentary · AAC 5.1`. `language` is the language's name in the viewer's own, if there is one.
pub(crate) fn audio_label(track: &AudioTrack, language: Option<&str>) -> String {
    let mut details = codec_name(&track.codec).to_owned();
    let channels = match (track.channels, track.channel_layout.as_deref()) {
        (1, _) => "mono".to_owned(),
        (2, _) => "stereo".to_owned(),
        (_, Some(layout)) => layout.split('(').next().unwrap_or(layout).to_owned(),
        (0, None) => String::new(),
        (n, None) => format!("{n} channels"),
    };
    if !channels.is_empty() {
        details = format!("{details} {channels}");
    }
    joined(language, track.title.as_deref(), usize::from(track.track.order), &[], &details)
}

/// `Spanish · Signs · forced · ASS`.
pub(crate) fn subtitle_label(track: &SubtitleTrack, language: Option<&str>) -> String {
    let mut notes = Vec::new();
    if track.forced {
        notes.push("forced");
    }
    if track.hearing_impaired {
        notes.push("for the hard of hearing");
    }
    let codec = match (codec_name(&track.codec), track.kind) {
        (name, _) if name != track.codec => name,
        (_, SubtitleKind::Text) => "text",
        (_, SubtitleKind::Styled) => "styled",
        (_, SubtitleKind::Bitmap) => "pictures",
    };
    joined(language, track.title.as_deref(), usize::from(track.track.order), &notes, codec)
}

/// What a viewer is called by the others: the name that was given, or a few characters of the public id.
pub(crate) fn viewer_label(viewer: &ViewerView) -> String {
    match viewer.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ if viewer.anonymous => "A player without the page".to_owned(),
        _ => format!("Viewer {}", viewer.id.0.chars().take(4).collect::<String>()),
    }
}

/// `1 h 42 min`, `9 min`, `40 s`.
pub(crate) fn spoken_duration(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0).round() as u64 } else { 0 };
    match (whole / 3600, (whole % 3600) / 60) {
        (0, 0) => format!("{whole} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn joined(language: Option<&str>, title: Option<&str>, order: usize, notes: &[&str], details: &str) -> String {
    let language = language.map(str::trim).filter(|l| !l.is_empty());
    // A title that only repeats the language says nothing.
    let title = title
        .map(str::trim)
        .filter(|t| !t.is_empty() && !language.is_some_and(|language| language.eq_ignore_ascii_case(t)));
    let mut parts: Vec<String> = language.into_iter().chain(title).map(str::to_owned).collect();
    if parts.is_empty() {
        parts.push(format!("Track {}", order + 1));
    }
    parts.extend(notes.iter().map(|&note| note.to_owned()));
    parts.push(details.to_owned());
    parts.join(" · ")
}

/// The usual name of what ffmpeg calls `codec`.
fn codec_name(codec: &str) -> &str {
    match codec {
        "aac" => "AAC",
        "ac3" => "Dolby Digital",
        "eac3" => "Dolby Digital Plus",
        "truehd" => "TrueHD",
        "dts" => "DTS",
        "flac" => "FLAC",
        "opus" => "Opus",
        "vorbis" => "Vorbis",
        "mp3" => "MP3",
        "ass" | "ssa" => "ASS",
        "subrip" | "srt" => "SRT",
        "webvtt" => "WebVTT",
        "hdmv_pgs_subtitle" => "PGS",
        "dvd_subtitle" => "VobSub",
        "dvb_subtitle" => "DVB",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use protocol::{PublicViewerId, TrackId};

    use super::*;

    fn audio() -> AudioTrack {
        AudioTrack {
            track: TrackId::audio(1),
            codec: "eac3".into(),
            profile: None,
            channels: 6,
            channel_layout: Some("5.1(side)".into()),
            sample_rate: 48_000,
            bit_depth: None,
            language: Some("eng".into()),
            title: Some("Commentary".into()),
            default: false,
            forced: false,
        }
    }

    fn subtitles() -> SubtitleTrack {
        SubtitleTrack {
            track: TrackId::subtitles(0),
            codec: "ass".into(),
            kind: SubtitleKind::Styled,
            language: Some("spa".into()),
            title: Some("Spanish".into()),
            default: true,
            forced: true,
            hearing_impaired: false,
        }
    }

    #[test]
    fn audio_tracks_tell_language_title_and_channels() {
        assert_eq!(audio_label(&audio(), Some("English")), "English · Commentary · Dolby Digital Plus 5.1");
        let plain = AudioTrack { title: None, language: None, channels: 2, codec: "aac".into(), ..audio() };
        assert_eq!(audio_label(&plain, None), "Track 2 · AAC stereo");
        let odd = AudioTrack { channels: 4, channel_layout: None, codec: "cook".into(), title: None, ..audio() };
        assert_eq!(audio_label(&odd, Some("English")), "English · cook 4 channels");
    }

    #[test]
    fn subtitle_tracks_tell_what_they_are_for() {
        assert_eq!(subtitle_label(&subtitles(), Some("Spanish")), "Spanish · forced · ASS");
        let unknown = SubtitleTrack {
            codec: "xsub".into(),
            kind: SubtitleKind::Bitmap,
            title: Some(" ".into()),
            forced: false,
            hearing_impaired: true,
            ..subtitles()
        };
        assert_eq!(subtitle_label(&unknown, None), "Track 1 · for the hard of hearing · pictures");
    }

    #[test]
    fn viewers_without_a_name_get_a_short_one() {
        let mut viewer = ViewerView::new(PublicViewerId("ab12cd34".into()));
        assert_eq!(viewer_label(&viewer), "Viewer ab12");
        viewer.name = Some(" Ada ".into());
        assert_eq!(viewer_label(&viewer), "Ada");
        viewer.name = None;
        viewer.anonymous = true;
        assert_eq!(viewer_label(&viewer), "A player without the page");
    }

    #[test]
    fn durations_are_spoken() {
        for (seconds, text) in [(40.2, "40 s"), (599.0, "9 min"), (6120.0, "1 h 42 min")] {
            assert_eq!(spoken_duration(seconds), text);
        }
    }
}
