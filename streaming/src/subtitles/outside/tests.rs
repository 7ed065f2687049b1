use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Outside {
    Outside::read(text.as_bytes()).unwrap()
}

/// Beginning, length, text.
fn told(outside: &Outside) -> Vec<(i64, u64, &str)> {
    outside.events.iter().map(|event| (event.start_ms, event.duration_ms, event.text.as_str())).collect()
}

#[test]
fn srt_as_people_write_it() {
    let file = "\u{feff}0\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hi</i>\r\nthere {you}\r\n\r\n\
        2\n0:00:03.5-->0:00:04.50 X1:1 X2:2\nno hours' zero, dots\n3\n00:00:05,000 --> 00:00:06,000\nno line between\n\n\
        rubbish\n\n-00:00:01,000 --> 00:00:02,000\nbelow zero\n\n00:00:xx,000 --> 00:00:09,000\nno time\n\n\
        00:00:09,000 --> 00:00:08,000\nends first\n\n\
        123:00:01,000 --> 123:00:02,000\na long film\n\n00:00:00,500 --> 00:00:20,000\nlate in the file, and no line end";
    let outside = read(file);
    assert_eq!(outside.kind(), Kind::Srt);
    assert_eq!(
        told(&outside),
        [
            (500, 19_500, "late in the file, and no line end"),
            (1000, 1500, "{\\i1}Hi{\\i0}\\Nthere \\{you}"),
            (3500, 1000, "no hours' zero, dots"),
            (5000, 1000, "no line between"),
            (442_801_000, 1000, "a long film"),
        ]
    );
    assert_eq!(outside.header(), PLAIN);
    assert!(outside.events.iter().all(|event| event.style == "Default"));
    let shown = outside.between(4.0, 5.0);
    let texts: Vec<&str> = shown.events.iter().map(|event| &event.text[..4]).collect();
    assert_eq!(texts, ["late", "no h"]);
    assert!(outside.between(20.0, 400.0).events.is_empty());
}

#[test]
fn srt_of_an_old_mac() {
    let outside = read("1\r00:00:01,000 --> 00:00:02,000\ra\r\r2\r00:00:03,000 --> 00:00:04,000\rb\r");
    assert_eq!(told(&outside), [(1000, 1000, "a"), (3000, 1000, "b")]);
}

#[test]
fn webvtt_with_its_places_and_names() {
    let outside = read(
        "WEBVTT - a title\r\n\r\nNOTE\r\nnot shown\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n\
         one\r\n00:01.000 --> 00:02.500 line:0 align:start\r\n<v Ada>Fish &amp; <i.loud>chips</i> {now} &lt;b&gt;\r\n- yes\r\n\r\n\
         100:00:01.000 --> 100:00:02.000 line:90%\r\n<c.yellow>y</c><00:01.500> z\r\n\r\n\
         00:03.000 --> 00:04.000\r\n<v Ada></v>\r\n\r\n00:05.000 --> 00:06.000 line:50% align:end\r\nlast",
    );
    assert_eq!(outside.kind(), Kind::Vtt);
    assert_eq!(
        told(&outside),
        [
            (1000, 1500, "{\\an7}Fish & {\\i1}chips{\\i0} \\{now} <b>\\N- yes"),
            (5000, 1000, "{\\an6}last"),
            (360_001_000, 1000, "y z"),
        ]
    );
}

#[test]
fn a_script_keeps_its_header_and_its_fields() {
    let file = "; made by hand\r\n[Script Info]\r\nScriptType: v4.00+\r\nPlayResX: 640\r\n\r\n[V4+ Styles]\r\n\
        Format: Name, Fontname\r\nStyle: Sign,Serif\r\n\r\n[Events]\r\n\
        Format: Start, End, Layer, Actor, Style, MarginL, MarginR, MarginV, Effect, Text\r\n\
        Dialogue: 0:00:05.00,0:00:06.00,7,Ada,*Sign,1,2,3,fx, {\\pos(1,2)}a, b\r\n\
        Comment: 0:00:01.00,0:00:02.00,0,,Sign,0,0,0,,not shown\r\n\
        Dialogue: broken\r\nDialogue: -0:00:01.00,0:00:01.50,0,,Sign,0,0,0,,before\r\n\r\n[Fonts]\r\nfontname: x.ttf\r\n!!!!";
    let outside = read(file);
    assert_eq!(outside.kind(), Kind::Ass);
    assert_eq!(told(&outside), [(-1000, 2500, "before"), (5000, 1000, " {\\pos(1,2)}a, b")]);
    let event = &outside.events[1];
    assert_eq!((event.layer, &event.name[..], &event.style[..], &event.effect[..]), (7, "Ada", "Sign", "fx"));
    assert_eq!((event.margin_l, event.margin_r, event.margin_v), (1, 2, 3));
    let kept: Vec<&str> =
        file.lines().filter(|line| !line.starts_with("Dialogue") && !line.starts_with("Comment")).collect();
    assert_eq!(outside.header().lines().collect::<Vec<_>>(), kept);
}

#[test]
fn ssa_without_names_of_its_fields() {
    let outside = read(
        "[Script Info]\nScriptType: v4.00\n[events]\ndialogue: Marked=0,0:00:01.00,0:00:02.00,Default,,0000,0000,0000,,Hi",
    );
    assert_eq!(told(&outside), [(1000, 1000, "Hi")]);
}

#[test]
fn what_is_no_subtitles_is_told_in_words() {
    for (bytes, words) in [
        (&b""[..], "empty"),
        (b"<!doctype html><html>page</html>", "no subtitles that can be read"),
        (b"\x1A\x45\xDF\xA3\x01\x02\xFF\xFE", "no subtitles that can be read"),
        (b"WEBVTT\n\n", "no subtitles that can be read"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nx\n", "no subtitles that can be read"),
        (b"PK\x03\x04....film.srt", "unpack"),
        (b"# VobSub index file, v7\n", "pictures"),
    ] {
        let error = Outside::read(bytes).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotSubtitles, "{bytes:?}");
        assert!(error.message.contains(words), "{}", error.message);
    }
}

#[test]
fn there_is_a_bound_to_everything() {
    let cue = "00:00:01,000 --> 00:00:02,000\nx\n\n";
    let most = cue.repeat(MAX_EVENTS);
    assert_eq!(read(&most).events.len(), MAX_EVENTS);
    for large in [
        most + cue,
        "\r".repeat(MAX_LINES + 1),
        "x".repeat(LARGEST_SUBTITLES + 1),
        format!("[Events]\n{}", "Dialogue: 0,0:00:01.00,0:00:02.00,,,,,,,x\n".repeat(MAX_EVENTS + 1)),
    ] {
        assert_eq!(Outside::read(large.as_bytes()).unwrap_err().kind, ErrorKind::TooLarge);
    }
    let tags = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{}{}", "<b>".repeat(700_000), "</i>".repeat(700_000));
    assert_eq!(read(&tags).events.len(), 1);
}

proptest! {
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Outside::read(&bytes);
    }

    #[test]
    fn any_lines_are_taken(lines in proptest::collection::vec(
        prop_oneof![
            Just("1".to_owned()),
            Just(String::new()),
            Just("WEBVTT".to_owned()),
            Just("[Events]".to_owned()),
            "[0-9]{1,4}:[0-9]{2}:[0-9]{2}[.,][0-9]{0,3} --> [0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{3}( line:[0-9-]{0,3}%?)?",
            "Dialogue: [0-9,:.]{0,40},[^\n]{0,20}",
            "Format: (Start|End|Text|Layer|,| ){0,9}",
            "[<>{}&;/bivc.\\\\ \u{e9}]{0,20}",
        ],
        0..30,
    )) {
        if let Ok(outside) = Outside::read(lines.join("\n").as_bytes()) {
            let mut numbers: Vec<u64> = outside.events.iter().map(|event| event.read_order).collect();
            numbers.sort_unstable();
            numbers.dedup();
            prop_assert_eq!(numbers.len(), outside.events.len());
            prop_assert!(outside.events.is_sorted_by_key(|event| event.start_ms));
            for event in outside.between(0.0, 10.0).events {
                prop_assert!(event.start_ms < 10_000 && event.start_ms + event.duration_ms.cast_signed() > 0);
            }
        }
    }
}
