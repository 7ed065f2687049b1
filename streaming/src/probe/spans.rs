//! When a film and its tracks begin and end, in source time, from figures of several kinds that may lie.

use serde_json::Value;

use super::{
    TrackSpan,
    container::{Container, durations_are_ends},
    fields,
    matroska::Head,
    tail::Ends,
    tracks,
};

/// Below this many bits a second, in a film of more than a minute, the duration is taken for a lie.
const FEWEST_BITS: f64 = 8_000.0;

/// What the container says of its times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// The earliest start among the video and audio tracks that play.
    pub(super) zero_s: f64,
    pub(super) source_start_s: f64,
    /// The end of the whole.
    end_s: Option<f64>,
    video: Vec<Track>,
    audio: Vec<Track>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Track {
    start_s: f64,
    end_s: Option<f64>,
    /// Covers and unknown sound do not.
    plays: bool,
}

/// When everything plays.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spans {
    pub(super) video: Vec<TrackSpan>,
    pub(super) audio: Vec<TrackSpan>,
    /// From zero to the end of the longest track, seconds.
    pub(super) duration_s: f64,
}

impl Told {
    pub(super) fn new(
        container: Container,
        head: Option<&Head>,
        format: &Value,
        video: &[&Value],
        audio: &[&Value],
    ) -> Self {
        let absolute = durations_are_ends(container, head);
        let container_start = fields::seconds(format, "start_time");
        let duration = fields::seconds(format, "duration").filter(|duration| *duration > 0.0);
        let end_s = duration.map(|d| if absolute { d } else { container_start.unwrap_or(0.0) + d });
        let track = |stream: &Value, plays| {
            let start_s = fields::seconds(stream, "start_time").or(container_start).unwrap_or(0.0);
            let own = match container {
                Container::Matroska | Container::WebM => {
                    fields::duration_tag(stream).map(|d| if absolute { d } else { start_s + d })
                }
                Container::Mp4 | Container::QuickTime => fields::seconds(stream, "duration").map(|d| start_s + d),
                Container::Avi => {
                    let told = fields::seconds(stream, "duration");
                    told.map(|d| start_s + avi_without_index(stream, d).unwrap_or(d))
                }
                // What ffprobe says there is what it saw near the end, which may be before the track's last frame.
                _ => None,
            };
            // Tags survive cutting and joining by programs that don't know them: one that says more than the
            // container is wrong.
            let own = own.filter(|end| *end > start_s && end_s.is_none_or(|whole| *end <= whole + 1.0));
            Track { start_s, end_s: own, plays }
        };
        let video: Vec<_> = video.iter().map(|stream| track(stream, !tracks::is_cover(stream))).collect();
        let audio: Vec<_> = audio.iter().map(|stream| track(stream, tracks::is_known(stream))).collect();
        let starts = video.iter().chain(&audio).filter(|track| track.plays).map(|track| track.start_s);
        let zero_s = starts.reduce(f64::min).or(container_start).unwrap_or(0.0);
        Self { zero_s, source_start_s: container_start.unwrap_or(zero_s), end_s, video, audio }
    }

    /// Whether the times are missing or hard to believe, so that the file's end should be looked at.
    pub(super) fn doubtful(&self, size: Option<u64>) -> bool {
        let Some(duration) = self.spans(None).map(|spans| spans.duration_s) else { return true };
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let too_few_bits = size.is_some_and(|size| duration > 60.0 && size as f64 * 8.0 / duration < FEWEST_BITS);
        // All tracks end well before the container does.
        let too_short = self.end_s.is_some_and(|end| duration < (end - self.zero_s) * 0.9);
        too_few_bits || too_short
    }

    /// The spans by what was told and, before that, by what was found at the end of the file. `None` where neither
    /// gives an end.
    pub(super) fn spans(&self, found: Option<&Ends>) -> Option<Spans> {
        let told = self.film_tracks().filter_map(|track| track.end_s).reduce(f64::max);
        let whole = found.map(|ends| ends.all).or(self.end_s).or(told)?;
        let span = |track: &Track, found_end: Option<f64>| {
            let told = track.end_s.filter(|_| track.plays).unwrap_or(whole);
            let end_s = found_end.unwrap_or(if found.is_some() { told.min(whole) } else { told });
            TrackSpan { start_s: track.start_s, end_s: end_s.max(track.start_s) }
        };
        let spans = |tracks: &[Track], found: Option<&Vec<Option<f64>>>| {
            let end = |n: usize| found.and_then(|ends| ends.get(n).copied().flatten());
            tracks.iter().enumerate().map(|(n, track)| span(track, end(n))).collect::<Vec<_>>()
        };
        let video = spans(&self.video, found.map(|ends| &ends.video));
        let audio = spans(&self.audio, found.map(|ends| &ends.audio));
        let film = video.iter().zip(&self.video).chain(audio.iter().zip(&self.audio)).filter(|(_, track)| track.plays);
        let end = film.map(|(span, _)| span.end_s).reduce(f64::max)?;
        let duration_s = end - self.zero_s;
        (duration_s > 0.0 && duration_s <= fields::MAX_TIME_S).then_some(Spans { video, audio, duration_s })
    }

    fn film_tracks(&self) -> impl Iterator<Item = &Track> {
        self.video.iter().chain(&self.audio).filter(|track| track.plays)
    }
}

/// The duration of an AVI's track of which ffmpeg (5.1) counts one frame more than the track has: without an index it takes all
/// frames but the first for one later than they are.
fn avi_without_index(stream: &Value, duration_s: f64) -> Option<f64> {
    let rate = fields::rate(stream, "avg_frame_rate")?.as_f64();
    #[expect(clippy::cast_precision_loss, reason = "2^53 frames are no film")]
    let counted = fields::integer(stream, "nb_frames")? as f64;
    let is_one_more = (counted - duration_s * rate - 1.0).abs() < 0.01;
    is_one_more.then(|| counted / rate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const LAVF: &str = "Lavf59.27.100";
    const MKVMERGE: &str = "libebml v1.4.4 + libmatroska v1.7.1";

    fn written_by(muxer: &str) -> Head {
        Head { muxer: Some(muxer.into()), ..Head::default() }
    }

    fn track(start: &str, duration: &str) -> Value {
        json!({"codec_name": "x", "start_time": start, "tags": {"DURATION": duration}})
    }

    fn told(muxer: &str, format: &Value, video: &Value, audio: &Value) -> Told {
        Told::new(Container::Matroska, Some(&written_by(muxer)), format, &[video], &[audio])
    }

    #[test]
    fn an_avi_without_index_lasts_a_frame_longer_than_it_says() {
        let video = |frames: &str| json!({"duration": "4.000000", "nb_frames": frames, "avg_frame_rate": "25/1"});
        assert_eq!(avi_without_index(&video("101"), 4.0), Some(4.04));
        assert_eq!(avi_without_index(&video("100"), 4.0), None);
        assert_eq!(avi_without_index(&video("9000"), 4.0), None, "a lie");
        assert_eq!(avi_without_index(&json!({"nb_frames": "168", "avg_frame_rate": "0/0"}), 4.0), None);
        let format = json!({"start_time": "0.0", "duration": "4.0"});
        let told = Told::new(Container::Avi, None, &format, &[&video("101")], &[]);
        assert!(close(told.spans(None).unwrap().duration_s, 4.04));
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    /// The figures are those of real files: four seconds of film, moved to 10 s.
    #[test]
    fn the_same_film_by_two_muxers_has_the_same_spans() {
        let ffmpeg = told(
            LAVF,
            &json!({"start_time": "9.977", "duration": "14.004"}),
            &track("10.0", "00:00:14.004000000"),
            &track("9.977", "00:00:14.000000000"),
        );
        let mkvmerge = told(
            MKVMERGE,
            &json!({"start_time": "9.977", "duration": "4.040"}),
            &track("10.0", "00:00:04.004000000"),
            &track("9.977", "00:00:04.040000000"),
        );
        for told in [ffmpeg, mkvmerge] {
            assert!(close(told.zero_s, 9.977) && close(told.source_start_s, 9.977) && !told.doubtful(Some(1_000_000)));
            let spans = told.spans(None).unwrap();
            assert!(close(spans.video[0].start_s, 10.0) && close(spans.video[0].end_s, 14.004), "{spans:?}");
            assert!((spans.audio[0].end_s - 14.0).abs() < 0.02, "{spans:?}");
            assert!((spans.duration_s - 4.03).abs() < 0.02, "{spans:?}");
        }
    }

    #[test]
    fn mp4_tracks_have_durations_of_their_own() {
        let format = json!({"start_time": "9.976009", "duration": "14.004"});
        let video = json!({"start_time": "10.0", "duration": "4.004"});
        let audio = json!({"codec_name": "aac", "start_time": "9.976009", "duration": "4.02322"});
        let told = Told::new(Container::Mp4, None, &format, &[&video], &[&audio]);
        let spans = told.spans(None).unwrap();
        assert!(close(spans.video[0].end_s, 14.004) && close(spans.audio[0].end_s, 13.999_229));
        assert!(close(spans.duration_s, 14.004 - 9.976_009));
    }

    #[test]
    fn a_transport_stream_ends_with_its_container() {
        let format = json!({"start_time": "11.376778", "duration": "4.027211"});
        let video = json!({"start_time": "11.4", "duration": "4.003989"});
        let audio = json!({"codec_name": "ac3", "start_time": "11.376778", "duration": "3.877722"});
        let spans = Told::new(Container::MpegTs, None, &format, &[&video], &[&audio]).spans(None).unwrap();
        assert!(close(spans.audio[0].end_s, 15.403_989) && close(spans.duration_s, 4.027_211));
    }

    #[test]
    fn what_starts_before_zero_keeps_its_whole_length() {
        let told = told(
            LAVF,
            &json!({"start_time": "-0.043", "duration": "3.984"}),
            &track("0.022", "00:00:03.984000000"),
            &track("-0.043", "00:00:03.980000000"),
        );
        let spans = told.spans(None).unwrap();
        assert!(close(told.zero_s, -0.043) && close(spans.duration_s, 4.027));
    }

    #[test]
    fn covers_say_nothing_about_time() {
        let cover = json!({"start_time": "-5", "duration": "900", "disposition": {"attached_pic": 1}});
        let video = json!({"start_time": "0.5", "duration": "10"});
        let format = json!({"start_time": "0", "duration": "900"});
        let told = Told::new(Container::Mp4, None, &format, &[&cover, &video], &[]);
        let spans = told.spans(None).unwrap();
        assert!(close(told.zero_s, 0.5) && close(spans.duration_s, 10.0));
        assert_eq!(spans.video.len(), 2);
    }

    #[test]
    fn what_is_found_at_the_end_counts() {
        let format = json!({"start_time": "0", "duration": "600"});
        let (video, audio) = (track("0.023", "00:10:00.000000000"), track("0", "00:09:59.990000000"));
        let cut = told(LAVF, &format, &video, &audio);
        let ends = Ends { all: 360.0, video: vec![Some(360.0)], audio: vec![None] };
        let spans = cut.spans(Some(&ends)).unwrap();
        assert!(close(spans.video[0].end_s, 360.0) && close(spans.audio[0].end_s, 360.0));
        let (format, video) = (json!({"start_time": "0"}), json!({"start_time": "0.023"}));
        let live = told(LAVF, &format, &video, &json!({"codec_name": "x", "start_time": "0"}));
        assert!(live.doubtful(None) && live.spans(None).is_none());
        assert!(close(live.spans(Some(&ends)).unwrap().duration_s, 360.0));
    }

    #[test]
    fn lies_are_doubted() {
        let plain = json!({"start_time": "0"});
        let doubtful = |duration: &str, size| {
            told(MKVMERGE, &json!({"start_time": "0", "duration": duration}), &plain, &plain).doubtful(Some(size))
        };
        assert!(!doubtful("600", 100_000_000));
        assert!(doubtful("86400", 1_000_000), "93 bits a second");
        assert!(doubtful("1e12", 1_000_000_000));
        let short = track("0", "00:00:10.0");
        assert!(told(MKVMERGE, &json!({"duration": "600"}), &short, &short).doubtful(None), "a tag from before a join");
        let long = track("0", "01:00:00.0");
        let spans = told(MKVMERGE, &json!({"duration": "600"}), &long, &long).spans(None).unwrap();
        assert!(close(spans.duration_s, 600.0), "a tag from before a cut");
    }

    proptest! {
        #[test]
        fn whatever_is_told_the_spans_are_sane(
            starts in proptest::collection::vec(any::<f64>(), 4),
            durations in proptest::collection::vec(-1e7..1e7_f64, 4),
            found in proptest::option::of(any::<f64>()),
            lavf in any::<bool>(),
        ) {
            let stream = |n: usize| json!({"codec_name": "x", "start_time": starts[n].to_string(), "duration": durations[n].to_string(),
                "tags": {"DURATION": format!("{}:00:00", durations[n].abs() % 120.0)}});
            let (format, video, audio) = (stream(0), stream(1), stream(2));
            let ends = found.map(|all| Ends { all, video: vec![found], audio: vec![] });
            for container in [Container::Matroska, Container::Mp4, Container::MpegTs] {
                let head = written_by(if lavf { LAVF } else { MKVMERGE });
                let told = Told::new(container, Some(&head), &format, &[&video], &[&audio]);
                let _ = told.doubtful(Some(1000));
                prop_assert!(told.zero_s.is_finite() && told.source_start_s.is_finite());
                if let Some(spans) = told.spans(ends.as_ref()) {
                    prop_assert!(spans.duration_s > 0.0 && spans.duration_s <= fields::MAX_TIME_S);
                    for span in spans.video.iter().chain(&spans.audio) {
                        prop_assert!(span.end_s >= span.start_s && span.end_s <= told.zero_s + spans.duration_s + 1e-3);
                    }
                }
            }
        }
    }
}
