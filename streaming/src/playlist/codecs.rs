//! The H.264 level of encoded video and the highest bit rate that it is given.
//!
//! The server sets profile and level itself, so that `CODECS` is known before anything is encoded.

use std::fmt;

use protocol::FrameRate;

/// AAC-LC, as the audio heads make it.
pub const AAC_CODEC: &str = "mp4a.40.2";

/// An H.264 level with the limits of Table A-1 of ITU-T H.264.
///
/// As text it is what encoders are told: `4.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level {
    /// Ten times the level.
    idc: u8,
    /// Macroblocks a second.
    max_mbps: u32,
    /// Macroblocks a frame.
    max_fs: u32,
    /// Units of 1000 bits a second.
    max_br: u32,
}

const fn level(idc: u8, max_mbps: u32, max_fs: u32, max_br: u32) -> Level {
    Level { idc, max_mbps, max_fs, max_br }
}

const LEVELS: [Level; 7] = [
    level(30, 40_500, 1620, 10_000),
    level(31, 108_000, 3600, 14_000),
    level(40, 245_760, 8192, 20_000),
    level(41, 245_760, 8192, 50_000),
    level(42, 522_240, 8704, 50_000),
    level(50, 589_824, 22_080, 135_000),
    level(51, 983_040, 36_864, 240_000),
];

const HIGHEST: Level = level(52, 2_073_600, 36_864, 240_000);

impl Level {
    /// The lowest level for a picture of this size (pixels) and rate, by macroblocks; 5.2 for anything larger.
    ///
    /// 4.0 and 4.1 differ in their bit rates only, and [`bit_rate_cap`] stays below both, so 4.1 is never needed.
    #[must_use]
    pub fn of(width: u32, height: u32, rate: FrameRate) -> Self {
        let (across, down) = (u64::from(width.div_ceil(16)), u64::from(height.div_ceil(16)));
        let fits = |level: &&Self| {
            let max_fs = u64::from(level.max_fs);
            across.saturating_mul(down) <= max_fs
                && across.pow(2) <= 8 * max_fs
                && down.pow(2) <= 8 * max_fs
                && (across * down) as f64 * rate.as_f64() <= f64::from(level.max_mbps)
        };
        LEVELS.iter().find(fits).copied().unwrap_or(HIGHEST)
    }

    /// Ten times the level, as it stands in `avcC`.
    #[must_use]
    pub const fn idc(self) -> u8 {
        self.idc
    }

    /// High profile of this level, as in `CODECS`: `avc1.640029` for 4.1.
    #[must_use]
    pub fn codec(self) -> String {
        format!("avc1.6400{:02X}", self.idc)
    }

    /// The highest bit rate of the level, in bits a second. That of the Baseline and Main profiles: High is allowed a
    /// quarter more, which decoders need not be asked for.
    #[must_use]
    pub const fn max_bit_rate(self) -> u32 {
        self.max_br * 1000
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.idc / 10, self.idc % 10)
    }
}

/// The bit rate, in bits a second, that encoded video of this size and rate is held under: 8 Mbit/s for 1920x1080,
/// in proportion to the pixels and to the frames above 30 a second, from 1 to 20 Mbit/s and within the level.
#[must_use]
pub fn bit_rate_cap(width: u32, height: u32, rate: FrameRate) -> u32 {
    let pixels = f64::from(width) * f64::from(height) / (1920.0 * 1080.0);
    let frames = (rate.as_f64() / 30.0).max(1.0);
    // The cast saturates, so a rate without a denominator is merely a high one.
    let wanted = (8e6 * pixels * frames) as u32;
    wanted.clamp(1_000_000, 20_000_000).min(Level::of(width, height, rate).max_bit_rate())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn rate(num: u32, den: u32) -> FrameRate {
        FrameRate { num, den }
    }

    #[test]
    fn levels_of_common_pictures() {
        for (width, height, rate, name, codec) in [
            (640, 480, rate(30_000, 1001), "3.0", "avc1.64001E"),
            (720, 576, rate(25, 1), "3.0", "avc1.64001E"),
            (1024, 576, rate(25, 1), "3.1", "avc1.64001F"),
            (1280, 720, rate(30, 1), "3.1", "avc1.64001F"),
            (1280, 720, rate(60, 1), "4.0", "avc1.640028"),
            (1920, 1080, rate(24_000, 1001), "4.0", "avc1.640028"),
            (1920, 1080, rate(30, 1), "4.0", "avc1.640028"),
            (1920, 1080, rate(48, 1), "4.2", "avc1.64002A"),
            (1920, 1080, rate(60, 1), "4.2", "avc1.64002A"),
            (2560, 1440, rate(30, 1), "5.0", "avc1.640032"),
            (3840, 2160, rate(30, 1), "5.1", "avc1.640033"),
            (3840, 2160, rate(60, 1), "5.2", "avc1.640034"),
            // Thin pictures are bounded by their longer side, not by their area.
            (16, 1920, rate(25, 1), "3.1", "avc1.64001F"),
            (u32::MAX, u32::MAX, rate(u32::MAX, 1), "5.2", "avc1.640034"),
        ] {
            let level = Level::of(width, height, rate);
            assert_eq!(
                (level.to_string().as_str(), level.codec().as_str()),
                (name, codec),
                "{width}x{height} {rate:?}"
            );
            assert_eq!(level.codec(), format!("avc1.6400{:02X}", level.idc()));
        }
    }

    #[test]
    fn bit_rates_of_common_pictures() {
        for (width, height, rate, cap) in [
            (1920, 1080, rate(24_000, 1001), 8_000_000),
            (1920, 1080, rate(60, 1), 16_000_000),
            (1280, 720, rate(25, 1), 3_555_555),
            (640, 480, rate(25, 1), 1_185_185),
            (320, 240, rate(25, 1), 1_000_000),
            (3840, 2160, rate(60, 1), 20_000_000),
            (0, 0, rate(0, 0), 1_000_000),
        ] {
            assert_eq!(bit_rate_cap(width, height, rate), cap, "{width}x{height} {rate:?}");
        }
    }

    proptest! {
        #[test]
        fn caps_stay_in_bounds(width in 0_u32..10_000, height in 0_u32..10_000, num: u32, den: u32) {
            let cap = bit_rate_cap(width, height, rate(num, den));
            prop_assert!((1_000_000..=20_000_000).contains(&cap));
            prop_assert!(cap <= Level::of(width, height, rate(num, den)).max_bit_rate());
        }

        #[test]
        fn larger_pictures_need_no_lower_level(width in 2_u32..4096, height in 2_u32..4096, fps in 1_u32..=60) {
            let here = Level::of(width, height, rate(fps, 1));
            prop_assert!(here <= Level::of(width + 64, height, rate(fps, 1)));
            prop_assert!(here <= Level::of(width, height, rate(fps + 10, 1)));
        }
    }
}
