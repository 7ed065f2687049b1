//! Subtitles that viewers bring along, as a page sends them.

use serde_json::{Value, json};

use crate::{house::House, program::client};

const VIEWER: &str = "viewer-token-of-ada-";
const SRT: &str = "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i>\r\n";

/// A session with one viewer in it.
async fn house() -> House {
    let house = House::open(&[]).await;
    assert_eq!(house.beat(VIEWER, json!({})).await["outside"], Value::Null);
    house
}

impl House {
    fn post(&self, session: &str, name: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        client().post(format!("{}/subtitles/{session}?name={name}", self.program.url)).body(body)
    }

    async fn upload(&self, name: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        answer(self.post(&self.session, name, body).header("matinee-viewer", VIEWER)).await
    }

    async fn get(&self, rest: &str) -> (u16, String) {
        let url = format!("{}/subtitles/{}/{rest}", self.program.url, self.session);
        let answer = client().get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn texts(&self, track: &str) -> Vec<String> {
        let (status, events) = self.get(&format!("{track}/events?from=0&until=60")).await;
        assert_eq!(status, 200, "{events}");
        let events: Vec<Value> = serde_json::from_str(&events).unwrap();
        events.iter().map(|event| event["text"].as_str().unwrap().to_owned()).collect()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn an_uploaded_file_is_there_for_all_and_goes_with_its_session() {
    let house = house().await;
    let (status, track) = house.upload("Film.en.srt", SRT).await;
    let wanted = json!({
        "track": "x0", "codec": "subrip", "kind": "text", "language": "en", "title": "Film.en.srt",
        "default": false, "forced": false, "hearing_impaired": false,
    });
    assert_eq!((status, &track), (200, &wanted));
    assert_eq!(house.beat("viewer-token-of-bert", json!({})).await["outside"], json!([wanted]));
    let (_, view) = house.program.call("session", &json!({"session": house.session})).await;
    assert_eq!(view["outside"], json!([wanted]));
    assert_eq!(house.texts("x0").await, ["{\\i1}Hello{\\i0}"]);
    let (status, header) = house.get("x0/header").await;
    assert!(status == 200 && header.contains("Style: Default,"), "{header}");
    assert_eq!(house.get("x0/events?from=2.5&until=60").await, (200, "[]".into()));
    let (status, cues) = house.get("x0/cues?from=0&until=60").await;
    let cues: Value = serde_json::from_str(&cues).unwrap();
    let wanted = json!([{"id": 0, "start_ms": 1000, "end_ms": 2500, "settings": "", "text": "<i>Hello</i>"}]);
    assert_eq!((status, cues), (200, wanted));
    assert_eq!(house.get("x1/header").await.0, 404);
    assert_eq!(house.get("x0/events?from=0&until=9999").await.0, 400);

    let close = json!({"session": house.session, "host_key": house.host_key});
    assert_eq!(house.program.call("close", &close).await.0, 200);
    for rest in ["x0/header", "x0/events?from=0&until=60"] {
        let (status, error) = house.get(rest).await;
        assert!(status == 404 && error.contains("unknown_session"), "{error}");
    }
    let (status, error) = house.upload("again.srt", SRT).await;
    assert_eq!((status, error["kind"].as_str()), (404, Some("unknown_session")));
}

#[tokio::test]
async fn encodings_and_forms_are_told_by_what_is_in_the_file() {
    let house = house().await;
    let russian = "1\r\n00:00:01,000 --> 00:00:02,000\r\nЯ не знаю, что тебе сказать. Встретимся завтра.\r\n";
    // Windows-1251, by hand: its letters stand in Unicode's order.
    let narrow: Vec<u8> = russian
        .chars()
        .map(|c| match u32::from(c) {
            0x410..=0x44F => u8::try_from(u32::from(c) - 0x410 + 0xC0).unwrap(),
            other => u8::try_from(other).unwrap(),
        })
        .collect();
    let wide: Vec<u8> = format!("\u{feff}{russian}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let script = "[Script Info]\nScriptType: v4.00+\nPlayResX: 640\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Sign,Serif\n\n\
        [Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n\
        Dialogue: 3,0:00:01.00,0:00:02.00,Sign,,0,0,0,,{\\pos(1,2)}a, b\n";
    let vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Fish &amp; chips\n";
    for (n, (body, codec, text)) in [
        (narrow, "subrip", "Я не знаю, что тебе сказать. Встретимся завтра."),
        (wide, "subrip", "Я не знаю, что тебе сказать. Встретимся завтра."),
        (script.into(), "ass", "{\\pos(1,2)}a, b"),
        (vtt.into(), "webvtt", "Fish & chips"),
    ]
    .into_iter()
    .enumerate()
    {
        // Whatever it is called.
        let (status, track) = house.upload("subtitles.txt", body).await;
        assert_eq!((status, track["codec"].as_str()), (200, Some(codec)), "{track}");
        assert_eq!(house.texts(&format!("x{n}")).await, [text]);
    }
    let (_, header) = house.get("x2/header").await;
    assert!(header.contains("Style: Sign,Serif") && !header.contains("Dialogue"), "{header}");
}

#[tokio::test]
async fn what_is_no_viewers_subtitle_file_is_refused_in_words() {
    let house = house().await;
    let kind = |(status, error): (u16, Value)| {
        assert!(!error["message"].as_str().unwrap().is_empty());
        (status, error["kind"].as_str().unwrap().to_owned())
    };
    let large = vec![b'x'; (5 << 20) + 1];
    assert_eq!(kind(house.upload("a.srt", large).await), (413, "too_large".into()));
    assert_eq!(kind(house.upload("a.srt", "<html>").await), (422, "not_subtitles".into()));
    assert_eq!(kind(house.upload("a.srt", "").await), (422, "not_subtitles".into()));

    let post = || house.post(&house.session, "a.srt", SRT);
    let own = || post().header("matinee-viewer", VIEWER);
    assert_eq!(kind(answer(post()).await), (401, "unauthorized".into()));
    assert_eq!(kind(answer(post().header("matinee-viewer", "short")).await), (400, "invalid_request".into()));
    let stranger = post().header("matinee-viewer", "viewer-token-of-nobody");
    assert_eq!(kind(answer(stranger).await), (403, "forbidden".into()));
    for origin in ["http://evil.example", "null"] {
        assert_eq!(kind(answer(own().header("origin", origin)).await), (403, "forbidden".into()), "{origin}");
    }
    assert_eq!(kind(answer(own().header("host", "evil.example")).await), (403, "forbidden".into()));
    let nobody = house.post("00000000-0000-4000-8000-000000000000", "a.srt", SRT).header("matinee-viewer", VIEWER);
    assert_eq!(kind(answer(nobody).await), (404, "unknown_session".into()));
    let nameless = client().post(format!("{}/subtitles/{}", house.program.url, house.session)).body(SRT);
    assert_eq!(kind(answer(nameless.header("matinee-viewer", VIEWER)).await), (400, "invalid_request".into()));
    assert_eq!(answer(own().header("origin", &house.program.url)).await.0, 200);
    assert_eq!(house.beat(VIEWER, json!({})).await["outside"].as_array().unwrap().len(), 1);
    assert!(!house.program.log().contains(VIEWER));
}

#[tokio::test]
async fn a_link_goes_through_the_calls_and_their_rules() {
    let house = house().await;
    let call = async |source: &str, viewer: &str| {
        let body = json!({"session": house.session, "viewer": viewer, "source": source});
        let (status, error) = house.program.call("bring-subtitles", &body).await;
        (status, error["kind"].as_str().unwrap_or_default().to_owned())
    };
    let own = format!("{}/healthz", house.program.url);
    assert_eq!(call(&own, VIEWER).await, (403, "forbidden".into()), "a link that leads back to this server");
    assert_eq!(call(&own, "viewer-token-of-nobody").await, (403, "forbidden".into()));
    assert_eq!(call("file:///etc/passwd", VIEWER).await, (400, "invalid_source".into()));
    assert_eq!(call("", VIEWER).await, (400, "invalid_source".into()));
}
