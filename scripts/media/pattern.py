"""The machine-readable frame number: a strip of black and white blocks along the picture's top.

32 blocks of equal width, left to right: four fixed ones, sixteen of the number (most significant first), eight
of a CRC, four fixed ones. The strip is 1/18 of the picture high, so that a block is 60 x 60 pixels at 1080p and
20 x 20 at 360p. A reader judges the middle of each block and refuses a strip whose fixed blocks or CRC are
wrong, so a blurred, mixed or missing strip is told from a number.
"""

COLUMNS = 32
STRIP = 1 / 18
LEFT = (1, 0, 1, 0)
RIGHT = (0, 0, 1, 1)
NUMBER_BITS = 16
CRC_BITS = 8
CRC_POLYNOMIAL = 0x07
CRC_START = 0xFF

# Luma of a block in the limited range, and the means within which a reader believes one.
BLACK, WHITE = 16, 235
BLACK_UPTO, WHITE_FROM = 90, 160


def crc(number):
    """CRC-8 of the number's two bytes, big-endian."""
    value = CRC_START
    for byte in number.to_bytes(2, "big"):
        value ^= byte
        for _ in range(8):
            value = (value << 1) ^ CRC_POLYNOMIAL if value & 0x80 else value << 1
            value &= 0xFF
    return value


def blocks(number):
    """The 32 blocks of a frame number, 1 for white."""
    word = (number << CRC_BITS) | crc(number)
    width = NUMBER_BITS + CRC_BITS
    return LEFT + tuple((word >> (width - 1 - i)) & 1 for i in range(width)) + RIGHT


def strip_picture(number):
    """A yuv420p picture of 32 x 2 pixels, to be scaled up without interpolation."""
    row = bytes(WHITE if block else BLACK for block in blocks(number))
    return row + row + b"\x80" * COLUMNS


def read(luma):
    """The frame number in 32 luma values (limited range), or None when they are no strip."""
    bits = []
    for value in luma:
        if BLACK_UPTO < value < WHITE_FROM:
            return None
        bits.append(1 if value >= WHITE_FROM else 0)
    if tuple(bits[:4]) != LEFT or tuple(bits[-4:]) != RIGHT:
        return None
    word = 0
    for bit in bits[4:-4]:
        word = word << 1 | bit
    number, check = word >> CRC_BITS, word & 0xFF
    return number if crc(number) == check else None


def description():
    """What a reader elsewhere has to know, for the sidecar."""
    return {
        "columns": COLUMNS,
        "strip_height": STRIP,
        "left": LEFT,
        "right": RIGHT,
        "number_bits": NUMBER_BITS,
        "crc_bits": CRC_BITS,
        "crc_polynomial": CRC_POLYNOMIAL,
        "crc_start": CRC_START,
    }
