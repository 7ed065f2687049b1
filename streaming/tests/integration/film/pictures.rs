//! Picture subtitles that a browser draws itself, beside what ffmpeg reads from the same films.

use protocol::{ErrorKind, TrackId};

use crate::support::{films::film, media::tool, theatre::Theatre};

const COMPOSITION: u8 = 0x16;
const STRETCHES: [(f64, f64); 6] = [(0.0, 30.0), (7.5, 17.5), (6.0, 9.0), (9.0, 16.0), (12.0, 12.5), (28.999, 60.0)];

/// A segment: its time in units of 1/90000 s, its kind, its body.
type Segment = (i64, u8, Vec<u8>);

fn segments(sup: &[u8]) -> Vec<Segment> {
    let (mut rest, mut found) = (sup, Vec::new());
    while let [b'P', b'G', a, b, c, d, _, _, _, _, kind, high, low, after @ ..] = rest {
        let (body, after) = after.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        found.push((i64::from(u32::from_be_bytes([*a, *b, *c, *d])), *kind, body.to_vec()));
        rest = after;
    }
    assert!(rest.is_empty(), "{} bytes that are no segment", rest.len());
    found
}

/// Those from the last composition that begins an epoch at or before a moment, to another one.
fn between(all: &[Segment], from_s: f64, until_s: f64) -> Vec<Segment> {
    let clock = |s: f64| (s * 90_000.0).round() as i64;
    let starts = |(time, kind, body): &&Segment| *kind == COMPOSITION && body[7] != 0 && *time <= clock(from_s);
    let first = all.iter().filter(starts).map(|(time, ..)| *time).max().unwrap_or_default();
    all.iter().filter(|(time, ..)| (first..clock(until_s)).contains(time)).cloned().collect()
}

#[tokio::test]
async fn pictures_come_by_themselves_and_are_those_that_ffmpeg_reads() {
    for name in ["short-ffmpeg", "short-mkvmerge", "start-10", "picture-index"] {
        let film = film(name).await;
        let folder = tempfile::tempdir().unwrap();
        let sup = folder.path().join("pictures.sup");
        let args = ["-v", "error", "-copyts", "-i", film.path.to_str().unwrap(), "-map", "0:s:2", "-c", "copy"];
        let made = tool("ffmpeg", &[&args[..], &[sup.to_str().unwrap()]].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let theatre = Theatre::open(&film).await;
        theatre.ready().await;
        let (matinee, session) = (&theatre.matinee, theatre.session);
        let zero = (film.zero_s() * 90_000.0).round() as i64;
        let all: Vec<Segment> = segments(&std::fs::read(&sup).unwrap())
            .into_iter()
            .map(|(time, kind, body)| (time - zero, kind, body))
            .collect();
        let track = TrackId::subtitles(2);
        for (from_s, until_s) in STRETCHES {
            let read = matinee.subtitle_pictures(session, track, from_s, until_s).await.unwrap();
            // Where the index does not have them, no more is gone through than the picture needs soon.
            let least_s = if name == "picture-index" { until_s.min(from_s + 20.0) } else { until_s };
            assert!(least_s == read.until_s, "{name}: {from_s} to {until_s} reaches {}", read.until_s);
            let wanted = between(&all, from_s, read.until_s);
            assert!(segments(&read.sup) == wanted, "{name}: {from_s} to {until_s}");
        }
        let error = matinee.subtitle_pictures(session, TrackId::subtitles(0), 0.0, 1.0).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "text has no pictures");
        let error = matinee.subtitle_pictures(session, track, 5.0, 5.0).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        theatre.close().await;
    }
}
