"""What a segment says of itself: where it starts, how long it is, how many frames it has."""

import struct
from dataclasses import dataclass

from children import Failed

# trun flags, ISO/IEC 14496-12, 8.8.8.
OFFSET, FIRST_FLAGS, DURATION, SIZE, FLAGS, COMPOSITION = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
# tfhd flags, 8.8.7.
BASE, DESCRIPTION, DEFAULT_DURATION, DEFAULT_SIZE = 0x1, 0x2, 0x8, 0x10


@dataclass(frozen=True)
class Stretch:
    """Ticks of the track's time scale."""

    start: int
    length: int
    frames: int

    @property
    def end(self):
        return self.start + self.length


def boxes(data, first=0, end=None):
    """Name, start and end of the content of each box."""
    end = len(data) if end is None else end
    while first < end:
        if end - first < 8:
            raise Failed("a segment ends inside a box")
        size, name = struct.unpack_from(">I4s", data, first)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, first + 8)
            header = 16
        if size < header or first + size > end:
            raise Failed(f"a segment has a {name!r} box of impossible size")
        yield name.decode("latin-1"), first + header, first + size
        first += size


def inside(data, *path):
    """The content of the first box at this path."""
    first, end = 0, len(data)
    for wanted in path:
        for name, start, stop in boxes(data, first, end):
            if name == wanted:
                first, end = start, stop
                break
        else:
            raise Failed(f"there is no {'/'.join(path)}")
    return data[first:end]


def time_scale(init):
    """Ticks a second of an init segment's only track."""
    header = inside(init, "moov", "trak", "mdia", "mdhd")
    return struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)[0]


def stretch(segment):
    """The time that a segment covers, whose fragments have to follow one another and to hold what they promise."""
    start = end = None
    frames = 0
    promised = held = 0
    for name, first, stop in boxes(segment):
        if name == "moof":
            fragment, size = _fragment(segment[first:stop])
            if end is not None and fragment.start != end:
                raise Failed(f"a fragment starts at {fragment.start} instead of {end} ticks")
            start = fragment.start if start is None else start
            end = fragment.end
            frames += fragment.frames
            promised += size
        elif name == "mdat":
            held += stop - first
    if start is None:
        raise Failed("a segment without a fragment")
    if promised != held:
        raise Failed(f"a segment promises {promised} bytes of media and holds {held}")
    return Stretch(start, end - start, frames)


def _fragment(moof):
    tfhd = inside(moof, "traf", "tfhd")
    (flags,) = struct.unpack_from(">I", tfhd, 0)
    flags &= 0xFFFFFF
    at = 8 + (8 if flags & BASE else 0) + (4 if flags & DESCRIPTION else 0)
    default_duration = default_size = 0
    if flags & DEFAULT_DURATION:
        (default_duration,) = struct.unpack_from(">I", tfhd, at)
        at += 4
    if flags & DEFAULT_SIZE:
        (default_size,) = struct.unpack_from(">I", tfhd, at)
    tfdt = inside(moof, "traf", "tfdt")
    (start,) = struct.unpack_from(">Q" if tfdt[0] == 1 else ">I", tfdt, 4)
    length = size = frames = 0
    for name, first, stop in boxes(inside(moof, "traf")):
        if name == "trun":
            run = _run(inside(moof, "traf")[first:stop], default_duration, default_size)
            length, size, frames = length + run[0], size + run[1], frames + run[2]
    return Stretch(start, length, frames), size


def _run(trun, default_duration, default_size):
    flags, count = struct.unpack_from(">II", trun, 0)
    at = 8 + (4 if flags & OFFSET else 0) + (4 if flags & FIRST_FLAGS else 0)
    length = size = 0
    for _ in range(count):
        duration, bytes_ = default_duration, default_size
        if flags & DURATION:
            (duration,) = struct.unpack_from(">I", trun, at)
            at += 4
        if flags & SIZE:
            (bytes_,) = struct.unpack_from(">I", trun, at)
            at += 4
        at += (4 if flags & FLAGS else 0) + (4 if flags & COMPOSITION else 0)
        length, size = length + duration, size + bytes_
    return length, size, count


class Timeline:
    """Segments in order: each has to start where the one before ended, and the first at nought."""

    def __init__(self, what, init):
        self.what = what
        self.scale = time_scale(init)
        self.stretches = []

    def add(self, segment):
        number = len(self.stretches)
        try:
            found = stretch(segment)
        except Failed as error:
            raise Failed(f"{self.what} segment {number}: {error}") from None
        expected = self.stretches[-1].end if self.stretches else 0
        if found.start != expected:
            raise Failed(f"{self.what} segment {number} starts at {found.start} ticks instead of {expected}")
        self.stretches.append(found)

    def seconds(self):
        return self.stretches[-1].end / self.scale

    def frames(self):
        return sum(found.frames for found in self.stretches)
