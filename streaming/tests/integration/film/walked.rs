//! Subtitles that the film's index leaves out: found in the clusters that are read for the picture.

use std::collections::HashSet;

use protocol::{MasterQuery, TrackId};
use streaming::subtitles::Event;

use crate::support::{
    eventually,
    films::film,
    theatre::{PATIENCE, Theatre},
    upstream::Habits,
};

/// Bytes that may be read again or for the subtitles alone, where the picture has been read.
const HARDLY_ANY: u64 = 1 << 20;

/// All events of a track, in the answers that there are, each of a minute at most.
async fn events(theatre: &Theatre, track: TrackId, until_s: f64) -> Vec<Event> {
    let (mut all, mut seen, mut at_s) = (Vec::new(), HashSet::new(), 0.0);
    while at_s < until_s {
        let answer =
            theatre.matinee.subtitle_events(theatre.session, track, at_s, until_s.min(at_s + 60.0)).await.unwrap();
        assert!(answer.until_s > at_s);
        // What is shown at the joint is in both.
        all.extend(answer.events.into_iter().filter(|event| seen.insert(event.read_order)));
        at_s = answer.until_s;
    }
    all.sort_by_key(|event| (event.start_ms, event.style.clone(), event.text.clone()));
    all
}

/// Without the numbers of plain text, which are counted where there is an index.
fn told(events: &[Event]) -> Vec<(i64, u64, &str, &str)> {
    events.iter().map(|event| (event.start_ms, event.duration_ms, &event.style[..], &event.text[..])).collect()
}

#[tokio::test]
async fn events_are_those_that_an_index_leads_to() {
    let no_ranges = Habits { ranges: false, says_ranges: false, ..Habits::default() };
    for (with, without, habits) in [
        ("short-mkvmerge", "picture-index", Habits::default()),
        ("fps25", "no-index", Habits::default()),
        ("short-mkvmerge", "short-mkvmerge", no_ranges),
    ] {
        let tracks = [0, 1].map(TrackId::subtitles);
        let indexed = Theatre::open(&film(with).await).await;
        let length_s = indexed.ready().await.media.unwrap().duration_s;
        let wanted = [events(&indexed, tracks[0], length_s).await, events(&indexed, tracks[1], length_s).await];
        indexed.close().await;
        assert!(wanted.iter().all(|events| events.len() >= 3));

        let theatre = Theatre::behind(&film(without).await, habits.clone(), |_| {}).await;
        theatre.ready().await;
        let plan = theatre.matinee.plan(theatre.session, &MasterQuery::default(), &[]).await.unwrap();
        assert_eq!(plan.readable, [0, 1, 2].map(TrackId::subtitles), "{without}");
        if !habits.ranges {
            eventually("the film has come", PATIENCE, || theatre.upstream.sent() > 50 << 20).await;
        }
        for (track, wanted) in tracks.into_iter().zip(&wanted) {
            let found = events(&theatre, track, length_s).await;
            assert_eq!(told(&found), told(wanted), "{without} {track}");
            let header = theatre.matinee.subtitle_header(theatre.session, track).await.unwrap();
            assert!(header.contains("[V4+ Styles]"));
        }
        theatre.close().await;
    }
}

#[tokio::test]
async fn where_the_picture_has_been_read_they_cost_nothing() {
    let theatre = Theatre::open(&film("picture-index").await).await;
    theatre.ready().await;
    let mut n = 0;
    while theatre.segment("v0-copy", n).await.is_ok() {
        n += 1;
    }
    assert!(n > 5);
    let before = theatre.upstream.sent();
    for (from_s, least) in [(0.0, 1), (26.0, 1), (40.0, 1)] {
        let answer = theatre
            .matinee
            .subtitle_events(theatre.session, TrackId::subtitles(0), from_s, from_s + 15.0)
            .await
            .unwrap();
        assert!(answer.events.len() >= least, "{from_s}");
    }
    let sent = theatre.upstream.sent() - before;
    assert!(sent < HARDLY_ANY, "{sent} bytes");
    theatre.close().await;
}
