"""A small writer of PGS subtitles (.sup), since ffmpeg has no encoder for them.

It knows one picture: a filled rectangle of one colour. Times are seconds; the file's clock is 90 kHz.
"""

import struct

PCS, WDS, PDS, ODS, END = 0x16, 0x17, 0x14, 0x15, 0x80
CLOCK = 90000


def _segment(pts_s, kind, data):
    return b"PG" + struct.pack(">LLBH", round(pts_s * CLOCK), 0, kind, len(data)) + data


def _run(colour, length):
    """A run of `length` pixels (at most 16383) of a colour other than 0."""
    if length < 64:
        return struct.pack(">BBB", 0, 0x80 | length, colour)
    return struct.pack(">BHB", 0, 0xC000 | length, colour)


def _composition(size, number, state, objects):
    width, height = size
    data = struct.pack(">HHBHBBBB", width, height, 0x10, number, state, 0, 0, len(objects))
    for x, y in objects:
        data += struct.pack(">HBBHH", 0, 0, 0, x, y)
    return data


def _show(size, number, start_s, box, ycrcba):
    x, y, width, height = box
    window = struct.pack(">BBHHHH", 1, 0, x, y, width, height)
    palette = struct.pack(">BB", 0, 0) + struct.pack(">B4B", 1, *ycrcba)
    pixels = (_run(1, width) + b"\0\0") * height
    drawn = struct.pack(">HBB", 0, 0, 0xC0) + (len(pixels) + 4).to_bytes(3, "big")
    drawn += struct.pack(">HH", width, height) + pixels
    return b"".join(
        _segment(start_s, kind, data)
        for kind, data in (
            (PCS, _composition(size, number, 0x80, [(x, y)])),
            (WDS, window),
            (PDS, palette),
            (ODS, drawn),
            (END, b""),
        )
    )


def _clear(size, number, end_s, box):
    window = struct.pack(">BBHHHH", 1, 0, *box)
    return b"".join(
        _segment(end_s, kind, data)
        for kind, data in ((PCS, _composition(size, number, 0, [])), (WDS, window), (END, b""))
    )


def sup(size, events, ycrcba):
    """The file's bytes: `events` are (start_s, end_s, (x, y, width, height) in pixels of `size`)."""
    out, number = [], 0
    for start_s, end_s, box in events:
        out.append(_show(size, number, start_s, box, ycrcba))
        out.append(_clear(size, number + 1, end_s, box))
        number += 2
    return b"".join(out)
