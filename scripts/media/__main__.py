"""Makes the films that the tests play.

    python3 scripts/media OUTDIR NAME...
    python3 scripts/media OUTDIR --all

What is there already, made by this version, is left alone. Next to each film stands NAME.json, which says
what a player should find in it: frames, tones, subtitles, tracks.
"""

import argparse
import fcntl
import os

import films


def main():
    parser = argparse.ArgumentParser(prog="media", description="Makes the films that the tests play.")
    parser.add_argument("folder", metavar="OUTDIR")
    parser.add_argument("names", metavar="NAME", nargs="*", choices=[*films.NAMES, []], help=", ".join(films.NAMES))
    parser.add_argument("--all", action="store_true", help="every film that the tests play, the ten-minute ones too")
    options = parser.parse_args()
    names = [name for name in films.NAMES if name not in films.FOR_BENCH] if options.all else options.names
    if not names:
        parser.error("say which films, or --all")
    os.makedirs(options.folder, exist_ok=True)
    # Two runs at a time would write the same files.
    with open(f"{options.folder}/.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        films.make(options.folder, names)


main()
