//! Teletext for an MPEG-TS (ETS 300 706, EN 300 472), since ffmpeg writes none: pages of subtitles on page 888.

/// Bytes of a packet of the stream.
const PACKET: usize = 188;
/// The packets' number.
const PID: u16 = 0x1F0;
const PMT: u16 = 0x1000;
/// ffmpeg's muxer begins at this time, and a page is sent so long before it is shown, in ticks of 90 kHz.
const START: u64 = 126_000;
const EARLY: u64 = 63_000;

/// A page: when it is shown and taken away, in milliseconds from the film's start, and its lines.
pub(crate) type Page<'a> = (u64, u64, &'a [&'a str]);

/// Adds teletext to a stream as ffmpeg's muxer writes it.
pub(crate) fn with_teletext(stream: &[u8], pages: &[Page<'_>]) -> Vec<u8> {
    let mut wanted: Vec<(u64, Vec<[u8; 42]>)> = Vec::new();
    for (from_ms, until_ms, lines) in pages {
        wanted.push((START + from_ms * 90, page(lines)));
        wanted.push((START + until_ms * 90, page(&[])));
    }
    wanted.sort();
    let mut wanted = wanted.into_iter().peekable();
    let (mut out, mut count) = (Vec::with_capacity(stream.len()), 0);
    for packet in stream.chunks_exact(PACKET) {
        let number = u16::from_be_bytes([packet[1], packet[2]]) & 0x1FFF;
        if packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x10 != 0 {
            let clock =
                u64::from(u32::from_be_bytes(packet[6..10].try_into().unwrap())) << 1 | u64::from(packet[10] >> 7);
            while let Some((time, lines)) = wanted.next_if(|(time, _)| *time <= clock + EARLY) {
                out.extend(packets(&pes(time, &lines), &mut count));
            }
        }
        if number == PMT && packet[1] & 0x40 != 0 { out.extend(named(packet)) } else { out.extend(packet) }
    }
    assert!(wanted.next().is_none(), "the film ends before its pages");
    out
}

/// The table of the program's streams, with one more.
fn named(packet: &[u8]) -> Vec<u8> {
    let start = 5 + usize::from(packet[4]);
    let length = usize::from(u16::from_be_bytes([packet[start + 1], packet[start + 2]]) & 0xFFF);
    // Without its sum.
    let mut table = packet[start..start + 3 + length - 4].to_vec();
    // Private data, with a descriptor: subtitles in German on page 888.
    let descriptor = [0x56, 5, b'd', b'e', b'u', 2 << 3, 0x88];
    table.push(6);
    table.extend((0xE000 | PID).to_be_bytes());
    table.extend((0xF000 | descriptor.len() as u16).to_be_bytes());
    table.extend(descriptor);
    let length = 0xB000 | (table.len() - 3 + 4) as u16;
    table[1..3].copy_from_slice(&length.to_be_bytes());
    let sum = table.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| sum << 1 ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
    });
    let mut out = [&packet[..start], &table, &sum.to_be_bytes()].concat();
    out.resize(PACKET, 0xFF);
    out
}

/// The packets of the stream for a packet of teletext, which fills them.
fn packets(pes: &[u8], count: &mut u8) -> Vec<u8> {
    let mut out = Vec::new();
    for (n, part) in pes.chunks_exact(PACKET - 4).enumerate() {
        let [high, low] = (PID | if n == 0 { 0x4000 } else { 0 }).to_be_bytes();
        out.extend([0x47, high, low, 0x10 | *count]);
        out.extend(part);
        *count = (*count + 1) % 16;
    }
    out
}

fn pes(time: u64, lines: &[[u8; 42]]) -> Vec<u8> {
    let mut body = vec![0x10];
    // As many units as fill packets.
    for n in 0..(lines.len() + 1).next_multiple_of(4) - 1 {
        match lines.get(n) {
            Some(line) => {
                body.extend([3, 44, 0xE7 + n as u8, 0xE4]);
                body.extend(line.map(u8::reverse_bits));
            }
            None => body.extend([&[0xFF, 44][..], &[0xFF; 44]].concat()),
        }
    }
    let part = |shift: u32| (time >> shift & 0xFF) as u8;
    let time = [0x21 | part(29) & 14, part(22), part(14) | 1, part(7), (time << 1 & 0xFF) as u8 | 1];
    let header = [&[0x84, 0x80, 0x24][..], &time, &[0xFF; 31]].concat();
    let length = (header.len() + body.len()) as u16;
    [&[0, 0, 1, 0xBD][..], &length.to_be_bytes(), &header, &body].concat()
}

/// A page of subtitles, and the header of another by which a decoder sees that it is complete.
fn page(lines: &[&str]) -> Vec<[u8; 42]> {
    // Erase what was there; subtitles; no header in the picture.
    let mut page = vec![line(0, [8, 8, 0, 8, 0, 8, 1, 0].map(hamming), "")];
    for (n, text) in lines.iter().enumerate() {
        // Double height, and a box around the text.
        page.push(line(20 + 2 * n as u8, *b"\x0D\x0B\x0B     ", text));
    }
    page.push(line(0, [15, 15, 0, 0, 0, 0, 0, 0].map(hamming), ""));
    page
}

fn line(row: u8, begins: [u8; 8], text: &str) -> [u8; 42] {
    let mut line = [b' '; 42];
    (line[0], line[1]) = (hamming((row & 1) << 3), hamming(row >> 1));
    line[2..10].copy_from_slice(&begins);
    let ends = text.len() + 10;
    line[10..ends].copy_from_slice(text.as_bytes());
    if row > 0 {
        line[ends..ends + 2].copy_from_slice(b"\x0A\x0A");
    }
    let odd = |byte: u8| byte | if byte.count_ones() % 2 == 1 { 0 } else { 0x80 };
    let text_from = if row == 0 { 10 } else { 2 };
    line[text_from..].iter_mut().for_each(|byte| *byte = odd(*byte));
    line
}

/// Four bits with four that protect them.
fn hamming(bits: u8) -> u8 {
    let [a, b, c, d] = [0, 1, 2, 3].map(|n| bits >> n & 1);
    let byte = (1 ^ a ^ c ^ d) | a << 1 | (1 ^ a ^ b ^ d) << 2 | b << 3 | (1 ^ a ^ b ^ c) << 4 | c << 5 | d << 7;
    byte | (1 ^ (byte.count_ones() as u8 & 1)) << 6
}
