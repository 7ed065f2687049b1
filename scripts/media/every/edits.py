"""What no muxer does by itself: bytes changed, left out or cut off. Each takes a file's bytes and gives others."""

import random
import struct

import cues

from . import base


def first(part):
    """The file's first part, as a broken download leaves it."""
    return lambda data: data[: round(len(data) * part)]


def last(part):
    """The file's last part, from anywhere inside a packet on."""
    return lambda data: data[round(len(data) * (1 - part)) :]


def bytes_only(count):
    return lambda data: data[:count]


def bytes_off(count):
    """Without its last bytes, so that the last packet is torn."""
    return lambda data: data[:-count]


def nothing(data):
    return b""


def srt(data):
    return base.LINES.encode()


def page(data):
    return b"<!doctype html>\n<title>Watch here</title>\n<p>This is a web page, not a film.</p>\n" * 40


def noise(data):
    return random.Random(7).randbytes(200_000)


def archive(data):
    return b"PK\x03\x04" + random.Random(8).randbytes(50_000)


def playlist(data):
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:9/film.ts\n#EXT-X-ENDLIST\n"


def _elements(data, *path):
    """Where the contents of these elements of Matroska are, each inside the one before."""
    places = [(0, len(data))]
    for kind in path:
        places = [where for place in places for where in cues._only(data, *place, kind)]
    return places


SEGMENT, INFO, DURATION, CUES = 0x18538067, 0x1549A966, 0x4489, 0x1C53BB6B
SEEK_HEAD, VOID = 0x114D9B74, 0xEC
TRACKS, ENTRY, CODEC = 0x1654AE6B, 0xAE, 0x86
# Bytes that an element's name takes.
NAMES = {DURATION: 2, CUES: 4, SEEK_HEAD: 4}


def _void(data, kind, *path):
    """Makes an element one that readers pass over."""
    data = bytearray(data)
    for start, end in _elements(data, *path, kind):
        # Its size is written in so many bytes, which are behind its name.
        at = next(at for at in range(start - 9, start) if data[at : at + NAMES[kind]] == kind.to_bytes(NAMES[kind], "big"))
        whole = end - at
        if whole - 2 < 0x7F:
            data[at:end] = bytes([VOID, 0x80 | (whole - 2)]) + bytes(whole - 2)
        else:
            data[at:end] = bytes([VOID, 0x01]) + (whole - 9).to_bytes(7, "big") + bytes(whole - 9)
    return bytes(data)


def without_cues(data):
    return _void(_void(data, CUES, SEGMENT), SEEK_HEAD, SEGMENT)


def _without_tags(data):
    """ffmpeg writes each track's duration into a tag."""
    return data.replace(b"DURATION", b"DURATIOM")


def without_duration(data):
    return _without_tags(_void(data, DURATION, SEGMENT, INFO))


def lasting(seconds):
    """Another duration, in a file with a clock of milliseconds."""

    def change(data):
        data = bytearray(_without_tags(data))
        [(start, end)] = _elements(data, SEGMENT, INFO, DURATION)
        data[start:end] = struct.pack(">d" if end - start == 8 else ">f", seconds * 1000.0)
        return bytes(data)

    return change


def mp4_lasting(seconds):
    """Another duration in the heads of the film and of its tracks, whose tables stay."""

    def change(data):
        data = bytearray(data)
        scale = 1000
        for name, scale_at, duration_at in ((b"mvhd", 16, 20), (b"tkhd", None, 24), (b"mdhd", 16, 20), (b"elst", None, 12)):
            at = -1
            while (at := data.find(name, at + 1)) >= 0:
                own = struct.unpack_from(">I", data, at + scale_at)[0] if scale_at else scale
                struct.pack_into(">I", data, at + duration_at, seconds * own)
        return bytes(data)

    return change


def unknown_codec(data):
    return data.replace(b"V_MPEG4/ISO/AVC", b"V_NOBODY/KNOWS/")


def unknown_sound(data):
    return data.replace(b"A_AAC", b"A_???")


def without_avi_index(data):
    return data[: data.rindex(b"idx1")]


def as_he_aac(data):
    """Tells of spectral band replication, without which the frames themselves do: decoders then double the rate.

    The configuration of AAC-LC at 24 kHz, mono, is 0x13 0x08; ffmpeg writes three bytes of an extension behind it, which
    says that there is none. The object type SBR at the same place is 5, 24 kHz, mono, 48 kHz, 2.
    """
    at = data.index(b"\x05\x80\x80\x80", data.index(b"esds"))
    size = data[at + 4]
    bits = "00101" + "0110" + "0001" + "0011" + "00010" + "000"
    config = int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big")
    return data[: at + 5] + config + data[at + 5 + size :]
