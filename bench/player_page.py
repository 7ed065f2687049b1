"""The replaced pipeline behind a page: a button starts it, and hls.js plays its playlist as soon as it may."""

import os
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler

import range_server
import replaced

# Starts at the film's beginning: a playlist that still grows would be taken for a live one.
PAGE = b"""<!doctype html>
<title>Replaced pipeline</title>
<link rel="icon" href="data:,">
<button>Watch</button>
<video controls width="960" height="540"></video>
<script type="module">
import Hls from '/vendor/hls.min.mjs';
const playable = async () => (await (await fetch('/playable')).text()) === 'yes';
document.querySelector('button').addEventListener('click', async () => {
  await fetch('/start', { method: 'POST' });
  while (!await playable()) await new Promise((done) => setTimeout(done, 20));
  const hls = new Hls({ enableWorker: false, startPosition: 0 });
  hls.loadSource('/film/index.m3u8');
  hls.attachMedia(document.querySelector('video'));
  document.querySelector('video').play();
});
</script>
"""
TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t", ".mjs": "text/javascript", ".js": "text/javascript"}


class PlayerPage:
    """The page's server, which ends with the `with` block and its pipeline with it."""

    def __init__(self, source, folder, vendor):
        self._source, self._folder, self._vendor = source, folder, vendor
        self._pipeline = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_GET(self):
                owner.answer(self)

            def do_POST(self):
                owner.start()
                owner.say(self, b"", "text/plain")

            def log_message(self, format, *args):
                pass

        self._server = range_server.Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind, error, traceback):
        self._server.shutdown()
        self._server.server_close()
        if self._pipeline:
            self._pipeline.kill()

    def start(self):
        self._pipeline = self._pipeline or replaced.Pipeline(self._source, self._folder, replaced.AS_IT_WAS)

    def answer(self, request):
        path = urllib.parse.urlsplit(request.path).path
        folder, _, name = path.lstrip("/").partition("/")
        if path == "/":
            return self.say(request, PAGE, "text/html")
        if path == "/playable":
            return self.say(request, b"yes" if self._pipeline and self._pipeline.playable() else b"no", "text/plain")
        place = {"film": self._folder, "vendor": self._vendor}.get(folder)
        try:
            if not place or not name or "/" in name or name.startswith("."):
                raise FileNotFoundError(name)
            with open(os.path.join(place, name), "rb") as file:
                content = file.read()
        except OSError:
            return request.send_error(404)
        return self.say(request, content, TYPES.get(os.path.splitext(name)[1], "application/octet-stream"))

    @staticmethod
    def say(request, content, kind):
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        # The playlist grows.
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        request.wfile.write(content)
