//! Whether what was played is what the list says.

use std::{fmt::Write as _, path::Path};

use protocol::VideoMode;
use serde_json::Value;

use super::{
    colours,
    list::{Plays, pitch},
    play::{Shown, Track},
};
use crate::support::{
    marks::{self, Marks},
    media::tool_async,
};

/// A frame's time is rounded to the grid of the encoded picture, of which the slowest here has 24 a second.
const FRAME_S: f64 = 0.045;
/// By how much all may be late: the first frame of AAC and other codecs lies before the film's beginning in some
/// containers, and film time begins with it. MP3's encoder and decoder together are late by up to 50 ms where the container
/// does not tell.
const LATE_S: f64 = 0.08;
/// How exactly a tone begins beside the picture.
const TOGETHER_S: f64 = 0.06;
const PITCH_HZ: f64 = 15.0;
/// A picture may be larger or smaller by one or two pixels, since both sides have to be even.
const SHAPE: f64 = 0.02;
/// Of the frames of a moving picture that was not deinterlaced nearly all are combed.
const COMBED: f64 = 0.1;

pub(super) async fn played(plays: &Plays, source: &Path, shown: Shown) -> Result<(), String> {
    let mut wrong = String::new();
    let mut say = |what: String| writeln!(wrong, "\n  {what}").unwrap();
    let Shown { media, plan, picture, sound } = shown;
    if (media.duration_s - plays.length_s).abs() > plays.length_off_s {
        say(format!("it lasts {} s, not {}", media.duration_s, plays.length_s));
    }
    for (what, track) in [("picture", &picture), ("sound", &sound)] {
        let told_s = track.as_ref().map_or(media.duration_s, |track| track.told_s);
        // Sound that is passed on as it is may end a second before the film.
        let short_s = if what == "sound" { 1.05 } else { 0.06 };
        if !(media.duration_s - short_s..media.duration_s + 0.06).contains(&told_s) {
            say(format!("the playlist of the {what} lasts {told_s} s, the film {} s", media.duration_s));
        }
    }
    match (&plays.warning, media.warnings.as_slice()) {
        (None, []) => {}
        (Some(words), [warning]) if warning.contains(words.as_str()) => {}
        (wanted, got) => say(format!("warnings {got:?}, not {wanted:?}")),
    }
    match (&plays.why, plan.video.as_ref()) {
        (None, Some(video)) if video.mode == VideoMode::Encode => say(format!("encoded: {:?}", video.why)),
        (Some(words), Some(video)) if !video.why.as_deref().unwrap_or_default().contains(words.as_str()) => {
            say(format!("the plan says {:?}, not {words:?}", video.why));
        }
        _ => {}
    }
    if plays.colours
        && let Some(track) = &picture
        && let Err(why) = colours::alike(source, &track.file).await
    {
        say(why);
    }
    let mut begins_s = 0.0;
    match (picture, plays.picture) {
        (Some(track), true) => match seen(plays, track, &mut say).await {
            Ok(first_s) => begins_s = first_s,
            Err(why) => say(why),
        },
        (None, false) => {}
        (picture, _) => say(if picture.is_some() { "there is a picture" } else { "there is no picture" }.to_owned()),
    }
    match (sound, &plays.beeps) {
        (Some(track), Some(beeps)) => match marks::try_read(track.file).await {
            Ok(marks) => heard(beeps, begins_s, &marks, &mut say),
            Err(why) => say(format!("the sound cannot be decoded: {why}")),
        },
        (None, None) => {}
        (sound, _) => say(if sound.is_some() { "there is sound" } else { "there is no sound" }.to_owned()),
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Checks the picture, and says by how much it is late.
async fn seen(plays: &Plays, track: Track, say: &mut impl FnMut(String)) -> Result<f64, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("picture.mp4");
    std::fs::write(&path, &track.file).unwrap();
    let path = path.to_str().unwrap();
    check_shape(plays, path, say).await;
    if !plays.readable {
        return enough(plays, path, say).await;
    }
    let marks = numbered(plays, track.file).await.map_err(|why| format!("the picture cannot be decoded: {why}"))?;
    if plays.combed {
        let combed = combed(path).await;
        if combed > COMBED {
            say(format!("{:.0} % of the frames are combed", combed * 100.0));
        }
    }
    for (what, wanted) in [("YAVG", plays.luma), ("SATAVG", plays.saturation)] {
        let Some((from, to)) = wanted else { continue };
        let mean = mean(path, what).await;
        if !(from..=to).contains(&mean) {
            say(format!("the mean of {what} is {mean}, not {from} to {to}"));
        }
    }
    let Some(&(last_s, _)) = marks.frames.last() else { return Err("there is no frame".into()) };
    if last_s > track.told_s {
        say(format!("the last frame is at {last_s} s of {}", track.told_s));
    }
    numbers(plays, &marks, say);
    let Some(at_s) = begins_s(&turns(&marks), plays) else { return Ok(0.0) };
    let Some(starts_s) = plays.starts_s else {
        // Of a film's part without its beginning only the picture tells where it is in the film.
        return Ok(at_s - plays.rate.map_or(0.0, |(a, b)| f64::from(plays.first) * b / a));
    };
    let late_s = at_s - starts_s;
    if !(-FRAME_S..=LATE_S).contains(&late_s) {
        say(format!("the picture begins {late_s} s late"));
    }
    Ok(late_s)
}

/// Reads the numbers, those between bars too.
async fn numbered(plays: &Plays, file: Vec<u8>) -> Result<Marks, String> {
    let Some(within) = plays.within else { return marks::try_read(file).await };
    let mut marks = marks::try_read(file.clone()).await?;
    let between = marks::try_read_within(file, within).await?;
    for ((_, number), (_, other)) in marks.frames.iter_mut().zip(&between.frames) {
        *number = number.or(*other);
    }
    Ok(marks)
}

/// When each number is shown first.
fn turns(marks: &Marks) -> Vec<(f64, u32)> {
    let mut turns: Vec<(f64, u32)> = marks.frames.iter().filter_map(|(at, number)| Some((*at, (*number)?))).collect();
    turns.dedup_by_key(|(_, number)| *number);
    turns
}

/// When the first number has its turn, by the second one's: in an encoded picture the first stands before its turn, too,
/// where the picture begins after the sound.
fn begins_s(turns: &[(f64, u32)], plays: &Plays) -> Option<f64> {
    match (turns, plays.rate) {
        ([(_, first), (second_s, second), ..], Some((a, b))) => {
            Some(second_s - (f64::from(*second) - f64::from(*first)) * b / a)
        }
        _ => turns.first().map(|turn| turn.0),
    }
}

/// Each number comes in its turn and at its time. A number may stay for longer than a frame.
fn numbers(plays: &Plays, marks: &Marks, say: &mut impl FnMut(String)) {
    let unreadable = marks.frames.iter().filter(|(_, number)| number.is_none()).count();
    // Before a picture that begins late there is nothing to read.
    let early = marks.frames.iter().take_while(|(at, _)| *at < plays.starts_s.unwrap_or(0.0) - FRAME_S).count();
    if unreadable > early {
        say(format!("{unreadable} of {} frames cannot be read", marks.frames.len()));
    }
    let turns = turns(marks);
    let wanted: Vec<u32> = (0..plays.frames).map(|n| plays.first + n * plays.step).collect();
    let got: Vec<u32> = turns.iter().map(|(_, number)| *number).collect();
    if plays.part {
        // At the cut, frames lack those that they need.
        if !got.starts_with(&wanted) {
            say(format!("of a part of the film the numbers are {got:?}"));
        }
    } else if got != wanted {
        let missing: Vec<_> = wanted.iter().filter(|number| !got.contains(number)).collect();
        let strange: Vec<_> = got.iter().filter(|number| !wanted.contains(number)).collect();
        say(format!(
            "{} numbers, of which {missing:?} are missing and {strange:?} too many, or in disorder",
            got.len()
        ));
    }
    let (Some((a, b)), Some(&(_, first)), Some(first_s)) = (plays.rate, turns.first(), begins_s(&turns, plays)) else {
        return;
    };
    let off = turns.iter().skip(1).map(|(at, number)| {
        let wanted_s = first_s + (f64::from(*number) - f64::from(first)) * b / a;
        (number, at - wanted_s)
    });
    let worst = off.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    if let Some((number, off_s)) = worst.filter(|(_, off_s)| off_s.abs() > FRAME_S) {
        say(format!("frame {number} is shown {off_s:.3} s off"));
    }
}

/// A picture in which nothing can be read has all its frames at least, from its beginning on.
async fn enough(plays: &Plays, path: &str, say: &mut impl FnMut(String)) -> Result<f64, String> {
    let args =
        ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,start_time", "-of", "json", path];
    let out = tool_async("ffprobe", args.map(String::from).to_vec()).await;
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let text = |name: &str| told["streams"][0][name].as_str().unwrap_or_default().to_owned();
    let count: u32 = text("nb_read_frames").parse().unwrap_or(0);
    // The last frame may be held for as long as the sound goes on.
    if !(plays.frames..=plays.frames + 3).contains(&count) {
        say(format!("{count} frames, not {}", plays.frames));
    }
    Ok(text("start_time").parse().unwrap_or(0.0))
}

/// The tones, and no others, begin with their seconds.
fn heard(beeps: &[u32], begins_s: f64, marks: &Marks, say: &mut impl FnMut(String)) {
    let heard = &marks.audio[0].beeps;
    let is_right = |second: u32, (at, hz): (f64, f64)| {
        let off_s = (at - f64::from(second) - begins_s).abs();
        // The first frame has none before it to overlap with, and in ASF is missing, so what begins in it is not whole.
        if second == 0 { off_s < 0.1 } else { off_s < TOGETHER_S && (hz - pitch(second)).abs() < PITCH_HZ }
    };
    let right = heard.len() == beeps.len() && beeps.iter().zip(heard).all(|(second, beep)| is_right(*second, *beep));
    if !right {
        say(format!("tones {heard:?}, not those of {beeps:?} from {begins_s:.3} s on"));
    }
}

async fn check_shape(plays: &Plays, path: &str, say: &mut impl FnMut(String)) {
    let entries = "stream=width,height,sample_aspect_ratio:stream_side_data=rotation";
    let args = ["-v", "error", "-select_streams", "v", "-show_entries", entries, "-of", "json", path];
    let out = tool_async("ffprobe", args.map(String::from).to_vec()).await;
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let stream = &told["streams"][0];
    let side = |name: &str| stream[name].as_f64().unwrap();
    let aspect = stream["sample_aspect_ratio"].as_str().and_then(|text| {
        let (across, down) = text.split_once(':')?;
        Some(across.parse::<f64>().ok()? / down.parse::<f64>().ok()?)
    });
    let turned = stream["side_data_list"][0]["rotation"].as_f64().is_some_and(|by| by.rem_euclid(180.0) > 1.0);
    let stored = side("width") * aspect.unwrap_or(1.0) / side("height");
    let (got, wanted) = (if turned { 1.0 / stored } else { stored }, plays.shape.0 / plays.shape.1);
    if (got / wanted - 1.0).abs() > SHAPE
        && (side("width") * aspect.unwrap_or(1.0) - side("height") * wanted).abs() > 2.0
    {
        say(format!("the picture is {stream}, not of {:?}", plays.shape));
    }
}

/// What ffmpeg's filters print of a picture.
async fn filtered(path: &str, filters: &str) -> String {
    let args = ["-hide_banner", "-nostats", "-i", path, "-vf", filters, "-f", "null", "-"];
    let out = tool_async("ffmpeg", args.map(String::from).to_vec()).await;
    String::from_utf8_lossy(&out.stderr).into_owned()
}

/// The part of the frames that ffmpeg takes for interlaced ones.
async fn combed(path: &str) -> f64 {
    let text = filtered(path, "idet").await;
    let line = text.lines().find(|line| line.contains("Single frame detection")).unwrap_or_default();
    let count = |name: &str| -> f64 {
        let after = line.split(name).nth(1).unwrap_or_default().trim_start();
        after.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
    };
    let combed = count("TFF:") + count("BFF:");
    combed / (combed + count("Progressive:")).max(1.0)
}

/// The mean of one of `signalstats`' figures over all frames.
async fn mean(path: &str, what: &str) -> f64 {
    let text = filtered(path, &format!("signalstats,metadata=print:key=lavfi.signalstats.{what}")).await;
    let values: Vec<f64> =
        text.lines().filter_map(|line| line.split_once(what)?.1.strip_prefix('=')?.trim().parse().ok()).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
