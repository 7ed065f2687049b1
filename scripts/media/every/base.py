"""What all inputs are made of: numbered pictures and a tone each second, uncompressed."""

import wave

import pattern
import sound
from tools import FFMPEG, run

from . import wmv9

SIZE = (320, 180)
RATE = 25
LENGTH_S = 4
FRAMES = RATE * LENGTH_S
# The mean luma and saturation (by ffmpeg's signalstats) of all pictures are 118 and 103. Between these figures they stay
# when bright colours are mapped; where they are merely taken for others, saturation is 23 (PQ) or 40 (HLG).
LUMA, SATURATION = (105.0, 130.0), (75.0, 120.0)


FILES = {
    "picture": "picture.nut", "fields": "fields.nut", "sound": "sound.wav", "lines": "lines.srt", "wmv9": "wmv9.rcv",
}  # fmt: skip
LINES = "1\n00:00:01,000 --> 00:00:03,000\nOnly words.\n"


def places(work):
    """`fields` has twice as many pictures a second, of which interlaced ones are woven; two have one number."""
    return {name: f"{work}/{file}" for name, file in FILES.items()}


def make(work):
    names = places(work)
    _pictures(names["picture"], 1)
    _pictures(names["fields"], 2)
    with open(names["wmv9"], "wb") as file:
        file.writelines(wmv9.film(FRAMES, RATE))
    with open(names["lines"], "w", encoding="utf-8") as file:
        file.write(LINES)
    with wave.open(names["sound"], "wb") as file:
        file.setparams((1, 2, sound.RATE, 0, "NONE", ""))
        for second in sound.seconds(0, LENGTH_S):
            file.writeframes(second)


def _pictures(path, times):
    """Moving stripes and colours below the strip, without noise, so that combed edges stand out."""
    width, height = SIZE
    rate = RATE * times
    strip = round(height * pattern.STRIP)
    ground = f"testsrc2=size={width}x{height - strip}:rate={rate},format=yuv420p"
    graph = f"[0:v]scale={width}:{strip}:flags=neighbor[strip];[strip][1:v]vstack=shortest=1,setsar=1"
    colours = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"]
    run(
        [*FFMPEG, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", f"{pattern.COLUMNS}x2", "-framerate", rate,
         "-i", "pipe:0", "-f", "lavfi", "-i", ground, "-filter_complex", graph, "-c:v", "rawvideo", *colours, path],
        (pattern.strip_picture(number // times) for number in range(rate * LENGTH_S)),
    )  # fmt: skip


def description():
    """For who reads the numbers and tones."""
    return {
        "pattern": pattern.description(), "beeps": sound.description(),
    }  # fmt: skip
