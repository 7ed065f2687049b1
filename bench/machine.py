"""The machine that measures: what it is, and what else it had to do meanwhile."""

import os
import resource
import subprocess
import time

# Part of the machine that others may take before the figures are doubtful.
QUIET = 0.1


def describe():
    return f"{os.cpu_count()} cores, {_version('mpv', '--version')}, {_version('ffmpeg', '-version')}"


def _version(tool, flag):
    text = subprocess.run([tool, flag], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20).stdout
    return " ".join([tool, *(word for word in text.split()[1:3] if word[0].isdigit())])


class Others:
    """What programs that are not the bench's own took of the machine since this was made."""

    def __init__(self, upstream_pid):
        self._upstream = upstream_pid
        self._began = time.monotonic()
        self._before = self._foreign_s()

    def share(self):
        """Part of all cores' time, 0 to 1. Exact only when no child is alive, since children count at their end."""
        seconds = (time.monotonic() - self._began) * os.cpu_count()
        return max(0.0, self._foreign_s() - self._before) / seconds

    def line(self):
        share = self.share()
        doubt = "; BUSY: the figures are doubtful, measure again when it is quiet" if share > QUIET else ""
        return f"Other programs took {share:.0%} of the machine meanwhile{doubt}."

    def _foreign_s(self):
        with open("/proc/stat", encoding="ascii") as file:
            # user, nice, system, idle, iowait, irq, softirq: a guest's time is in the user's already.
            user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
        ticks = os.sysconf("SC_CLK_TCK")
        own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        with open(f"/proc/{self._upstream}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        upstream = (int(fields[11]) + int(fields[12])) / ticks
        return (user + nice + system + irq + softirq) / ticks - own - upstream
