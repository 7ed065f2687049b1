//! The media playlist of a rendition.

use std::io;

use m3u8_rs::{Map, MediaPlaylist, MediaPlaylistType, MediaSegment};

use crate::time::SegmentTable;

/// The version that `EXT-X-MAP` for fragmented MP4 and `EXT-X-INDEPENDENT-SEGMENTS` need, with one to spare.
pub(super) const VERSION: usize = 7;

/// The whole film's playlist; `init.mp4` and `{n}.m4s` stand beside it.
#[must_use]
pub fn media(table: &SegmentTable) -> String {
    whole((0..table.len()).map(|n| segment(table, n)).collect())
}

/// The same for subtitles, whose `{n}.vtt` need no init segment.
#[must_use]
pub fn subtitles(table: &SegmentTable) -> String {
    let vtt = |n| MediaSegment { uri: format!("{n}.vtt"), map: None, ..segment(table, n) };
    whole((0..table.len()).map(vtt).collect())
}

fn whole(segments: Vec<MediaSegment>) -> String {
    let longest = segments.iter().map(|segment| segment.duration).fold(0.0, f32::max);
    let playlist = MediaPlaylist {
        version: Some(VERSION),
        // No EXTINF may round to more than this (RFC 8216, 4.3.3.1).
        target_duration: (longest.round() as u64).max(1),
        playlist_type: Some(MediaPlaylistType::Vod),
        independent_segments: true,
        end_list: true,
        segments,
        ..MediaPlaylist::default()
    };
    written(|text| playlist.write_to(text))
}

fn segment(table: &SegmentTable, n: u32) -> MediaSegment {
    // m3u8-rs keeps durations as f32. Differences of starts in whole microseconds are what it can still write
    // exactly (up to 16 s), and their sum is the film's duration to the microsecond, however many they are.
    let duration_us = micros(table.start_s(n + 1)) - micros(table.start_s(n));
    MediaSegment {
        uri: format!("{n}.m4s"),
        duration: (duration_us as f64 / 1e6) as f32,
        map: (n == 0).then(|| Map { uri: "init.mp4".to_owned(), ..Map::default() }),
        ..MediaSegment::default()
    }
}

fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

/// What a writer of m3u8-rs writes. Writing into memory cannot fail, and what goes in is text.
pub(super) fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut text = Vec::new();
    let result = write(&mut text);
    debug_assert!(result.is_ok(), "writing into memory failed: {result:?}");
    String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::STANDARD_RATES;
    use proptest::prelude::*;
    use protocol::FrameRate;

    fn parsed(text: &str) -> MediaPlaylist {
        m3u8_rs::parse_media_playlist_res(text.as_bytes()).unwrap()
    }

    /// The durations as they are written, which a float of the parser's would round.
    fn durations(text: &str) -> Vec<f64> {
        let value = |line: &str| Some(line.strip_prefix("#EXTINF:")?.strip_suffix(',')?.parse().unwrap());
        text.lines().filter_map(value).collect()
    }

    #[test]
    fn reads_as_written() {
        let text = media(&SegmentTable::video(FrameRate { num: 24_000, den: 1001 }, 5.0));
        assert_eq!(
            text,
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:2\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:0.5005,\n0.m4s\n#EXTINF:0.5005,\n1.m4s\n\
             #EXTINF:0.5005,\n2.m4s\n#EXTINF:0.5005,\n3.m4s\n#EXTINF:2.002,\n4.m4s\n#EXTINF:1.001,\n5.m4s\n\
             #EXT-X-ENDLIST\n"
        );
        let playlist = parsed(&text);
        assert_eq!(playlist.version, Some(7));
        assert_eq!(playlist.playlist_type, Some(MediaPlaylistType::Vod));
        assert!(playlist.independent_segments && playlist.end_list);
        assert_eq!(playlist.segments.len(), 6);
        assert_eq!(playlist.segments[0].map.as_ref().unwrap().uri, "init.mp4");
        assert_eq!(playlist.segments[5].uri, "5.m4s");
    }

    #[test]
    fn subtitles_are_text_without_an_init_segment() {
        assert_eq!(
            subtitles(&SegmentTable::subtitles(61.5004)),
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-TARGETDURATION:30\n\
             #EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:30,\n0.vtt\n#EXTINF:30,\n1.vtt\n#EXTINF:1.5,\n2.vtt\n#EXT-X-ENDLIST\n"
        );
        let film = SegmentTable::subtitles(20_000.0);
        assert_eq!((film.len(), film.start_s(1), film.total_s()), (667, 30.0, 20_000.0));
        assert!(SegmentTable::subtitles(0.0).is_empty());
    }

    #[test]
    fn durations_add_up_over_the_longest_film() {
        for table in [SegmentTable::audio(1e12), SegmentTable::video(FrameRate { num: 30_000, den: 1001 }, 1e12)] {
            let text = media(&table);
            let sum: f64 = durations(&text).iter().sum();
            assert!((sum - table.total_s()).abs() < 1e-5, "{sum} instead of {}", table.total_s());
        }
    }

    #[test]
    fn a_film_without_length_has_no_segment() {
        let text = media(&SegmentTable::audio(0.0));
        assert!(!text.contains("#EXTINF") && text.contains("#EXT-X-TARGETDURATION:1\n"));
        assert!(text.ends_with("#EXT-X-ENDLIST\n"));
    }

    proptest! {
        #[test]
        fn every_duration_is_true(rate in proptest::sample::select(STANDARD_RATES.to_vec()), duration_s in 0.01_f64..15_000.0) {
            for (table, frame_s) in [
                (SegmentTable::video(rate, duration_s), 1.0 / rate.as_f64()),
                (SegmentTable::audio(duration_s), 1024.0 / 48_000.0),
            ] {
                let text = media(&table);
                let durations = durations(&text);
                prop_assert_eq!(durations.len(), table.len() as usize);
                let playlist = parsed(&text);
                for (n, duration) in (0..).zip(&durations) {
                    prop_assert!((duration - table.duration_s(n)).abs() < 2e-6, "{} is {}", n, duration);
                    prop_assert!(duration.round() as u64 <= playlist.target_duration);
                }
                prop_assert!((durations.iter().sum::<f64>() - duration_s).abs() <= frame_s);
            }
        }
    }
}
