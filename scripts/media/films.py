"""The films: what there is, how each is made, and the sidecar that says what a player should find in it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from fractions import Fraction

import ass
import decode
import font
import pattern
import pgs
import sound

# Raise it when films have to be made anew.
VERSION = 1

FULL, SMALL = (1920, 1080), (1280, 720)
CINEMA = Fraction(24000, 1001)
# Distances of forced keyframes in seconds, repeated: irregular, as films have them, and up to 10 s.
KEYFRAMES_S = (6.5, 8.2, 5.3, 10.0, 4.1)
# A variable rate: stretches of 48 frames at 24 and of 60 frames at 30 a second, on a clock of 120 a second.
VARIABLE = {"ticks_per_s": 120, "cycle": [{"frames": 48, "ticks": 5}, {"frames": 60, "ticks": 4}]}
CHAPTERS = ((0, "Opening"), (20, "Mitte – Überraschung"), (40, "Closing"))


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
    # Frames from one keyframe to the next, where they are regular.
    gop: int | None = None

    def frames(self):
        if self.variable:
            ticks = self.length_s * VARIABLE["ticks_per_s"]
            count = 0
            while frame_ticks(count) < ticks:
                count += 1
            return count
        return -(-self.length_s * self.rate.numerator // self.rate.denominator)


def frame_ticks(number):
    """When frame `number` of the variable film is shown, in ticks."""
    cycle = VARIABLE["cycle"]
    frames = sum(part["frames"] for part in cycle)
    ticks = sum(part["frames"] * part["ticks"] for part in cycle)
    at, rest = number // frames * ticks, number % frames
    for part in cycle:
        inside = min(rest, part["frames"])
        at, rest = at + inside * part["ticks"], rest - inside
    return at


LONG = Film("long", size=FULL, length_s=600, kilobits=8000)
SHORT = Film("short", size=FULL, length_s=60, kilobits=8000)
FILMS = {
    "short-ffmpeg": SHORT,
    "short-mkvmerge": replace(SHORT, muxer="mkvmerge"),
    "fps25": Film("fps25", rate=Fraction(25)),
    "fps2997": Film("fps2997", rate=Fraction(30000, 1001)),
    "fps60": Film("fps60", rate=Fraction(60)),
    "vfr": Film("vfr", rate=Fraction(120), variable=True),
    "start-minus": Film("start", codec_delay_s=0.02),
    "start-026": Film("start", offset_s=0.026),
    "start-10": Film("start", offset_s=10.0),
    "long-ffmpeg": LONG,
    "long-mkvmerge": replace(LONG, muxer="mkvmerge"),
    # Keyframes every two seconds, as most films on the net have them.
    "gop2": Film("gop2", size=FULL, length_s=120, kilobits=8000, gop=48),
}
# The bench alone plays it; the tests need not wait for it.
FOR_BENCH = ("gop2",)


def say(text):
    print(f"media: {text}", flush=True)


def run(arguments, feed=None):
    """Runs a tool; `feed` yields what it reads on standard input."""
    process = subprocess.Popen(
        [str(a) for a in arguments],
        stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if feed:
        try:
            for block in feed:
                process.stdin.write(block)
            process.stdin.close()
        except BrokenPipeError:
            pass
    output = process.stdout.read().decode("utf-8", "replace")
    # mkvmerge ends with 1 when it only has a warning.
    allowed = (0, 1) if arguments[0] == "mkvmerge" else (0,)
    if process.wait() not in allowed:
        sys.exit(f"media: {arguments[0]} failed: {output[-2000:]}\n  {' '.join(map(str, arguments))}")


FFMPEG = ["ffmpeg", "-v", "error", "-y", "-nostats"]


def make_video(film, path):
    """The picture: nearly grey moving noise below the strip."""
    width, height = film.size
    strip = round(height * pattern.STRIP)
    keyframes, at, index = [], 0.0, 0
    while at < film.length_s and not film.gop:
        keyframes.append(f"{at:.3f}")
        at, index = at + KEYFRAMES_S[index % len(KEYFRAMES_S)], index + 1
    ground = (
        f"testsrc2=size=480x256:rate={film.rate},format=yuv420p,noise=alls=10:allf=t,"
        "lutyuv=y=40+val*5/8:u=128+(val-128)/8:v=128+(val-128)/8,"
        f"scale={width}:{height - strip}:flags=fast_bilinear"
    )
    graph = f"[0:v]scale={width}:{strip}:flags=neighbor[strip];[strip][1:v]vstack=shortest=1,setsar=1"
    if film.variable:
        first, second = VARIABLE["cycle"]
        cycle, edge = first["frames"] + second["frames"], first["frames"]
        ticks = edge * first["ticks"] + second["frames"] * second["ticks"]
        inside = f"if(lt(mod(N,{cycle}),{edge}),mod(N,{cycle})*{first['ticks']}," + (
            f"{edge * first['ticks']}+(mod(N,{cycle})-{edge})*{second['ticks']})"
        )
        graph += f",settb=1/120,setpts='floor(N/{cycle})*{ticks}+{inside}'"
    strips = (pattern.strip_picture(number) for number in range(film.frames()))
    # A GOP of 250 frames is what the encoder makes by itself; at 60 frames a second that would be 4 s.
    gop = film.gop or (250 if film.rate < 40 or film.variable else 600)
    forced = ["-force_key_frames", ",".join(keyframes)] if keyframes else []
    run(
        [*FFMPEG, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{pattern.COLUMNS}x2",
         "-framerate", film.rate, "-i", "pipe:0", "-f", "lavfi", "-i", ground, "-filter_complex", graph,
         "-fps_mode", "passthrough", *(["-enc_time_base", "1:120"] if film.variable else []),
         "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-b_strategy", "0", "-g", gop,
         *forced, "-crf", "23", "-maxrate", f"{film.kilobits}k",
         "-bufsize", f"{2 * film.kilobits}k", "-color_primaries", "bt709", "-color_trc", "bt709",
         "-colorspace", "bt709", "-color_range", "tv", path],
        strips,
    )  # fmt: skip


def make_elements(film, folder):
    """Every elementary stream of a reel."""
    make_video(film, f"{folder}/video.mkv")
    raw = ["-f", "s16le", "-ar", sound.RATE, "-ac", 1, "-i", "pipe:0", "-ac", 2]
    run([*FFMPEG, *raw, "-c:a", "aac", "-b:a", "128k", f"{folder}/audio0.mka"], sound.seconds(0, film.length_s))
    run([*FFMPEG, *raw, "-c:a", "ac3", "-b:a", "192k", f"{folder}/audio1.mka"], sound.seconds(1, film.length_s))
    files = {
        font.FILE: font.font(),
        "styled.ass": ass.ass(film.size, film.length_s, 0).encode(),
        "text.srt": ass.srt(film.length_s, 0).encode(),
        "picture.sup": pgs.sup(film.size, picture_boxes(film), ass.YELLOW_YCRCBA),
        "chapters.ffmeta": chapters_ffmeta(film).encode(),
        "chapters.txt": chapters_simple(film).encode(),
    }
    for name, data in files.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)


def picture_boxes(film):
    width, height = film.size
    for event in ass.picture_events(film.length_s):
        x, y, w, h = event["box"]
        yield event["start_s"], event["end_s"], (round(x * width), round(y * height), round(w * width), round(h * height))


def chapters(film):
    marks = [(at, title) for at, title in CHAPTERS if at < film.length_s]
    ends = [at for at, _ in marks[1:]] + [film.length_s]
    return [{"start_s": at, "end_s": end, "title": title} for (at, title), end in zip(marks, ends)]


def chapters_ffmeta(film):
    lines = [";FFMETADATA1"]
    for part in chapters(film):
        lines += ["[CHAPTER]", "TIMEBASE=1/1", f"START={part['start_s']}", f"END={part['end_s']}", f"title={part['title']}"]
    return "\n".join(lines) + "\n"


def chapters_simple(film):
    lines = []
    for number, part in enumerate(chapters(film), 1):
        lines += [f"CHAPTER{number:02}=00:00:{part['start_s']:02}.000", f"CHAPTER{number:02}NAME={part['title']}"]
    return "\n".join(lines) + "\n"


TRACKS = (
    # file, ffmpeg's stream, language, title, default
    ("video.mkv", "v:0", None, None, True),
    ("audio0.mka", "a:0", "eng", "Low tones", True),
    ("audio1.mka", "a:1", "jpn", "High tones", False),
    ("styled.ass", "s:0", "eng", "Styled", True),
    ("text.srt", "s:1", "fre", "Text", False),
    ("picture.sup", "s:2", "ger", "Pictures", False),
)


def mux_ffmpeg(film, folder, title, path):
    # Without -copyts ffmpeg moves each input to zero: the pictures would come six seconds early.
    arguments = [*FFMPEG, "-copyts"]
    for name, *_ in TRACKS:
        arguments += ["-i", f"{folder}/{name}"]
    arguments += ["-i", f"{folder}/chapters.ffmeta"]
    for index, (_, stream, language, name, default) in enumerate(TRACKS):
        arguments += ["-map", f"{index}:0", f"-disposition:{stream}", "default" if default else "0"]
        for key, value in (("language", language), ("title", name)):
            if value:
                arguments += [f"-metadata:s:{stream}", f"{key}={value}"]
    arguments += ["-map_metadata", "-1", "-map_chapters", len(TRACKS), "-metadata", f"title={title}", "-c", "copy"]
    arguments += ["-attach", f"{folder}/{font.FILE}", "-metadata:s:t:0", "mimetype=font/ttf"]
    if film.offset_s:
        arguments += ["-output_ts_offset", film.offset_s]
    run([*arguments, "-f", "matroska", path])
    if film.codec_delay_s:
        edits = ["mkvpropedit", "--quiet", path]
        for track in ("a1", "a2"):
            edits += ["--edit", f"track:{track}", "--set", f"codec-delay={round(film.codec_delay_s * 1e9)}"]
        run(edits)
    if film.variable:
        # The muxer wrote the clock's 120 a second as the frame rate, which no real film of this kind claims.
        run(["mkvpropedit", "--quiet", path, "--edit", "track:v1", "--delete", "default-duration"])


def mux_mkvmerge(film, folder, title, path):
    arguments = ["mkvmerge", "--quiet", "--output", path, "--title", title, "--chapters", f"{folder}/chapters.txt"]
    arguments += ["--attachment-name", font.FILE, "--attachment-mime-type", "font/ttf"]
    arguments += ["--attach-file", f"{folder}/{font.FILE}"]
    for name, _, language, track_title, default in TRACKS:
        arguments += ["--default-track-flag", f"0:{'yes' if default else 'no'}"]
        if language:
            arguments += ["--language", f"0:{language}", "--track-name", f"0:{track_title}"]
        arguments += ["--no-global-tags", "--no-track-tags", f"{folder}/{name}"]
    run(arguments)


def probe(path, *arguments):
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", *arguments, path], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def first_packet_s(path, stream):
    packets = probe(path, "-select_streams", stream, "-read_intervals", "%+30", "-show_entries", "packet=pts_time")["packets"]
    return float(packets[0]["pts_time"])


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
        _, _, language, track_title, default = TRACKS[1 + track]
        tracks.append({
            "track": f"a{track}", "codec": ("aac", "ac3")[track], "language": language, "title": track_title,
            "default": default, "start_s": start - zero, "beep0_s": offsets[len(offsets) // 2] - zero,
            "base_hz": sound.BASES_HZ[track],
        })  # fmt: skip
    subtitles = []
    for track, (codec, events) in enumerate((
        ("ass", ass.styled_events(film.size, film.length_s)),
        ("subrip", ass.text_events(film.length_s)),
        ("hdmv_pgs_subtitle", ass.picture_events(film.length_s)),
    )):  # fmt: skip
        events = sorted(events, key=lambda event: event["start_s"])
        shift = first_packet_s(path, f"s:{track}") - events[0]["start_s"] - zero
        for event in events:
            event["start_s"], event["end_s"] = event["start_s"] + shift, event["end_s"] + shift
        _, _, language, track_title, default = TRACKS[3 + track]
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
        "attachments": [font.FILE],
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
NAMES = (*FILMS, *OTHERS)


def make(folder, names):
    """Makes those of `names` that are not there in this version."""
    missing = [name for name in names if not ready(folder, name)]
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
            muxer = mux_mkvmerge if film.muxer == "mkvmerge" else mux_ffmpeg
            muxer(film, work, title, f"{work}/{name}.mkv")
            described = sidecar(name, film, f"{work}/{name}.mkv", title)
            os.replace(f"{work}/{name}.mkv", f"{folder}/{name}.mkv")
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
