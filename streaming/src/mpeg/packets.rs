//! Where the time stamps stand in transport streams (ISO/IEC 13818-1) and in program streams of whole sectors. Pure.

use std::ops::Range;

use super::MODULO;

/// How many packets in turn have to look like packets where it is not known that one begins.
const IN_TURN: usize = 4;

/// How a file is cut into packets of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Bytes a packet, and of them those before its sync byte.
    Transport { size: usize, before: usize },
    /// Sectors of 2048 bytes, each of which begins with a start code, as on DVDs.
    Program,
}

/// Time stamps of one packet of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamps {
    pub(super) track: u16,
    pub(super) is_picture: bool,
    pub(super) presented: Stamp,
    pub(super) decoded: Option<Stamp>,
}

impl Stamps {
    /// When it is decoded, which only goes forward.
    pub(super) fn ticks(&self) -> i64 {
        self.decoded.unwrap_or(self.presented).ticks
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Where it stands in the packet.
    pub(super) at: usize,
    pub(super) ticks: i64,
}

impl Layout {
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        let transport = |size, before| Self::Transport { size, before };
        let known = [transport(188, 0), transport(192, 4), transport(204, 0), Self::Program];
        // A recording may begin inside a packet.
        known.into_iter().find(|layout| start.len() > layout.size() * IN_TURN && layout.first(start, 0).is_some())
    }

    pub(super) const fn size(self) -> usize {
        match self {
            Self::Transport { size, .. } => size,
            Self::Program => 2048,
        }
    }

    /// Bytes in which the beginning of a packet is surely found.
    pub(super) const fn to_find(self) -> usize {
        self.size() * IN_TURN
    }

    fn begins(self, bytes: &[u8]) -> bool {
        match self {
            Self::Transport { before, .. } => bytes.get(before) == Some(&0x47),
            Self::Program => matches!(bytes, [0, 0, 1, 0xB9..=0xFF, ..]),
        }
    }

    /// The first packet from `at` on of which the next ones look like packets too, as far as they are there.
    fn first(self, bytes: &[u8], at: usize) -> Option<usize> {
        let size = self.size();
        let last = bytes.len().checked_sub(size)?.min(at + size - 1);
        let looks_like_one = |at| bytes.get(at..).is_none_or(|rest| rest.len() < size || self.begins(rest));
        (at..=last).find(|at| (0..IN_TURN).all(|n| looks_like_one(at + n * size)))
    }

    /// The whole packets of `bytes`, which may begin inside of one; what is no packet is passed over. A packet surely
    /// begins at each of `known`.
    pub(super) fn packets(self, bytes: &[u8], known: &[usize]) -> Vec<Range<usize>> {
        let mut packets = Vec::with_capacity(bytes.len() / self.size());
        let mut known = known.iter().copied().peekable();
        let (mut at, mut was_one) = (0, false);
        while at + self.size() <= bytes.len() {
            while known.next_if(|known| *known < at).is_some() {}
            if let Some(known) = known.next_if(|known| *known < at + self.size()) {
                (at, was_one) = (known, true);
            }
            if was_one && self.begins(&bytes[at..]) && at + self.size() <= bytes.len() {
                packets.push(at..at + self.size());
                at += self.size();
                continue;
            }
            match self.first(bytes, at) {
                Some(first) => (at, was_one) = (first, true),
                None => (at, was_one) = (at + self.size(), false),
            }
        }
        packets
    }

    /// The time stamps of a packet's tracks.
    pub(super) fn stamps(self, packet: &[u8]) -> Vec<Stamps> {
        match self {
            Self::Transport { before, .. } => transport_stamps(packet, before).into_iter().collect(),
            Self::Program => program_stamps(packet),
        }
    }

    /// The time of the program's own clock, by which teletext is shown; its 33 bits are packed otherwise.
    pub(super) fn clock(self, packet: &[u8]) -> Option<Stamp> {
        let Self::Transport { before, .. } = self else { return None };
        let field = packet.get(before + 4..before + 12)?;
        let has_clock = packet[before + 3] & 0x20 != 0 && field[0] >= 7 && field[1] & 0x10 != 0;
        let bits = field[2..7].iter().fold(0, |bits, byte| bits << 8 | i64::from(*byte));
        has_clock.then_some(Stamp { at: before + 6, ticks: bits >> 7 })
    }
}

/// At most one packet of a track begins in a packet of a transport stream.
fn transport_stamps(packet: &[u8], before: usize) -> Option<Stamps> {
    let head = packet.get(before..before + 5)?;
    let begins = head[1] & 0x40 != 0 && head[3] & 0x10 != 0;
    let field = if head[3] & 0x20 != 0 { usize::from(head[4]) + 1 } else { 0 };
    let track = u16::from(head[1] & 0x1F) << 8 | u16::from(head[2]);
    if begins { packet_stamps(packet, before + 4 + field, Some(track)) } else { None }
}

fn program_stamps(sector: &[u8]) -> Vec<Stamps> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&[0, 0, 1, id, high, low]) = sector.get(at..at + 6) {
        at += match id {
            0xBA if high & 0xC0 == 0x40 => 14 + usize::from(sector.get(at + 13).copied().unwrap_or(0) & 7),
            0xBA => 12,
            _ => {
                found.extend(packet_stamps(sector, at, None));
                6 + usize::from(u16::from_be_bytes([high, low]))
            }
        };
    }
    found
}

/// Of the packet of a track that begins at `at`. Its own number is the track's, unless there is another.
fn packet_stamps(bytes: &[u8], at: usize, track: Option<u16>) -> Option<Stamps> {
    let &[0, 0, 1, id, _, _, flags, which] = bytes.get(at..at + 8)? else { return None };
    let is_picture = matches!(id, 0xE0..=0xEF | 0xFD);
    if !is_picture && !matches!(id, 0xBD | 0xC0..=0xDF) {
        return None;
    }
    let (first, which) = if flags & 0xC0 == 0x80 { (at + 9, which >> 6) } else { mpeg1_stamps(bytes, at + 6)? };
    let presented = (which & 2 != 0).then(|| read(bytes, first)).flatten()?;
    let decoded = if which & 1 != 0 { read(bytes, first + 5) } else { None };
    Some(Stamps { track: track.unwrap_or_else(|| id.into()), is_picture, presented, decoded })
}

/// In MPEG-1, stuffing and the size of a buffer come before them.
fn mpeg1_stamps(bytes: &[u8], at: usize) -> Option<(usize, u8)> {
    let stuffed = bytes.get(at..)?.iter().take(16).take_while(|byte| **byte == 0xFF).count();
    let sized = if bytes.get(at + stuffed)? & 0xC0 == 0x40 { 2 } else { 0 };
    let first = at + stuffed + sized;
    let which = bytes.get(first)? >> 4;
    matches!(which, 2 | 3).then_some((first, which))
}

/// Three bits, fifteen and fifteen, each with a one behind it.
fn read(bytes: &[u8], at: usize) -> Option<Stamp> {
    let five = bytes.get(at..at + 5)?;
    if five[0] & five[2] & five[4] & 1 == 0 {
        return None;
    }
    let ticks = i64::from(five[0] >> 1 & 7) << 30
        | i64::from(five[1]) << 22
        | i64::from(five[2] >> 1) << 15
        | i64::from(five[3]) << 7
        | i64::from(five[4] >> 1);
    Some(Stamp { at, ticks })
}

/// Moves a time stamp of a track.
pub(super) fn write(packet: &mut [u8], stamp: Stamp, by: i64) {
    let ticks = (stamp.ticks + by).rem_euclid(MODULO);
    let low = |shift: u32| (ticks >> shift).to_le_bytes()[0];
    let five = &mut packet[stamp.at..stamp.at + 5];
    five[0] = five[0] & 0xF1 | low(30) << 1 & 0x0E;
    five[1] = low(22);
    five[2] = low(15) << 1 | 1;
    five[3] = low(7);
    five[4] = low(0) << 1 | 1;
}

/// Moves a time of the program's clock.
pub(super) fn write_clock(packet: &mut [u8], stamp: Stamp, by: i64) {
    let bits = (stamp.ticks + by).rem_euclid(MODULO) << 7;
    let five = &mut packet[stamp.at..stamp.at + 5];
    let rest = five[4] & 0x7F;
    five.copy_from_slice(&bits.to_be_bytes()[3..]);
    five[4] |= rest;
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const TRANSPORT: Layout = Layout::Transport { size: 188, before: 0 };

    fn five(mark: u8, ticks: i64) -> Vec<u8> {
        let mut bytes = vec![mark << 4 | 1, 0, 1, 0, 1];
        write(&mut bytes, Stamp { at: 0, ticks: 0 }, ticks);
        bytes
    }

    /// The beginning of a track's packet.
    fn packet(id: u8, presented: i64, decoded: Option<i64>) -> Vec<u8> {
        let which = if decoded.is_some() { 0xC0 } else { 0x80 };
        let mut bytes = vec![0, 0, 1, id, 0, 0, 0x80, which, 10];
        bytes.extend(five(if decoded.is_some() { 3 } else { 2 }, presented));
        bytes.extend(decoded.map(|ticks| five(1, ticks)).unwrap_or_default());
        bytes
    }

    /// A packet of a transport stream with a picture, or sound, of that time.
    pub(in super::super) fn transport(track: u8, id: u8, ticks: i64) -> Vec<u8> {
        let mut bytes = vec![0x47, 0x41, track, 0x10];
        bytes.extend(packet(id, ticks + 7200, Some(ticks)));
        bytes.resize(188, 0xFF);
        bytes
    }

    fn clock(ticks: i64) -> Vec<u8> {
        let mut bytes = vec![0x47, 1, 0, 0x20, 183, 0x10, 0, 0, 0, 0, 0x7E, 0x55];
        write_clock(&mut bytes, Stamp { at: 6, ticks: 0 }, ticks);
        bytes.resize(188, 0xFF);
        bytes
    }

    fn sector(mpeg1: bool, ticks: i64) -> Vec<u8> {
        let mut bytes = vec![0, 0, 1, 0xBA];
        if mpeg1 {
            bytes.extend([0x21, 0, 1, 0, 1, 0x80, 0, 1]);
            bytes.extend([0, 0, 1, 0xE0, 7, 0xE0, 0xFF, 0xFF, 0x60, 0x20]);
            bytes.extend(five(2, ticks));
        } else {
            bytes.extend([0x44, 0, 4, 0, 4, 1, 0, 0, 3, 0xF8, 0, 0, 1, 0xBB, 0, 2, 9, 9]);
            bytes.extend(packet(0xE0, ticks, Some(ticks - 1)));
        }
        bytes.resize(2048, 0);
        bytes
    }

    #[test]
    fn stamps_are_read_and_moved() {
        for by in [0, 1, -5, MODULO - 1, 1 << 32, 0x1_2345_6789] {
            let ticks = 0x0_FEDC_BA98;
            let mut picture = transport(9, 0xE0, ticks);
            let at = TRANSPORT.stamps(&picture)[0];
            assert_eq!((at.track, at.is_picture, at.ticks()), (0x109, true, ticks));
            write(&mut picture, at.decoded.unwrap(), by);
            let moved = TRANSPORT.stamps(&picture)[0];
            assert_eq!((moved.ticks(), moved.presented), ((ticks + by).rem_euclid(MODULO), at.presented));
            let mut time = clock(ticks);
            let read = TRANSPORT.clock(&time).unwrap();
            write_clock(&mut time, read, by);
            assert_eq!(TRANSPORT.clock(&time).unwrap().ticks, (ticks + by).rem_euclid(MODULO));
            assert_eq!(time[10] & 0x7F, 0x7E);
        }
    }

    #[test]
    fn sectors_of_both_kinds_are_read() {
        for (mpeg1, decoded) in [(true, 90_000), (false, 89_999)] {
            let stamps = Layout::Program.stamps(&sector(mpeg1, 90_000));
            assert_eq!((stamps.len(), stamps[0].presented.ticks, stamps[0].ticks()), (1, 90_000, decoded), "{mpeg1}");
        }
    }

    #[test]
    fn layouts_are_told_apart() {
        let many = |one: Vec<u8>| one.repeat(20);
        assert_eq!(Layout::of(&many(transport(1, 0xE0, 0))), Some(TRANSPORT));
        assert_eq!(Layout::of(&many(transport(1, 0xE0, 0))[50..]), Some(TRANSPORT));
        let disc = [vec![0; 4], transport(1, 0xE0, 0)].concat();
        assert_eq!(Layout::of(&many(disc)), Some(Layout::Transport { size: 192, before: 4 }));
        assert_eq!(Layout::of(&many(sector(false, 0))), Some(Layout::Program));
        for other in [vec![], vec![0; 10_000], b"\x1a\x45\xdf\xa3".repeat(5000)] {
            assert_eq!(Layout::of(&other), None);
        }
    }

    #[test]
    fn packets_are_found_behind_what_is_none() {
        let one = transport(1, 0xE0, 0);
        let bytes = [&one[20..], &one.repeat(6), &one[..100], &one.repeat(5), &one[..40]].concat();
        let starts: Vec<_> = TRANSPORT.packets(&bytes, &[]).iter().map(|packet| packet.start).collect();
        // That which is cut short is taken for one, with the beginning of the next.
        assert_eq!(starts[..7], [168, 356, 544, 732, 920, 1108, 1296]);
        assert_eq!(starts[7..], [1584, 1772, 1960, 2148]);
        let known: Vec<_> = TRANSPORT.packets(&bytes, &[1396]).iter().map(|packet| packet.start).collect();
        assert_eq!(known[6..], [1396, 1584, 1772, 1960, 2148]);
    }
}
