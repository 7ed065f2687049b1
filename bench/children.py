"""The programs that are measured: each one has an owner, a bound on every wait, and its CPU time counted to the end.

Linux alone tells the CPU time of a program together with that of its children, when it is waited for; so a child's
cost is known only after it ended by itself or in order.
"""

import ctypes
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass

# All that were started and have not been waited for, so that nothing outlives the bench, however it ends.
_alive = set()


# prctl(2): programs that lose their parent become children of this one.
PR_SET_CHILD_SUBREAPER = 36


class Failed(Exception):
    """What keeps the bench from measuring; the message says what to do."""


@dataclass(frozen=True)
class Ended:
    # Exit code, or minus the signal's number.
    code: int
    # User and system seconds, of the program and of all of its children that it waited for.
    cpu_s: float


class Child:
    """A program in a process group of its own."""

    def __init__(self, args, log, stdin=subprocess.DEVNULL, stdout=None, env=None):
        self.name = os.path.basename(str(args[0]))
        self.log = log
        with open(log, "ab") as messages:
            self._process = subprocess.Popen(
                [str(arg) for arg in args],
                stdin=stdin,
                stdout=messages if stdout is None else stdout,
                stderr=messages,
                env=clean_environment() if env is None else env,
                start_new_session=True,
            )
        self.pid = self._process.pid
        self.stdin, self.stdout = self._process.stdin, self._process.stdout
        self._ended = None
        _alive.add(self)

    def wait(self, seconds):
        """How the child ended, or None if it lives longer than this."""
        if self._ended is None:
            handle = os.pidfd_open(self.pid)
            try:
                if not select.select([handle], [], [], max(0, seconds))[0]:
                    return None
            finally:
                os.close(handle)
            _, status, usage = os.wait4(self.pid, 0)
            code = os.waitstatus_to_exitcode(status)
            # Popen would wait for it a second time.
            self._process.returncode = code
            self._ended = Ended(code, usage.ru_utime + usage.ru_stime)
            for stream in (self.stdin, self.stdout):
                if stream is not None:
                    stream.close()
            _alive.discard(self)
        return self._ended

    def finish(self, seconds):
        """Waits for the child's own end, which has to be a good one."""
        ended = self.wait(seconds)
        if ended is None:
            raise Failed(f"{self.name} did not end within {seconds} s{self.messages()}")
        if ended.code != 0:
            raise Failed(f"{self.name} ended with {ended.code}{self.messages()}")
        return ended

    def terminate(self, seconds):
        """Asks the child to end, which has to happen in order."""
        if self._ended is None:
            os.kill(self.pid, signal.SIGTERM)
        return self.finish(seconds)

    def kill(self):
        """Ends the whole group at once; harmless when it is gone."""
        if self._ended is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.wait(10)

    def messages(self):
        """The end of what the child said, to be added to an error."""
        try:
            with open(self.log, "rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - 2000))
                text = log.read().decode("utf-8", "replace").strip()
        except OSError:
            text = ""
        return f"; it said:\n{text}" if text else " and said nothing"


def end_all():
    """Ends whatever still runs; Matinee gets a moment to end its own children and to remove its files."""
    living = list(_alive)
    for child in living:
        try:
            os.kill(child.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    until = time.monotonic() + 5
    for child in living:
        child.wait(until - time.monotonic())
        child.kill()
    bury_orphans(5)


def adopt():
    """From now on the bench inherits what its children leave behind, instead of init: Chromium has processes that
    outlive their parent by a moment, whose CPU time would count as that of strangers."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise Failed(f"this system lets no process inherit orphans: {os.strerror(ctypes.get_errno())}")


def bury_orphans(seconds):
    """Waits for what was inherited; what has not ended by then is killed."""
    until = time.monotonic() + seconds
    known = {child.pid for child in _alive}
    while orphans := [pid for pid in _offspring() if pid not in known]:
        for pid in orphans:
            handle = os.pidfd_open(pid)
            try:
                if not select.select([handle], [], [], max(0.0, until - time.monotonic()))[0]:
                    os.kill(pid, signal.SIGKILL)
            finally:
                os.close(handle)
            os.waitpid(pid, 0)


def _offspring():
    """The pids of all children. The kernel lists them by the thread that started or inherited them."""
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/children", encoding="ascii") as file:
                yield from map(int, file.read().split())
        except FileNotFoundError:
            # The thread has ended; its children are another's now.
            continue


def clean_environment():
    """The environment without what would configure the measured programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MATINEE_", "LEPTOS_", "MPV_"))}
    # The user's own mpv.conf must not take part; no such folder exists.
    kept["MPV_HOME"] = "/nonexistent"
    # Proxies have no business with loopback.
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        kept.pop(name, None)
    return kept


def until(condition, seconds, what, every=0.02):
    """Asks for a condition until it holds; what it gave. Fails after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what} did not happen within {seconds} s")
        time.sleep(every)
