"""The films: what there is, how each is made, and the sidecar that says what a player should find in it."""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass, replace
from fractions import Fraction

import ass
import decode
import every
import font
import pattern
import sound
from mux import MUXERS, PICTURE_AND_SOUND
from reels import VARIABLE, chapters, frame_ticks, make_elements
from tools import first_packet_s, probe, say

# Raise it when films have to be made anew.
VERSION = 1

FULL, SMALL, TINY = (1920, 1080), (1280, 720), (640, 360)
CINEMA = Fraction(24000, 1001)


@dataclass(frozen=True)
class Film:
    """One film. Those with the same `reel` share their elementary streams and differ in the muxer only."""

    reel: str
    muxer: str = "ffmpeg"
    rate: Fraction = CINEMA
    size: tuple = SMALL
    length_s: int = 30
    # What is added to every time in the file.
    offset_s: float = 0.0
    # How much earlier than their blocks the sound tracks begin, by Matroska's CodecDelay. This is how a film comes
    # to start below zero: a block of negative time has no time at all for ffmpeg.
    codec_delay_s: float = 0.0
    variable: bool = False
    kilobits: int = 4000
    # A keyframe every so many frames; 0 for the irregular ones.
    gop: int = 0
    # Frames that are shown before a keyframe come after it and refer to what is before it.
    open_gop: bool = False
    # ffmpeg's encoder of the picture.
    codec: str = "libx264"

    def frames(self):
        if self.variable:
            ticks = self.length_s * VARIABLE["ticks_per_s"]
            count = 0
            while frame_ticks(count) < ticks:
                count += 1
            return count
        return -(-self.length_s * self.rate.numerator // self.rate.denominator)


LONG = Film("long", size=FULL, length_s=600, kilobits=8000)
SHORT = Film("short", size=FULL, length_s=60, kilobits=8000)
FPS25 = Film("fps25", rate=Fraction(25))
FILMS = {
    "short-ffmpeg": SHORT,
    "short-mkvmerge": replace(SHORT, muxer="mkvmerge"),
    "picture-index": replace(SHORT, muxer="mkvmerge-picture-cues"),
    "fps25": FPS25,
    "fps2997": Film("fps2997", rate=Fraction(30000, 1001)),
    "fps60": Film("fps60", rate=Fraction(60)),
    "vfr": Film("vfr", rate=Fraction(120), variable=True),
    "start-minus": Film("start", codec_delay_s=0.02),
    "start-026": Film("start", offset_s=0.026),
    "start-10": Film("start", offset_s=10.0),
    "mp4-last": replace(SHORT, muxer="mp4-last"),
    "mp4-first": replace(SHORT, muxer="mp4-first"),
    "open-gop": Film("open-gop", gop=48, open_gop=True),
    "open-gop-untold": Film("open-gop", gop=48, open_gop=True, muxer="ffmpeg-untold"),
    # HEVC's GOPs are open unless its encoder is told otherwise.
    "hevc": Film("hevc", size=TINY, length_s=12, gop=48, codec="libx265"),
    "vp9": Film("vp9", size=TINY, length_s=12, gop=48, codec="libvpx-vp9"),
    "av1": Film("av1", size=TINY, length_s=12, gop=48, codec="libsvtav1"),
    # Three browsers at once decode it with ease, and its frames are short enough to tell how far apart they are.
    "company": Film("company", rate=Fraction(50), size=TINY, length_s=60, kilobits=1500),
    "gop10": Film("gop10", rate=Fraction(25), gop=250),
    "no-index": replace(FPS25, muxer="mkvmerge-no-cues"),
    "bad-index": replace(FPS25, muxer="ffmpeg-lying"),
    "vobsub": replace(FPS25, muxer="mkvmerge-vobsub"),
    "long-ffmpeg": LONG,
    "long-mkvmerge": replace(LONG, muxer="mkvmerge"),
    # Keyframes every two seconds, as most films on the net have them.
    "gop2": Film("gop2", size=FULL, length_s=120, kilobits=8000, gop=48),
}
# The bench alone plays it; the tests need not wait for it.
FOR_BENCH = ("gop2",)


def subtitle_events(source, film):
    """The codec and the events of a subtitle file."""
    return {
        "styled.ass": ("ass", ass.styled_events(film.size, film.length_s)),
        "text.srt": ("subrip", ass.text_events(film.length_s)),
        "picture.sup": ("hdmv_pgs_subtitle", ass.picture_events(film.length_s)),
        "picture-dvd.mkv": ("dvd_subtitle", ass.picture_events(film.length_s)),
    }[source]


def sidecar(name, film, path, title):
    """What is in the file, measured where a muxer may have had its own mind. All times are film time."""
    streams = probe(path, "-show_entries", "stream=codec_type,start_time")["streams"]
    starts = {kind: [float(s["start_time"]) for s in streams if s["codec_type"] == kind] for kind in ("video", "audio")}
    zero = min(starts["video"] + starts["audio"])
    shown = decode.frames(path, None, zero + 10)
    for index, (_, number) in enumerate(shown):
        if number != index:
            sys.exit(f"media: frame {index} of {name} reads as {number}")
    first_frame = shown[0][0]
    tracks = []
    for track, start in enumerate(starts["audio"]):
        heard = decode.audio(path, track, None, zero + 10)["beeps"]
        offsets = sorted(at - second for second, (at, _) in enumerate(heard))
        if len(heard) < 9 or offsets[-1] - offsets[0] > 0.004:
            sys.exit(f"media: the tones of track {track} of {name} are not where they should be: {heard}")
        _, _, language, track_title, default = PICTURE_AND_SOUND[1 + track]
        tracks.append({
            "track": f"a{track}", "codec": ("aac", "ac3")[track], "language": language, "title": track_title,
            "default": default, "start_s": start - zero, "beep0_s": offsets[len(offsets) // 2] - zero,
            "base_hz": sound.BASES_HZ[track],
        })  # fmt: skip
    subtitles = []
    for track, (source, _, language, track_title, default) in enumerate(MUXERS[film.muxer].subtitles):
        codec, events = subtitle_events(source, film)
        events = sorted(events, key=lambda event: event["start_s"])
        shift = first_packet_s(path, f"s:{track}") - events[0]["start_s"] - zero
        for event in events:
            event["start_s"], event["end_s"] = event["start_s"] + shift, event["end_s"] + shift
        subtitles.append({
            "track": f"s{track}", "codec": codec, "language": language, "title": track_title, "default": default,
            "events": events,
        })  # fmt: skip
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read(1 << 20)).hexdigest()
    return {
        "generator": VERSION, "name": name, "file": os.path.basename(path), "title": title,
        "size": os.path.getsize(path), "sha256_of_first_mib": digest,
        "width": film.size[0], "height": film.size[1],
        "rate": None if film.variable else [film.rate.numerator, film.rate.denominator],
        "variable": VARIABLE if film.variable else None,
        "frames": film.frames(), "length_s": film.length_s,
        "duration_s": float(probe(path, "-show_entries", "format=duration")["format"]["duration"]),
        # Source time of film time zero, and film time of frame 0.
        "zero_s": zero, "frame0_s": first_frame - zero,
        "pattern": pattern.description(), "beeps": sound.description(),
        "audio": tracks, "subtitles": subtitles, "chapters": chapters(film),
        "attachments": [font.FILE] if MUXERS[film.muxer].font else [],
    }  # fmt: skip


def ready(folder, name):
    try:
        with open(f"{folder}/{name}.json", encoding="utf-8") as file:
            known = json.load(file)
        return known["generator"] == VERSION and os.path.getsize(f"{folder}/{known['file']}") == known["size"]
    except (OSError, ValueError, KeyError):
        return False


def write_json(folder, name, value):
    with open(f"{folder}/{name}.json.part", "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
    os.replace(f"{folder}/{name}.json.part", f"{folder}/{name}.json")


def make_truncated(folder):
    """The first two fifths of a good film, as a broken download leaves them."""
    make(folder, ["short-ffmpeg"])
    with open(f"{folder}/short-ffmpeg.mkv", "rb") as whole, open(f"{folder}/truncated.mkv", "wb") as part:
        part.write(whole.read(os.path.getsize(whole.name) * 2 // 5))
    size = os.path.getsize(f"{folder}/truncated.mkv")
    write_json(folder, "truncated", {"generator": VERSION, "file": "truncated.mkv", "size": size, "of": "short-ffmpeg"})


def make_page(folder):
    text = "<!doctype html>\n<title>Watch here</title>\n<p>This is a web page, not a film.</p>\n" * 40
    with open(f"{folder}/page.html", "w", encoding="utf-8") as file:
        file.write(text)
    write_json(folder, "page", {"generator": VERSION, "file": "page.html", "size": len(text)})


OTHERS = {"truncated": make_truncated, "page": make_page}
# The small ones of every kind, which have a list instead of a sidecar each.
EVERY = "every"
NAMES = (*FILMS, *OTHERS, EVERY)


def make(folder, names):
    """Makes those of `names` that are not there in this version."""
    if EVERY in names:
        for name in every.make(folder):
            say(f"{EVERY}: {name} made")
    missing = [name for name in names if name != EVERY and not ready(folder, name)]
    films = [name for name in missing if name in FILMS]
    for reel in dict.fromkeys(FILMS[name].reel for name in films):
        work = f"{folder}/.{reel}"
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        members = [name for name in films if FILMS[name].reel == reel]
        first = FILMS[members[0]]
        say(f"{reel}: encoding {first.frames()} frames of {first.size[0]}x{first.size[1]}")
        make_elements(first, work)
        for name in members:
            film, title = FILMS[name], f"Test film {name}"
            muxer = MUXERS[film.muxer]
            file = f"{name}.{muxer.ending}"
            muxer.make(film, work, title, f"{work}/{file}")
            described = sidecar(name, film, f"{work}/{file}", title)
            os.replace(f"{work}/{file}", f"{folder}/{file}")
            write_json(folder, name, described)
            say(
                f"{name}: {described['size'] / 1e6:.0f} MB, starts at {described['zero_s']:.3f} s, "
                f"frame 0 at {described['frame0_s']:.3f} s of film time"
            )
        shutil.rmtree(work)
    for name in missing:
        if name in OTHERS:
            OTHERS[name](folder)
            say(f"{name}: made")
