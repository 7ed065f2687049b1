"""Serves films over HTTP on loopback, with ranges, and counts the bytes that it sends.

As a program (`python3 range_server.py FOLDER`) it is the upstream of everything that is measured: a process of its
own, so that its work is nobody's CPU time. It prints its port and lives until its standard input ends, so it cannot
outlive the bench. `GET /` tells the bytes sent so far. As a module it starts that program.
"""

import http.client
import os
import re
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from children import Child, Failed

PIECE = 256 * 1024


class RangeServer:
    """The running program."""

    def __init__(self, folder, log):
        args = [sys.executable, "-B", __file__, folder]
        self.child = Child(args, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.child.stdout.readline()
        if not line.strip().isdigit():
            raise Failed(f"the range server did not start{self.child.messages()}")
        self.port = int(line)

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{urllib.parse.quote(name)}"

    def sent(self):
        """Bytes sent so far to all readers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/")
            return int(connection.getresponse().read())
        finally:
            connection.close()


class Count:
    """A number that many threads add to."""

    def __init__(self):
        self._lock = threading.Lock()
        self._bytes = 0

    def add(self, number):
        with self._lock:
            self._bytes += number

    def read(self):
        with self._lock:
            return self._bytes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = "."
    count = Count()
    # A reader that reads nothing for so long is gone; paused players do read nothing for a while.
    timeout = 300

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        if self.path == "/":
            text = str(self.count.read()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        else:
            self.answer(body=True)

    def answer(self, body):
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
                self.send(film, first, end)

    def send(self, film, first, end):
        self.wfile.flush()
        film.seek(first)
        while first < end:
            piece = film.read(min(PIECE, end - first))
            try:
                self.connection.sendall(piece)
            except OSError:
                # The reader has left, as players do after a seek.
                self.close_connection = True
                return
            first += len(piece)
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
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
