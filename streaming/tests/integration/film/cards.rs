//! Graphics cards: tried, chosen, used, and left when they fail. None is here, so programs stand in for them.

use std::{fs, time::Duration};

use protocol::{EncoderKind, EncoderReport, ErrorKind, MasterQuery, VideoMode};
use streaming::encoder::{EncoderConfig, Wanted};

use super::VIDEO;
use crate::support::{
    eventually,
    films::{TestFilm, film},
    marks,
    playback::Order,
    stand_in::StandIn,
    theatre::{PATIENCE, Theatre, player},
    timeline::{self, Packet},
};

/// What the card makes of the film's default subtitles drawn in.
const BY_CARD: &str = "v0-encode-s0-gpu";

/// A Matinee on a machine with this card.
async fn with_card(film: &TestFilm, card: &StandIn, encoder: impl Into<EncoderConfig>) -> Theatre {
    Theatre::with(film, |config| {
        config.encoder = encoder.into();
        config.tools.ffmpeg = Some(card.path());
    })
    .await
}

async fn tried(theatre: &Theatre) -> EncoderReport {
    eventually("the encoders are tried out", PATIENCE, || !theatre.matinee.system().encoder.trying).await;
    theatre.matinee.system().encoder
}

fn query() -> MasterQuery {
    MasterQuery { burn: Some("s0".into()), ..MasterQuery::default() }
}

/// Every frame of the film once, where it belongs.
async fn is_whole(theatre: &Theatre, film: &TestFilm, rendition: &str) {
    let copy = theatre.play(rendition, Order::Random(3)).await;
    let packets: Vec<Packet> = timeline::by_segment(&copy.init, &copy.segments).concat();
    assert_eq!(packets.len(), film.frames() as usize);
    for (n, packet) in packets.iter().enumerate() {
        assert_eq!(*packet, Packet { pts: n as i64 * 1001, ticks: 1001 }, "frame {n}");
    }
    let numbers: Vec<_> = marks::read(copy.joined()).await.frames.iter().map(|(_, number)| *number).collect();
    assert!(numbers == (0..film.frames()).map(Some).collect::<Vec<_>>(), "not every frame once: {numbers:?}");
}

#[tokio::test]
async fn without_a_card_the_processor_encodes_and_each_trial_says_why() {
    let film = film("vp9").await;
    let nowhere = tempfile::tempdir().unwrap();
    let theatre = Theatre::with(&film, |config| {
        config.encoder = EncoderConfig { cards: nowhere.path().into(), ..EncoderConfig::default() };
    })
    .await;
    let report = tried(&theatre).await;
    // A machine that has a card runs these tests too.
    let vaapi = report.trials.iter().find(|trial| trial.encoder == EncoderKind::Vaapi);
    match report.used {
        EncoderKind::X264 => {
            assert_eq!(report.trials.len(), 3, "{report:?}");
            assert!(report.trials.iter().all(|trial| trial.problem.as_ref().is_some_and(|why| !why.is_empty())));
            assert!(vaapi.unwrap().problem.as_ref().unwrap().contains("no graphics card"), "{vaapi:?}");
        }
        used => assert_eq!(report.trials.last().map(|trial| (trial.encoder, &trial.problem)), Some((used, &None))),
    }
    theatre.close().await;
}

#[tokio::test]
async fn a_card_that_works_encodes_every_frame_on_the_grid() {
    let film = film("vp9").await;
    let card = StandIn::card(EncoderKind::Nvenc, None, None);
    let theatre = with_card(&film, &card, Wanted::Auto).await;
    let report = tried(&theatre).await;
    assert_eq!(report.used, EncoderKind::Nvenc, "{report:?}");
    assert_eq!(report.trials.len(), 1, "the others are not needed");
    theatre.ready().await;
    let plan = theatre.matinee.plan(theatre.session, &query(), &[]).await.unwrap();
    assert_eq!(plan.encoder, Some(EncoderKind::Nvenc));
    let master = theatre.matinee.master(theatre.session, &query(), &[], &player(BY_CARD)).await.unwrap();
    assert!(master.contains(&format!("\n{BY_CARD}/index.m3u8")), "{master}");
    is_whole(&theatre, &film, BY_CARD).await;
    theatre.close().await;
}

#[tokio::test]
async fn of_several_cards_the_one_that_works_is_taken() {
    let film = film("vp9").await;
    let cards = tempfile::tempdir().unwrap();
    for card in ["renderD128", "renderD129"] {
        fs::write(cards.path().join(card), "").unwrap();
    }
    // The first of the two is for something else.
    let card = StandIn::card(EncoderKind::Vaapi, Some(&cards.path().join("renderD129")), None);
    let config = EncoderConfig { cards: cards.path().into(), ..Wanted::This(EncoderKind::Vaapi).into() };
    let theatre = with_card(&film, &card, config).await;
    let report = tried(&theatre).await;
    assert_eq!(report.used, EncoderKind::Vaapi, "{report:?}");
    theatre.ready().await;
    is_whole(&theatre, &film, BY_CARD).await;
    // Both halves of them.
    theatre.heads_gone().await;
    theatre.close().await;
}

#[tokio::test]
async fn a_card_that_leaves_the_grid_is_not_used() {
    let film = film("vp9").await;
    let card = StandIn::card(EncoderKind::Qsv, None, Some(20));
    let theatre = with_card(&film, &card, Wanted::This(EncoderKind::Qsv)).await;
    let report = tried(&theatre).await;
    assert_eq!(report.used, EncoderKind::X264);
    let problem = report.trials[0].problem.clone().unwrap();
    assert!(problem.contains("keyframes are not every 15 frames"), "{problem}");
    theatre.ready().await;
    // A player that was told of it before the server was started anew: its page loads the film again.
    let told = theatre.segment(BY_CARD, 0).await.unwrap_err();
    assert_eq!(told.kind, ErrorKind::Unplayable, "{told}");
    theatre.close().await;
}

#[tokio::test]
async fn a_card_that_fails_later_is_left_for_the_processor_until_it_works_again() {
    let film = film("vp9").await;
    let card = StandIn::card(EncoderKind::Nvenc, None, None);
    let rest = Duration::from_millis(100);
    let theatre = with_card(&film, &card, EncoderConfig { rest, ..EncoderConfig::default() }).await;
    assert_eq!(tried(&theatre).await.used, EncoderKind::Nvenc);
    theatre.ready().await;
    theatre.segment(BY_CARD, 0).await.unwrap();
    // In the middle of a segment.
    card.break_card(30);
    let segments = u32::try_from(theatre.playlist(BY_CARD).await.segments.len()).unwrap();
    let told = theatre.segment(BY_CARD, segments - 1).await.unwrap_err();
    assert_eq!(told.kind, ErrorKind::Unplayable);
    assert!(told.message.contains("load the film again"), "{told}");
    // As the page does then.
    let plan = theatre.matinee.plan(theatre.session, &query(), &[]).await.unwrap();
    assert_eq!(plan.encoder, None);
    let master = theatre.matinee.master(theatre.session, &query(), &[], &player(VIDEO)).await.unwrap();
    assert!(master.contains(&format!("\n{VIDEO}/index.m3u8")), "{master}");
    is_whole(&theatre, &film, VIDEO).await;
    // Nor does it make a test picture any more, so it is left for all other films too.
    let is_left = || theatre.matinee.system().encoder.used == EncoderKind::X264;
    eventually("the card is left", PATIENCE, is_left).await;
    let report = theatre.matinee.system().encoder;
    assert!(report.trials[0].problem.as_ref().unwrap().contains("stopped working"), "{report:?}");
    let plain = MasterQuery { video: Some(VideoMode::Encode), burn: Some("none".into()), ..MasterQuery::default() };
    assert_eq!(theatre.matinee.plan(theatre.session, &plain, &[]).await.unwrap().encoder, None);
    // Another program had it to itself, say.
    card.mend_card();
    let is_back = || theatre.matinee.system().encoder.used == EncoderKind::Nvenc;
    eventually("the card is used again", PATIENCE, is_back).await;
    assert_eq!(theatre.matinee.system().encoder.trials[0].problem, None);
    let plan = theatre.matinee.plan(theatre.session, &plain, &[]).await.unwrap();
    assert_eq!(plan.encoder, Some(EncoderKind::Nvenc));
    theatre.close().await;
}
