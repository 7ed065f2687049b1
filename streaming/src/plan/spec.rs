//! How a rendition is made, from its name and the film alone.

use protocol::{DynamicRange, EncodedBy, Error, ErrorKind, FrameRate, RenditionId, TrackKind, VideoTrack};

use super::{AudioCopy, Film, VideoCopy, audio, audio_track, no_track, subtitle_track, video, video_track};
use crate::{
    encoder::{Decoder, Encoder, Work},
    head::{AudioCopyOrder, AudioOrder, Deinterlace, Order, Shape, VideoOrder},
    playlist::bit_rate_cap,
    probe::seeks_by_time,
    rendition::Spec,
    time::{COPIED_TIMESCALE, SegmentTable, film_frames},
};

/// How a rendition is made.
///
/// # Errors
///
/// `not_found` when the film has no such track, or it cannot be copied.
pub fn spec(film: Film<'_>, id: RenditionId) -> Result<Spec, Error> {
    let (order, table) = match id {
        RenditionId::EncodedVideo { video: id, burn, quality, by } => {
            let track = video_track(film.media, id)?;
            if let Some(burn) = burn {
                subtitle_track(film.media, burn)?;
            }
            let picture = video::picture(track, video::effective(track, quality));
            let (width, height, rate) = (picture.width, picture.height, picture.rate);
            let (starts_s, ends_s) =
                film.pictures_s.get(usize::from(id.order)).copied().unwrap_or((0.0, film.duration_s));
            let order = VideoOrder {
                video: id.order,
                burn: burn.map(|burn| burn.order),
                rate,
                shape: shape(track),
                scale: scale(track, (width, height)),
                deinterlace: deinterlace(track),
                range: track.range,
                rgb: is_rgb(track),
                seeks_by_time: seeks_by_time(&film.media.container),
                encoder: Encoder {
                    hardware: match by {
                        EncodedBy::Processor => None,
                        EncodedBy::GraphicsCard => Some(film.hardware.ok_or_else(no_card)?.clone()),
                    },
                    level: picture.level.idc(),
                    max_bit_rate: bit_rate_cap(width, height, rate),
                },
                work: work(track, (width, height), rate, burn.is_some()),
                zero_s: film.zero_s,
                starts_s: is_constant(track.frame_rate, rate).then_some(starts_s),
                ends_s,
            };
            (Order::Video(order), SegmentTable::video(rate, film.duration_s))
        }
        RenditionId::CopiedVideo { video } => {
            video_track(film.media, video)?;
            let copy = film.copies.video.get(usize::from(video.order)).and_then(|copy| copy.as_ref().ok());
            let copy = copy.ok_or_else(|| no_track(TrackKind::Video))?;
            let total = film_frames(COPIED_TIMESCALE, 1, film.duration_s);
            let table = SegmentTable::copied_video(copy.boundaries.iter().copied(), total);
            (Order::VideoCopy(copy.order.clone()), table)
        }
        RenditionId::EncodedAudio { audio: id, channels } => {
            audio_track(film.media, id)?;
            let bit_rate = audio::bit_rate(channels);
            let frames = film.copies.frames.get(&id).copied();
            // Those containers are broadcasts' and discs'.
            let may_change = seeks_by_time(&film.media.container);
            let order = AudioOrder { audio: id.order, channels, bit_rate, zero_s: film.zero_s, frames, may_change };
            (Order::Audio(order), SegmentTable::audio(film.duration_s))
        }
        RenditionId::CopiedAudio { audio } => {
            audio_track(film.media, audio)?;
            let copy = film.copies.audio.get(&audio).and_then(|copy| copy.as_ref().ok());
            let copy = copy.ok_or_else(|| no_track(TrackKind::Audio))?;
            copied_audio(film, copy)
        }
        // No head makes it.
        RenditionId::Subtitles { .. } => return Err(no_track(TrackKind::Subtitles)),
    };
    Ok(Spec { id, order, table })
}

/// Sound whose segments begin with those of the video, if that can be copied too.
fn copied_audio(film: Film<'_>, copy: &AudioCopy) -> (Order, SegmentTable) {
    let order = &copy.order;
    // The first frame that is not heard before the keyframe is shown.
    let frame_at = |film_s: f64| {
        let samples = film_s * f64::from(order.rate) - f64::from(order.phase);
        (samples / f64::from(order.frame_samples.max(1)) - 1e-3).ceil().max(0.0) as u64
    };
    let video = film.copies.video.iter().flatten().next();
    let edges: Vec<(u64, f64)> =
        video.into_iter().flat_map(VideoCopy::edges_s).map(|(at, aim)| (frame_at(at), aim)).collect();
    let frames: Vec<u64> = edges.iter().map(|edge| edge.0).collect();
    let table =
        SegmentTable::copied_audio(order.rate, order.frame_samples, copy.length_s.min(film.duration_s), &frames);
    let aim = |segment| {
        let at = edges.binary_search_by_key(&table.first_frame(segment), |edge| edge.0).ok()?;
        edges.get(at).map(|edge| edge.1)
    };
    let aims_s = (0..table.len()).map(aim).collect();
    (Order::AudioCopy(AudioCopyOrder { aims_s, ..order.clone() }), table)
}

/// The picture as it is stored, which the track tells of as it is shown.
fn shape(track: &VideoTrack) -> Shape {
    let VideoTrack { width, height, sample_aspect: (across, down), .. } = *track;
    if track.turned {
        Shape { width: height, height: width, sample_aspect: (down, across) }
    } else {
        Shape { width, height, sample_aspect: (across, down) }
    }
}

/// The size to which a track is scaled, where it does not have it. mpv turns pictures after that.
fn scale(track: &VideoTrack, (width, height): (u32, u32)) -> Option<(u32, u32)> {
    let stored = if track.turned { (height, width) } else { (width, height) };
    ((width, height) != (track.width, track.height)).then_some(stored)
}

/// What decides how fast it is made. Rates that a container does not tell are the grid's.
fn work(track: &VideoTrack, (width, height): (u32, u32), rate: FrameRate, subtitles: bool) -> Work {
    let pixels = |width: u32, height: u32, rate: FrameRate| f64::from(width) * f64::from(height) * rate.as_f64();
    Work {
        decoder: Decoder::of(&track.codec),
        decoded: Work::step(pixels(track.width, track.height, track.frame_rate.unwrap_or(rate))),
        encoded: Work::step(pixels(width, height, rate)),
        deinterlaced: deinterlace(track) != Deinterlace::None,
        mapped: track.range != DynamicRange::Standard,
        subtitles,
    }
}

fn no_card() -> Error {
    // As for a card that fails: the page loads the film anew, which gives it the processor's picture.
    Error::new(ErrorKind::Unplayable, "no graphics card encodes here any more; load the film again")
}

/// A container may call a track interlaced whose codec does not say of each frame whether it is. Of other codecs nothing
/// is known but by their frames: ffprobe calls the fields' order of DV and MPEG-4 ASP unknown in every container.
fn deinterlace(track: &VideoTrack) -> Deinterlace {
    match track.codec.as_str() {
        "mpeg4" | "vc1" | "dvvideo" => Deinterlace::Told,
        _ if !track.interlaced => Deinterlace::None,
        "h264" | "hevc" | "mpeg2video" | "prores" => Deinterlace::Told,
        _ => Deinterlace::All,
    }
}

/// Whether the pictures are stored in red, green and blue, by ffmpeg's name for how they are.
fn is_rgb(track: &VideoTrack) -> bool {
    let name = track.pixel_format.as_deref().unwrap_or_default();
    name == "pal8" || ["rgb", "bgr", "gbr"].iter().any(|order| name.contains(order))
}

/// Whether the rate that was measured is the one of the grid, so that all frames lie alike on it.
fn is_constant(measured: Option<FrameRate>, grid: FrameRate) -> bool {
    measured.is_some_and(|measured| (measured.as_f64() / grid.as_f64() - 1.0).abs() <= 0.001)
}
