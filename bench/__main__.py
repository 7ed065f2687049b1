"""Measures Matinee beside the pipeline that it replaces.

    python3 bench [--quick] [--matinee PROGRAM] [--media DIR] [--only PART...]

Both get the same film from the same server on loopback, in turn, in one run: the machine's mood strikes both alike.
What counts is the median of the pairs' ratios. Exits with 1 when an aim is missed, with 2 when nothing could be
measured. Needs a quiet machine, Linux, mpv, ffmpeg, node and Chromium (CHROMIUM names another than /usr/bin/chromium).
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile

# No __pycache__ beside the sources.
sys.dont_write_bytecode = True

import children
import chromium
import company
import copied
import machine
import picture
import speed
import watched
from children import Failed
from measure import DEFAULT_PRESET, SAME_PRESET, SEEKS, SMALL_BUDGET, Bench
from range_server import RangeServer
from report import Report, mb, median, progress, with_spread

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHORT, LONG = "short-ffmpeg", "long-ffmpeg"
# A pair's CPU ratio strays by some 3 % on a quiet machine: three are the least from which a median says anything.
LEAST_PAIRS, PAIRS = 3, 5
PARTS = ("moment", "watched", "cost", "speed", "seeks", "viewers", "company", "long")
# Seconds that the making of the films may take.
MAKING_S = 3600


def main():
    options = arguments()
    # A plain kill ends the bench the way Ctrl-C does: with its children.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = None
    children.adopt()
    try:
        films = [SHORT, watched.FILM] if options.quick else [SHORT, watched.FILM, LONG]
        prepare(options, films)
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        scratch = tempfile.mkdtemp(prefix="matinee-bench-", dir=memory)
        upstream = RangeServer(options.media, os.path.join(scratch, "range-server.log"))
        return measure(Bench(options.matinee, options.media, upstream, scratch), options)
    except Failed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        children.end_all()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description="Measures Matinee beside the pipeline that it replaces.")
    parser.add_argument("--quick", action="store_true", help="leave the ten-minute film out")
    program = os.environ.get("MATINEE_BIN") or os.path.join(ROOT, "target/release/matinee")
    media = os.environ.get("MATINEE_TEST_MEDIA") or os.path.join(ROOT, "target/media")
    parser.add_argument("--matinee", metavar="PROGRAM", default=program, help="also MATINEE_BIN; its site lies beside it")
    parser.add_argument("--media", metavar="DIR", default=media, help="the films, also MATINEE_TEST_MEDIA; those missing are made")
    parser.add_argument("--only", metavar="PART", nargs="+", choices=PARTS, help=f"some parts: {', '.join(PARTS)}")
    parser.add_argument("--pairs", metavar="N", type=int, help=f"rounds of each comparison: {PAIRS}, or {LEAST_PAIRS} with --quick")
    options = parser.parse_args()
    if options.pairs is None:
        options.pairs = LEAST_PAIRS if options.quick else PAIRS
    if options.pairs < LEAST_PAIRS:
        parser.error(f"--pairs must be at least {LEAST_PAIRS}")
    return options


def prepare(options, films):
    """What must be there before anything is measured."""
    for tool in ("mpv", "ffmpeg", "node", chromium.PROGRAM):
        if not shutil.which(tool):
            raise Failed(f"{tool} is missing; install it")
    if not os.path.isdir(chromium.MODULES):
        raise Failed(f"{chromium.MODULES} is missing; make setup-test installs it")
    if not os.access(options.matinee, os.X_OK):
        raise Failed(f"{options.matinee} is missing; build it with make build, or name another with --matinee")
    options.matinee, options.media = os.path.abspath(options.matinee), os.path.abspath(options.media)
    there = [os.path.exists(os.path.join(options.media, f"{film}.{end}")) for film in films for end in ("mkv", "json")]
    if not all(there):
        print(f"making {', '.join(films)} in {options.media}", file=sys.stderr)
        os.makedirs(options.media, exist_ok=True)
        log = os.path.join(options.media, "making.log")
        children.Child([sys.executable, os.path.join(ROOT, "scripts/media"), options.media, *films], log).finish(MAKING_S)
        os.remove(log)


def measure(bench, options):
    report = Report()
    report.say("# Matinee beside the pipeline that it replaces\n")
    report.say(f"{machine.describe()}. Median (least-most) of {options.pairs} pairs in turn; ratios are those of the pairs.")
    for name, part in parts(bench, report, options).items():
        if options.only and name not in options.only:
            continue
        others = machine.Others(bench.upstream.child.pid)
        part()
        report.say(f"\n{others.line()}")
    return 0 if report.verdict() else 1


def parts(bench, report, options):
    film = SHORT if options.quick else LONG
    found = {
        "moment": lambda: first_moment(bench, report, options.pairs),
        "watched": lambda: watched.section(bench, report, options.pairs),
        "cost": lambda: cost(bench, report, options.pairs),
        "speed": lambda: speed.section(bench, report, options.pairs),
        "seeks": lambda: seeks(bench, report, film),
        "viewers": lambda: copied.viewers(bench, report, film),
        "company": lambda: company.section(bench, report, SHORT),
    }
    if not options.quick:
        found["long"] = lambda: long_film(bench, report)
    return found


def first_moment(bench, report, pairs):
    report.heading("From open to the first playable moment, subtitles burned in")
    bench.warm_up(SHORT)
    old, new = [], []
    for number in range(pairs):
        old.append(bench.replaced_moment(SHORT))
        new.append(bench.matinee_moment(SHORT))
        progress(f"first moment {number + 1}: replaced {old[-1][0]:.2f} s, Matinee {new[-1].playable_s:.2f} s")
    ratios = [after.playable_s / before for (before, _), after in zip(old, new)]
    ready_s = median([film_s for _, film_s in old])
    report.table(
        ["", "s"],
        [
            [f"replaced pipeline: three segments ({ready_s:.0f} s of film)", with_spread(s for s, _ in old)],
            [f"Matinee ({DEFAULT_PRESET}): first segment of video and audio", with_spread(m.playable_s for m in new)],
            ["  of which until the master playlist", with_spread(m.master_s for m in new)],
            ["  until the video's first segment", with_spread(m.video_s for m in new)],
            ["  until the audio's first segment", with_spread(m.audio_s for m in new)],
            ["ratio", with_spread(ratios)],
        ],
    )
    report.aim("first playable moment, part of the replaced pipeline's time", median(ratios), 0.25)


def cost(bench, report, pairs):
    report.heading("Cost of a whole film")
    old, same, default, copies = [], [], [], []
    for number in range(pairs):
        old.append(bench.replaced_film(SHORT))
        same.append(bench.matinee_film(SHORT, SAME_PRESET))
        default.append(bench.matinee_film(SHORT, DEFAULT_PRESET))
        copies.append(copied.one_round(bench, SHORT))
        spent = [runs[-1][0].cpu_s for runs in (old, same, default, copies)]
        progress(f"cost {number + 1}: CPU s {', '.join(f'{cpu_s:.2f}' for cpu_s in spent)}")
    progress("comparing pictures")
    reference = picture.reference(bench.url(SHORT), bench.scratch)

    def row(name, runs):
        like, worst = picture.likeness(runs[0][1], reference, bench.scratch)
        minutes = [(run, run.film_s / 60) for run, _ in runs]
        return [
            name,
            with_spread((run.cpu_s / m for run, m in minutes), 1),
            mb(median([run.bytes / m for run, m in minutes])),
            f"{like:.4f} ({worst:.4f})",
            with_spread((run.film_s / run.wall_s for run, _ in minutes), 1),
        ]

    rows = [
        row(f"replaced pipeline, {SAME_PRESET}", old),
        row(f"Matinee, {SAME_PRESET}", same),
        row(f"Matinee, {DEFAULT_PRESET} (default)", default),
    ]
    start_s = median([run.start_cpu_s for run, _ in same + default])
    report.say(f"{SHORT}: 1080p, all of it fetched as fast as it comes, with its subtitles burned in; crf 23, at most 8 Mbit/s")
    report.say("everywhere. Matinee copies the sound, which the replaced pipeline encodes. CPU is user + system")
    report.say(f"of all that runs for it: server, probe, mpv, ffmpeg; not the server's start, which happens once ({start_s:.2f} CPU s).")
    report.say("SSIM is of the first ten seconds, in brackets of the worst frame.\n")
    report.table(["", "CPU s/min", "MB/min", "SSIM", "x real time"], rows)

    def ratios(runs):
        return [(new.cpu_s / new.film_s) / (before.cpu_s / before.film_s) for (before, _), (new, _) in zip(old, runs)]

    at_same, at_default = ratios(same), ratios(default)
    report.say("\nCPU, ratio to the replaced pipeline's:")
    report.say(f"{with_spread(at_same)} at {SAME_PRESET}, {with_spread(at_default)} at {DEFAULT_PRESET}.")
    report.aim(f"CPU per minute at {SAME_PRESET}, part of the replaced pipeline's", median(at_same), 1.0)
    copied.cost(report, SHORT, copies, per_minute(old), per_minute(default))


def per_minute(runs):
    return [run.cpu_s / run.film_s * 60 for run, _ in runs]


def seeks(bench, report, film):
    report.heading("Seek to where nothing was made, subtitles burned in")
    bench.warm_up(film)
    found = []
    for place in SEEKS:
        found.append(bench.seek(film, place))
        progress(f"seek to {place:.0%}: {found[-1].video_s:.2f} s")
    later = [max(seek.video_s, seek.audio_s) for seek in found]
    report.table(
        [f"{film}, to", "video s", "audio s"],
        [[f"{seek.place:.0%}", f"{seek.video_s:.2f}", f"{seek.audio_s:.2f}"] for seek in found]
        + [["median", f"{median([s.video_s for s in found]):.2f}", f"{median([s.audio_s for s in found]):.2f}"]],
    )
    report.aim("seek to a place never made, both segments there, median", median(later), 2.0, " s")


def long_film(bench, report):
    report.heading("Ten minutes, burned in, in order, through a store that is too small for them")
    progress("the long film")
    result = bench.long_film(LONG)
    run = result.run
    report.table(
        ["", ""],
        [
            ["film s, frames, segments", f"{run.film_s:.1f}, {run.frames}, {run.segments}"],
            ["x real time", f"{run.film_s / run.wall_s:.2f}"],
            ["CPU s/min", f"{run.cpu_s / run.film_s * 60:.1f}"],
            ["made, MB", mb(run.bytes)],
            [f"store at most, MB ({result.store_samples} samples)", mb(result.store_most)],
            ["store's budget, MB", mb(SMALL_BUDGET)],
            ["read upstream, MB", mb(result.upstream_bytes)],
            ["the file, MB", mb(result.file_bytes)],
        ],
    )
    report.say("\nEach segment started where the one before ended, and no frame was missing.")
    report.say(f"{result.again} segments made again by fresh heads, out of order, cover the same time with the same frames.")
    if run.bytes <= SMALL_BUDGET:
        report.say("The film fits into the store, so nothing had to make room.")
    report.aim("store's peak, part of its budget", result.store_most / SMALL_BUDGET, 1.0)


sys.exit(main())
