"""Pictures in WMV 9 (VC-1, simple profile, SMPTE 421M), which ffmpeg decodes and cannot encode.

Keyframes alone, of blocks of 8 x 8 pixels that each have one brightness: a strip of numbers needs no more. Every block is
written as the difference of its brightness from the one that the decoder predicts, by the code for no difference or by the
escape code that says it in full.
"""

import struct

import pattern

# A macroblock is a block of the strip, and the strip is one of 18 rows of them.
SIZE = (16 * pattern.COLUMNS, 16 * round(1 / pattern.STRIP))
# At this quantizer a step of the mean coefficient is 8, and 9/8 in the picture.
QUANTIZER, STEP = 4, 8
# What the decoder takes for the neighbours of a block at the picture's edge: 1024 / STEP.
OUTSIDE = 1024 // STEP
BRIGHTNESS = 9 / 8
GREY = 128
# Codes and their lengths: of no difference, and before a difference of eight bits and a sign. For luma and chroma.
SAME = ((0b1, 1), (0b00, 2))
ESCAPE = ((0x6078F, 24), (0x60888F, 23))


class Bits:
    def __init__(self):
        self._bits = []

    def put(self, value, length):
        self._bits.append(f"{value:0{length}b}")

    def bytes(self):
        text = "".join(self._bits)
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


class Plane:
    """The mean coefficients of a picture's luma, or of one of its chromas, as the decoder knows them."""

    def __init__(self, kind):
        self._kind, self._known = kind, {}

    def put(self, bits, x, y, mean, edges):
        """`edges`: whether the blocks above, and to the left, are outside for this one."""
        no_above, no_left = edges
        above = OUTSIDE if no_above else self._known[x, y - 1]
        left = OUTSIDE if no_left else self._known[x - 1, y]
        corner = OUTSIDE if no_above or no_left else self._known[x - 1, y - 1]
        predicted = left if abs(above - corner) <= abs(corner - left) else above
        self._known[x, y] = mean
        difference = mean - predicted
        if difference == 0:
            return bits.put(*SAME[self._kind])
        bits.put(*ESCAPE[self._kind])
        bits.put(abs(difference), 8)
        bits.put(difference < 0, 1)


def frame(number):
    bits = Bits()
    # Frame count; a keyframe; the decoder's buffer; quantizer and no half step; the first tables of coefficients.
    for value, length in ((0, 2), (0, 1), (0, 7), (QUANTIZER, 5), (0, 1), (0, 1), (0, 1), (0, 1)):
        bits.put(value, length)
    luma, chromas = Plane(0), (Plane(1), Plane(1))
    strip = pattern.blocks(number)
    grey = round(GREY / BRIGHTNESS)
    columns, rows = SIZE[0] // 16, SIZE[1] // 16
    for y in range(rows):
        for x in range(columns):
            # No coefficients but the means; these are not predicted from their neighbours.
            bits.put(0b1, 1)
            bits.put(0, 1)
            mean = round((pattern.WHITE if strip[x] else pattern.BLACK) / BRIGHTNESS) if y == 0 else grey
            for block in range(4):
                across, down = block % 2, block // 2
                luma.put(bits, 2 * x + across, 2 * y + down, mean, (y == 0 and down == 0, x == 0 and across == 0))
            for chroma in chromas:
                chroma.put(bits, x, y, grey, (y == 0, x == 0))
    return bits.bytes()


def film(count, rate):
    """A file of so many frames, as VC-1's test streams are: ffmpeg calls it vc1test."""
    # Simple profile; every frame is transformed and moves fast chroma, and its quantizer tells which kind it is.
    fields = ((0, 2), (0, 2), (0, 3), (0, 5), (0, 1), (0, 1), (0, 1), (1, 1), (1, 1), (0, 1), (0, 2), (0, 1), (0, 1))
    sequence = Bits()
    for value, length in (*fields, (0, 1), (0, 1), (0, 1), (0, 3), (0, 2), (0, 1), (1, 1)):
        sequence.put(value, length)
    yield struct.pack("<I", 0xC5 << 24 | count) + struct.pack("<I", 4) + sequence.bytes()
    yield struct.pack("<IIIIII", SIZE[1], SIZE[0], 12, 0, 0, 0xFFFFFFFF)
    for number in range(count):
        data = frame(number)
        yield struct.pack("<II", 0x80 << 24 | len(data), number * 1000 // rate) + data
