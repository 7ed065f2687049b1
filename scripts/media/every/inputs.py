"""What an input is: how it is made, and what a player should find in it."""

import hashlib
import inspect
import os
import shlex
from dataclasses import asdict, dataclass, field

from tools import FFMPEG, run

from . import base


@dataclass(frozen=True)
class Plays:
    """What has to be seen and heard. The default is what `base` makes, unchanged."""

    # The numbers in the pictures, in their order: the first, how many at least, and the step from one to the next.
    first: int = 0
    frames: int = base.FRAMES
    step: int = 1
    # When number n is shown, by the rate; None where the rate varies, and times are not compared.
    rate: tuple | None = (base.RATE, 1)
    # Whether it is a part of a film: then there may be more frames than `frames`, and gaps where it was cut.
    part: bool = False
    # How much of the output's width and height pictures take that are shown between bars; None where there are none.
    within: tuple | None = None
    # Whether the numbers can be read: not in a picture of two pixels.
    readable: bool = True
    # None for a film without picture.
    picture: bool = True
    # Width and height as shown, in square pixels, as a ratio.
    shape: tuple = base.SIZE
    length_s: float = base.LENGTH_S
    # By how much the length may be off.
    length_off_s: float = 0.15
    # The seconds whose tones are heard; None for a film without sound.
    beeps: tuple | None = tuple(range(base.LENGTH_S))
    # When the first picture is shown, in film time.
    starts_s: float = 0.0
    # Words that the plan says of the picture; None where it has to be passed on as it is, "" for any.
    why: str | None = ""
    # Words of a warning.
    warning: str | None = None
    # The mean luma and saturation of the output, where it was mapped.
    luma: tuple | None = None
    saturation: tuple | None = None
    # Frames that were interlaced and must not be combed any more.
    combed: bool = False
    # Whether the output's colours, as a browser takes them, have to be the input's.
    colours: bool = False

    def as_json(self):
        return asdict(self)


@dataclass(frozen=True)
class Refused:
    kind: str
    # Words that the reason has.
    words: str

    def as_json(self):
        return asdict(self)


@dataclass(frozen=True)
class Input:
    name: str
    # Its ending is what a link would have.
    file: str
    # In a few words, for the one who reads a failure.
    what: str
    # ffmpeg's arguments, or another program's behind its name; {picture}, {fields}, {sound}, {work} and {out} are
    # filled in.
    commands: tuple
    plays: Plays | None = field(default_factory=Plays)
    refused: Refused | None = None
    # Changes the bytes of what the commands made.
    edit: object = None
    # Why it does not play as it should yet; the tests say so and pass over it.
    todo: str | None = None
    # The same where only the browser finds it wrong.
    todo_browser: str | None = None


PROGRAMS = ("mkvmerge", "mkvpropedit", "sh")


def build(one, work, made):
    """Makes an input's file, under its name only when it is whole."""
    folder = f"{work}/{one.name}"
    os.makedirs(folder)
    out = f"{folder}/{one.file}"
    places = {**base.places(work), "work": folder, "out": out}
    for command in one.commands:
        words = [word.format(**places) for word in shlex.split(command)]
        run(words if words[0] in PROGRAMS else [*FFMPEG, *words])
    if one.edit:
        data = b""
        if one.commands:
            with open(out, "rb") as file:
                data = file.read()
        with open(out, "wb") as file:
            file.write(one.edit(data))
    os.replace(out, f"{made}/{one.file}")


def recipe_of(one):
    """Changes when the file has to be made anew."""
    edit = inspect.getsource(inspect.getmodule(one.edit)) if one.edit else ""
    text = repr((one.file, one.commands, edit)) + inspect.getsource(base)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
