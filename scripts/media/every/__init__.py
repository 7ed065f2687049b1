"""A small film of every kind that people have: codecs, containers, sounds, and what only looks like a film.

`every.json` lists them for the tests: name, file, and either what has to play or how it is refused. What the two
have in common with the other films are the numbers in the picture and the tones in the sound.
"""

import concurrent.futures
import json
import os
import shutil
import sys

from . import base, broken, changes, containers, pictures, sounds
from .inputs import build, recipe_of

# The order is that of the list.
INPUTS = (*pictures.INPUTS, *containers.INPUTS, *sounds.INPUTS, *changes.INPUTS, *broken.INPUTS)


def make(folder):
    """Makes those inputs whose recipe is new, and the list of all."""
    names = [one.name for one in INPUTS]
    assert len(set(names)) == len(names), "two inputs of one name"
    assert len({one.file for one in INPUTS}) == len(names), "two inputs of one file"
    known = _known(folder)
    made = f"{folder}/every"
    os.makedirs(made, exist_ok=True)
    missing = [one for one in INPUTS if not _is_there(made, one, known)]
    if missing:
        work = f"{folder}/.every"
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        base.make(work)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            failed = [error for error in pool.map(lambda one: _build(one, work, made), missing) if error]
        shutil.rmtree(work)
        if failed:
            sys.exit("\n".join(failed))
    entries = [_entry(made, one) for one in INPUTS]
    for stray in set(os.listdir(made)) - {one.file for one in INPUTS}:
        os.remove(f"{made}/{stray}")
    with open(f"{folder}/every.json.part", "w", encoding="utf-8") as file:
        json.dump({**base.description(), "inputs": entries}, file, indent=1)
    os.replace(f"{folder}/every.json.part", f"{folder}/every.json")
    return [one.name for one in missing]


def _build(one, work, made):
    """What went wrong; one that fails is no reason not to make the others."""
    try:
        build(one, work, made)
    except (SystemExit, OSError, ValueError, LookupError, StopIteration) as error:
        return f"media: {one.name}: {error!r}"


def _known(folder):
    try:
        with open(f"{folder}/every.json", encoding="utf-8") as file:
            return {entry["name"]: entry for entry in json.load(file)["inputs"]}
    except (OSError, ValueError, KeyError):
        return {}


def _is_there(made, one, known):
    entry = known.get(one.name, {})
    try:
        return entry["recipe"] == recipe_of(one) and os.path.getsize(f"{made}/{one.file}") == entry["size"]
    except (OSError, KeyError):
        return False


def _entry(made, one):
    return {
        "name": one.name, "file": f"every/{one.file}", "size": os.path.getsize(f"{made}/{one.file}"),
        "recipe": recipe_of(one), "what": one.what, "todo": one.todo, "todo_browser": one.todo_browser,
        "plays": one.plays and one.plays.as_json(), "refused": one.refused and one.refused.as_json(),
    }  # fmt: skip
