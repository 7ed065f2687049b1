"""From the press of a button to a picture in Chromium, over a home's line, beside the replaced pipeline."""

import os
from dataclasses import dataclass

import chromium
from children import Failed
from matinee import Server
from measure import DEFAULT_PRESET
from player_page import PlayerPage
from range_server import Line, RangeServer
from report import mb, median, progress, with_spread

# Keyframes every two seconds, 8 Mbit/s.
FILM = "gop2"
LINE = Line(bits_per_s=50e6, latency_s=0.02)
# Where the viewers jump to, as parts of the film, one a pair: shortly before a keyframe and soon after one, and between.
SEEKS = (0.7, 0.504, 0.808, 0.612, 0.903)

FIRST_FRAME_S, SEEK_S = 1.0, 0.8
# Of the replaced pipeline's time to its first frame.
PART = 0.1


@dataclass(frozen=True)
class Watched:
    viewing: chromium.Viewing
    # Where the viewer jumped to.
    place: float
    # Bytes that the upstream sent from the click to the first frame, and from the seek to its frame.
    first_bytes: int
    seek_bytes: int = 0
    # What the upstream was asked for meanwhile.
    answers: tuple = ()


class Screenings:
    """Both sides before the same line, each with a server and a browser of its own that run before the click."""

    def __init__(self, bench):
        self._bench = bench
        self._line = RangeServer(bench.media, os.path.join(bench.scratch, "line.log"), LINE)

    def end(self):
        self._line.child.kill()

    def replaced(self):
        folder = self._bench.folder("replaced-view")
        vendor = os.path.join(os.path.dirname(self._bench.program), "../site/vendor")
        if not os.path.isdir(vendor):
            raise Failed(f"{vendor} is missing, which has the player for the replaced pipeline's page; make build makes it")
        before = self._line.sent()
        with PlayerPage(self._line.url(f"{FILM}.mkv"), folder, vendor) as page:
            viewing = chromium.view(self._bench.folder("browser"), page.url, "Watch")
            return Watched(viewing, 0.0, self._line.sent(viewing.first.frame) - before)

    def matinee(self, place):
        truth = self._bench.truth(FILM)
        rate = truth["rate"]
        with Server(self._bench.program, self._bench.folder("view"), DEFAULT_PRESET) as server:
            before = self._line.sent()
            page = f"http://127.0.0.1:{server.port}/"
            link = self._line.url(f"{FILM}.mkv")
            viewing = chromium.view(self._bench.folder("browser"), page, "Watch", link, place, rate[1] / rate[0])
            first, asked, shown = (
                self._line.sent(at) for at in (viewing.first.frame, viewing.seek.cause, viewing.seek.frame)
            )
            answers = tuple(answer for answer in self._line.answers() if answer.asked >= viewing.first.cause)
        if not any("/v0-copy/" in load.path for load in viewing.first.loads):
            raise Failed("the page did not choose the copied picture, so there is nothing to compare")
        # What was not read cannot have been made.
        if asked - before > place * truth["size"]:
            raise Failed(f"{mb(asked - before)} MB were read before the seek, so its place may have been made already")
        return Watched(viewing, place, first - before, shown - asked, answers)


def section(bench, report, pairs):
    report.heading("Open to first frame, and seek, in Chromium")
    bench.warm_up(FILM)
    screenings = Screenings(bench)
    old, new = [], []
    try:
        for number in range(pairs):
            old.append(screenings.replaced())
            new.append(screenings.matinee(SEEKS[number % len(SEEKS)]))
            before, after = old[-1].viewing, new[-1].viewing
            progress(
                f"first frame {number + 1}: replaced {before.first.seconds:.2f} s, "
                f"Matinee {after.first.seconds:.2f} s, seek {after.seek.seconds:.2f} s"
            )
    finally:
        screenings.end()
    firsts = [watched.viewing.first for watched in new]
    seeks = [watched.viewing.seek for watched in new]
    ratios = [after.seconds / before.viewing.first.seconds for before, after in zip(old, firsts)]
    report.say(f"{FILM}: 1080p copied, keyframes every 2 s, through a line of {LINE.bits_per_s / 1e6:.0f} Mbit/s with")
    report.say(f"{LINE.latency_s * 1000:.0f} ms to each answer. From the click on Watch, with page, browser and server at work before;")
    report.say("the replaced pipeline behind a page with hls.js, which begins when three segments stand in its playlist.\n")
    report.table(
        ["", "s", "MB read"],
        [
            ["replaced pipeline: until three segments", with_spread(playlist_s(w.viewing.first) for w in old), ""],
            ["  until the first frame", with_spread(w.viewing.first.seconds for w in old), mb(median([w.first_bytes for w in old]))],
            ["Matinee: until the first frame", with_spread(s.seconds for s in firsts), mb(median([w.first_bytes for w in new]))],
            ["  until nothing lies over the picture", with_spread(w.viewing.uncovered_s for w in new), ""],
            ["seek to what was never made, until its frame", with_spread(s.seconds for s in seeks), mb(median([w.seek_bytes for w in new]))],
            ["ratio of the first frames", with_spread(ratios, 3), ""],
        ],
    )
    places = (f"{w.place:.1%} {w.viewing.seek.seconds:.2f} s" for w in new)
    report.say(f"\nThe seeks, {chromium.REST_S:g} s after the first frame: {', '.join(places)}.")
    report.say("\nWhere Matinee's time goes: seconds after the click, or after the seek; each figure is a median by itself.\n")
    report.table(["", "asked for", "first byte", "there"], list(steps(firsts, seeks)))
    report.say("\nWhat the source was asked for in the last pair, in s and MB; an answer that its reader left is cut off.\n")
    report.table(["after", "asked at", "ended at", "from", "wanted", "sent"], list(asked_for(new[-1])))
    report.aim("open to first frame in Chromium", median([s.seconds for s in firsts]), FIRST_FRAME_S, " s")
    report.aim("open to first frame, part of the replaced pipeline's time", median(ratios), PART)
    report.aim("seek in Chromium to a place never made", median([s.seconds for s in seeks]), SEEK_S, " s")


def playlist_s(sight):
    """When the replaced pipeline's player began."""
    load = sight.load("/index.m3u8")
    if not load:
        raise Failed("the replaced pipeline's page showed a frame without its playlist")
    return load.asked_s


# What the page loads on its way to the first frame, by a part of the path, and how the report calls it.
ON_THE_WAY = (
    ("/api/open", "open"),
    ("/vendor/hls.min.mjs", "player"),
    ("/master.m3u8", "master playlist"),
    ("/v0-copy/index.m3u8", "video's playlist"),
    ("/a0-copy/index.m3u8", "audio's playlist"),
    ("/v0-copy/init.mp4", "video's init"),
    ("/v0-copy/0.m4s", "video's first segment"),
    ("/a0-copy/0.m4s", "audio's first segment"),
)


def steps(firsts, seeks):
    def row(name, found):
        loads = [load for load in found if load]
        if not loads:
            return [name, "-", "-", "-"]
        columns = zip(*((load.asked_s, load.answered_s, load.there_s) for load in loads))
        return [name, *(f"{median(column):.3f}" for column in columns)]

    opened, *others = (row(name, [sight.load(part) for sight in firsts]) for part, name in ON_THE_WAY)
    yield opened
    # The page asks again and again until the film is ready.
    yield row("session, the last time", [sight.load("/api/session", last=True) for sight in firsts])
    yield from others
    yield row("seek: video's segment", [sight.load("/v0-copy/") for sight in seeks])
    yield row("seek: audio's segment", [sight.load("/a0-copy/") for sight in seeks])


def asked_for(watched):
    """The source's answers until each of the two frames came."""
    for name, sight in (("click", watched.viewing.first), ("seek", watched.viewing.seek)):
        for answer in watched.answers:
            over = answer.ended is not None and answer.ended < sight.cause
            if answer.asked > sight.frame or over:
                continue
            ended = f"{answer.ended - sight.cause:.3f}" if answer.ended else "-"
            places = (f"{number / 1e6:.2f}" for number in (answer.first, answer.wanted, answer.sent))
            yield [name, f"{answer.asked - sight.cause:.3f}", ended, *places]
