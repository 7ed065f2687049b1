//! The part of a command line that says how pictures are encoded. Pure.
//!
//! The rules of the grid hold for every encoder: a keyframe every `gop` frames and nowhere else, no frame that refers
//! across one, none that is shown in another order than it is stored, and parameter sets that depend on nothing but the
//! settings.

use protocol::EncoderKind;

use super::{Encoder, Hardware, Preset};

/// What differs between the heads of one rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Frames from one keyframe to the next.
    pub(crate) gop: u32,
    /// Passed over by graphics cards.
    pub(crate) preset: Preset,
}

/// How pictures get from mpv to H.264.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    /// mpv encodes what it has drawn, with these options of libx264.
    ByMpv(String),
    /// ffmpeg encodes what mpv has drawn.
    ByFfmpeg(ByFfmpeg),
}

/// ffmpeg's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByFfmpeg {
    pub(crate) before_input: Vec<String>,
    /// Behind the filters that put frames on the grid: to what the encoder takes.
    pub(crate) filter: &'static str,
    pub(crate) after_input: Vec<String>,
}

/// mpv's own encoding is for libx264 alone: it tells encoders of 24,000 frames a second (0.35) and keeps no picture in a
/// card's memory (0.40, as its source says). libx264 counts the frames itself; a card's bit rate would be a thousandth.
pub(crate) fn making(encoder: &Encoder, run: Run) -> Making {
    let Some(Hardware { kind, device }) = &encoder.hardware else { return Making::ByMpv(x264(encoder, run)) };
    let gop = run.gop.to_string();
    let (filter, own): (_, Vec<&str>) = match kind {
        // `strict_gop` and `no-scenecut` keep keyframes off other places, `forced-idr` makes each of them one where
        // decoding can begin.
        EncoderKind::Nvenc => (
            "format=yuv420p",
            vec![
                "-preset",
                "p4",
                "-rc",
                "vbr",
                "-cq",
                "23",
                "-forced-idr",
                "1",
                "-no-scenecut",
                "1",
                "-strict_gop",
                "1",
            ],
        ),
        // `idr_interval` 0: every keyframe is one where decoding can begin.
        EncoderKind::Qsv => ("format=nv12", vec!["-preset", "veryfast", "-look_ahead", "0", "-idr_interval", "0"]),
        EncoderKind::Vaapi | EncoderKind::X264 => ("format=nv12,hwupload", vec!["-idr_interval", "0"]),
    };
    let mut after_input: Vec<String> = ["-c:v", kind.name()].map(String::from).to_vec();
    after_input.extend(own.into_iter().map(String::from));
    let aim = match kind {
        // Even quality under the bound.
        EncoderKind::Nvenc => 0,
        // These know no even quality, or each driver another one.
        _ => encoder.max_bit_rate / 4 * 3,
    };
    let (level, buffer) = (encoder.level.to_string(), buffer(encoder).to_string());
    let (aim, most) = (aim.to_string(), encoder.max_bit_rate.to_string());
    after_input.extend(
        [
            "-profile:v",
            "high",
            "-level",
            &level,
            "-bf",
            "0",
            "-g",
            &gop,
            "-b:v",
            &aim,
            "-maxrate",
            &most,
            "-bufsize",
            &buffer,
        ]
        .map(String::from),
    );
    let before_input = device.iter().flat_map(|card| ["-vaapi_device".into(), card.to_string_lossy().into_owned()]);
    Making::ByFfmpeg(ByFfmpeg { before_input: before_input.collect(), filter, after_input })
}

/// Bits that a decoder has to buffer: two seconds of the most.
fn buffer(encoder: &Encoder) -> u64 {
    u64::from(encoder.max_bit_rate) * 2
}

fn x264(encoder: &Encoder, Run { gop, preset }: Run) -> String {
    // 8x8dct keeps the fastest preset within the High profile that the master playlist announces. The other two stand in
    // the init segment, and make it that of the other presets.
    let as_the_others = if preset == Preset::UltraFast { "coder=cabac,weightp=simple," } else { "" };
    let Encoder { level, max_bit_rate, .. } = encoder;
    // mpv tells of its pictures' matrix alone, and Chromium takes that for BT.709's where primaries and transfer are not told.
    format!(
        "preset={},profile=high,8x8dct=1,{as_the_others}level={}.{},bf=0,crf=23,maxrate={max_bit_rate},bufsize={},\
         g={gop},keyint_min={gop},sc_threshold=0,color_primaries=bt709,color_trc=bt709",
        preset.name(),
        level / 10,
        level % 10,
        buffer(encoder),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Run = Run { gop: 48, preset: Preset::SuperFast };

    fn encoder(kind: EncoderKind) -> Encoder {
        let hardware = Some(Hardware { kind, device: None });
        Encoder { hardware, level: 41, max_bit_rate: 8_000_000 }
    }

    #[test]
    fn every_card_is_given_the_grid_and_the_bound() {
        for kind in EncoderKind::HARDWARE {
            let Making::ByFfmpeg(by) = making(&encoder(kind), RUN) else { panic!("{kind}") };
            let all = by.after_input.join(" ");
            assert!(all.starts_with(&format!("-c:v {kind} ")), "{all}");
            for wanted in ["-g 48", "-bf 0", "-level 41", "-profile:v high", "-maxrate 8000000", "-bufsize 16000000"] {
                assert!(all.contains(wanted), "{wanted}: {all}");
            }
        }
    }

    #[test]
    fn the_fastest_preset_is_made_like_the_others_where_the_init_segment_tells() {
        let options =
            |preset| match making(&Encoder { hardware: None, ..encoder(EncoderKind::X264) }, Run { preset, ..RUN }) {
                Making::ByMpv(options) => options,
                Making::ByFfmpeg(by) => panic!("{by:?}"),
            };
        let fastest = options(Preset::UltraFast);
        assert!(fastest.starts_with("preset=ultrafast,profile=high,8x8dct=1,coder=cabac,weightp=simple,level=4.1,"));
        let careful = options(Preset::VeryFast);
        assert!(careful.starts_with("preset=veryfast,profile=high,8x8dct=1,level=4.1,"));
        assert!(careful.contains("maxrate=8000000,bufsize=16000000,g=48,keyint_min=48,sc_threshold=0,"), "{careful}");
    }

    #[test]
    fn the_card_is_named_where_there_are_several() {
        let hardware = Some(Hardware { kind: EncoderKind::Vaapi, device: Some("/dev/dri/renderD128".into()) });
        let Making::ByFfmpeg(by) = making(&Encoder { hardware, ..encoder(EncoderKind::Vaapi) }, RUN) else { panic!() };
        assert_eq!(by.before_input, ["-vaapi_device", "/dev/dri/renderD128"]);
    }
}
