"""What is done with both sides and timed."""

import itertools
import json
import math
import os
import random
import threading
import time
from dataclasses import dataclass, replace

import matinee
import picture
import replaced
import timeline
from children import Failed
from matinee import BURNED, Client, Server, both

DEFAULT_PRESET = "superfast"
# The preset of the pipeline that Matinee replaces.
SAME_PRESET = "ultrafast"

# Where a viewer jumps to, as parts of the film; each with a server that never made that place.
SEEKS = (0.8, 0.5, 0.65, 0.9, 0.35)

# Small, so that the whole film cannot fit and old segments have to make room.
SMALL_BUDGET = 128 << 20
SAMPLE_EVERY_S = 0.02

# How many segments of the whole film are made a second time, each by heads of its own.
AGAIN = 12

# Seconds that a player loads of one rendition before it goes on with the other: hls.js' buffer.
BUFFER_S = 30

LIMIT_S = 1800


@dataclass(frozen=True)
class Moment:
    """Seconds from the call that opens the film."""

    master_s: float
    video_s: float
    audio_s: float

    @property
    def playable_s(self):
        return max(self.video_s, self.audio_s)


@dataclass(frozen=True)
class Seek:
    place: float
    video_s: float
    audio_s: float


@dataclass(frozen=True)
class WholeRun:
    wall_s: float
    film_s: float
    frames: int
    segments: int
    bytes: int
    # From the film's opening to the server's end, and before: its start happens once for all films.
    cpu_s: float = 0.0
    start_cpu_s: float = 0.0


@dataclass(frozen=True)
class LongRun:
    run: WholeRun
    store_most: int
    store_samples: int
    upstream_bytes: int
    file_bytes: int
    again: int


class Bench:
    """One film on one range server, and a folder for everything that is written."""

    def __init__(self, program, media, upstream, scratch):
        self.program, self.media, self.upstream, self.scratch = program, media, upstream, scratch
        self._numbers = itertools.count(1)

    def folder(self, name):
        return os.path.join(self.scratch, f"{next(self._numbers)}-{name}")

    def truth(self, film):
        """What the film's maker wrote down about it."""
        with open(os.path.join(self.media, f"{film}.json"), encoding="utf-8") as sidecar:
            return json.load(sidecar)

    def url(self, film):
        return self.upstream.url(f"{film}.mkv")

    def warm_up(self, film):
        """Reads the film once, so that the first round does not pay for the disk."""
        with open(os.path.join(self.media, f"{film}.mkv"), "rb") as file:
            while file.read(1 << 20):
                pass

    # From open to the first playable moment

    def replaced_moment(self, film):
        return replaced.first_moment(self.url(film), self.folder("replaced"))

    def matinee_moment(self, film):
        """A fresh server is asked for what a player needs before it shows and plays anything."""
        with Server(self.program, self.folder("moment"), DEFAULT_PRESET) as server:
            clients = Client(server.port), Client(server.port)
            began = time.monotonic()
            playlists = matinee.open_film(clients[0], self.url(film), BURNED)
            master_s = time.monotonic() - began

            def ready(client, playlist):
                rendition = matinee.load(client, playlist)
                init = client.get(rendition.init)
                segment = client.get(rendition.segments[0])
                seconds = time.monotonic() - began
                line = timeline.Timeline(playlist, init)
                line.add(segment)
                return seconds

            video_s, audio_s = both(*(lambda c=c, p=p: ready(c, p) for c, p in zip(clients, playlists)), limit_s=120)
        return Moment(master_s, video_s, audio_s)

    # The whole film, as fast as it comes

    def replaced_film(self, film):
        """A run under the cap, and the file with its first frames."""
        folder = self.folder("replaced-film")
        run = replaced.whole_film(self.url(film), folder)
        length_s = self.truth(film)["length_s"]
        if abs(run.film_s - length_s) > 1:
            raise Failed(f"the replaced pipeline made {run.film_s:.1f} of {length_s} s, so there is nothing to compare")
        return run, self._first_frames(folder)

    @staticmethod
    def _first_frames(folder):
        """The segments of the replaced pipeline are MPEG-TS: they can be put together as they are."""
        path = os.path.join(folder, "first.ts")
        with open(path, "wb") as joined:
            for name in ("00000.ts", "00001.ts"):
                with open(os.path.join(folder, name), "rb") as segment:
                    joined.write(segment.read())
        return path

    def matinee_film(self, film, preset):
        """The same with Matinee: video and default audio, segment after segment."""
        folder = self.folder(f"film-{preset}")
        path = os.path.join(self.scratch, os.path.basename(folder) + ".mp4")
        with Server(self.program, folder, preset) as server:
            start_s = server.spent_s()
            run, _ = self._fetch(server, film, keep=path)
            ended = server.stop()
        return replace(run, cpu_s=ended.cpu_s - start_s, start_cpu_s=start_s), path

    def _fetch(self, server, film, keep=None):
        """All segments of the burned film in order."""
        began = time.monotonic()
        clients = Client(server.port), Client(server.port)
        playlists = matinee.open_film(clients[0], self.url(film), BURNED)
        lines, sizes = self.fetch(film, clients, playlists, InStep(playlists), keep=keep)
        video = lines[0]
        run = WholeRun(time.monotonic() - began, video.seconds(), video.frames(), len(video.stretches), sum(sizes))
        return run, (playlists, lines)

    def fetch(self, film, clients, playlists, in_step, names=None, keep=None):
        """All segments in order. Each has to start where the one before ended, and none may be missing.

        `names` are those of the two readers among all that keep in step, if not their playlists.
        """

        def fetch(client, playlist, name, path):
            rendition = matinee.load(client, playlist)
            init = client.get(rendition.init)
            line, sizes = timeline.Timeline(playlist, init), len(init)
            kept = open(path, "wb") if path else None
            try:
                if kept:
                    kept.write(init)
                for address in rendition.segments:
                    in_step.wait(name)
                    segment = client.get(address)
                    line.add(segment)
                    in_step.reach(name, line.seconds())
                    sizes += len(segment)
                    if kept and line.frames() - line.stretches[-1].frames < picture.FRAMES:
                        kept.write(segment)
            finally:
                if kept:
                    kept.close()
            in_step.reach(name, math.inf)
            return line, sizes

        (video, video_bytes), (audio, audio_bytes) = both(
            *(lambda wanted=wanted: fetch(*wanted) for wanted in zip(clients, playlists, names or playlists, (keep, None))),
            limit_s=LIMIT_S,
        )
        truth = self.truth(film)
        if video.frames() != truth["frames"]:
            raise Failed(f"the video has {video.frames()} frames instead of {truth['frames']}")
        if abs(audio.seconds() - video.seconds()) > 0.5:
            raise Failed(f"the sound ends at {audio.seconds():.2f} s and the picture at {video.seconds():.2f} s")
        return (video, audio), (video_bytes, audio_bytes)

    # Seeks

    def seek(self, film, place):
        """A viewer has just begun to watch and jumps to where nothing was made yet."""
        with Server(self.program, self.folder("seek"), DEFAULT_PRESET) as server:
            clients = Client(server.port), Client(server.port)
            playlists = matinee.open_film(clients[0], self.url(film), BURNED)

            def begin(client, playlist):
                rendition = matinee.load(client, playlist)
                client.get(rendition.init)
                client.get(rendition.segments[0])
                return rendition

            renditions = both(*(lambda c=c, p=p: begin(c, p) for c, p in zip(clients, playlists)), limit_s=120)
            time_s = place * sum(renditions[0].durations)
            began = time.monotonic()

            def jump(client, rendition):
                client.get(rendition.segments[rendition.at(time_s)])
                return time.monotonic() - began

            video_s, audio_s = both(*(lambda c=c, r=r: jump(c, r) for c, r in zip(clients, renditions)), limit_s=120)
        return Seek(place, video_s, audio_s)

    # The long film

    def long_film(self, film):
        """The whole of it through a store that is too small for it, then some segments again by fresh heads."""
        before = self.upstream.sent()
        with Server(self.program, self.folder("long"), DEFAULT_PRESET, budget=SMALL_BUDGET) as server:
            start_s = server.spent_s()
            with Sampler(server.store) as sampler:
                run, (_, lines) = self._fetch(server, film)
            upstream = self.upstream.sent() - before
            ended = server.stop()
        if sampler.most == 0:
            raise Failed(f"nothing was ever seen in {server.store}, so the store's budget was not checked")
        run = replace(run, cpu_s=ended.cpu_s - start_s, start_cpu_s=start_s)
        again = self._fetch_again(film, lines)
        size = os.path.getsize(os.path.join(self.media, f"{film}.mkv"))
        return LongRun(run, sampler.most, sampler.samples, upstream, size, again)

    def _fetch_again(self, film, lines):
        """Segments out of order, far apart, from a server that made none of them: on the same timeline."""
        with Server(self.program, self.folder("again"), DEFAULT_PRESET) as server:
            clients = Client(server.port), Client(server.port)
            playlists = matinee.open_film(clients[0], self.url(film), BURNED)

            def compare(client, playlist, line):
                rendition = matinee.load(client, playlist)
                # Always the same choice, so that a fault comes again; the last segment is always among them.
                count = len(line.stretches)
                numbers = random.Random(1).sample(range(count - 1), min(AGAIN - 1, count - 1)) + [count - 1]
                for number in numbers:
                    found = timeline.stretch(client.get(rendition.segments[number]))
                    if found != line.stretches[number]:
                        raise Failed(f"{playlist} segment {number} is {found}, and was {line.stretches[number]} in order")
                return len(numbers)

            pairs = zip(clients, playlists, lines)
            return sum(both(*(lambda c=c, p=p, l=l: compare(c, p, l) for c, p, l in pairs), limit_s=300))


class InStep:
    """Keeps readers as close to each other as a player's buffer does; the quicker one waits."""

    def __init__(self, names):
        self._reached = dict.fromkeys(names, 0.0)
        self._moved = threading.Condition()

    def reach(self, name, seconds):
        with self._moved:
            self._reached[name] = seconds
            self._moved.notify_all()

    def wait(self, name):
        with self._moved:
            near = self._moved.wait_for(lambda: self._reached[name] <= min(self._reached.values()) + BUFFER_S, LIMIT_S)
        if not near:
            raise Failed(f"{name} waited for the other rendition for {LIMIT_S} s")


class Sampler:
    """Looks again and again how much a folder holds, and keeps the most."""

    def __init__(self, folder):
        self.folder = folder
        self.most = self.samples = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, error, traceback):
        self._stop.set()
        self._thread.join(5)

    def _run(self):
        while not self._stop.wait(SAMPLE_EVERY_S):
            held = held_bytes(self.folder)
            if held > self.most:
                # Files come and go while they are counted, so a count may hold both the old and the new: it stands
                # only if two more at once do not say less.
                self.most = max(self.most, min(held, held_bytes(self.folder), held_bytes(self.folder)))
            self.samples += 1


def held_bytes(folder):
    """Bytes that the files under a folder take on their file system."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total
