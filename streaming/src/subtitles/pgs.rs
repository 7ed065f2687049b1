//! PGS, the pictures of Blu-ray subtitles: segments as Matroska's blocks have them, checked and written as a SUP file.
//! Pure functions over bytes that may be anything.
//!
//! A display set is what is drawn from its time on until the next one's: a composition, windows, palettes, objects, end.

use bytes::Bytes;

const PALETTE: u8 = 0x14;
const OBJECT: u8 = 0x15;
const COMPOSITION: u8 = 0x16;
const WINDOWS: u8 = 0x17;
const END: u8 = 0x80;

/// The most pixels of a picture: a screen of 4K. Blu-ray has a quarter of that.
const MOST_PIXELS: u64 = 3840 * 2160;
/// The width of a run, and what begins a code, in an object's pixels.
const WIDE_RUN: u8 = 0x40;
const COLOURED: u8 = 0x80;

/// The display sets of one moment, whose every number is what a renderer may rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sets {
    /// Segments without their times, of the kinds above.
    content: Bytes,
    /// Nothing of what was drawn before is needed: an epoch's start, or a point of acquisition.
    pub(super) starts_anew: bool,
}

#[derive(Clone, Copy, Debug)]
struct Segment<'a> {
    kind: u8,
    body: &'a [u8],
}

impl Sets {
    /// Of the content of all blocks of one moment; none if a display set is not what it should be.
    pub(super) fn of(content: Bytes) -> Option<Self> {
        let mut objects = Objects::default();
        let mut first = None;
        for segment in segments(&content) {
            let Segment { kind, body } = segment?;
            if first.is_none() {
                let state = (kind == COMPOSITION).then(|| body.get(7).copied()).flatten()?;
                first = Some(state & 0xC0 != 0);
            }
            let well = match kind {
                COMPOSITION => is_composition(body),
                WINDOWS => body.first().is_some_and(|count| body.len() == 1 + 9 * usize::from(*count)),
                PALETTE => body.len() >= 2 && (body.len() - 2) % 5 == 0,
                OBJECT => objects.take(body).is_some(),
                _ => true,
            };
            if !well {
                return None;
            }
        }
        first.filter(|_| objects.are_whole()).map(|starts_anew| Self { content, starts_anew })
    }

    /// Appends it as a part of a SUP file. The time is in units of 1/90000 s.
    pub(super) fn write(&self, time: u32, out: &mut Vec<u8>) {
        let mut open = false;
        for Segment { kind, body } in segments(&self.content).flatten() {
            // Some muxers leave out the end.
            if kind == COMPOSITION && open {
                write(time, END, &[], out);
            }
            if matches!(kind, PALETTE | OBJECT | COMPOSITION | WINDOWS | END) {
                write(time, kind, body, out);
                open = kind != END;
            }
        }
        if open {
            write(time, END, &[], out);
        }
    }
}

fn write(time: u32, kind: u8, body: &[u8], out: &mut Vec<u8>) {
    const DECODING_TIME: [u8; 4] = [0; 4];
    // It was read with a length of two bytes.
    let length = body.len() as u16;
    out.extend_from_slice(b"PG");
    out.extend_from_slice(&time.to_be_bytes());
    out.extend_from_slice(&DECODING_TIME);
    out.push(kind);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
}

/// Kind, length, body. None, and nothing after it, for one that is cut off.
fn segments(content: &[u8]) -> impl Iterator<Item = Option<Segment<'_>>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let all = std::mem::take(&mut rest);
        let Some(&[kind, high, low]) = all.first_chunk::<3>() else { return Some(None) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some((body, after)) = all[3..].split_at_checked(length) else { return Some(None) };
        rest = after;
        Some(Some(Segment { kind, body }))
    })
}

/// Width, height, rate, number, state, palette, then what is drawn: eight bytes each, and eight more for one of which
/// only a part is.
fn is_composition(body: &[u8]) -> bool {
    const HEADER: usize = 11;
    let Some(header) = body.first_chunk::<HEADER>() else { return false };
    let mut rest = &body[HEADER..];
    for _ in 0..header[10] {
        let Some(flags) = rest.get(3) else { return false };
        let length = if flags & 0x80 == 0 { 8 } else { 16 };
        let Some(after) = rest.get(length..) else { return false };
        rest = after;
    }
    rest.is_empty() && (1..=MOST_PIXELS).contains(&pixels(header))
}

/// Of a width and a height.
fn pixels(size: &[u8]) -> u64 {
    let &[w1, w2, h1, h2, ..] = size else { return 0 };
    u64::from(u16::from_be_bytes([w1, w2])) * u64::from(u16::from_be_bytes([h1, h2]))
}

/// The objects of a display set: one may be spread over several segments that follow each other.
#[derive(Default)]
struct Objects {
    /// The pixels and codes of the one that is being read.
    pixels: u64,
    codes: Vec<u8>,
}

impl Objects {
    /// Number, version, place in the sequence; in the first also length, width, height. None for what is not one.
    fn take(&mut self, body: &[u8]) -> Option<()> {
        const FIRST: u8 = 0x80;
        let &[_, _, _, sequence] = body.first_chunk::<4>()?;
        if sequence & FIRST == 0 {
            self.codes.extend_from_slice(&body[4..]);
            return Some(());
        }
        if !self.are_whole() {
            return None;
        }
        self.pixels = pixels(body.get(7..11)?);
        self.codes = body[11..].to_vec();
        (1..=MOST_PIXELS).contains(&self.pixels).then_some(())
    }

    /// Whether the last one draws no more pixels than it has. A few bytes could else keep a renderer busy for minutes.
    fn are_whole(&self) -> bool {
        let (mut drawn, mut rest) = (0, &self.codes[..]);
        loop {
            let (run, after) = match rest {
                [] => return drawn <= self.pixels,
                [0, 0, after @ ..] => (0, after),
                [0, flags, after @ ..] => {
                    let low = u64::from(flags & 0x3F);
                    let (run, after) = match (flags & WIDE_RUN != 0, after) {
                        (false, after) => (low, after),
                        (true, [more, after @ ..]) => (low << 8 | u64::from(*more), after),
                        (true, []) => return false,
                    };
                    match (flags & COLOURED != 0, after) {
                        (false, after) | (true, [_, after @ ..]) => (run, after),
                        (true, []) => return false,
                    }
                }
                [_, after @ ..] => (1, after),
            };
            (drawn, rest) = (drawn + run, after);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &(body.len() as u16).to_be_bytes(), body].concat()
    }

    fn composition(state: u8, objects: u8) -> Vec<u8> {
        let header = [0x07, 0x80, 0x04, 0x38, 0x10, 0, 1, state, 0, 0, objects];
        let drawn = [0, 0, 0, 0, 0, 10, 0, 20].repeat(usize::from(objects));
        segment(COMPOSITION, &[&header[..], &drawn].concat())
    }

    fn object(sequence: u8, size: Option<(u8, u8)>, codes: &[u8]) -> Vec<u8> {
        let size = size.map_or(Vec::new(), |(width, height)| vec![0, 0, 0, 0, width, 0, height]);
        segment(OBJECT, &[&[0, 0, 0, sequence][..], &size, codes].concat())
    }

    /// A picture of two by one pixels; without one what ends the picture before.
    pub(in super::super) fn set(state: u8, shows: bool) -> Bytes {
        let mut set = composition(state, u8::from(shows));
        set.extend(segment(WINDOWS, &[1, 0, 0, 10, 0, 20, 0, 2, 0, 1]));
        if shows {
            set.extend(segment(PALETTE, &[0, 0, 1, 235, 128, 128, 255]));
            set.extend(object(0xC0, Some((2, 1)), &[1, 1, 0, 0]));
        }
        set.extend(segment(END, &[]));
        set.into()
    }

    #[test]
    fn a_display_set_is_written_with_its_time_on_each_segment() {
        let content = set(0x80, true);
        let sets = Sets::of(content.clone()).unwrap();
        assert!(sets.starts_anew);
        let mut sup = Vec::new();
        sets.write(540_000, &mut sup);
        let (mut rest, mut back) = (&sup[..], Vec::new());
        while !rest.is_empty() {
            assert_eq!(rest[..10], [b'P', b'G', 0, 8, 0x3D, 0x60, 0, 0, 0, 0]);
            let length = 13 + usize::from(u16::from_be_bytes([rest[11], rest[12]]));
            back.extend_from_slice(&rest[10..length]);
            rest = &rest[length..];
        }
        assert_eq!(back, content);
    }

    #[test]
    fn a_set_begins_anew_or_builds_on_what_was_before() {
        for (state, anew) in [(0x80, true), (0x40, true), (0xC0, true), (0, false)] {
            assert_eq!(Sets::of(set(state, false)).unwrap().starts_anew, anew, "{state:x}");
        }
    }

    #[test]
    fn an_end_that_is_missing_is_added_and_unknown_segments_are_left_out() {
        let open = set(0x80, true);
        let open = open.slice(..open.len() - 3);
        let wanted = {
            let mut sup = Vec::new();
            Sets::of([set(0x80, true), set(0x80, true)].concat().into()).unwrap().write(1, &mut sup);
            sup
        };
        let mut sup = Vec::new();
        Sets::of([&open[..], &segment(0x18, b"menu"), &open].concat().into()).unwrap().write(1, &mut sup);
        assert_eq!(sup, wanted);
    }

    #[test]
    fn what_a_renderer_could_not_rely_on_is_none() {
        let first = composition(0x80, 1);
        let with = |segment: &[u8]| Sets::of([&first[..], segment].concat().into());
        assert!(with(&object(0xC0, Some((2, 2)), &[0, 0x84, 1])).is_some());
        // In two parts, with a code across them.
        let parts = |end: &[u8]| [object(0x80, Some((2, 2)), &[1, 0]), object(0x40, None, end)].concat();
        assert!(with(&parts(&[0x83, 1])).is_some());
        for (what, segment) in [
            ("more pixels than it has", object(0xC0, Some((2, 2)), &[0, 0xFF, 0xFF, 1])),
            ("more pixels, in two parts", parts(&[0x84, 1])),
            ("a code that is cut off", object(0xC0, Some((2, 2)), &[0, 0x83])),
            ("no pixels", object(0xC0, Some((0, 2)), &[])),
            ("no size", object(0x80, None, &[])),
            ("windows that are not there", segment(WINDOWS, &[2, 0, 0, 0])),
            ("half a colour", segment(PALETTE, &[0, 0, 1, 2])),
            ("a composition without its objects", segment(COMPOSITION, &[0, 9, 0, 9, 0, 0, 0, 0, 0, 0, 3])),
            ("a cut segment", vec![WINDOWS, 0, 9, 1]),
        ] {
            assert_eq!(with(&segment), None, "{what}");
        }
        assert_eq!(Sets::of(Bytes::new()), None);
        assert_eq!(Sets::of(segment(PALETTE, &[0, 0]).into()), None, "no composition");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Sets::of(bytes.into());
        }

        #[test]
        fn a_set_with_any_byte_changed_is_read_or_none(at in 0_usize..200, value: u8) {
            let mut content = set(0x80, true).to_vec();
            let at = at % content.len();
            content[at] = value;
            if let Some(sets) = Sets::of(content.into()) {
                let mut sup = Vec::new();
                sets.write(0, &mut sup);
                prop_assert!(sup.starts_with(b"PG"));
            }
        }
    }
}
