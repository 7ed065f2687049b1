"""Serves films over HTTP on loopback, with ranges, and counts the bytes that it sends.

As a program (`python3 range_server.py FOLDER [BITS_PER_S LATENCY_S]`) it is the upstream of everything that is
measured: a process of its own, so that its work is nobody's CPU time. It prints its port and lives until its standard
input ends, so it cannot outlive the bench. `GET /` tells the bytes sent so far, `GET /?at=T` those sent until that
time of the wall clock, `GET /?answers` what the latest answers were. As a module it starts that program.

With a rate it is a home's line: all connections share it, and each answer begins a round trip late.
"""

import bisect
import collections
import dataclasses
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from children import Child, Failed

PIECE = 256 * 1024
# On a line with a rate, small enough that connections take turns every few milliseconds.
LINE_PIECE = 16 * 1024
# Bytes that may lie in the socket of such a line: what is on its way is counted, though its reader may leave.
LINE_BUFFER = 64 * 1024
# Seconds by which a sleep may end too late without the line losing them.
LINE_SLACK_S = 0.01
# Answers of which the server remembers how they went.
KEPT = 1000


@dataclass(frozen=True)
class Line:
    bits_per_s: float
    # From the request to the first byte of its answer.
    latency_s: float


@dataclass
class Answer:
    # Seconds of the wall clock; the end is none while it is being sent.
    asked: float
    ended: float | None
    # Place in the file, how much of it was asked for and how much was sent, in bytes.
    first: int
    wanted: int
    sent: int


class RangeServer:
    """The running program."""

    def __init__(self, folder, log, line=None):
        args = [sys.executable, "-B", __file__, folder]
        args += [line.bits_per_s, line.latency_s] if line else []
        self.child = Child(args, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.child.stdout.readline()
        if not line.strip().isdigit():
            raise Failed(f"the range server did not start{self.child.messages()}")
        self.port = int(line)

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{urllib.parse.quote(name)}"

    def sent(self, at=None):
        """Bytes sent to all readers, so far or until a time of the wall clock (`time.time()`)."""
        return int(self._tell("/" if at is None else f"/?at={at:.6f}"))

    def answers(self):
        """The latest answers to readers, the oldest first."""
        return [Answer(*fields) for fields in json.loads(self._tell("/?answers"))]

    def _tell(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()


class Count:
    """A number that many threads add to, and when."""

    def __init__(self):
        self._lock = threading.Lock()
        self._times, self._totals = [0.0], [0]

    def add(self, number):
        with self._lock:
            # The wall clock may be set back meanwhile; the list has to stay in order.
            self._times.append(max(time.time(), self._times[-1]))
            self._totals.append(self._totals[-1] + number)

    def read(self, at=None):
        with self._lock:
            place = len(self._times) if at is None else max(1, bisect.bisect_right(self._times, at))
            return self._totals[place - 1]


class Shaper:
    """Lets bytes out at the line's rate, whichever connection they belong to."""

    def __init__(self, line):
        self.line = line
        self._lock = threading.Lock()
        self._free = 0.0

    def wait(self, number):
        """Returns when so many bytes have gone over the line after all that were there before them."""
        with self._lock:
            now = time.monotonic()
            self._free = max(self._free, now - LINE_SLACK_S) + number * 8 / self.line.bits_per_s
            mine = self._free
        time.sleep(max(0.0, mine - time.monotonic()))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = "."
    count = Count()
    shaper = None
    answers = collections.deque(maxlen=KEPT)
    # A reader that reads nothing for so long is gone; paused players do read nothing for a while.
    timeout = 300

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        wanted = urllib.parse.urlsplit(self.path)
        if wanted.path == "/":
            at = urllib.parse.parse_qs(wanted.query).get("at")
            text = str(self.count.read(float(at[0]) if at else None)).encode()
            if wanted.query == "answers":
                text = json.dumps([dataclasses.astuple(answer) for answer in list(self.answers)]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        else:
            self.answer(body=True)

    def answer(self, body):
        asked = time.time()
        if self.shaper:
            time.sleep(self.shaper.line.latency_s)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LINE_BUFFER)
        name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip("/")
        try:
            if not name or "/" in name or name.startswith("."):
                raise FileNotFoundError(name)
            film = open(os.path.join(self.folder, name), "rb")
        except OSError:
            self.send_error(404)
            return
        with film:
            size = os.fstat(film.fileno()).st_size
            first, end, status = 0, size, 200
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "").strip())
            if wanted:
                first = int(wanted[1])
                end = min(size, int(wanted[2]) + 1) if wanted[2] else size
                status = 206
                if first >= size or end <= first:
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{size}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            self.send_response(status)
            self.send_header("Content-Type", "video/x-matroska")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", f'"{size:x}"')
            self.send_header("Content-Length", str(end - first))
            if status == 206:
                self.send_header("Content-Range", f"bytes {first}-{end - 1}/{size}")
            self.end_headers()
            if body:
                note = Answer(asked, None, first, end - first, 0)
                self.answers.append(note)
                self.send(film, first, end, note)
                note.ended = time.time()

    def send(self, film, first, end, note):
        self.wfile.flush()
        film.seek(first)
        while first < end:
            piece = film.read(min(LINE_PIECE if self.shaper else PIECE, end - first))
            try:
                if self.shaper:
                    self.shaper.wait(len(piece))
                self.connection.sendall(piece)
            except OSError:
                # The reader has left, as players do after a seek.
                self.close_connection = True
                return
            first += len(piece)
            note.sent += len(piece)
            self.count.add(len(piece))

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        # Readers that reset their connection are no news.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    Handler.folder = sys.argv[1]
    if len(sys.argv) > 2:
        Handler.shaper = Shaper(Line(float(sys.argv[2]), float(sys.argv[3])))
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
