//! Sound that goes on after the picture: the last frame stays, and the film is as long as its sound.

use crate::support::{films::TestFilm, media::tool_async, theatre::Theatre, timeline};

const PICTURE: &str = "v0-encode-none";

#[tokio::test]
async fn the_last_frame_is_held_while_the_sound_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long-sound.mkv");
    let inputs = ["testsrc2=size=160x90:rate=24000/1001:duration=6", "sine=frequency=440:duration=12"];
    let mut args: Vec<String> = ["-v", "error", "-nostdin", "-y"].map(String::from).to_vec();
    args.extend(inputs.iter().flat_map(|input| ["-f", "lavfi", "-i", input]).map(String::from));
    args.extend(["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", path.to_str().unwrap()].map(String::from));
    assert!(tool_async("ffmpeg", args).await.status.success());

    let theatre = Theatre::open(&TestFilm::at(path)).await;
    let length_s = theatre.ready().await.media.unwrap().duration_s;
    assert!((length_s - 12.0).abs() < 0.1, "{length_s} s");
    let count = u32::try_from(theatre.playlist(PICTURE).await.segments.len()).unwrap();
    // The last one first: a head of its own, which has nothing to show but what ended long before.
    let mut segments = vec![theatre.segment(PICTURE, count - 1).await.unwrap()];
    let init = theatre.init(PICTURE).await.unwrap();
    for n in (0..count - 1).rev() {
        segments.insert(0, theatre.segment(PICTURE, n).await.unwrap());
    }
    let packets: Vec<_> = segments.iter().flat_map(|segment| timeline::packets(&init, segment)).collect();
    assert_eq!(packets.len(), (length_s * 24_000.0 / 1001.0).round() as usize);
    let media = theatre.view().media.unwrap();
    assert!((media.duration_s - length_s).abs() < 0.001, "the film was shortened to {} s", media.duration_s);
    theatre.close().await;
}
