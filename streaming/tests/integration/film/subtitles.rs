//! Subtitles that a browser draws itself, as a film's server is asked for them.

use protocol::{ErrorKind, MasterQuery, TrackId};

use crate::support::{
    films::film,
    theatre::{Theatre, resting},
    upstream::Habits,
};

/// Bytes a second: a faster server has sent more than was needed before anybody looks.
const RATE: u64 = 4 << 20;
/// What an event costs at most beyond the picture's own, in bytes.
const EVENT: u64 = 1 << 20;
/// What the first line costs at most, with the script and its fonts, beyond the picture's own bytes.
const MOST_FIRST: u64 = 2 << 20;

#[tokio::test]
async fn events_and_fonts_come_by_themselves() {
    for name in ["short-ffmpeg", "short-mkvmerge"] {
        let habits = Habits { rate: Some(RATE), ..Habits::default() };
        let theatre = Theatre::behind(&film(name).await, habits, |_| {}).await;
        theatre.ready().await;
        let (matinee, session) = (&theatre.matinee, theatre.session);
        let plan = matinee.plan(session, &MasterQuery::default(), &[]).await.unwrap();
        let [styled, plain, pictures] = [0, 1, 2].map(TrackId::subtitles);
        assert_eq!(plan.readable, [styled, plain, pictures], "{name}");

        let header = matinee.subtitle_header(session, styled).await.unwrap();
        assert!(header.contains("PlayResX: 1920") && header.contains("Style: Short,"), "{header}");
        // The film's beginning is read meanwhile, whatever is asked for.
        theatre.segment("v0-copy", 0).await.unwrap();
        let before = theatre.upstream.sent();
        let events = matinee.subtitle_events(session, styled, 26.0, 27.0).await.unwrap();
        let told: Vec<_> =
            events.events.iter().map(|event| (event.start_ms, event.duration_ms, &event.style[..])).collect();
        assert_eq!(told, [(3000, 25_000, "Long")], "{name}");
        let later = matinee.subtitle_events(session, plain, 45.0, 50.0).await.unwrap();
        assert_eq!(later.events.iter().map(|event| event.start_ms).collect::<Vec<_>>(), [44_000], "{name}");
        let sent = theatre.upstream.sent() - before;
        assert!(sent < 2 * EVENT, "{name}: {sent} bytes for two events");

        assert_eq!(matinee.fonts(session).await.unwrap(), [0], "{name}");
        let font = matinee.font(session, 0).await.unwrap();
        assert_eq!((font.len(), &font[..4]), (756, &[0, 1, 0, 0][..]), "{name}");
        for error in [
            matinee.subtitle_header(session, pictures).await.unwrap_err(),
            matinee.subtitle_header(session, TrackId::audio(0)).await.unwrap_err(),
            matinee.font(session, 1).await.unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
        }
        for (from, until) in [(5.0, 5.0), (-1.0, 5.0), (0.0, 1e9), (f64::NAN, 5.0), (0.0, f64::INFINITY)] {
            let error = matinee.subtitle_events(session, styled, from, until).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidRequest, "{from} {until}");
        }
        theatre.close().await;
    }
}

#[tokio::test]
async fn the_first_line_costs_little_of_a_long_film_at_the_start_and_far_into_it() {
    for name in ["long-ffmpeg", "long-mkvmerge"] {
        let theatre = Theatre::behind(&film(name).await, Habits::default(), resting).await;
        let view = theatre.ready().await;
        let (matinee, session, styled) = (&theatre.matinee, theatre.session, TrackId::subtitles(0));
        let whole = view.media.unwrap().size.unwrap();
        assert!(whole > 500 << 20, "{name} has {whole} bytes");
        // The picture reads the beginning by itself.
        theatre.segment("v0-copy", 0).await.unwrap();
        // What the page asks for before anything can be drawn: script, fonts, and the lines of eight seconds.
        for (from_s, starts_ms) in [(0.0, 2000), (480.0, 482_000)] {
            let before = quiet(&theatre).await;
            matinee.subtitle_header(session, styled).await.unwrap();
            for number in matinee.fonts(session).await.unwrap() {
                matinee.font(session, number).await.unwrap();
            }
            let events = matinee.subtitle_events(session, styled, from_s, from_s + 8.0).await.unwrap().events;
            assert!(events.iter().any(|event| event.start_ms == starts_ms), "{name}: {events:?}");
            let sent = quiet(&theatre).await - before;
            assert!(sent <= MOST_FIRST, "{name}: {sent} bytes for the first line from {from_s} s on");
        }
        theatre.close().await;
    }
}

/// What the film's server has sent when nobody reads from it any more, which is soon where [`resting`] says so.
pub(super) async fn quiet(theatre: &Theatre) -> u64 {
    theatre.heads_gone().await;
    theatre.upstream.quiet().await;
    theatre.upstream.sent()
}
