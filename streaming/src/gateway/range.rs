//! The `Range` header of a request and the `Content-Range` header of an answer (RFC 9110, section 14).

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// No range, or one that is to be ignored: of another unit, malformed, or several at once.
    Whole,
    /// From the first byte to the last, inclusive, or to the end.
    From(u64, Option<u64>),
    /// That many bytes at the end.
    Last(u64),
}

impl Wanted {
    pub(super) fn parse(header: Option<&str>) -> Self {
        Self::ranged(header).unwrap_or(Self::Whole)
    }

    fn ranged(header: Option<&str>) -> Option<Self> {
        let (unit, set) = header?.split_once('=')?;
        let (first, last) = set.trim().split_once('-')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        match (first.trim(), last.trim()) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// The half-open range of a file of that length, or `None` when it lies outside: 416.
    pub(super) fn within(self, len: u64) -> Option<(u64, u64)> {
        let (start, end) = match self {
            Self::Whole => return Some((0, len)),
            Self::From(first, last) => (first, last.map_or(len, |last| last.saturating_add(1).min(len))),
            Self::Last(count) => (len.saturating_sub(count), len),
        };
        (start < end).then_some((start, end))
    }
}

/// What an upstream says that its 206 holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) first: u64,
    /// Inclusive.
    pub(super) last: u64,
    /// Absent for `*`.
    pub(super) total: Option<u64>,
}

impl ContentRange {
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (range, total) = header.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first.trim())?, number(last.trim())?);
        let total = match total.trim() {
            "*" => None,
            total => Some(number(total)?),
        };
        (first <= last && total.is_none_or(|total| last < total)).then_some(Self { first, last, total })
    }
}

/// The length in the `bytes */123` of a 416.
pub(super) fn unsatisfied_length(header: &str) -> Option<u64> {
    number(header.trim().strip_prefix("bytes")?.trim_start().strip_prefix("*/")?.trim())
}

/// Digits only: `parse` alone would take a plus sign.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_rfc_9110_has_them() {
        let within = |text: &str| Wanted::parse(Some(text)).within(100);
        assert_eq!(within("bytes=0-"), Some((0, 100)));
        assert_eq!(within("bytes=10-19"), Some((10, 20)));
        assert_eq!(within("Bytes=99-1000"), Some((99, 100)));
        assert_eq!(within("bytes=-1"), Some((99, 100)));
        assert_eq!(within("bytes=-1000"), Some((0, 100)));
        for outside in ["bytes=100-", "bytes=200-300", "bytes=-0"] {
            assert_eq!(within(outside), None, "{outside}");
        }
        for ignored in ["bytes=5-4", "bytes=a-b", "bytes=+1-2", "bytes=0-1,5-6", "lines=0-1", "bytes", "bytes=-", ""] {
            assert_eq!(Wanted::parse(Some(ignored)), Wanted::Whole, "{ignored}");
        }
        assert_eq!(within("bytes=0-18446744073709551615"), Some((0, 100)));
        assert_eq!(Wanted::Whole.within(0), Some((0, 0)));
        assert_eq!(Wanted::From(0, None).within(0), None);
    }

    #[test]
    fn content_ranges() {
        assert_eq!(ContentRange::parse("bytes 0-9/10"), Some(ContentRange { first: 0, last: 9, total: Some(10) }));
        assert_eq!(ContentRange::parse("bytes 5-9/*"), Some(ContentRange { first: 5, last: 9, total: None }));
        for bad in ["bytes 0-9", "bytes */10", "bytes 0-10/10", "bytes 9-5/10", "0-9/10", "bytes x-9/10"] {
            assert_eq!(ContentRange::parse(bad), None, "{bad}");
        }
        assert_eq!(unsatisfied_length("bytes */10"), Some(10));
        assert_eq!(unsatisfied_length("bytes 0-9/10"), None);
    }
}
