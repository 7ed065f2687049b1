//! ffprobe's streams as tracks.

use protocol::{
    Attachment, AudioTrack, Chapter, DynamicRange, SubtitleKind, SubtitleTrack, TrackId, UNKNOWN_CODEC, VideoTrack,
};
use serde_json::Value;

use super::{
    fields::{disposition, integer, rate, ratio, seconds, shown_tag, tag, text},
    words,
};

/// Tracks of one kind; more are left out, since no film has them.
const MAX_TRACKS: usize = 100;
const MAX_ATTACHMENTS: usize = 500;
const MAX_CHAPTERS: usize = 1000;

/// ffprobe's streams by kind, in the file's order, which is how ffmpeg (`0:a:1`) and mpv (`--vid=2`) count them. No
/// stream of a kind is passed over here, or the numbers of the following ones would be wrong.
#[derive(Debug)]
pub(super) struct Streams<'a> {
    pub(super) video: Vec<&'a Value>,
    pub(super) audio: Vec<&'a Value>,
    pub(super) subtitles: Vec<&'a Value>,
    attachments: Vec<&'a Value>,
}

impl<'a> Streams<'a> {
    pub(super) fn of(probed: &'a Value) -> Self {
        let of_kind = |kind, most| -> Vec<&Value> {
            let all = probed.get("streams").and_then(Value::as_array).into_iter().flatten();
            all.filter(|stream| text(stream, "codec_type") == Some(kind)).take(most).collect()
        };
        Self {
            video: of_kind("video", MAX_TRACKS),
            audio: of_kind("audio", MAX_TRACKS),
            subtitles: of_kind("subtitle", MAX_TRACKS),
            attachments: of_kind("attachment", MAX_ATTACHMENTS),
        }
    }

    pub(super) fn video_tracks(&self) -> Vec<VideoTrack> {
        (0..).zip(&self.video).map(|(order, stream)| video(order, stream)).collect()
    }

    /// Sound that ffmpeg does not know is left out.
    pub(super) fn audio_tracks(&self) -> Vec<AudioTrack> {
        let known = (0..).zip(&self.audio).filter(|(_, stream)| is_known(stream));
        known.map(|(order, stream)| audio(order, stream)).collect()
    }

    /// Whether there is sound that ffmpeg knows.
    pub(super) fn has_sound(&self) -> bool {
        self.audio.iter().any(|stream| is_known(stream))
    }

    /// The first sound that ffmpeg does not know.
    pub(super) fn unknown_sound(&self) -> Option<&'a Value> {
        self.audio.iter().copied().find(|stream| !is_known(stream))
    }

    pub(super) fn subtitle_tracks(&self) -> Vec<SubtitleTrack> {
        (0..).zip(&self.subtitles).map(|(order, stream)| subtitles(order, stream)).collect()
    }

    pub(super) fn attachments(&self) -> Vec<Attachment> {
        let attachment = |(n, stream): (u16, &&Value)| Attachment {
            n,
            name: tag(stream, "filename").and_then(words::file_name),
            mime: shown_tag(stream, "mimetype"),
        };
        (0..).zip(&self.attachments).map(attachment).collect()
    }
}

/// Whether a video stream is a still picture.
pub(super) fn is_cover(stream: &Value) -> bool {
    ["attached_pic", "timed_thumbnails", "still_image"].iter().any(|flag| disposition(stream, flag))
}

/// Takes the codecs that cannot be decoded off ffprobe's pictures and sounds, which makes them unknown ones. Their long
/// names stay.
pub(super) fn forget(probed: &mut Value, undecodable: &[String]) {
    for stream in probed.get_mut("streams").and_then(Value::as_array_mut).into_iter().flatten() {
        let is_played = matches!(text(stream, "codec_type"), Some("video" | "audio"));
        let is_undecodable = text(stream, "codec_name").is_some_and(|name| undecodable.iter().any(|one| one == name));
        if let (true, Some(stream)) = (is_played && is_undecodable, stream.as_object_mut()) {
            stream.remove("codec_name");
        }
    }
}

/// What a stream is coded in that ffmpeg knows and cannot decode.
pub(super) fn undecodable(stream: &Value) -> Option<&str> {
    text(stream, "codec_long_name").filter(|_| !is_known(stream))
}

/// What there is to say of a stream's format that is not known.
pub(super) fn why_unknown(stream: &Value) -> String {
    undecodable(stream).map_or_else(
        || "a format that ffmpeg does not know".to_owned(),
        |name| format!("{name}, for which ffmpeg on this server has no decoder"),
    )
}

/// Whether ffmpeg knows what a stream is coded in, and can decode it.
pub(super) fn is_known(stream: &Value) -> bool {
    text(stream, "codec_name").is_some()
}

fn video(order: u16, stream: &Value) -> VideoTrack {
    let pixel_format = text(stream, "pix_fmt").map(str::to_owned);
    let (width, height) = (dimension(stream, "width"), dimension(stream, "height"));
    let (across, down) = ratio(stream, "sample_aspect_ratio").unwrap_or((1, 1));
    let lies = lies(stream);
    VideoTrack {
        track: TrackId::video(order),
        codec: codec(stream),
        profile: profile(stream),
        level: integer(stream, "level").and_then(|level| i32::try_from(level).ok()).filter(|level| *level >= 0),
        bit_depth: bit_depth(stream).or_else(|| pixel_format.as_deref().and_then(depth_of_pixels)),
        width: if lies { height } else { width },
        height: if lies { width } else { height },
        turned: lies,
        sample_aspect: if lies { (down, across) } else { (across, down) },
        frame_rate: rate(stream, "avg_frame_rate").or_else(|| rate(stream, "r_frame_rate")),
        interlaced: matches!(text(stream, "field_order"), Some("tt" | "bb" | "tb" | "bt")),
        range: match text(stream, "color_transfer") {
            Some("smpte2084") => DynamicRange::Hdr10,
            Some("arib-std-b67") => DynamicRange::Hlg,
            _ => DynamicRange::Standard,
        },
        cover: is_cover(stream),
        language: language(stream),
        title: shown_tag(stream, "title"),
        default: disposition(stream, "default"),
        forced: disposition(stream, "forced"),
        pixel_format,
    }
}

/// Whether the picture is stored lying on its side and to be shown standing, or the other way round, as telephones
/// store what they film.
fn lies(stream: &Value) -> bool {
    let sides = stream.get("side_data_list").and_then(Value::as_array).into_iter().flatten();
    sides.filter_map(|side| integer(side, "rotation")).any(|degrees| matches!(degrees.abs(), 90 | 270))
}

fn audio(order: u16, stream: &Value) -> AudioTrack {
    AudioTrack {
        track: TrackId::audio(order),
        codec: codec(stream),
        profile: profile(stream),
        channels: integer(stream, "channels").and_then(|n| u16::try_from(n).ok()).unwrap_or(0),
        channel_layout: text(stream, "channel_layout").filter(|layout| *layout != "unknown").map(str::to_owned),
        sample_rate: integer(stream, "sample_rate").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        bit_depth: bit_depth(stream),
        language: language(stream),
        title: shown_tag(stream, "title"),
        default: disposition(stream, "default"),
        forced: disposition(stream, "forced"),
    }
}

fn subtitles(order: u16, stream: &Value) -> SubtitleTrack {
    let codec = codec(stream);
    SubtitleTrack {
        track: TrackId::subtitles(order),
        kind: subtitle_kind(&codec),
        codec,
        language: language(stream),
        title: shown_tag(stream, "title"),
        default: disposition(stream, "default"),
        forced: disposition(stream, "forced"),
        hearing_impaired: disposition(stream, "hearing_impaired"),
    }
}

/// Everything that is not known to be text is taken for pictures: those can be burned in at most.
fn subtitle_kind(codec: &str) -> SubtitleKind {
    match codec {
        "ass" | "ssa" => SubtitleKind::Styled,
        "subrip" | "srt" | "webvtt" | "mov_text" | "text" | "microdvd" | "mpl2" | "sami" | "realtext" | "stl"
        | "subviewer" | "subviewer1" | "vplayer" | "pjs" | "jacosub" | "ttml" | "hdmv_text_subtitle" | "eia_608" => {
            SubtitleKind::Text
        }
        _ => SubtitleKind::Bitmap,
    }
}

fn codec(stream: &Value) -> String {
    text(stream, "codec_name").unwrap_or(UNKNOWN_CODEC).to_owned()
}

fn profile(stream: &Value) -> Option<String> {
    text(stream, "profile").filter(|profile| *profile != "unknown").map(str::to_owned)
}

fn dimension(stream: &Value, name: &str) -> u32 {
    integer(stream, name).and_then(|pixels| u32::try_from(pixels).ok()).filter(|pixels| *pixels <= 65_536).unwrap_or(0)
}

fn bit_depth(stream: &Value) -> Option<u8> {
    let bits = integer(stream, "bits_per_raw_sample")?;
    u8::try_from(bits).ok().filter(|bits| (1..=64).contains(bits))
}

/// The depth that stands in names such as `yuv420p10le`, `p010le`, `gray12le`; 8 bits have no number.
fn depth_of_pixels(format: &str) -> Option<u8> {
    let name = format.strip_suffix("le").or_else(|| format.strip_suffix("be")).unwrap_or(format);
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match (letters, name[letters.len()..].parse()) {
        ("p", Ok(depth)) => Some(depth),
        ("gray", Err(_)) | ("nv", Ok(12 | 21)) => Some(8),
        (planar, Err(_)) if planar.starts_with("yuv") => Some(8),
        (planar, Ok(depth)) if planar.ends_with('p') || planar == "gray" => Some(depth),
        _ => None,
    }
}

/// A language's code; `und` is no language.
fn language(stream: &Value) -> Option<String> {
    let code = tag(stream, "language")?.trim();
    let sound = (2..=35).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (sound && !code.eq_ignore_ascii_case("und")).then(|| code.to_owned())
}

/// The chapters in film time, in order. Those outside the film are left out.
pub(super) fn chapters(probed: &Value, zero_s: f64, duration_s: f64) -> Vec<Chapter> {
    let all = probed.get("chapters").and_then(Value::as_array).into_iter().flatten().take(MAX_CHAPTERS);
    let mut chapters: Vec<_> = all
        .filter_map(|chapter| {
            let start_s = (seconds(chapter, "start_time")? - zero_s).max(0.0);
            let end_s = seconds(chapter, "end_time").map_or(duration_s, |end| end - zero_s);
            let title = shown_tag(chapter, "title");
            (start_s < duration_s).then(|| Chapter { start_s, end_s: end_s.clamp(start_s, duration_s), title })
        })
        .collect();
    chapters.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    chapters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn tracks_are_counted_as_ffmpeg_and_mpv_do() {
        let probed = json!({"streams": [
            {"codec_type": "audio", "codec_name": "ac3", "channels": 6, "channel_layout": "5.1(side)",
             "sample_rate": "48000", "tags": {"language": "ger"}, "disposition": {"default": 1}},
            {"codec_type": "video", "codec_name": "mjpeg", "width": 600, "height": 900, "disposition": {"attached_pic": 1}},
            {"codec_type": "data"},
            {"codec_type": "video", "codec_name": "hevc", "profile": "Main 10", "level": 120, "pix_fmt": "yuv420p10le",
             "width": 1920, "height": 804, "sample_aspect_ratio": "1:1", "avg_frame_rate": "0/0",
             "r_frame_rate": "24000/1001", "field_order": "progressive", "tags": {"language": "und", "title": "Film"}},
            {"codec_type": "subtitle", "codec_name": "dvb_teletext"},
            {"codec_type": "subtitle", "codec_name": "ass", "tags": {"language": "eng"},
             "disposition": {"forced": 1, "hearing_impaired": 1}},
            {"codec_type": "subtitle", "codec_name": "subrip"},
            {"codec_type": "attachment", "tags": {"filename": "../a.ttf", "mimetype": "font/ttf"}},
        ]});
        let streams = Streams::of(&probed);
        let video = streams.video_tracks();
        assert_eq!((video.len(), video[0].cover, video[1].cover), (2, true, false));
        let film = &video[1];
        assert_eq!((film.track, film.bit_depth, film.level), (TrackId::video(1), Some(10), Some(120)));
        assert_eq!(film.frame_rate.map(|rate| (rate.num, rate.den)), Some((24000, 1001)));
        assert_eq!((film.language.as_deref(), film.title.as_deref()), (None, Some("Film")));
        let audio = &streams.audio_tracks()[0];
        assert_eq!((audio.channels, audio.sample_rate, audio.default), (6, 48000, true));
        assert_eq!(audio.language.as_deref(), Some("ger"));
        let subtitles = streams.subtitle_tracks();
        let kinds = subtitles.iter().map(|s| (s.track.order, s.kind)).collect::<Vec<_>>();
        assert_eq!(kinds, [(0, SubtitleKind::Bitmap), (1, SubtitleKind::Styled), (2, SubtitleKind::Text)]);
        assert!(subtitles[1].forced && subtitles[1].hearing_impaired);
        let fonts = streams.attachments();
        assert_eq!((fonts[0].n, fonts[0].name.as_deref()), (0, Some("_a.ttf")));
    }

    #[test]
    fn sound_that_ffmpeg_does_not_know_is_left_out_and_counted() {
        let (known, unknown) = (json!({"codec_type": "audio", "codec_name": "aac"}), json!({"codec_type": "audio"}));
        for (streams, orders, has_unknown) in [
            (vec![&known, &unknown, &unknown], vec![0], true),
            (vec![&unknown, &known, &unknown, &known], vec![1, 3], true),
            (vec![&unknown], vec![], true),
            (vec![&known], vec![0], false),
        ] {
            let probed = json!({"streams": streams});
            let found = Streams::of(&probed);
            let told: Vec<_> = found.audio_tracks().iter().map(|track| track.track.order).collect();
            assert_eq!((told, found.unknown_sound().is_some()), (orders.clone(), has_unknown));
            assert_eq!(found.has_sound(), !orders.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_unknown_by_its_name() {
        let long_name = "H.266 / VVC (Versatile Video Coding)";
        let mut probed = json!({"streams": [
            {"codec_type": "audio", "codec_name": "vvc", "codec_long_name": long_name},
            {"codec_type": "audio", "codec_name": "aac", "codec_long_name": "AAC"}, 1, {"codec_type": "audio"},
            {"codec_type": "subtitle", "codec_name": "ttml", "codec_long_name": "Timed Text Markup Language"},
        ]});
        forget(&mut probed, &["daala".into(), "vvc".into(), "ttml".into()]);
        let streams = Streams::of(&probed);
        assert_eq!(streams.audio.iter().map(|stream| is_known(stream)).collect::<Vec<_>>(), [false, true, false]);
        let why = why_unknown(streams.audio[0]);
        assert_eq!(why, "H.266 / VVC (Versatile Video Coding), for which ffmpeg on this server has no decoder");
        assert_eq!(why_unknown(streams.audio[2]), "a format that ffmpeg does not know");
        assert_eq!(streams.subtitle_tracks()[0].codec, "ttml");
        forget(&mut json!({"streams": 1}), &["vvc".into()]);
    }

    #[test]
    fn absurd_streams_are_harmless() {
        let stream = json!({"codec_type": "video", "codec_name": 7, "width": -1, "height": 1e9, "level": -99,
            "profile": "unknown", "sample_aspect_ratio": "0:1", "avg_frame_rate": "x", "tags": [], "disposition": 1,
            "bits_per_raw_sample": "4000"});
        let probed = json!({"streams": vec![stream; 3000]});
        let streams = Streams::of(&probed);
        let tracks = streams.video_tracks();
        assert_eq!(tracks.len(), MAX_TRACKS);
        let track = &tracks[0];
        assert_eq!((track.codec.as_str(), track.width, track.height, track.level), ("unknown", 0, 0, None));
        assert_eq!((track.sample_aspect, track.frame_rate, track.profile.as_ref()), ((1, 1), None, None));
        for nonsense in [json!(null), json!({"streams": 1}), json!({"streams": [null, 1, [], {}]})] {
            assert!(Streams::of(&nonsense).video.is_empty());
        }
    }

    #[test]
    fn a_picture_that_lies_on_its_side_is_stood_up() {
        let stored = |rotation: i64| {
            let stream = json!({"codec_type": "video", "width": 1920, "height": 1080, "sample_aspect_ratio": "4:3",
                "color_transfer": "arib-std-b67", "side_data_list": [{"side_data_type": "x"}, {"rotation": rotation}]});
            let track = video(0, &stream);
            assert_eq!(track.range, DynamicRange::Hlg);
            assert_eq!(track.turned, rotation.abs() == 90);
            (track.width, track.height, track.sample_aspect)
        };
        assert_eq!((stored(90), stored(-90)), ((1080, 1920, (3, 4)), (1080, 1920, (3, 4))));
        assert_eq!((stored(0), stored(-180)), ((1920, 1080, (4, 3)), (1920, 1080, (4, 3))));
    }

    #[test]
    fn depths_stand_in_pixel_formats() {
        let formats = [
            ("yuv420p", 8),
            ("yuvj420p", 8),
            ("nv12", 8),
            ("gray", 8),
            ("yuv420p10le", 10),
            ("p010le", 10),
            ("yuva444p12be", 12),
            ("gbrp10le", 10),
            ("gray12le", 12),
        ];
        for (format, depth) in formats {
            assert_eq!(depth_of_pixels(format), Some(depth), "{format}");
        }
        assert_eq!(depth_of_pixels("rgb24"), None);
        assert_eq!(depth_of_pixels(""), None);
    }

    #[test]
    fn chapters_are_in_film_time() {
        let probed = json!({"chapters": [
            {"start_time": "12.0", "end_time": "20.0", "tags": {"title": "Two"}},
            {"start_time": "9.9", "end_time": "12.0", "tags": {"title": "One\n"}},
            {"start_time": "NaN"}, {"start_time": "500"}, null,
        ]});
        let chapters = chapters(&probed, 10.0, 6.0);
        assert_eq!(
            chapters,
            [
                Chapter { start_s: 0.0, end_s: 2.0, title: Some("One".into()) },
                Chapter { start_s: 2.0, end_s: 6.0, title: Some("Two".into()) },
            ]
        );
    }

    proptest! {
        #[test]
        fn no_pixel_format_or_language_panics(name in ".{0,40}") {
            let _ = depth_of_pixels(&name);
            let code = language(&json!({"tags": {"language": name}}));
            prop_assert!(code.is_none_or(|code| code.is_ascii()));
        }
    }
}
