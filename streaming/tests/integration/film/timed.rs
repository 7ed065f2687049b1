//! Containers in which a seek finds a time and no keyframe.

use super::PLAIN_VIDEO;
use crate::support::{
    films::{TestFilm, film},
    marks,
    media::tool_async,
    playback::Order,
    theatre::Theatre,
};

#[tokio::test]
async fn a_transport_stream_with_a_keyframe_every_eight_seconds_is_whole_in_disorder() {
    // Its keyframes lie further apart than a head looks back at first.
    let film = film("fps25").await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("film.ts");
    let args =
        ["-v", "error", "-i", film.path.to_str().unwrap(), "-map", "0:v:0", "-c", "copy", path.to_str().unwrap()];
    assert!(tool_async("ffmpeg", args.map(String::from).into()).await.status.success());

    let theatre = Theatre::open(&TestFilm::at(path)).await;
    theatre.ready().await;
    let copy = theatre.play(PLAIN_VIDEO, Order::Random(5)).await;
    let numbers: Vec<_> = marks::read(copy.joined()).await.frames.iter().map(|(_, number)| *number).collect();
    assert!(numbers == (0..film.frames()).map(Some).collect::<Vec<_>>(), "not every frame once: {numbers:?}");
    theatre.close().await;
}
