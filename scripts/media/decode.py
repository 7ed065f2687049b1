#!/usr/bin/env python3
"""Reads frame numbers and tones back out of a film or a rendition.

    decode.py FILE [--from S] [--to S] [--within WIDTH HEIGHT]
    (FILE may be an init segment and segments, one after another, or -)

Prints one JSON object: `frames` is a list of [pts_s, number or null], `audio` has one entry an audio track,
`{"start_s", "end_s", "gaps": [[at_s, by_s]], "beeps": [[at_s, hz]]}`. Times are those in the file, untouched.
"""

import argparse
import array
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pattern  # noqa: E402
import sound  # noqa: E402

# A tone's first sample is at full strength; half of it stands well above what a codec smears before an onset.
THRESHOLD = sound.AMPLITUDE // 2
CHUNK = sound.RATE // 1000


class Unreadable(Exception):
    """ffmpeg could not read the file; the text is what it said."""


def _tools_output(arguments, stdout):
    """Runs ffmpeg with its stderr in a file, which showinfo may fill with megabytes, and returns that text."""
    with tempfile.TemporaryFile() as errors:
        done = subprocess.run(
            ["ffmpeg", "-nostdin", "-hide_banner", "-nostats", *arguments], stdout=stdout, stderr=errors, check=False
        )
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace")
    if done.returncode != 0:
        raise Unreadable(text[-2000:])
    return text


def _window(start_s, end_s):
    """Input options for a part of the file. The seek is on the file's own clock."""
    options = ["-copyts"]
    if start_s is not None:
        options += ["-seek_timestamp", "1", "-ss", str(start_s)]
    if end_s is not None:
        options += ["-to", str(end_s)]
    return options


def frames(path, start_s=None, end_s=None, within=(1, 1)):
    """[(pts_s, number or None)] of the first video track, in the order in which they are shown. `within`: how much of
    the width and the height, in the middle, is the picture."""
    rows = 2
    graph = (
        f"crop=iw*{within[0]}:ih*{within[1]}:exact=1,crop=iw:ih*{pattern.STRIP}/2:0:ih*{pattern.STRIP}/4:exact=1,"
        f"scale={pattern.COLUMNS * 4}:{rows}:flags=area:in_range=tv:out_range=tv,format=yuv420p,showinfo=checksum=0"
    )
    with tempfile.TemporaryFile() as raw:
        text = _tools_output(
            [*_window(start_s, end_s), "-i", path, "-map", "0:v:0", "-vf", graph,
             "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"],
            raw,
        )  # fmt: skip
        raw.seek(0)
        data = raw.read()
    base = re.search(r"config in time_base: (\d+)/(\d+)", text)
    stamps = re.findall(r"^\[Parsed_showinfo\S* @ \S+\] n: *\d+ pts: *(-?\d+) ", text, re.MULTILINE)
    size = pattern.COLUMNS * 4 * rows * 3 // 2
    if base is None or len(data) != size * len(stamps):
        raise Unreadable(f"{len(data)} bytes of picture for {len(stamps)} frames")
    scale = int(base[1]) / int(base[2])
    found = []
    for index, stamp in enumerate(stamps):
        row = data[index * size : index * size + pattern.COLUMNS * 4]
        # Of the four columns of a block the middle two are free of what its neighbours bleed into it.
        luma = [(row[4 * i + 1] + row[4 * i + 2]) // 2 for i in range(pattern.COLUMNS)]
        found.append((int(stamp) * scale, pattern.read(luma)))
    return found


def _hz(samples):
    """The pitch of a tone by its rising zero crossings, each placed between two samples."""
    crossings = []
    for index in range(1, len(samples)):
        before, after = samples[index - 1], samples[index]
        if before < 0 <= after:
            crossings.append(index - after / (after - before))
    if len(crossings) < 3:
        return 0.0
    return (len(crossings) - 1) * sound.RATE / (crossings[-1] - crossings[0])


def _beeps(samples, start_s):
    """[(at_s, hz)]: onsets after at least 100 ms of quiet."""
    found, quiet = [], 100
    for index in range(0, len(samples), CHUNK):
        chunk = samples[index : index + CHUNK]
        if max(chunk) < THRESHOLD and min(chunk) > -THRESHOLD:
            quiet += 1
            continue
        if quiet >= 100:
            onset = index + next(i for i, value in enumerate(chunk) if abs(value) >= THRESHOLD)
            inside = samples[onset + 5 * CHUNK : onset + 45 * CHUNK]
            found.append((start_s + onset / sound.RATE, round(_hz(inside), 1)))
        quiet = 0
    return found


def audio(path, track, start_s=None, end_s=None):
    """What audio track `track` holds, or None when there is none."""
    graph = f"aresample={sound.RATE},ashowinfo"
    with tempfile.TemporaryFile() as raw:
        text = _tools_output(
            [*_window(start_s, end_s), "-i", path, "-map", f"0:a:{track}", "-af", graph,
             "-ac", "1", "-f", "s16le", "pipe:1"],
            raw,
        )  # fmt: skip
        raw.seek(0)
        samples = array.array("h")
        samples.frombytes(raw.read())
    parts = re.findall(r"ashowinfo\S* @ \S+\] n:\d+ pts:(-?\d+) .*?nb_samples:(\d+)", text)
    if not parts:
        raise Unreadable("the audio track is empty")
    start = int(parts[0][0])
    gaps, expected = [], start
    for stamp, count in parts:
        if abs(int(stamp) - expected) > 2:
            gaps.append((expected / sound.RATE, (int(stamp) - expected) / sound.RATE))
        expected = int(stamp) + int(count)
    # Where the stamps leap, the samples do not: place each tone by the stamps of the part it lies in.
    found = _beeps(samples, 0)
    placed = []
    position, edges = 0, []
    for stamp, count in parts:
        edges.append((position, int(stamp)))
        position += int(count)
    cursor = 0
    for at, hz in found:
        sample = at * sound.RATE
        while cursor + 1 < len(edges) and edges[cursor + 1][0] <= sample + 0.5:
            cursor += 1
        placed.append(((edges[cursor][1] + sample - edges[cursor][0]) / sound.RATE, hz))
    return {"start_s": start / sound.RATE, "end_s": expected / sound.RATE, "gaps": gaps, "beeps": placed}


def streams(path):
    """How many video and audio tracks there are."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", path],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise Unreadable(done.stderr[-2000:])
    kinds = [line.strip().strip(",") for line in done.stdout.split()]
    return kinds.count("video"), kinds.count("audio")


def decode(path, start_s=None, end_s=None, within=(1, 1)):
    video, sounds = streams(path)
    return {
        "frames": frames(path, start_s, end_s, within) if video else [],
        "audio": [audio(path, track, start_s, end_s) for track in range(sounds)],
    }


def main():
    parser = argparse.ArgumentParser(description="Reads frame numbers and tones back out of a film.")
    parser.add_argument("file", help="- for standard input")
    parser.add_argument("--from", dest="start_s", type=float)
    parser.add_argument("--to", dest="end_s", type=float)
    parser.add_argument("--within", nargs=2, type=float, default=(1, 1), metavar=("WIDTH", "HEIGHT"),
                        help="parts of the width and height that the picture takes, between bars")  # fmt: skip
    options = parser.parse_args()
    try:
        if options.file == "-":
            with tempfile.NamedTemporaryFile() as copy:
                while block := sys.stdin.buffer.read(1 << 20):
                    copy.write(block)
                copy.flush()
                answer = decode(copy.name, options.start_s, options.end_s, options.within)
        else:
            answer = decode(options.file, options.start_s, options.end_s, options.within)
    except Unreadable as error:
        print(f"decode: {error}", file=sys.stderr)
        return 1
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
