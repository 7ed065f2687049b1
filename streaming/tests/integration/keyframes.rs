//! The index that is read of real films must say what ffprobe says after reading them through.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use bytes::Bytes;
use streaming::keyframes::{Index, IndexKind, NoIndex, read};

use super::support::media::tool;

/// Matroska rounds to a millisecond, and ffprobe writes six digits.
const TOLERANCE_S: f64 = 0.0006;

struct Studio(tempfile::TempDir);

impl Studio {
    fn open() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a program; words that begin with `@` are files of the studio.
    fn run(&self, program: &str, args: &str) {
        let args: Vec<_> = args
            .split_whitespace()
            .map(|word| word.strip_prefix('@').map_or_else(|| word.into(), |name| self.path(name).into_os_string()))
            .collect();
        let made = tool(program, &args);
        assert!(made.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Twelve seconds of picture with a scene cut, and sound.
    fn film(&self, options: &str) {
        self.run(
            "ffmpeg",
            &format!(
                "-v error -nostdin -y -f lavfi -i testsrc2=size=160x90:rate=24000/1001:duration=12 \
                 -f lavfi -i sine=duration=12:sample_rate=48000 -map 0 -map 1 -c:v libx264 -preset veryfast -g 50 \
                 -force_key_frames 3.3 -pix_fmt yuv420p -c:a aac {options}"
            ),
        );
    }
}

/// What was read of a film's index, and in how many reads of how many bytes.
async fn look(path: &Path, kind: IndexKind) -> (Result<Index, NoIndex>, usize, usize) {
    let content = std::fs::read(path).unwrap();
    let reads = Mutex::new(Vec::new());
    let read_at = |at: u64, length: usize| {
        assert!(length <= 4 * 1024 * 1024);
        let rest = &content[usize::try_from(at).unwrap()..];
        let piece = Bytes::copy_from_slice(&rest[..length.min(rest.len())]);
        reads.lock().unwrap().push(piece.len());
        std::future::ready(Ok(piece))
    };
    let index = read(kind, Some(content.len() as u64), &read_at).await.unwrap();
    let reads = reads.into_inner().unwrap();
    (index, reads.len(), reads.iter().sum())
}

fn ffprobe(path: &Path, args: &str) -> Vec<String> {
    let mut args: Vec<_> = format!("-v error {args} -of csv=p=0").split_whitespace().map(Into::into).collect();
    args.push(path.as_os_str().to_owned());
    let told = tool("ffprobe", &args);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Times and places of the keyframes that ffmpeg finds in a video track.
fn keyframes(path: &Path, track: usize) -> Vec<(f64, u64)> {
    let packets = ffprobe(path, &format!("-select_streams v:{track} -show_entries packet=pts_time,pos,flags"));
    let mut found: Vec<(f64, u64)> = packets
        .iter()
        .map(|packet| packet.split(',').collect::<Vec<_>>())
        .filter(|fields| fields[2].contains('K'))
        .map(|fields| (fields[0].parse().unwrap(), fields[1].parse().unwrap()))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

/// The index of a film, which must be ffprobe's and cost little.
async fn same(path: &Path, kind: IndexKind, track: usize) -> Index {
    let (index, reads, bytes) = look(path, kind).await;
    let index = index.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let (ours, theirs) = (&index.video[track], keyframes(path, track));
    let times: Vec<f64> = ours.keyframes.iter().map(|keyframe| keyframe.time_s).collect();
    let same = times.len() == theirs.len() && times.iter().zip(&theirs).all(|(a, b)| (a - b.0).abs() < TOLERANCE_S);
    assert!(same && times.len() > 4, "{}: {times:?} {theirs:?}", path.display());
    for (ours, theirs) in ours.keyframes.iter().zip(&theirs) {
        match kind {
            IndexKind::Mp4 => assert_eq!(ours.offset, theirs.1),
            // The cluster begins before the frame, and after the one before.
            IndexKind::Matroska => assert!(ours.offset < theirs.1),
        }
    }
    if kind == IndexKind::Matroska {
        let content = std::fs::read(path).unwrap();
        for keyframe in &ours.keyframes {
            assert!(content[usize::try_from(keyframe.offset).unwrap()..].starts_with(&[0x1F, 0x43, 0xB6, 0x75]));
        }
    }
    assert!(reads <= 5 && bytes <= 110_000, "{}: {reads} reads of {bytes} bytes", path.display());
    let record = ffprobe(path, &format!("-select_streams v:{track} -show_entries stream=extradata_size"));
    assert_eq!(ours.config.as_ref().unwrap().len().to_string(), record[0].trim_end_matches(','));
    index
}

#[tokio::test]
async fn matroska_by_ffmpeg_and_mkvmerge() {
    let studio = Studio::open();
    studio.film("-bf 2 @a.mkv");
    let index = same(&studio.path("a.mkv"), IndexKind::Matroska, 0).await;
    assert_eq!(index.audio.len(), 1);
    assert!(index.audio[0].config.as_ref().is_some_and(|config| config.len() >= 2));
    std::fs::write(studio.path("s.srt"), "1\n00:00:01,000 --> 00:00:02,000\nHello\n").unwrap();
    studio.run("mkvmerge", "-q -o @b.mkv @a.mkv @s.srt");
    same(&studio.path("b.mkv"), IndexKind::Matroska, 0).await;
    studio.run("mkvmerge", "-q -o @c.mkv --timestamp-scale 100000 --sync 0:700 @a.mkv");
    same(&studio.path("c.mkv"), IndexKind::Matroska, 0).await;
    studio.run("ffmpeg", "-v error -nostdin -i @a.mkv -c copy -cues_to_front 1 -reserve_index_space 4096 @d.mkv");
    same(&studio.path("d.mkv"), IndexKind::Matroska, 0).await;
    // Sound before picture, and open groups.
    studio.film("-map -0 -map 0 -bf 3 -x264-params open-gop=1 -c:a libopus @e.mkv");
    same(&studio.path("e.mkv"), IndexKind::Matroska, 0).await;
}

#[tokio::test]
async fn mp4_with_its_index_first_and_last() {
    let studio = Studio::open();
    studio.film("-bf 2 @a.mp4");
    let index = same(&studio.path("a.mp4"), IndexKind::Mp4, 0).await;
    assert_eq!((index.video[0].frames, index.audio.len()), (Some(288), 1));
    for (name, options) in [
        ("first.mp4", "-movflags +faststart"),
        ("unedited.mp4", "-use_editlist 0"),
        ("negative.mp4", "-movflags +negative_cts_offsets"),
        ("b.mov", ""),
        ("scale.mp4", "-video_track_timescale 90000 -movie_timescale 600"),
    ] {
        studio.run("ffmpeg", &format!("-v error -nostdin -i @a.mp4 -c copy {options} @{name}"));
        same(&studio.path(name), IndexKind::Mp4, 0).await;
    }
    studio.film("-bf 0 @plain.mp4");
    same(&studio.path("plain.mp4"), IndexKind::Mp4, 0).await;
    studio.film("-bf 3 -x264-params open-gop=1 @open.mp4");
    same(&studio.path("open.mp4"), IndexKind::Mp4, 0).await;
}

#[tokio::test]
async fn other_codecs_have_their_records() {
    let studio = Studio::open();
    for (name, codec) in [
        ("hevc.mp4", "libx265 -preset ultrafast -x265-params log-level=0"),
        ("av1.mp4", "libaom-av1 -usage realtime -cpu-used 8"),
    ] {
        studio.film(&format!("-c:v {codec} @{name}"));
        same(&studio.path(name), IndexKind::Mp4, 0).await;
        studio.run("ffmpeg", &format!("-v error -nostdin -i @{name} -c copy @{name}.mkv"));
        same(&studio.path(&format!("{name}.mkv")), IndexKind::Matroska, 0).await;
    }
}

#[tokio::test]
async fn a_delayed_track_and_a_cut_one() {
    let studio = Studio::open();
    studio.film("-bf 2 @a.mp4");
    studio.run(
        "ffmpeg",
        "-v error -nostdin -itsoffset 1.5 -i @a.mp4 -i @a.mp4 -map 0:v -map 1:a -c copy -avoid_negative_ts disabled @late.mp4",
    );
    let index = same(&studio.path("late.mp4"), IndexKind::Mp4, 0).await;
    assert!(index.video[0].keyframes[0].time_s > 1.4);
    studio.run("ffmpeg", "-v error -nostdin -ss 1.3 -i @a.mp4 -c copy @cut.mp4");
    assert_eq!(look(&studio.path("cut.mp4"), IndexKind::Mp4).await.0, Err(NoIndex::Edits));
}

#[tokio::test]
async fn a_cover_keeps_its_place() {
    let studio = Studio::open();
    studio.run("ffmpeg", "-v error -nostdin -f lavfi -i testsrc=size=64x64 -frames:v 1 @cover.png");
    studio.film("-bf 2 @a.mp4");
    studio.run(
        "ffmpeg",
        "-v error -nostdin -i @cover.png -i @a.mp4 -map 0 -map 1 -c copy -disposition:v:0 attached_pic @cover.mp4",
    );
    let path = studio.path("cover.mp4");
    let pictures = ffprobe(&path, "-select_streams v -show_entries stream=codec_name");
    let track = pictures.iter().position(|name| name.starts_with("h264")).unwrap();
    let index = same(&path, IndexKind::Mp4, track).await;
    assert_eq!(index.video.len(), pictures.len());
    studio.run("mkvmerge", "-q -o @cover.mkv @a.mp4 --attach-file @cover.png");
    assert_eq!(same(&studio.path("cover.mkv"), IndexKind::Matroska, 0).await.video.len(), 1);
}

#[tokio::test]
async fn films_without_a_usable_index() {
    let studio = Studio::open();
    studio.film("-bf 2 @a.mkv");
    for (name, options, kind, why) in [
        ("live.mkv", "-live 1", IndexKind::Matroska, NoIndex::Absent),
        ("parts.mp4", "-movflags +frag_keyframe+empty_moov", IndexKind::Mp4, NoIndex::Fragmented),
        ("sound.mka", "-vn", IndexKind::Matroska, NoIndex::Absent),
        ("sound.m4a", "-vn", IndexKind::Mp4, NoIndex::Absent),
        ("other.avi", "-bsf:v h264_mp4toannexb", IndexKind::Matroska, NoIndex::Malformed),
    ] {
        studio.run("ffmpeg", &format!("-v error -nostdin -i @a.mkv -c copy {options} @{name}"));
        assert_eq!(look(&studio.path(name), kind).await.0, Err(why), "{name}");
    }
    studio.run("mkvmerge", "-q -o @b.mkv --cues 0:none --cues 1:none @a.mkv");
    assert_eq!(look(&studio.path("b.mkv"), IndexKind::Matroska).await.0, Err(NoIndex::Absent));
    for (name, kind) in [("a.mkv", IndexKind::Matroska), ("first.mp4", IndexKind::Mp4), ("last.mp4", IndexKind::Mp4)] {
        let path = studio.path(name);
        if kind == IndexKind::Mp4 {
            let options = if name == "first.mp4" { "-movflags +faststart" } else { "" };
            studio.run("ffmpeg", &format!("-v error -nostdin -i @a.mkv -c copy {options} @{name}"));
        }
        let content = std::fs::read(&path).unwrap();
        std::fs::write(&path, &content[..content.len() * 2 / 3]).unwrap();
        assert_eq!(look(&path, kind).await.0, Err(NoIndex::Cut), "{name}");
    }
}
