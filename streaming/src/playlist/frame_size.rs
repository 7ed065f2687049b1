//! The size of an encoded picture.

/// The widest picture that is encoded, in pixels.
pub const MAX_WIDTH: u32 = 1920;

/// The highest picture that is encoded, in pixels.
pub const MAX_HEIGHT: u32 = 1080;

/// How oblong a pixel may be and still be believed. The most oblong in use are about 2.2 (anamorphic film on PAL).
const MAX_ASPECT: f64 = 8.0;

/// The size, in square pixels, of the encoded picture of a track with this size and shape of its pixels.
///
/// Oblong pixels are made square by stretching their shorter side, as mpv does; then the picture is scaled down to
/// 1920x1080 if need be, and into the 16:9 frame of `max_height` lines. Both sides come out even, as 4:2:0 needs: an odd one loses a pixel rather than gain one.
#[must_use]
pub fn fit(width: u32, height: u32, sample_aspect: (u32, u32), max_height: u32) -> (u32, u32) {
    let max_height = max_height.clamp(2, MAX_HEIGHT);
    let max_width = f64::from(max_height) * f64::from(MAX_WIDTH) / f64::from(MAX_HEIGHT);
    let aspect = f64::from(sample_aspect.0) / f64::from(sample_aspect.1);
    // An aspect that is unknown (0:1, 0:0) or absurd is 1:1.
    let aspect = if (1.0 / MAX_ASPECT..=MAX_ASPECT).contains(&aspect) { aspect } else { 1.0 };
    let wide = f64::from(width.max(1)) * aspect.max(1.0);
    let high = f64::from(height.max(1)) / aspect.min(1.0);
    let scale = (max_width / wide).min(f64::from(max_height) / high).min(1.0);
    (even(wide * scale), even(high * scale))
}

/// The nearest even number, the lower of two, at least 2.
fn even(side: f64) -> u32 {
    // The small part keeps a side that is whole but for rounding from gaining two pixels.
    ((side / 2.0 - 0.5 - 1e-6).ceil() as u32).max(1) * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_of_common_pictures() {
        for (width, height, aspect, size) in [
            (1920, 1080, (1, 1), (1920, 1080)),
            (1920, 800, (1, 1), (1920, 800)),
            (1280, 720, (1, 1), (1280, 720)),
            (3840, 2160, (1, 1), (1920, 1080)),
            (4096, 1716, (1, 1), (1920, 804)),
            (1080, 1920, (1, 1), (608, 1080)),
            // PAL and NTSC, wide and narrow; HDV.
            (720, 576, (64, 45), (1024, 576)),
            (720, 576, (16, 15), (768, 576)),
            (720, 480, (32, 27), (854, 480)),
            (720, 480, (8, 9), (720, 540)),
            (1440, 1080, (4, 3), (1920, 1080)),
            // Odd sides lose a pixel.
            (853, 480, (1, 1), (852, 480)),
            (641, 361, (1, 1), (640, 360)),
            (1, 1, (1, 1), (2, 2)),
            // Unknown and absurd shapes of pixels, absurd sizes.
            (640, 480, (0, 1), (640, 480)),
            (640, 480, (0, 0), (640, 480)),
            (640, 480, (1, 0), (640, 480)),
            (640, 480, (1, 4000), (640, 480)),
            (0, 0, (1, 1), (2, 2)),
            (u32::MAX, 1, (1, 1), (1920, 2)),
            (u32::MAX, u32::MAX, (1, 1), (1080, 1080)),
        ] {
            assert_eq!(fit(width, height, aspect, MAX_HEIGHT), size, "{width}x{height} {aspect:?}");
        }
    }

    #[test]
    fn a_lower_quality_has_fewer_lines() {
        assert_eq!(fit(1920, 1080, (1, 1), 720), (1280, 720));
        assert_eq!(fit(1920, 800, (1, 1), 480), (854, 356));
        assert_eq!(fit(640, 360, (1, 1), 480), (640, 360));
    }

    proptest! {
        #[test]
        fn even_within_bounds_and_in_shape(
            width in 16_u32..8000, height in 16_u32..8000, across in 1_u32..100, down in 1_u32..100,
        ) {
            let (wide, high) = fit(width, height, (across, down), MAX_HEIGHT);
            prop_assert!(wide % 2 == 0 && high % 2 == 0);
            prop_assert!((2..=MAX_WIDTH).contains(&wide) && (2..=MAX_HEIGHT).contains(&high));
            let aspect = f64::from(across) / f64::from(down);
            if (1.0 / MAX_ASPECT..=MAX_ASPECT).contains(&aspect) {
                let shape = f64::from(width) * aspect / f64::from(height);
                let (wide, high) = (f64::from(wide), f64::from(high));
                prop_assert!((wide - 2.0) / (high + 2.0) <= shape && shape <= (wide + 2.0) / (high - 2.0).max(0.1));
                // Never enlarged but by the correction.
                prop_assert!(wide <= f64::from(width) * aspect.max(1.0) + 1.0);
                prop_assert!(high <= f64::from(height) / aspect.min(1.0) + 1.0);
            }
        }
    }
}
