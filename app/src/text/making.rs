//! What is done with picture and sound, and what pictures of other sizes are called.

use protocol::{AudioMode, AudioPlan, EncoderKind, EncoderReport, Quality, Strain, TrackId, VideoMode, VideoPlan};

/// Why no subtitles are drawn where mpv would draw some.
pub(crate) const SUBTITLES_OFF: &str =
    "Subtitles are off so that the original picture plays as it is; choose a track to have it drawn in.";

/// How the picture is made.
///
/// `height` is the original's, if it is known.
pub(crate) fn picture_words(plan: &VideoPlan, height: Option<u32>) -> String {
    match plan.mode {
        VideoMode::Copy => "Original picture, not re-encoded.".to_owned(),
        VideoMode::Encode | VideoMode::Software if height.is_some_and(|height| plan.height < height) => {
            because(&format!("Re-encoded at {}p", plan.height), plan.why.as_deref())
        }
        VideoMode::Encode | VideoMode::Software => because("Re-encoded", plan.why.as_deref()),
    }
}

/// How the sound is made, if it is not passed on as it is.
pub(crate) fn sound_words(plans: &[AudioPlan], track: Option<TrackId>) -> Option<String> {
    let plan = plans.iter().find(|plan| Some(plan.track) == track)?;
    (plan.mode == AudioMode::Encode).then(|| because("Sound re-encoded", plan.why.as_deref()))
}

/// What is said when the machine cannot keep up. `smaller` is the next picture that would be less work.
pub(crate) fn strain_words(strain: &Strain, smaller: Option<Quality>) -> String {
    // As much as can be told apart.
    let percent = (strain.speed * 100.0).clamp(1.0, 99.0).round();
    let what = format!(
        "This server encodes the picture at {percent} % of the speed at which it is watched, so it will stop now and then."
    );
    match smaller {
        Some(_) => format!("{what} A smaller picture is less work."),
        None => format!("{what} Pause for a while to let it get ahead, or watch when it has less to do."),
    }
}

/// What encodes pictures on this server.
pub(crate) fn encoder_words(report: &EncoderReport) -> String {
    match (report.used, report.preset.as_str()) {
        (EncoderKind::X264, _) if report.trying => {
            "Pictures are encoded by the processor; whether a graphics card can is being tried.".to_owned()
        }
        (EncoderKind::X264, "auto") => {
            "Pictures are encoded by the processor (libx264), as carefully as it can while they are watched.".to_owned()
        }
        (EncoderKind::X264, preset) => format!("Pictures are encoded by the processor (libx264, preset {preset})."),
        (card, _) => format!("Pictures are encoded by this machine's graphics card ({card})."),
    }
}

/// `Original (1080p)`, `720p`; `height` is the original's, if it is known.
pub(crate) fn quality_label(quality: Quality, height: Option<u32>) -> String {
    match (quality.height(), height) {
        (Some(smaller), _) => format!("{smaller}p"),
        (None, Some(height)) => format!("Original ({height}p)"),
        (None, None) => "Original".to_owned(),
    }
}

fn because(what: &str, why: Option<&str>) -> String {
    match why.map(|why| why.trim().trim_end_matches('.')) {
        Some(why) if !why.is_empty() => format!("{what}: {why}."),
        _ => format!("{what}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_done_and_why() {
        let plan = |mode, why: Option<&str>| VideoPlan {
            track: TrackId::video(0),
            mode,
            why: why.map(str::to_owned),
            height: 1080,
        };
        let picture_words = |plan: &VideoPlan| picture_words(plan, Some(1080));
        assert_eq!(picture_words(&plan(VideoMode::Copy, None)), "Original picture, not re-encoded.");
        let encoded = plan(VideoMode::Encode, Some("subtitles are drawn in."));
        assert_eq!(picture_words(&encoded), "Re-encoded: subtitles are drawn in.");
        assert_eq!(picture_words(&plan(VideoMode::Encode, None)), "Re-encoded.");
        let large = super::picture_words(&plan(VideoMode::Encode, Some("HEVC: no")), Some(2160));
        assert_eq!(large, "Re-encoded at 1080p: HEVC: no.");
    }

    #[test]
    fn a_machine_that_is_too_slow_is_told_of_with_what_to_do() {
        let strain = |speed| Strain { track: TrackId::video(0), height: 1080, burn: None, on_card: false, speed };
        let words = strain_words(&strain(0.634), Some(Quality::P720));
        assert!(
            words.contains("at 63 % of the speed") && words.ends_with("A smaller picture is less work."),
            "{words}"
        );
        let words = strain_words(&strain(0.9999), None);
        assert!(words.contains("at 99 %") && words.contains("Pause for a while"), "{words}");
    }

    #[test]
    fn the_encoder_is_named() {
        let report =
            |used, preset: &str, trying| EncoderReport { used, preset: preset.into(), trying, trials: Vec::new() };
        assert!(encoder_words(&report(EncoderKind::X264, "auto", true)).contains("being tried"));
        assert!(encoder_words(&report(EncoderKind::X264, "auto", false)).contains("as carefully as it can"));
        assert!(encoder_words(&report(EncoderKind::X264, "faster", false)).contains("preset faster"));
        assert!(encoder_words(&report(EncoderKind::Vaapi, "auto", false)).contains("graphics card (h264_vaapi)"));
    }

    #[test]
    fn speaks_of_the_sound_that_is_heard() {
        let plan = |order, mode| AudioPlan {
            track: TrackId::audio(order),
            mode,
            why: Some("this browser does not decode DTS".into()),
            channels: 2,
        };
        let plans = [plan(0, AudioMode::Copy), plan(1, AudioMode::Encode)];
        assert_eq!(sound_words(&plans, Some(TrackId::audio(0))), None);
        let words = sound_words(&plans, Some(TrackId::audio(1)));
        assert_eq!(words.as_deref(), Some("Sound re-encoded: this browser does not decode DTS."));
        assert_eq!(sound_words(&plans, None), None);
    }

    #[test]
    fn qualities_are_named_by_their_lines() {
        assert_eq!(quality_label(Quality::Original, Some(1080)), "Original (1080p)");
        assert_eq!(quality_label(Quality::Original, None), "Original");
        assert_eq!(quality_label(Quality::P720, Some(1080)), "720p");
    }
}
