//! A test encode with a graphics card's encoder, through the command that makes films.
//!
//! That an encoder opens proves little: drivers are known that put keyframes elsewhere, or whose parameter sets change
//! from run to run. So two short runs with different distances between keyframes are looked at as heads' output is, and
//! what they wrote must be on the grid and go together.

use std::{path::Path, time::Duration};

use protocol::{DynamicRange, FrameRate};

use super::{Encoder, Hardware, Preset, Work, arguments::Run};
use crate::{
    fmp4::{Event, FragmentReader, codec_string},
    head::{Deinterlace, Look, Shape, VideoOrder, VideoTools, video_command},
    process::{Command, Output, OutputError, Spawner, output},
};

/// For one run of two seconds of film. A graphics card takes half a second, and some drivers as much to wake up.
const LIMIT: Duration = Duration::from_secs(10);

/// What a run may write: eight seconds' worth of the bound that it is given.
const MAX_OUTPUT: usize = 8 << 20;

/// What a picture takes at least: a card that was told a wrong rate makes a thousandth. libx264's fastest preset takes
/// 1.2 MB for these.
const LEAST_OUTPUT: usize = 100_000;

/// A size and a rate that every card takes.
const SIZE: (u32, u32) = (1280, 720);
const RATE: FrameRate = FrameRate { num: 30_000, den: 1001 };
const LEVEL: u8 = 31;
const MAX_BIT_RATE: u32 = 8_000_000;

/// Frames looked at: a segment of two seconds.
const FRAMES: u64 = 60;

/// Words of a tool that are passed on at most.
const WORDS: usize = 160;

/// `sample_is_non_sync_sample`, ISO 14496-12 8.8.3.1.
const NOT_SYNC: u32 = 0x0001_0000;

/// Encodes two seconds of a test picture twice.
///
/// # Errors
///
/// Why the encoder is of no use here, in words for the operator.
pub(super) async fn try_out(spawner: &Spawner, tools: VideoTools<'_>, hardware: &Hardware) -> Result<(), String> {
    let short = encode(spawner, tools, hardware, 15).await?;
    let long = encode(spawner, tools, hardware, 60).await?;
    if short != long {
        return Err("its parameter sets are not the same in each run".into());
    }
    Ok(())
}

/// One run; returns the init segment.
async fn encode(
    spawner: &Spawner,
    tools: VideoTools<'_>,
    hardware: &Hardware,
    gop: u32,
) -> Result<bytes::Bytes, String> {
    match output(spawner, command(tools, hardware, gop), LIMIT, MAX_OUTPUT).await {
        Ok(Output { exit, stdout, .. }) if exit.success() => look_at(&stdout, gop),
        Ok(Output { exit, stderr, .. }) => Err(why(&stderr).unwrap_or_else(|| format!("it ended with {exit}"))),
        Err(OutputError::TimedOut { .. }) => Err(format!("it was not ready within {} s", LIMIT.as_secs())),
        Err(error) => Err(error.to_string()),
    }
}

fn command(tools: VideoTools<'_>, hardware: &Hardware, gop: u32) -> Command {
    let order = VideoOrder {
        video: 0,
        burn: None,
        rate: RATE,
        shape: Shape { width: SIZE.0, height: SIZE.1, sample_aspect: (1, 1) },
        scale: None,
        deinterlace: Deinterlace::None,
        range: DynamicRange::Standard,
        rgb: false,
        seeks_by_time: false,
        encoder: Encoder { hardware: Some(hardware.clone()), level: LEVEL, max_bit_rate: MAX_BIT_RATE },
        work: Work::default(),
        zero_s: 0.0,
        starts_s: Some(0.0),
        ends_s: 4.0,
    };
    let picture = format!("av://lavfi:testsrc2=size={}x{}:rate={}/{}:duration=4", SIZE.0, SIZE.1, RATE.num, RATE.den);
    let mut command =
        video_command(tools, &picture, &order, 0..FRAMES, Run { gop, preset: Preset::FIRST }, Look::Quick);
    // It makes its picture itself, for which the containers that films are allowed to have are no use.
    let mpv = if let Some(feeder) = &mut command.feeder { &mut **feeder } else { &mut command };
    mpv.args.insert(mpv.args.len().saturating_sub(2), "--demuxer-lavf-o=".into());
    command
}

/// Whether what was written is on the grid; returns the init segment.
fn look_at(written: &[u8], gop: u32) -> Result<bytes::Bytes, String> {
    let mut reader = FragmentReader::new();
    let (mut init, mut frame) = (None, 0);
    for event in reader.push(written).map_err(|error| error.to_string())? {
        let fragment = match event {
            Event::Init(bytes) => {
                init = Some(bytes);
                continue;
            }
            Event::Fragment(fragment) => fragment,
        };
        let mut ticks = fragment.decode_time;
        for sample in &fragment.samples {
            if frame >= FRAMES {
                break;
            }
            let due = frame * u64::from(RATE.den);
            // Half a frame is what the cutter allows; a sixteenth is more than any rounding.
            if ticks.abs_diff(due.cast_signed()) > u64::from(RATE.den / 16) || sample.composition != 0 {
                return Err(format!("frame {frame} is not where it should be"));
            }
            let is_key = sample.flags & NOT_SYNC == 0;
            if is_key != frame.is_multiple_of(gop.into()) {
                return Err(format!("keyframes are not every {gop} frames: frame {frame}"));
            }
            ticks += i64::from(sample.duration);
            frame += 1;
        }
    }
    if frame < FRAMES {
        return Err(format!("it made {frame} of {FRAMES} frames"));
    }
    if written.len() < LEAST_OUTPUT {
        return Err(format!("it made {} bytes of {FRAMES} frames, too few for a picture", written.len()));
    }
    let init = init.ok_or("it wrote no init segment")?;
    let codec = codec_string(&init).map_err(|error| error.to_string())?;
    // The middle byte has flags that cards set and libx264 does not: that there are no B-frames, for instance.
    if codec.starts_with("avc1.64") && codec.ends_with(&format!("{LEVEL:02x}")) {
        Ok(init)
    } else {
        Err(format!("it makes {codec}, not the High profile and level {}.{} that were ordered", LEVEL / 10, LEVEL % 10))
    }
}

/// What a tool said of it: its first line, which names the cause; those after it are what follows from that.
fn why(stderr: &str) -> Option<String> {
    let line = stderr.lines().map(str::trim).find(|line| !line.is_empty())?;
    // `[h264_nvenc @ 0x55d0c0ffee00] `: where in its memory is nothing to an operator.
    let line = match line.split_once("] ") {
        Some((source, words)) if source.starts_with('[') => words,
        _ => line,
    };
    Some(line.chars().take(WORDS).collect())
}

/// The graphics cards of this machine: `/dev/dri/renderD128` and so on.
pub(super) fn cards(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut cards: Vec<_> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
        .map(|entry| entry.path())
        .collect();
    cards.sort();
    cards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_told_and_not_what_follows() {
        let told = "[h264_nvenc @ 0x55b7322b0200] Cannot load libcuda.so.1\nError while opening encoder\n";
        assert_eq!(why(told).unwrap(), "Cannot load libcuda.so.1");
        assert_eq!(why("h264_nvenc: no such card").unwrap(), "h264_nvenc: no such card");
        assert_eq!(why(" \n"), None);
    }

    #[test]
    fn nothing_is_no_picture() {
        assert_eq!(look_at(b"", 60).unwrap_err(), "it made 0 of 60 frames");
        assert!(look_at(b"<!doctype html>", 60).is_err());
    }

    #[test]
    fn cards_are_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["renderD129", "card0", "renderD128"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let cards = cards(folder.path());
        assert_eq!(cards, [folder.path().join("renderD128"), folder.path().join("renderD129")]);
        assert!(super::cards(Path::new("/nonexistent")).is_empty());
    }

    #[test]
    fn the_test_picture_needs_no_container() {
        let tools = VideoTools { mpv: Path::new("mpv"), ffmpeg: Path::new("ffmpeg") };
        for kind in protocol::EncoderKind::HARDWARE {
            let command = command(tools, &Hardware { kind, device: None }, 15);
            let mpv = command.feeder.as_deref().unwrap_or(&command);
            let args: Vec<_> = mpv.args.iter().rev().take(3).map(|arg| arg.to_string_lossy()).collect();
            assert!(args[0].starts_with("av://lavfi:"), "{args:?}");
            assert_eq!(args[1..], ["--", "--demuxer-lavf-o="]);
        }
    }
}
