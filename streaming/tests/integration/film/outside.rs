//! Subtitles by link: the server fetches them by the rules for films' links.

use bytes::Bytes;
use protocol::{Error, ErrorKind, Heartbeat, SessionState, SubtitleTrack, TrackId, ViewerToken};

use crate::support::{
    films::film,
    theatre::Theatre,
    upstream::{Habits, Upstream},
};

const SRT: &[u8] = b"1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n";

fn viewer() -> ViewerToken {
    ViewerToken("viewer-token-of-ada-".into())
}

impl Theatre {
    fn beat(&self) -> protocol::HeartbeatReply {
        let (session, viewer) = (self.session, viewer());
        let beat = Heartbeat::new(session, viewer, 0.0, false);
        self.matinee.heartbeat(&beat, std::time::Instant::now()).unwrap()
    }

    async fn bring(&self, link: &str) -> Result<SubtitleTrack, Error> {
        self.matinee.bring(self.session, viewer())?.link(link).await
    }
}

#[tokio::test]
async fn a_link_leads_to_subtitles_for_one_session_alone() {
    let theatre = Theatre::open(&film("short-ffmpeg").await).await;
    theatre.ready().await;
    theatre.beat();
    let subtitles = Upstream::bytes(&Bytes::from_static(SRT), Habits { length: false, ..Habits::default() }).await;
    let elsewhere = Habits { redirect: Some(subtitles.url("/Film.de.srt")), ..Habits::default() };
    let redirecting = Upstream::bytes(&Bytes::new(), elsewhere).await;
    let track = theatre.bring(&redirecting.url("/get/My%20Film.de.srt?key=secret")).await.unwrap();
    assert_eq!((track.title.as_deref(), track.language.as_deref()), (Some("My Film.de.srt"), Some("de")));
    assert_eq!(theatre.beat().outside, [track]);

    let track = TrackId::outside(0);
    let events = theatre.matinee.subtitle_events(theatre.session, track, 0.0, 60.0).await.unwrap();
    assert_eq!(
        events.events.iter().map(|event| (event.start_ms, event.duration_ms)).collect::<Vec<_>>(),
        [(1000, 1500)]
    );
    assert!(theatre.matinee.subtitle_header(theatre.session, track).await.unwrap().contains("[V4+ Styles]"));
    // The film's own are still there, and nothing of these is on the film.
    assert!(theatre.matinee.subtitle_header(theatre.session, TrackId::subtitles(0)).await.is_ok());
    let another = theatre.another_session().unwrap();
    assert_eq!(theatre.matinee.session(another).unwrap().outside, []);
    let error = theatre.matinee.subtitle_header(another, track).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert_eq!(theatre.view().state, SessionState::Ready);
    theatre.close().await;
}

#[tokio::test]
async fn a_file_of_the_media_folder_does_as_well() {
    let media = tempfile::tempdir().unwrap();
    std::fs::write(media.path().join("own.fr.vtt"), "WEBVTT\n\n00:01.000 --> 00:02.000\nBonjour\n").unwrap();
    let inside = media.path().to_owned();
    let theatre = Theatre::with(&film("short-ffmpeg").await, |config| config.media_dir = Some(inside)).await;
    theatre.beat();
    let track = theatre.bring("media:own.fr.vtt").await.unwrap();
    assert_eq!((track.codec.as_str(), track.language.as_deref()), ("webvtt", Some("fr")));
    let error = theatre.bring("media:../../etc/passwd").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidSource, "{error}");
    theatre.close().await;
}

#[tokio::test]
async fn a_link_that_leads_to_none_is_told_in_words() {
    let theatre = Theatre::open(&film("short-ffmpeg").await).await;
    let error = theatre.bring("http://127.0.0.1:9/x.srt").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "nobody watches yet");
    theatre.beat();
    let large = Bytes::from(vec![b'x'; (5 << 20) + 1]);
    let page = Bytes::from_static(b"<!doctype html><html><title>Subtitles</title>");
    for (content, habits, kind) in [
        (&large, Habits::default(), ErrorKind::TooLarge),
        (&large, Habits { length: false, ..Habits::default() }, ErrorKind::TooLarge),
        (&page, Habits::default(), ErrorKind::NotSubtitles),
        (&page, Habits { status: Some(404), ..Habits::default() }, ErrorKind::SourceUnreachable),
        (&Bytes::from_static(b"nothing of the kind"), Habits::default(), ErrorKind::NotSubtitles),
        (&Bytes::from_static(SRT), Habits { drop_after: Some(9), ..Habits::default() }, ErrorKind::SourceUnreachable),
    ] {
        let upstream = Upstream::bytes(content, habits).await;
        let error = theatre.bring(&upstream.url("/x.srt")).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(upstream.sent() <= large.len() as u64);
    }
    assert_eq!(theatre.view().outside, []);
    theatre.close().await;
}
