"""Figures as text: tables, medians, and whether each aim is met."""

import statistics
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Aim:
    what: str
    value: float
    limit: float
    unit: str = ""

    @property
    def met(self):
        return self.value <= self.limit

    def line(self):
        verdict = "met   " if self.met else "MISSED"
        return f"{verdict}  {self.what}: {self.value:.3f}{self.unit} (at most {self.limit:g}{self.unit})"


class Report:
    """Prints as it goes, and keeps the aims for the end."""

    def __init__(self):
        self.aims = []

    def say(self, text=""):
        print(text, flush=True)

    def heading(self, text):
        self.say(f"\n## {text}\n")

    def table(self, header, rows):
        """A table that reads well as text and as Markdown; the first column is left-aligned."""
        lines = [header, *rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
        for number, line in enumerate(lines):
            cells = [cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(line, widths))]
            self.say(f"| {' | '.join(cells)} |")
            if number == 0:
                rules = ["-" * width if n == 0 else "-" * (width - 1) + ":" for n, width in enumerate(widths)]
                self.say(f"| {' | '.join(rules)} |")

    def aim(self, what, value, limit, unit=""):
        self.aims.append(Aim(what, value, limit, unit))

    def verdict(self):
        """Prints the aims; true if all are met."""
        self.heading("Aims")
        for aim in self.aims:
            self.say(aim.line())
        return all(aim.met for aim in self.aims)


def progress(text):
    """What was just done, beside the report."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def median(values):
    return statistics.median(values)


def with_spread(values, digits=2):
    """The median, and in brackets the least and the most."""
    values = list(values)
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def mb(number):
    return f"{number / 1e6:.1f}"
