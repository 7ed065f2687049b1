"""The reels: elementary streams that films share, and how they are encoded."""

import ass
import font
import pattern
import pgs
import sound
from tools import FFMPEG, run

# Distances of forced keyframes in seconds, repeated: irregular, as films have them, and up to 10 s.
KEYFRAMES_S = (6.5, 8.2, 5.3, 10.0, 4.1)
# A variable rate: stretches of 48 frames at 24 and of 60 frames at 30 a second, on a clock of 120 a second.
VARIABLE = {"ticks_per_s": 120, "cycle": [{"frames": 48, "ticks": 5}, {"frames": 60, "ticks": 4}]}
CHAPTERS = ((0, "Opening"), (20, "Mitte – Überraschung"), (40, "Closing"))
# Of sixteen colours, ours and black. ffmpeg's own yellow is as good, but that is not promised.
DVD_PALETTE = ("000000", "ffff00", *["000000"] * 14)


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


# The fastest that each encoder has.
ENCODERS = {
    "libx264": ["-preset", "ultrafast", "-b_strategy", "0"],
    "libx265": ["-preset", "ultrafast", "-x265-params", "log-level=error:bframes=3:scenecut=0:open-gop=1"],
    "libvpx-vp9": ["-deadline", "realtime", "-cpu-used", "8"],
    "libsvtav1": ["-preset", "12"],
}


def rate(film):
    if film.codec == "libsvtav1":
        return ["-crf", "40"]
    limits = ["-maxrate", f"{film.kilobits}k", "-bufsize", f"{2 * film.kilobits}k"]
    return ["-crf", "30", "-b:v", "0"] if film.codec == "libvpx-vp9" else ["-crf", "23", *limits]


def structure(film):
    """Where keyframes are and what is between them."""
    if film.codec != "libx264":
        return ["-g", film.gop]
    if film.gop:
        # ultrafast keeps one frame, which is too few for frames of kind B that others refer to.
        opened = ["-refs", "3", "-x264-params", "open-gop=1:b-pyramid=normal"] if film.open_gop else []
        return ["-bf", "3" if film.open_gop else "2", "-g", film.gop, "-keyint_min", film.gop, *opened]
    keyframes, at, index = [], 0.0, 0
    while at < film.length_s:
        keyframes.append(f"{at:.3f}")
        at, index = at + KEYFRAMES_S[index % len(KEYFRAMES_S)], index + 1
    # A GOP of 250 frames is what the encoder makes by itself; at 60 frames a second that would be 4 s.
    gop = 250 if film.rate < 40 or film.variable else 600
    return ["-bf", "2", "-g", gop, "-force_key_frames", ",".join(keyframes)]


def make_video(film, path):
    """The picture: nearly grey moving noise below the strip."""
    width, height = film.size
    strip = round(height * pattern.STRIP)
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
    run(
        [*FFMPEG, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{pattern.COLUMNS}x2",
         "-framerate", film.rate, "-i", "pipe:0", "-f", "lavfi", "-i", ground, "-filter_complex", graph,
         "-fps_mode", "passthrough", *(["-enc_time_base", "1:120"] if film.variable else []),
         "-c:v", film.codec, *ENCODERS[film.codec], *structure(film), *rate(film), "-color_primaries", "bt709", "-color_trc", "bt709",
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
    # Each picture ends when the next one, which is empty, begins; DVDs say that in the first one.
    run([*FFMPEG, "-copyts", "-fix_sub_duration", "-i", f"{folder}/picture.sup", "-c:s", "dvdsub",
         "-palette", ",".join(DVD_PALETTE), f"{folder}/picture-dvd.mkv"])  # fmt: skip


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
