"""A film as a person sees it: a page in Chromium, the press of a button, pictures."""

import json
import os
from dataclasses import dataclass

from children import Child, bury_orphans, clean_environment

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "browser.mjs")
PROGRAM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
MODULES = os.path.join(os.path.dirname(SCRIPT), "../end2end/node_modules/playwright-core")
# Seconds; the script ends by itself before.
LIMIT_S = 200
# Seconds between the first frame and the seek: the film is being read ahead, as it is when a person seeks.
REST_S = 2.0


@dataclass(frozen=True)
class Load:
    """A file that the page loaded; seconds since the click or the seek."""

    path: str
    asked_s: float
    answered_s: float
    there_s: float


@dataclass(frozen=True)
class Sight:
    """From a cause, the click or the seek, to its frame."""

    # Seconds of the wall clock.
    cause: float
    frame: float
    loads: list

    @property
    def seconds(self):
        return self.frame - self.cause

    def load(self, part, last=False):
        """The first file, or the last, with this in its path; none if there is none."""
        found = [load for load in self.loads if part in load.path]
        return found[-1 if last else 0] if found else None


@dataclass(frozen=True)
class Viewing:
    first: Sight
    # Seconds from the click until nothing lay over the picture any more, and until the video said that it plays.
    uncovered_s: float
    playing_s: float | None
    seek: Sight | None


def view(folder, page, button, link=None, seek=None, frame_s=0.0):
    """Opens the page, pastes the link, presses the button; with `seek` goes to that part of the film afterwards."""
    os.makedirs(folder)
    out = os.path.join(folder, "seen.json")
    wanted = {"page": page, "link": link, "button": button, "seek": seek, "rest_s": REST_S, "frame_s": frame_s, "out": out}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    # Chromium's profile goes with the bench's folder, however it ends.
    env = {**clean_environment(), "TMPDIR": folder, "CHROMIUM": PROGRAM}
    child = Child(["node", SCRIPT, json.dumps(wanted)], os.path.join(folder, "browser.log"), env=env)
    try:
        child.finish(LIMIT_S)
    finally:
        child.kill()
        bury_orphans(5)
    with open(out, encoding="utf-8") as file:
        seen = json.load(file)
    playing = seen["marks"].get("playing")
    return Viewing(
        first=_sight(seen["click"], seen["first"], seen["loads"]),
        uncovered_s=seen["uncovered"] - seen["click"],
        playing_s=playing - seen["click"] if playing else None,
        seek=_sight(seen["seek"]["asked"], seen["seek"]["at"], seen["seek"]["loads"]) if "seek" in seen else None,
    )


def _sight(cause, frame, loads):
    found = [Load(l["path"], l["asked"] - cause, l["answered"] - cause, l["there"] - cause) for l in loads]
    return Sight(cause, frame, sorted(found, key=lambda load: load.asked_s))
