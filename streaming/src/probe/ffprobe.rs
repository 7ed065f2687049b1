//! Running ffprobe on a gateway address.

use std::{collections::BTreeMap, path::Path, time::Duration};

use protocol::{Error, ErrorKind};
use serde_json::Value;

use super::fields;
use crate::process::{Command, Exit, Output, OutputError, Spawner, output};

/// The demuxers of ffmpeg that may read a source, for `-format_whitelist`: those of the containers that films come
/// in, and sound files. None of them opens another address or file on a file's behalf, as playlists, `ffconcat` or SVG
/// do, and each of them tells how long a film is and finds a place in it; bare streams of a codec do neither.
pub const DEMUXERS: &str = "matroska,mov,mpegts,avi,flv,ogg,asf,mpeg,dv,mxf,rm,wtv,nut,ivf,yuv4mpegpipe,gif,\
                            mp3,flac,wav,aiff,ac3,eac3";

/// For reading a container's structure; a second is usual on a fast link.
const LIMIT: Duration = Duration::from_secs(20);
/// Bytes of JSON; a film with hundreds of chapters and fonts has 300 KiB.
const MAX_JSON: usize = 4 * 1024 * 1024;
/// Microseconds that ffprobe waits for the gateway, which itself gives up earlier.
const RW_TIMEOUT: &str = "15000000";

/// Why ffprobe told nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not make sense of the content.
    Invalid,
    /// It is what this demuxer of ffmpeg's reads, which is none of [`DEMUXERS`].
    Unlisted(String),
    TimedOut,
    /// Anything that is not about the content.
    Other(Error),
}

/// Packets at the file's beginning that are listed: mostly some of each track, a quarter of a second of the film.
const FIRST_PACKETS: &str = "%+#48";
/// The same where that was not enough, as in files that store a second of picture before its sound.
const MORE_PACKETS: &str = "%+#400";

/// Bytes that are read at first. ffprobe's own five megabytes are read to their end wherever one track has little in
/// them, such as pictures for subtitles: most of a second on a home's line.
const FIRST_LOOK: &str = "524288";

/// The format, streams and chapters of a source, and its first packets.
pub(super) async fn describe(spawner: &Spawner, ffprobe: &Path, url: &str) -> Result<Value, Failure> {
    match listed(spawner, ffprobe, url, &["-probesize", FIRST_LOOK], FIRST_PACKETS).await {
        Ok(told) if is_enough(&told) => Ok(told),
        Ok(_) | Err(Failure::Invalid) => listed(spawner, ffprobe, url, &[], MORE_PACKETS).await,
        Err(failure) => Err(failure),
    }
}

/// Whether more reading would tell nothing more that matters: the container lists its tracks at its beginning, each of
/// picture and sound has been recognized, and the pictures' rate is no guess.
fn is_enough(told: &Value) -> bool {
    let format = told.get("format").and_then(|format| fields::text(format, "format_name")).unwrap_or_default();
    let lists_tracks = format.split(',').any(|name| matches!(name, "matroska" | "mp4"));
    let positive = |stream: &Value, name| fields::integer(stream, name).is_some_and(|number| number > 0);
    let packets = told.get("packets").and_then(Value::as_array);
    let was_seen = |stream: &Value| {
        let number = fields::integer(stream, "index");
        packets.is_some_and(|packets| packets.iter().any(|packet| fields::integer(packet, "stream_index") == number))
    };
    let known = |stream: &Value| match fields::text(stream, "codec_type") {
        Some("video") => {
            let rate = fields::text(stream, "avg_frame_rate");
            super::tracks::is_cover(stream)
                || (fields::text(stream, "pix_fmt").is_some()
                    && positive(stream, "width")
                    && positive(stream, "height")
                    && rate != Some("0/0")
                    && rate == fields::text(stream, "r_frame_rate"))
        }
        Some("audio") => {
            fields::text(stream, "codec_name").is_some()
                && positive(stream, "sample_rate")
                && positive(stream, "channels")
                && was_seen(stream)
        }
        _ => true,
    };
    let streams = told.get("streams").and_then(Value::as_array);
    lists_tracks && streams.is_some_and(|streams| !streams.is_empty() && streams.iter().all(known))
}

async fn listed(spawner: &Spawner, ffprobe: &Path, url: &str, how: &[&str], packets: &str) -> Result<Value, Failure> {
    let what = [
        how,
        &[
            "-show_format",
            "-show_streams",
            "-show_chapters",
            "-read_intervals",
            packets,
            "-show_entries",
            "packet=stream_index,pts_time,duration_time:packet_side_data=side_data_type",
        ],
    ]
    .concat();
    run(spawner, ffprobe, url, &what).await
}

/// The end of each stream, by its number, in seconds of source time, as far as frames can be read from `from_s` on.
pub(super) async fn last_frames(
    spawner: &Spawner,
    ffprobe: &Path,
    url: &str,
    from_s: f64,
) -> Result<BTreeMap<i64, f64>, Failure> {
    let from = format!("{from_s:.3}%");
    let entries = "packet=stream_index,pts_time,duration_time";
    let json = run(spawner, ffprobe, url, &["-read_intervals", &from, "-show_entries", entries]).await?;
    let mut ends = BTreeMap::new();
    for packet in json.get("packets").and_then(Value::as_array).into_iter().flatten() {
        let (Some(stream), Some(start)) =
            (fields::integer(packet, "stream_index"), fields::seconds(packet, "pts_time"))
        else {
            continue;
        };
        let end = start + fields::seconds(packet, "duration_time").unwrap_or(0.0).max(0.0);
        let latest = ends.entry(stream).or_insert(end);
        *latest = end.max(*latest);
    }
    Ok(ends)
}

async fn run(spawner: &Spawner, ffprobe: &Path, url: &str, what: &[&str]) -> Result<Value, Failure> {
    let command = Command::new("ffprobe", ffprobe)
        .args(["-v", "error", "-hide_banner", "-protocol_whitelist", "http,tcp", "-format_whitelist", DEMUXERS])
        .args(["-rw_timeout", RW_TIMEOUT])
        .args(what)
        .args(["-of", "json", "-i", url]);
    let Output { exit, stdout, stderr } = output(spawner, command, LIMIT, MAX_JSON).await.map_err(|error| {
        tracing::debug!(error = &error as &dyn std::error::Error, "ffprobe failed");
        match error {
            OutputError::TimedOut { .. } => Failure::TimedOut,
            OutputError::TooLong { .. } => Failure::Other(Error::new(
                ErrorKind::Unplayable,
                "the file describes more tracks, chapters and tags than can be handled; mux it anew with mkvmerge",
            )),
            _ => Failure::Other(Error::new(ErrorKind::Internal, "ffprobe could not be run; see the server's log")),
        }
    })?;
    if !exit.success() {
        tracing::debug!(%exit, stderr = stderr.replace(url, "URL"), "ffprobe failed");
        return Err(failure(exit, &stderr));
    }
    serde_json::from_slice(&stdout)
        .map_err(|_| Failure::Other(Error::new(ErrorKind::Internal, "ffprobe's answer could not be read")))
}

fn failure(exit: Exit, stderr: &str) -> Failure {
    // ffmpeg calls a Matroska file that ends in its header an input/output error too.
    if stderr.contains("File ended prematurely") {
        return Failure::Invalid;
    }
    let unreachable =
        ["Server returned", "Connection refused", "Connection reset", "Connection timed out", "Input/output error"];
    if unreachable.iter().any(|words| stderr.contains(words)) {
        return Failure::Other(Error::new(
            ErrorKind::SourceUnreachable,
            "the source stopped answering while the file was being examined; try again in a while",
        ));
    }
    if let Some(demuxer) = unlisted(stderr) {
        return Failure::Unlisted(demuxer.to_owned());
    }
    match exit {
        Exit::Code(_) => Failure::Invalid,
        Exit::Signal(_) | Exit::Unknown => Failure::Other(Error::new(
            ErrorKind::Unplayable,
            format!("ffprobe broke down on this file ({exit}); mux it anew with mkvmerge or share another copy"),
        )),
    }
}

/// Which demuxer ffmpeg would have read it with: `[h264 @ 0x55b0134c3840] Format not on whitelist '…'`.
fn unlisted(stderr: &str) -> Option<&str> {
    let line = stderr.lines().find(|line| line.contains("] Format not on whitelist"))?;
    line.strip_prefix('[')?.split_once(" @ ").map(|(demuxer, _)| demuxer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_first_look_is_enough_when_all_is_told() {
        let seen = |sound: u32, format: &str, rate: &str, pixels: Option<&str>, channels: u32| {
            is_enough(&json!({"format": {"format_name": format}, "streams": [
                {"codec_type": "video", "width": 1920, "height": 1080, "pix_fmt": pixels, "avg_frame_rate": "24/1", "r_frame_rate": rate},
                {"index": 1, "codec_type": "audio", "codec_name": "aac", "sample_rate": "48000", "channels": channels},
                {"codec_type": "subtitle", "codec_name": "hdmv_pgs_subtitle"},
            ], "packets": [{"stream_index": sound}]}))
        };
        let told = |format, rate, pixels, channels| seen(1, format, rate, pixels, channels);
        assert!(told("matroska,webm", "24/1", Some("yuv420p"), 2));
        assert!(!seen(0, "matroska,webm", "24/1", Some("yuv420p"), 2), "no packet of the sound");
        assert!(told("mov,mp4,m4a,3gp,3g2,mj2", "24/1", Some("yuv420p"), 2));
        // Tracks may come later in a transport stream; the picture may have had no room; its rate may vary.
        assert!(!told("mpegts", "24/1", Some("yuv420p"), 2));
        assert!(!told("matroska,webm", "24/1", None, 2));
        assert!(!told("matroska,webm", "120/1", Some("yuv420p"), 2));
        assert!(!told("matroska,webm", "24/1", Some("yuv420p"), 0));
        assert!(!is_enough(&json!({"format": {"format_name": "matroska,webm"}, "streams": []})));
    }

    #[test]
    fn failures_are_told_apart() {
        assert!(matches!(failure(Exit::Code(1), "x: Invalid data found when processing input"), Failure::Invalid));
        assert!(matches!(failure(Exit::Code(1), ""), Failure::Invalid));
        let short = "File ended prematurely at pos. 700\nURL: Input/output error";
        assert!(matches!(failure(Exit::Code(1), short), Failure::Invalid));
        let bare = "[h264 @ 0x55b0134c3840] Format not on whitelist 'matroska'\nURL: Invalid argument";
        assert!(matches!(failure(Exit::Code(1), bare), Failure::Unlisted(name) if name == "h264"));
        let kind = |exit, stderr| match failure(exit, stderr) {
            Failure::Other(error) => Some(error.kind),
            _ => None,
        };
        let lost = kind(Exit::Code(1), "URL: Server returned 5XX Server Error reply");
        assert_eq!(lost, Some(ErrorKind::SourceUnreachable));
        assert_eq!(kind(Exit::Signal(11), ""), Some(ErrorKind::Unplayable));
    }
}
