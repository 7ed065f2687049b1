"""What a copied film costs, and what several viewers of one film read from its source."""

import os
import time
from dataclasses import dataclass

import matinee
from children import Child, Failed
from matinee import BURNED, COPIED, Client, Server
from measure import DEFAULT_PRESET, InStep
from report import mb, median, progress, with_spread

# Of `ffmpeg -c copy` into fragmented MP4, and of the same film with its subtitles burned in.
OF_FFMPEG, OF_BURNED = 4.0, 0.03
# Of the file, for three viewers on different tracks.
OF_FILE = 1.02
# Default sound, the other sound, and subtitles burned in: as different as viewers of one film can be.
VIEWERS = (COPIED, f"{COPIED}&audio=a1", BURNED)
LIMIT_S = 300
TOGETHER_S = 1800


@dataclass(frozen=True)
class CopyRun:
    wall_s: float
    cpu_s: float
    film_s: float
    bytes: int

    @property
    def cpu_per_minute(self):
        return self.cpu_s / self.film_s * 60


def start_cpu(bench):
    """CPU seconds of a server that starts and ends without any film. Counted to its end, so exactly."""
    with Server(bench.program, bench.folder("idle"), DEFAULT_PRESET) as server:
        return server.stop().cpu_s


def by_matinee(bench, film, start_s):
    """All of the copied picture and of the copied default sound, as fast as they come."""
    with Server(bench.program, bench.folder("copied"), DEFAULT_PRESET) as server:
        began = time.monotonic()
        clients = Client(server.port), Client(server.port)
        playlists = matinee.open_film(clients[0], bench.url(film), COPIED)
        if "-copy/" not in playlists[1]:
            raise Failed(f"the sound is {playlists[1]} and not copied, so there is nothing to compare")
        lines, sizes = bench.fetch(film, clients, playlists, InStep(playlists))
        wall_s = time.monotonic() - began
        ended = server.stop()
    return CopyRun(wall_s, ended.cpu_s - start_s, lines[0].seconds(), sum(sizes))


def by_ffmpeg(bench, film):
    """The same tracks by the program that does nothing else, into one file."""
    folder = bench.folder("ffmpeg-copy")
    os.makedirs(folder)
    path = os.path.join(folder, "copy.mp4")
    began = time.monotonic()
    ended = Child(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", bench.url(film), "-map", "0:v:0", "-map", "0:a:0", "-c", "copy"]
        + ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", path],
        os.path.join(folder, "ffmpeg.log"),
    ).finish(LIMIT_S)
    run = CopyRun(time.monotonic() - began, ended.cpu_s, bench.truth(film)["length_s"], os.path.getsize(path))
    # Memory is what holds it.
    os.remove(path)
    return run


def three_viewers(bench, film):
    """All of a film for three viewers of one session at a time: bytes that were read, and bytes of the file."""
    before = bench.upstream.sent()
    with Server(bench.program, bench.folder("viewers"), DEFAULT_PRESET) as server:
        session = Client(server.port).call("open", source=bench.url(film))["session"]
        parts = []
        for number, query in enumerate(VIEWERS):
            clients = [Client(server.port, f"matinee-bench-{number}") for _ in ("video", "audio")]
            playlists = matinee.choose(clients[0], session, query)
            parts.append((clients, playlists, [(number, playlist) for playlist in playlists]))
        in_step = InStep([name for _, _, names in parts for name in names])

        def watch(clients, playlists, names):
            return bench.fetch(film, clients, playlists, in_step, names)

        matinee.together([lambda part=part: watch(*part) for part in parts], TOGETHER_S)
        read = bench.upstream.sent() - before
    return read, os.path.getsize(os.path.join(bench.media, f"{film}.mkv")), [playlists for _, playlists, _ in parts]


def one_round(bench, film):
    """Both ways in turn: Matinee's and ffmpeg's run."""
    return by_matinee(bench, film, start_cpu(bench)), by_ffmpeg(bench, film)


def cost(report, film, rounds, replaced, burned):
    """What the rounds cost, beside the CPU seconds a minute of the replaced pipeline and of the burned picture."""
    ours, plain = zip(*rounds)

    def row(name, runs):
        return [
            name,
            with_spread(run.cpu_per_minute for run in runs),
            mb(median([run.bytes / run.film_s * 60 for run in runs])),
            with_spread((run.film_s / run.wall_s for run in runs), 0),
        ]

    report.say(f"\nThe same of {film} copied, picture and default sound; Matinee's with its gateway, probe and heads, without the")
    report.say("server's start; ffmpeg's with its own. Both read from the same server on loopback, which has no limit here.\n")
    report.table(["", "CPU s/min", "MB/min", "x real time"], [row("ffmpeg -c copy, fragmented MP4", plain), row("Matinee, copied", ours)])
    of_ffmpeg = [own.cpu_per_minute / other.cpu_per_minute for own, other in rounds]
    of_replaced = [own.cpu_per_minute / other for own, other in zip(ours, replaced)]
    of_burned = [own.cpu_per_minute / other for own, other in zip(ours, burned)]
    report.say(f"\nCPU, ratio to ffmpeg's: {with_spread(of_ffmpeg)}; to the replaced pipeline's: {with_spread(of_replaced, 4)};")
    report.say(f"to the burned picture's: {with_spread(of_burned, 4)}.")
    report.aim("CPU of a copied film, times that of ffmpeg -c copy", median(of_ffmpeg), OF_FFMPEG)
    report.aim("CPU of a copied film, part of the burned one's", median(of_burned), OF_BURNED)


def viewers(bench, report, film):
    report.heading("Three viewers of one film, on different tracks")
    bench.warm_up(film)
    progress("three viewers")
    read, size, playlists = three_viewers(bench, film)
    report.say(f"All of {film} at a time, as fast as it comes, each within a player's buffer of the others:")
    for video, audio in playlists:
        report.say(f"- {rendition(video)} with {rendition(audio)}")
    report.say(f"\nRead upstream: {mb(read)} MB; the file: {mb(size)} MB.")
    report.aim("read upstream for three viewers, times the file", read / size, OF_FILE)


def rendition(playlist):
    return playlist.split("/")[-2]
