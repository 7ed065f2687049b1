"""The pipeline that Matinee replaces: mpv burns the subtitles in and encodes, ffmpeg cuts it into an HLS playlist."""

import os
import re
import subprocess
import time
from dataclasses import dataclass

import children
from children import Child, Failed

# Segments that have to stand in the playlist before its player begins.
PLAYABLE_SEGMENTS = 3

# As it was, without any bound of the bit rate.
AS_IT_WAS = "preset=ultrafast"
# With the bit rate cap that Matinee has for 1080p, so that both encode as much.
CAPPED = "preset=ultrafast,crf=23,maxrate=8000000,bufsize=16000000"

# Seconds. Far more than a slow machine needs for a minute of film.
LIMIT_S = 600


@dataclass(frozen=True)
class WholeRun:
    wall_s: float
    cpu_s: float
    mpv_cpu_s: float
    film_s: float
    bytes: int


class Pipeline:
    """One run of it, writing into a new folder."""

    def __init__(self, url, folder, encoder):
        os.makedirs(folder)
        self.folder = folder
        self.playlist = os.path.join(folder, "index.m3u8")
        read, write = os.pipe()
        try:
            self.mpv = Child(
                ["mpv", url, "--no-terminal", "--o=-", "--of=mpegts", "--oac=aac", "--ovc=libx264", f"--ovcopts={encoder}"],
                os.path.join(folder, "mpv.log"),
                stdout=write,
            )
            self.ffmpeg = Child(
                ["ffmpeg", "-fflags", "+genpts", "-i", "-", "-map", "0", "-c", "copy", "-f", "hls", "-hls_time", "4"]
                + ["-hls_playlist_type", "event", "-hls_segment_filename", os.path.join(folder, "%05d.ts"), self.playlist],
                os.path.join(folder, "ffmpeg.log"),
                stdin=read,
                stdout=subprocess.DEVNULL,
            )
        finally:
            os.close(read)
            os.close(write)

    def segments(self):
        """Name and seconds of each segment in the playlist."""
        try:
            with open(self.playlist, encoding="utf-8") as playlist:
                text = playlist.read()
        except FileNotFoundError:
            return []
        return [(name, float(seconds)) for seconds, name in re.findall(r"#EXTINF:([\d.]+),[^\n]*\n([^#\n]+)\n", text)]

    def playable(self):
        if len(self.segments()) >= PLAYABLE_SEGMENTS:
            return True
        if self.ffmpeg.wait(0):
            raise Failed(f"the replaced pipeline ended too early{self.mpv.messages()}{self.ffmpeg.messages()}")
        return False

    def kill(self):
        self.ffmpeg.kill()
        self.mpv.kill()


def first_moment(url, folder):
    """Seconds from its start to a playlist that its player plays, and the seconds of film that are ready by then."""
    began = time.monotonic()
    pipeline = Pipeline(url, folder, AS_IT_WAS)
    try:
        children.until(pipeline.playable, LIMIT_S, "a playable playlist of the replaced pipeline", every=0.01)
        seconds = time.monotonic() - began
        return seconds, sum(length for _, length in pipeline.segments())
    finally:
        pipeline.kill()


def whole_film(url, folder):
    """Encodes all of a film under the cap."""
    began = time.monotonic()
    pipeline = Pipeline(url, folder, CAPPED)
    try:
        ffmpeg = pipeline.ffmpeg.finish(LIMIT_S)
        mpv = pipeline.mpv.finish(30)
        wall_s = time.monotonic() - began
        segments = pipeline.segments()
        return WholeRun(
            wall_s=wall_s,
            cpu_s=mpv.cpu_s + ffmpeg.cpu_s,
            mpv_cpu_s=mpv.cpu_s,
            film_s=sum(length for _, length in segments),
            bytes=sum(os.path.getsize(os.path.join(folder, name)) for name, _ in segments),
        )
    finally:
        pipeline.kill()
