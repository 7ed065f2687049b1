//! What a head will read is fetched while its program starts.

use crate::support::{
    eventually,
    films::film,
    media::tool_async,
    stand_in::StandIn,
    theatre::{PATIENCE, Theatre},
};

const COPY: &str = "v0-copy";

/// A keyframe lies in a cluster that begins before it, and is fetched with the block in which that lies.
const BEFORE: u64 = 1 << 20;

#[tokio::test]
async fn a_heads_place_is_fetched_before_its_program_reads() {
    let film = film("fps25").await;
    let lazy = StandIn::lazy_ffmpeg();
    let theatre = Theatre::with(&film, |config| config.tools.ffmpeg = Some(lazy.path())).await;
    theatre.ready().await;
    let segments = theatre.playlist(COPY).await.segments;
    // Far behind what the opening has read.
    let last = segments.len() - 1;
    let starts_s: f64 = segments[..last].iter().map(|segment| f64::from(segment.duration)).sum();
    let place = keyframe_at(film.path.to_str().unwrap(), starts_s).await;
    let fetched = || {
        let seen = theatre.upstream.seen();
        seen.iter()
            .filter_map(|request| request.from)
            .any(|from| (place.saturating_sub(BEFORE)..=place).contains(&from))
    };
    assert!(!fetched(), "it was fetched before, for something else");
    let asking = theatre.segment(COPY, u32::try_from(last).unwrap());
    let fetching = eventually("its place is fetched", PATIENCE, fetched);
    tokio::select! {
        answer = asking => panic!("nobody makes it, and it is not fetched: {answer:?}"),
        () = fetching => {}
    }
    theatre.close().await;
}

/// Where in the file the keyframe lies that is shown at this time.
async fn keyframe_at(path: &str, time_s: f64) -> u64 {
    let args = "-v error -select_streams v:0 -skip_frame nokey -show_entries packet=pts_time,pos,flags -of csv=p=0";
    let args = args.split(' ').chain([path]).map(String::from).collect();
    let told = String::from_utf8(tool_async("ffprobe", args).await.stdout).unwrap();
    let packets = told.lines().filter(|line| line.contains('K')).map(|line| {
        let mut fields = line.split(',');
        let shown_s: f64 = fields.next().unwrap().parse().unwrap();
        (shown_s, fields.next().unwrap().parse::<u64>().unwrap())
    });
    let (_, place) = packets.min_by(|a, b| (a.0 - time_s).abs().total_cmp(&(b.0 - time_s).abs())).unwrap();
    place
}
