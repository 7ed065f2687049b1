//! The dialogue lines of ASS and SSA scripts. Pure.

use super::event::{Event, Format};

/// The fields of an event where the script does not name them. SSA has `Marked` in the first one's place.
const FIELDS: &str = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text";
/// No film lasts longer, in milliseconds.
pub(super) const MAX_MS: i64 = 1000 * 3600 * 1000;

/// What stands behind `Key:`.
pub(super) fn field_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (name, value) = line.trim_start().split_once(':')?;
    name.trim_end().eq_ignore_ascii_case(key).then_some(value)
}

/// Where an event's fields stand.
#[derive(Debug)]
pub(super) struct Fields {
    count: usize,
    start: Option<usize>,
    end: Option<usize>,
    /// In the order of a Matroska block.
    others: [Option<usize>; 8],
}

impl Default for Fields {
    fn default() -> Self {
        Self::new(FIELDS)
    }
}

impl Fields {
    pub(super) fn new(names: &str) -> Self {
        let names: Vec<String> = names.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let place = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        Self {
            count: names.len(),
            start: place(&["start"]),
            end: place(&["end"]),
            others: [
                place(&["layer", "marked"]),
                place(&["style"]),
                place(&["name", "actor"]),
                place(&["marginl"]),
                place(&["marginr"]),
                place(&["marginv"]),
                place(&["effect"]),
                place(&["text"]),
            ],
        }
    }

    pub(super) fn event(&self, values: &str, number: u64) -> Option<Event> {
        let values: Vec<&str> = values.trim_start().splitn(self.count, ',').collect();
        if values.len() < self.count {
            return None;
        }
        let value = |place: Option<usize>| place.and_then(|place| values.get(place).copied());
        let (start_ms, end_ms) = (time_ms(value(self.start)?)?, time_ms(value(self.end)?)?);
        let others = self.others.map(|place| value(place).unwrap_or_default()).join(",");
        Format::Ass.event(format!("{number},{others}").as_bytes(), number, start_ms, lasting(start_ms, end_ms))
    }
}

/// `0:01:02.34`; any number of hours, a third digit, and times before the beginning are taken too.
fn time_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
    let (clock, fraction) = text.rsplit_once(['.', ',']).unwrap_or((text, "0"));
    let number = |text: &str| text.trim().parse::<u32>().ok().map(i64::from);
    let [hours, minutes, seconds] = clock.split(':').map(number).collect::<Option<Vec<_>>>()?[..] else { return None };
    // Whatever it is, libass counts it as hundredths; three digits are someone's milliseconds.
    let fraction = number(fraction)? * if fraction.trim().len() == 3 { 1 } else { 10 };
    Some(sign * (((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction))
}

/// Milliseconds from one moment to another, for what lasts as long as a film at most.
pub(super) fn lasting(start_ms: i64, end_ms: i64) -> u64 {
    u64::try_from(end_ms.min(MAX_MS).saturating_sub(start_ms)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_libass_does() {
        for (text, ms) in [
            ("0:00:01.50", Some(1500)),
            (" 1:02:03.04 ", Some(3_723_040)),
            ("123:00:00.00", Some(442_800_000)),
            ("0:00:01.123", Some(1123)),
            ("0:00:01", Some(1000)),
            ("-0:00:01.00", Some(-1000)),
            ("00:01.00", None),
            ("0:00:0x.00", None),
            ("", None),
            ("4294967295:4294967295:4294967295.4294967295", Some(15_723_918_216_667_950)),
        ] {
            assert_eq!(time_ms(text), ms, "{text}");
        }
    }
}
