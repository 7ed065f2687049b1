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


def as_avs2(data):
    """A transport stream of H.264 whose map of streams says AVS2."""
    packets = [bytearray(data[at : at + 188]) for at in range(0, len(data), 188)]
    for packet in packets:
        # The map of ffmpeg's muxer, which fits into a packet: behind its header a pointer, and the section.
        if ((packet[1] & 0x1F) << 8 | packet[2]) != 0x1000:
            continue
        end = 5 + 3 + ((packet[6] & 0x0F) << 8 | packet[7])
        first = 5 + 12 + ((packet[15] & 0x0F) << 8 | packet[16])
        assert packet[first] == 0x1B
        packet[first] = 0xD2
        packet[end - 4 : end] = _crc(packet[5 : end - 4]).to_bytes(4, "big")
    return b"".join(packets)


def _crc(section):
    """The checksum of MPEG's tables."""
    crc = 0xFFFFFFFF
    for byte in section:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc >> 31 else crc << 1) & 0xFFFFFFFF
    return crc


def as_mpeg_h(data):
    """An MP4 whose sound says that it is MPEG-H 3D."""
    return data.replace(b"mp4a", b"mhm1").replace(b"esds", b"free")


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
