"""Films whose picture or sound is another in their middle, as recorded broadcasts and joined films are."""

from .inputs import Input, Plays
from .pictures import AAC, X264
from .sounds import channels

# The pictures with which the middle begins and ends.
FROM, TO = 40, 72
# The same of sound, in frames of AC-3, of 32 ms. It begins within the tone of second 3.
SOUND_FROM, SOUND_TO, SOUND_FRAMES = 93, 110, 125
FRAME_S = 0.032
# So that no part's times are below zero, from which muxers would move them.
LATER = "-output_ts_offset 10"
LOOSE = Plays(shape=(16, 9), length_off_s=0.3)
# Without B-frames, and told so: ffmpeg's decoder loses the frame that it keeps back at a change of the size.
MPEG2 = "-c:v mpeg2video -q:v 4 -g 12 -flags +low_delay"


def sized(columns, lines, aspect):
    return f"scale={columns}:{lines}:flags=neighbor,setsar={aspect}"


WIDE, SQUARISH = sized(720, 576, "64/45"), sized(720, 576, "16/15")
NARROW, HALF = sized(544, 576, "32/17"), sized(360, 288, "64/45")


JOINED = "concat:{work}/0.ts|{work}/1.ts|{work}/2.ts"


def picture(name, file, what, around, middle, codec, sound, plays):
    """`around` and `middle` are filters that give the parts their size and shape."""
    parts = (
        (f"end_frame={FROM}", around),
        (f"start_frame={FROM}:end_frame={TO}", middle),
        (f"start_frame={TO}", around),
    )
    return Input(name, file, what, (
        *(f"-i {{picture}} -vf trim={trim},{filters} {codec} {LATER} {{work}}/{n}.ts"
          for n, (trim, filters) in enumerate(parts)),
        f"-i {JOINED} -i {{sound}} -map 0:v -map 1:a -c:v copy {sound} {{out}}",
    ), plays)  # fmt: skip


def sound(name, file, what):
    """AC-3 in stereo, of 5.1 channels in the middle, and stereo again."""
    stereo, surround = channels(2), channels(6)
    parts = ((stereo, 0, SOUND_FROM), (surround, SOUND_FROM, SOUND_TO), (stereo, SOUND_TO, SOUND_FRAMES))
    # Each part lacks its first frame, for which its encoder had nothing to overlap with.
    return Input(name, file, what, (
        *(f"-ss {begin * FRAME_S} -i {{sound}} {layout} -c:a ac3 -frames:a {end - begin + 1} "
          f"-bsf:a noise=drop=not(n) -output_ts_offset {10 + begin * FRAME_S} {{work}}/{n}.ts"
          for n, (layout, begin, end) in enumerate(parts)),
        f"-i {{picture}} -i {JOINED} -map 0:v -map 1:a {X264} -c:a copy {{out}}",
    ), LOOSE)  # fmt: skip


INPUTS = (
    picture("size-changes", "size-changes.ts", "H.264 in a transport stream, of fewer columns in its middle",
            WIDE, NARROW, X264, "-c:a ac3", LOOSE),
    picture("size-changes-ps", "size-changes.vob", "MPEG-2 in a program stream, of fewer columns in its middle",
            WIDE, NARROW, MPEG2, "-c:a ac3", LOOSE),
    # Matroska tells the shape of pixels itself, for all of the film.
    picture("size-changes-mkv", "size-changes.mkv", "MPEG-2 in Matroska, of half the size in its middle",
            WIDE, HALF, MPEG2, AAC, Plays(shape=(16, 9))),
    picture("shape-changes", "shape-changes.ts", "MPEG-2 in a transport stream, 16:9 and in its middle 4:3",
            WIDE, SQUARISH, MPEG2, "-c:a ac3", Plays(shape=(16, 9), length_off_s=0.3, within=(0.75, 1.0))),
    sound("channels-change", "channels-change.ts", "AC-3 in a transport stream, stereo and in its middle 5.1"),
)  # fmt: skip
