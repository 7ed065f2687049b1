"""Running ffmpeg, ffprobe and mkvmerge."""

import json
import subprocess
import sys

FFMPEG = ["ffmpeg", "-v", "error", "-y", "-nostats"]


def say(text):
    print(f"media: {text}", flush=True)


def run(arguments, feed=None):
    """Runs a tool; `feed` yields what it reads on standard input."""
    process = subprocess.Popen(
        [str(a) for a in arguments],
        stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if feed:
        try:
            for block in feed:
                process.stdin.write(block)
            process.stdin.close()
        except BrokenPipeError:
            pass
    output = process.stdout.read().decode("utf-8", "replace")
    # mkvmerge ends with 1 when it only has a warning.
    allowed = (0, 1) if arguments[0] == "mkvmerge" else (0,)
    if process.wait() not in allowed:
        sys.exit(f"media: {arguments[0]} failed: {output[-2000:]}\n  {' '.join(map(str, arguments))}")


def probe(path, *arguments):
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", *arguments, path], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def first_packet_s(path, stream):
    packets = probe(path, "-select_streams", stream, "-read_intervals", "%+30", "-show_entries", "packet=pts_time")["packets"]
    return float(packets[0]["pts_time"])
