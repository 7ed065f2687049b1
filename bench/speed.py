"""How fast each way of encoding is, as a factor of real time, and beside the plainest of them."""

import os
import time
from dataclasses import dataclass

import matinee
from children import Child, Failed
from matinee import Client, Server
from measure import DEFAULT_PRESET
from report import median, progress, with_spread

SOURCE = "short-ffmpeg"
# Seconds of film that are fetched, and the seconds before them, which tell of how a tool starts.
FROM_S, UNTIL_S = 2.0, 18.0
CLIP_S = 20
# What a trial may take.
TRIAL_S = 60
CARDS = ("h264_nvenc", "h264_qsv", "h264_vaapi")
LIMIT_S = 900

HDR10 = (
    "-vf format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc "
    "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc -c:v libx265 -preset ultrafast "
    "-x265-params log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
)


@dataclass(frozen=True)
class Way:
    """One way from a film to segments."""

    what: str
    # What ffmpeg makes of the source; None: the source itself.
    clip: str | None = None
    query: str = "video=encode&burn=none"
    preset: str = DEFAULT_PRESET
    # It is to be at least as fast as it is watched.
    aimed: bool = True

    @property
    def film(self):
        return SOURCE if self.clip is None else f"speed-{self.clip}"


CLIPS = {
    "hevc10": "-pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=error",
    "interlaced": "-vf interlace -c:v mpeg2video -b:v 12M -flags +ilme+ildct -top 1",
    "hdr10": HDR10,
    "2160": "-vf scale=3840:2160 -pix_fmt yuv420p -c:v libx264 -preset ultrafast -b:v 20M",
}
PLAIN = Way("H.264")
WAYS = (
    PLAIN,
    Way("H.264, ultrafast", preset="ultrafast"),
    Way("H.264, veryfast", preset="veryfast"),
    Way("H.264, subtitles drawn in", query="video=encode&burn=s0"),
    Way("H.264, made 720p", query="video=encode&burn=none&quality=720"),
    Way("HEVC 10-bit", "hevc10"),
    Way("MPEG-2, interlaced: deinterlaced", "interlaced"),
    # These two are told in the page where a machine cannot keep up.
    Way("HEVC 10-bit, HDR10: tone-mapped", "hdr10", aimed=False),
    Way("H.264 2160p, made 1080p", "2160", aimed=False),
)


def section(bench, report, pairs):
    report.heading("How fast each way of encoding is")
    make_clips(bench)
    cards = encoders_that_work(bench)
    ways = [(way, "libx264") for way in WAYS] + [(Way(f"H.264 by {card}"), card) for card in cards]
    factors = {way: [] for way, _ in ways}
    ratios = {way: [] for way, _ in ways}
    for number in range(pairs):
        plain = factor(bench, PLAIN, "libx264")
        for way, encoder in ways:
            found = plain if way is PLAIN else factor(bench, way, encoder)
            factors[way].append(found)
            ratios[way].append(found / plain)
        progress(f"speed {number + 1}: {', '.join(f'{factors[way][-1]:.2f}' for way, _ in ways)}")
    report.say(f"1080p at 24 frames a second, {UNTIL_S - FROM_S:.0f} s of film fetched as fast as they come, without the head's start;")
    report.say(f"{DEFAULT_PRESET} where nothing else is said. The last column is the speed beside the first row's, in the same round.\n")
    report.table(
        ["", "x real time", "x the first"],
        [[way.what, with_spread(factors[way]), with_spread(ratios[way])] for way, _ in ways],
    )
    if not cards:
        report.say("\nNo graphics card's encoder works on this machine, so none is measured.")
    for way, _ in ways:
        if way.aimed:
            report.aim(f"seconds for a second of film, {way.what}", 1 / median(factors[way]), 1.0, " s")


def make_clips(bench):
    """Twenty seconds of the source in other forms, kept beside it."""
    for name, how in CLIPS.items():
        path = os.path.join(bench.media, f"speed-{name}.mkv")
        if os.path.exists(path):
            continue
        progress(f"making {path}")
        source, partial = os.path.join(bench.media, f"{SOURCE}.mkv"), f"{path}.partial"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, "-t", str(CLIP_S), "-map", "0:v:0", "-map", "0:a:0"]
        Child([*command, *how.split(), "-c:a", "copy", "-f", "matroska", partial], os.path.join(bench.scratch, "clip.log")).finish(LIMIT_S)
        os.rename(partial, path)


def encoders_that_work(bench):
    """The graphics cards' encoders that pass the server's trial, each asked for by itself."""
    found = []
    for card in CARDS:
        with Server(bench.program, bench.folder("encoders"), DEFAULT_PRESET, encoder=card) as server:
            if wait_for_trials(Client(server.port))["used"] == card:
                found.append(card)
    return found


def wait_for_trials(client):
    """Waits until the server knows its encoder; what it says of it."""
    deadline = time.monotonic() + TRIAL_S
    while (report := client.call("system")["encoder"]).get("trying") and time.monotonic() < deadline:
        time.sleep(0.1)
    return report


def factor(bench, way, encoder):
    """Seconds of film made in a second."""
    bench.warm_up(way.film)
    with Server(bench.program, bench.folder("speed"), way.preset, encoder=encoder) as server:
        client = Client(server.port)
        wait_for_trials(client)
        session = client.call("open", source=bench.url(way.film))["session"]
        rendition = matinee.load(client, matinee.picture(client, session, way.query))
        by_card = rendition.playlist.split("/")[-2].endswith("-gpu")
        if by_card != (encoder != "libx264"):
            raise Failed(f"{rendition.playlist} is not made by {encoder}, which was to be measured")
        first, last = rendition.at(FROM_S), rendition.at(UNTIL_S)
        for segment in rendition.segments[:first]:
            client.get(segment)
        began = time.monotonic()
        for segment in rendition.segments[first:last]:
            client.get(segment)
        took_s = time.monotonic() - began
    return sum(rendition.durations[first:last]) / took_s
