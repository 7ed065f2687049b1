"""The muxers: what makes a file of a reel's streams, and which subtitle tracks come out."""

from dataclasses import dataclass
from typing import Callable

import cues
import font
import sound
from tools import FFMPEG, run

PICTURE_AND_SOUND = (
    # file, ffmpeg's stream, language, title, default
    ("video.mkv", "v:0", None, None, True),
    ("audio0.mka", "a:0", "eng", "Low tones", True),
    ("audio1.mka", "a:1", "jpn", "High tones", False),
)
SUBTITLES = (
    ("styled.ass", "s:0", "eng", "Styled", True),
    ("text.srt", "s:1", "fre", "Text", False),
    ("picture.sup", "s:2", "ger", "Pictures", False),
)
# Not the default, so that such a film is copied until somebody chooses it.
VOBSUB = (("picture-dvd.mkv", "s:0", "eng", "DVD pictures", False),)

# The cue times of a film whose index lies are off by this.
LIE_MS = 700
# Samples of a frame of each sound track, and how many of them come before the sound.
FRAMES = ((1024, 1024), (1536, 0))


@dataclass(frozen=True)
class Muxer:
    make: Callable
    subtitles: tuple = SUBTITLES
    ending: str = "mkv"
    # Whether the font is attached.
    font: bool = True


def _ffmpeg(film, folder, title, tracks):
    # Without -copyts ffmpeg moves each input to zero: the pictures would come six seconds early.
    arguments = [*FFMPEG, "-copyts"]
    for name, *_ in tracks:
        arguments += ["-i", f"{folder}/{name}"]
    arguments += ["-i", f"{folder}/chapters.ffmeta"]
    for index, (_, stream, language, name, default) in enumerate(tracks):
        arguments += ["-map", f"{index}:0", f"-disposition:{stream}", "default" if default else "0"]
        for key, value in (("language", language), ("title", name)):
            if value:
                arguments += [f"-metadata:s:{stream}", f"{key}={value}"]
    arguments += ["-map_metadata", "-1", "-map_chapters", len(tracks), "-metadata", f"title={title}", "-c", "copy"]
    if film.offset_s:
        arguments += ["-output_ts_offset", film.offset_s]
    return arguments


def _mkv_by_ffmpeg(film, folder, title, path):
    attached = ["-attach", f"{folder}/{font.FILE}", "-metadata:s:t:0", "mimetype=font/ttf"]
    run([*_ffmpeg(film, folder, title, PICTURE_AND_SOUND + SUBTITLES), *attached, "-f", "matroska", path])
    if film.codec_delay_s:
        edits = ["mkvpropedit", "--quiet", path]
        for track in ("a1", "a2"):
            edits += ["--edit", f"track:{track}", "--set", f"codec-delay={round(film.codec_delay_s * 1e9)}"]
        run(edits)
    if film.variable:
        # The muxer wrote the clock's 120 a second as the frame rate, which no real film of this kind claims.
        run(["mkvpropedit", "--quiet", path, "--edit", "track:v1", "--delete", "default-duration"])


def _lying(film, folder, title, path):
    _mkv_by_ffmpeg(film, folder, title, path)
    cues.falsify(path, LIE_MS)


def _untold(film, folder, title, path):
    """Its encoder's word that GOPs are open is not to be trusted."""
    _mkv_by_ffmpeg(film, folder, title, path)
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data.replace(b" open_gop=1 ", b" open_gop=0 "))


def _mp4(film, folder, title, path, *options):
    arguments = _ffmpeg(film, folder, title, PICTURE_AND_SOUND)
    # The streams come with Matroska's milliseconds, which an MP4 that was made as one has not.
    frame, clock = film.rate.denominator, film.rate.numerator
    on_grid = f"pts=round(PTS/{frame})*{frame}:dts=round(DTS/{frame})*{frame}:duration={frame}"
    arguments += ["-bsf:v", f"setts=time_base=1/{clock}:pts=PTS:dts=DTS,setts={on_grid}"]
    for track, (frame, primes) in enumerate(FRAMES):
        in_samples = f"setts=time_base=1/{sound.RATE}:pts=PTS:dts=DTS"
        arguments += [f"-bsf:a:{track}", f"{in_samples},setts=ts=N*{frame}-{primes}:duration={frame}"]
    run([*arguments, *options, "-f", "mp4", path])


def _mkvmerge(folder, title, path, tracks, without_cues=""):
    """`without_cues`: the kinds of tracks that the index leaves out."""
    arguments = ["mkvmerge", "--quiet", "--output", path, "--title", title, "--chapters", f"{folder}/chapters.txt"]
    if tracks[3:] == SUBTITLES:
        arguments += ["--attachment-name", font.FILE, "--attachment-mime-type", "font/ttf"]
        arguments += ["--attach-file", f"{folder}/{font.FILE}"]
    for name, stream, language, track_title, default in tracks:
        if stream[0] in without_cues:
            arguments += ["--cues", "0:none"]
        arguments += ["--default-track-flag", f"0:{'yes' if default else 'no'}"]
        if language:
            arguments += ["--language", f"0:{language}", "--track-name", f"0:{track_title}"]
        arguments += ["--no-global-tags", "--no-track-tags", f"{folder}/{name}"]
    run(arguments)


MUXERS = {
    "ffmpeg": Muxer(_mkv_by_ffmpeg),
    "ffmpeg-lying": Muxer(_lying),
    "ffmpeg-untold": Muxer(_untold),
    "mkvmerge": Muxer(lambda film, *where: _mkvmerge(*where, PICTURE_AND_SOUND + SUBTITLES)),
    "mkvmerge-no-cues": Muxer(lambda film, *where: _mkvmerge(*where, PICTURE_AND_SOUND + SUBTITLES, "vas")),
    # As most programs write them that copy discs.
    "mkvmerge-picture-cues": Muxer(lambda film, *where: _mkvmerge(*where, PICTURE_AND_SOUND + SUBTITLES, "s")),
    "mkvmerge-vobsub": Muxer(
        lambda film, *where: _mkvmerge(*where, PICTURE_AND_SOUND + VOBSUB), subtitles=VOBSUB, font=False
    ),
    "mp4-last": Muxer(_mp4, subtitles=(), ending="mp4", font=False),
    "mp4-first": Muxer(lambda *how: _mp4(*how, "-movflags", "+faststart"), subtitles=(), ending="mp4", font=False),
}
