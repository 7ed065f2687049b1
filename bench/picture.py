"""How much of the picture is left: SSIM against the same frames, with the same subtitles, without any loss."""

import os
import re
import subprocess

from children import Child, Failed

# From the film's start; enough for the bit rate to settle and for subtitles to come and go. About ten seconds.
FRAMES = 240
LIMIT_S = 300


def reference(url, folder):
    """Renders the first frames with the film's default subtitles, losslessly."""
    path = os.path.join(folder, "reference.mkv")
    Child(
        ["mpv", url, "--no-config", "--no-terminal", "--aid=no", f"--frames={FRAMES}", f"--o={path}", "--of=matroska"]
        + ["--vf=format=yuv420p", "--ovc=libx264", "--ovcopts=preset=ultrafast,qp=0"],
        os.path.join(folder, "reference.log"),
    ).finish(LIMIT_S)
    return path


def likeness(encoded, reference_path, folder):
    """SSIM of the first frames: of all of them, and of the worst. 1 is the same picture."""
    log = os.path.join(folder, "ssim.log")
    table = os.path.join(folder, "ssim.txt")
    for leftover in (log, table):
        if os.path.exists(leftover):
            os.remove(leftover)
    # By number, not by time: the replaced pipeline's stamps start anywhere.
    numbered = f"trim=end_frame={FRAMES},settb=1/1000,setpts=N*40"
    graph = f"[0:v:0]{numbered}[a];[1:v:0]{numbered}[b];[a][b]ssim=stats_file={table}"
    Child(
        ["ffmpeg", "-nostdin", "-i", encoded, "-i", reference_path, "-lavfi", graph, "-fps_mode", "passthrough", "-f", "null", "-"],
        log,
        stdout=subprocess.DEVNULL,
    ).finish(LIMIT_S)
    with open(table, encoding="utf-8") as stats:
        frames = [float(value) for value in re.findall(r" All:([\d.]+)", stats.read())]
    if len(frames) != FRAMES:
        raise Failed(f"{encoded} has {len(frames)} of the first {FRAMES} frames")
    return sum(frames) / len(frames), min(frames)
