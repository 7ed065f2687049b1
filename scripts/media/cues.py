"""Falsifies the index of a Matroska file."""

SEGMENT, CUES, POINT, TIME, POSITIONS, TRACK = 0x18538067, 0x1C53BB6B, 0xBB, 0xB3, 0xB7, 0xF7
# Of the picture, in the files that are falsified.
VIDEO = 1


def _number(data, at, is_id):
    """An element's id, or its size, and where it ends."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big")
    return value if is_id else value & ((1 << 7 * length) - 1), at + length


def _children(data, start, end):
    """(id, start, end) of each element's content. Sizes must be known, as in a file that was written whole."""
    while start < end:
        kind, start = _number(data, start, True)
        size, start = _number(data, start, False)
        yield kind, start, start + size
        start += size


def _only(data, start, end, wanted):
    return [(a, b) for kind, a, b in _children(data, start, end) if kind == wanted]


def falsify(path, by_ms):
    """Moves every second cue of the picture by so much, in a file with a clock of milliseconds. Nothing else moves."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    [segment] = _only(data, 0, len(data), SEGMENT)
    [cues] = _only(data, *segment, CUES)
    times = []
    for point in _only(data, *cues, POINT):
        tracks = [_only(data, *where, TRACK)[0] for where in _only(data, *point, POSITIONS)]
        if any(int.from_bytes(data[a:b], "big") == VIDEO for a, b in tracks):
            times += _only(data, *point, TIME)
    for start, end in times[1::2]:
        time = int.from_bytes(data[start:end], "big") + by_ms
        data[start:end] = time.to_bytes(end - start, "big")
    if len(times) < 4:
        raise ValueError(f"{path} has only {len(times)} cues of the picture")
    with open(path, "wb") as file:
        file.write(data)
