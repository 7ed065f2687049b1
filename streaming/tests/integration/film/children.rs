//! The tools' lives: killed in the middle, ended when nobody watches, gone after shutdown.

use std::{fs, time::Duration};

use protocol::{Heartbeat, ViewerToken};
use streaming::Player;

use super::{AUDIO, VIDEO};
use crate::support::{
    eventually,
    films::film,
    playback::Order,
    processes::kill,
    theatre::{PATIENCE, Theatre, bytes_below, id, patient, withheld},
    timeline,
};

#[tokio::test]
async fn a_killed_mpv_is_replaced_and_the_timeline_stays_unbroken() {
    survives("mpv", VIDEO).await;
}

#[tokio::test]
async fn a_killed_ffmpeg_is_replaced_and_the_timeline_stays_unbroken() {
    survives("ffmpeg", AUDIO[0]).await;
}

async fn survives(tool: &'static str, rendition: &'static str) {
    let film = film("short-ffmpeg").await;
    // The tool cannot get further than the middle of its work before it is killed.
    let theatre = Theatre::behind(&film, withheld(&film), patient).await;
    theatre.ready().await;
    // Its own head is at work then, and not only those that the opening has started.
    theatre.insist(rendition, 0).await.unwrap();
    let killing = async {
        let at_work = || theatre.upstream.held() > 0 && !theatre.bin.running(tool).is_empty();
        eventually("the tool needs what does not come", PATIENCE, at_work).await;
        let killed = theatre.bin.running(tool);
        killed.iter().copied().for_each(kill);
        let replaced = || theatre.bin.running(tool).iter().any(|pid| !killed.contains(pid));
        eventually("another is started in its place", PATIENCE, replaced).await;
        theatre.release();
    };
    let (copy, ()) = tokio::join!(theatre.play(rendition, Order::Rising), killing);
    let packets = timeline::by_segment(&copy.init, &copy.segments).concat();
    assert_eq!(packets[0].pts, 0);
    assert!(packets.windows(2).all(|pair| pair[1].pts == pair[0].pts + pair[0].ticks), "the timeline has a gap");
    theatre.close().await;
}

#[tokio::test]
async fn shutdown_in_the_middle_of_everything_leaves_no_child_no_task_no_file() {
    let film = film("short-ffmpeg").await;
    let theatre = Theatre::behind(&film, withheld(&film), patient).await;
    theatre.ready().await;
    theatre.segment(VIDEO, 0).await.unwrap();
    assert!(bytes_below(&theatre.store()) > 0, "the store is not where this test looks");
    let count = u32::try_from(theatre.playlist(VIDEO).await.segments.len()).unwrap();
    let shutting_down = async {
        eventually("tools work", PATIENCE, || !theatre.bin.running("mpv").is_empty()).await;
        assert!(theatre.matinee.shutdown().await);
    };
    let waiting = tokio::time::timeout(PATIENCE, theatre.segment(VIDEO, count * 7 / 10));
    let (waited, ()) = tokio::join!(waiting, shutting_down);
    waited.expect("a request waits longer than the server lives").unwrap_err();
    theatre.close().await;
}

#[tokio::test]
async fn a_session_that_everybody_left_ends_its_children_and_gives_back_its_bytes_until_it_is_woken() {
    let film = film("short-ffmpeg").await;
    // Whoever works on the middle of the film would go on working for ever.
    let theatre = Theatre::behind(&film, withheld(&film), |config| {
        config.sessions.sleep_after = Duration::from_millis(300);
        patient(config);
    })
    .await;
    let viewer = ViewerToken("0123456789abcdef".into());
    let beat = Heartbeat::new(theatre.session, viewer.clone(), 0.0, false);
    theatre.matinee.heartbeat(&beat, std::time::Instant::now()).unwrap();
    theatre.ready().await;
    let page = Player::Viewer(viewer.clone());
    let segment = async |n| theatre.matinee.segment(theatre.session, id(VIDEO), n, &page).await;
    let before = segment(1).await.unwrap();
    let init = theatre.matinee.init(theatre.session, id(VIDEO), &page).await.unwrap();
    let count = theatre.playlist_for(VIDEO, &page).await.segments.len();
    let waiting = segment(u32::try_from(count * 7 / 10).unwrap());
    let leaving = async {
        eventually("tools work", PATIENCE, || !theatre.bin.running("mpv").is_empty()).await;
        assert!(theatre.matinee.system().store.bytes.used > 0);
        theatre.matinee.leave(theatre.session, &viewer).unwrap();
        let asleep = || theatre.matinee.children() == 0 && theatre.matinee.system().store.bytes.used == 0;
        eventually("no child and no byte is left", PATIENCE, asleep).await;
    };
    let (waited, ()) = tokio::join!(waiting, leaving);
    waited.unwrap_err();
    assert_eq!(theatre.bin.all(), []);
    assert_eq!(segment_files(&theatre), 0);
    assert_eq!(theatre.matinee.sessions(), [], "it is on the list no more");

    theatre.release();
    let player = Player::Anonymous("a player that comes back".into());
    let after = theatre.matinee.segment(theatre.session, id(VIDEO), 1, &player).await.expect("a request wakes it");
    assert_eq!(timeline::packets(&init, &after), timeline::packets(&init, &before));
    theatre.close().await;
}

/// Segments in the store's own folder.
fn segment_files(theatre: &Theatre) -> usize {
    let folders = fs::read_dir(theatre.store()).unwrap().flatten().filter(|entry| entry.path().is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    files.filter(|file| file.path().extension().is_some_and(|extension| extension == "m4s")).count()
}
