"""A TrueType font of our own with one visible glyph, a solid square, under a family name that no system has.

Text drawn with any other font leaves most of the square's area empty, so the pixels prove that the attached
font was used.
"""

import struct

FAMILY = "Matinee Blocks"
FILE = "MatineeBlocks.ttf"
UNITS = 1000
# The characters that are drawn as a square; everything else is blank.
SQUARE = "A"


def _glyph():
    """A square of the full em, standing on the descent: one contour, clockwise."""
    low, high = -200, 800
    points = [(0, low), (0, high), (UNITS, high), (UNITS, low)]
    data = struct.pack(">hhhhh", 1, 0, low, UNITS, high)
    data += struct.pack(">HH", len(points) - 1, 0)
    data += bytes([1] * len(points))
    for axis in (0, 1):
        before = 0
        for point in points:
            data += struct.pack(">h", point[axis] - before)
            before = point[axis]
    return data + b"\0" * (-len(data) % 4)


def _cmap():
    """Format 4: one segment for the square, and the closing one that the format requires."""
    code = ord(SQUARE)
    segments = [(code, code, (2 - code) & 0xFFFF), (0xFFFF, 0xFFFF, 1)]
    table = struct.pack(">HHHH", 4, 2, 1, 0)
    table += struct.pack(f">{len(segments)}H", *(end for _, end, _ in segments)) + b"\0\0"
    table += struct.pack(f">{len(segments)}H", *(start for start, _, _ in segments))
    table += struct.pack(f">{len(segments)}H", *(delta for _, _, delta in segments))
    table += struct.pack(f">{len(segments)}H", *(0 for _ in segments))
    subtable = struct.pack(">HHH", 4, len(table) + 6, 0) + table
    return struct.pack(">HHHHL", 0, 1, 3, 1, 12) + subtable


def _name():
    texts = {1: FAMILY, 2: "Regular", 3: f"{FAMILY} 1", 4: FAMILY, 5: "Version 1", 6: FAMILY.replace(" ", "")}
    records, strings = b"", b""
    for identity, text in texts.items():
        encoded = text.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, identity, len(encoded), len(strings))
        strings += encoded
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + strings


def _os2():
    return (
        struct.pack(">HhHHH", 4, UNITS, 400, 5, 0)
        + struct.pack(">10h", 650, 600, 0, 75, 650, 600, 0, 350, 50, 250)
        + struct.pack(">h", 0)
        + bytes(10)
        + struct.pack(">4L", 1, 0, 0, 0)
        + b"MTNE"
        + struct.pack(">HHH", 0x40, ord(SQUARE), ord(SQUARE))
        + struct.pack(">hhhHH", 800, -200, 0, 800, 200)
        + struct.pack(">LL", 1, 0)
        + struct.pack(">hhHHH", 500, 700, 0, 32, 1)
    )


def _checksum(data):
    data += b"\0" * (-len(data) % 4)
    return sum(struct.unpack(f">{len(data) // 4}L", data)) & 0xFFFFFFFF


def font():
    """The font file's bytes. Glyph 0 is .notdef, 1 a blank, 2 the square."""
    glyph = _glyph()
    tables = {
        b"OS/2": _os2(),
        b"cmap": _cmap(),
        b"glyf": glyph,
        b"head": struct.pack(
            ">LLLLHHqqhhhhHHhhh",
            0x10000, 0x10000, 0, 0x5F0F3CF5, 0x000B, UNITS, 0, 0, 0, -200, UNITS, 800, 0, 8, 2, 1, 0,
        ),
        b"hhea": struct.pack(">LhhhHhhhhhhhhhhhH", 0x10000, 800, -200, 0, UNITS, 0, 0, UNITS, 1, 0, 0, 0, 0, 0, 0, 0, 3),
        b"hmtx": struct.pack(">HhHhHh", UNITS, 0, UNITS, 0, UNITS, 0),
        b"loca": struct.pack(">4L", 0, 0, 0, len(glyph)),
        b"maxp": struct.pack(">LH13H", 0x10000, 3, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": _name(),
        b"post": struct.pack(">LLhhLLLLL", 0x30000, 0, -100, 50, 0, 0, 0, 0, 0),
    }
    directory, body = b"", b""
    offset = 12 + 16 * len(tables)
    for tag, data in tables.items():
        directory += tag + struct.pack(">LLL", _checksum(data), offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    power = 1 << (len(tables).bit_length() - 1)
    header = struct.pack(
        ">LHHHH", 0x10000, len(tables), power * 16, power.bit_length() - 1, len(tables) * 16 - power * 16
    )
    whole = bytearray(header + directory + body)
    at = offset + body.index(tables[b"head"])
    struct.pack_into(">L", whole, at + 8, (0xB1B0AFBA - _checksum(bytes(whole))) & 0xFFFFFFFF)
    return bytes(whole)
