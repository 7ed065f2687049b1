//! A sample of MP4's timed text (3GPP TS 26.245, 5.17) as ASS' text. Pure.

use std::fmt::Write as _;

use encoding_rs::{UTF_16BE, UTF_16LE};

/// Bytes of the text's length, which stands before it.
pub(super) const LENGTH: usize = 2;

/// How long a sample's text is, in bytes; one without text is a gap.
pub(super) fn length(sample: &[u8]) -> Option<usize> {
    sample.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)))
}

/// The text of a sample, without its styles where these are not among the bytes; none if the text itself is not. `plain`
/// reads text that is not UTF-16.
pub(super) fn text(sample: &[u8], plain: impl FnOnce(&[u8]) -> String) -> Option<String> {
    let end = LENGTH + length(sample)?;
    let text = match sample.get(LENGTH..end)? {
        [0xFE, 0xFF, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xFF, 0xFE, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        bytes => plain(bytes),
    };
    Some(styled(&text, &styles(&sample[end..])))
}

/// Characters from one on to before another, which are bold, slanted or underlined.
struct Style {
    from: usize,
    to: usize,
    face: u8,
}

const STYLES: usize = 12;

fn styles(mut boxes: &[u8]) -> Vec<Style> {
    while let Some((header, _)) = boxes.split_first_chunk::<8>() {
        let [a, b, c, d, kind @ ..] = *header;
        let size = u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(body) = boxes.get(8..size) else { break };
        if kind == *b"styl" {
            let records = body.get(2..).unwrap_or_default().chunks_exact(STYLES);
            let at = |record: &[u8], at: usize| usize::from(u16::from_be_bytes([record[at], record[at + 1]]));
            return records.map(|record| Style { from: at(record, 0), to: at(record, 2), face: record[6] }).collect();
        }
        boxes = &boxes[size..];
    }
    Vec::new()
}

fn styled(text: &str, styles: &[Style]) -> String {
    const FACES: [(u8, char); 3] = [(1, 'b'), (2, 'i'), (4, 'u')];
    let mut out = String::with_capacity(text.len() + 16);
    let mut face = 0;
    let mut styles = styles.iter().peekable();
    let mut turn = |out: &mut String, now: u8| {
        for (bit, name) in FACES {
            if (now ^ face) & bit != 0 {
                let _ = write!(out, "{{\\{name}{}}}", u8::from(now & bit != 0));
            }
        }
        face = now;
    };
    for (n, c) in text.chars().filter(|c| *c != '\r').enumerate() {
        // They stand in the order of their text.
        while styles.next_if(|style| style.to <= n).is_some() {}
        let now = styles.peek().filter(|style| style.from <= n).map_or(0, |style| style.face);
        turn(&mut out, now);
        match c {
            '\n' | '\u{2028}' => out.push_str("\\N"),
            '{' => out.push_str("\\{"),
            '\0' => {}
            c => out.push(c),
        }
    }
    turn(&mut out, 0);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(text: &[u8], boxes: &[u8]) -> Vec<u8> {
        [&(text.len() as u16).to_be_bytes(), text, boxes].concat()
    }

    fn plain(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn text_comes_with_its_faces() {
        let record = |from: u16, to: u16, face: u8| {
            [&from.to_be_bytes()[..], &to.to_be_bytes(), &[0, 1, face, 18], &[255; 4]].concat()
        };
        let body = [&[0, 2][..], &record(0, 2, 2), &record(3, 4, 5)].concat();
        let styl = [&(body.len() as u32 + 8).to_be_bytes()[..], b"styl", &body].concat();
        let boxes = [&[0, 0, 0, 9][..], b"hlit", &[0], &styl].concat();
        let read = |sample: &[u8]| text(sample, plain);
        assert_eq!(read(&sample("äb c{".as_bytes(), &boxes)).unwrap(), "{\\i1}äb{\\i0} {\\b1}{\\u1}c{\\b0}{\\u0}\\{");
        assert_eq!(read(&sample(b"a\nb", &[])).unwrap(), "a\\Nb");
        assert_eq!(read(&sample(b"\xFE\xFF\0a\x26\x3A", &[])).unwrap(), "a☺");
        assert_eq!(read(&sample(b"\xFF\xFEa\0", &[])).unwrap(), "a");
        assert_eq!(read(&sample(b"", &[])).unwrap(), "");
        assert_eq!(read(&[0, 5, b'a']), None);
        assert_eq!(read(&[0]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text_bytes in proptest::collection::vec(any::<u8>(), 0..40), mut boxes in proptest::collection::vec(any::<u8>(), 0..60), styl in any::<bool>()) {
            if styl && boxes.len() > 8 {
                boxes[..8].copy_from_slice(b"\0\0\0\x20styl");
            }
            let _ = text(&sample(&text_bytes, &boxes), plain);
            let _ = text(&boxes, plain);
        }
    }
}
