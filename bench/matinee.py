"""Matinee as its players see it: the server as a child, calls as JSON, playlists, segments."""

import http.client
import json
import os
import re
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass

import children
from children import Child, Failed

# Seconds that an answer may take. A request for a segment waits until it is made.
ANSWER_S = 60
START_S = 20
STOP_S = 20

# What is asked of the master playlist. Without any wish the picture is copied, so what burns has to be asked for.
BURNED = "video=encode&burn=s0"
COPIED = "caps=avc1.640034,mp4a.40.2"


class Server:
    """A fresh server process with an empty store, which ends with the `with` block."""

    def __init__(self, program, folder, preset, budget=None, encoder="libx264"):
        os.makedirs(folder)
        self.store = os.path.join(folder, "store")
        self.port = free_port()
        args = [program, "--addr", f"127.0.0.1:{self.port}", "--store-dir", self.store]
        args += ["--data-dir", os.path.join(folder, "data"), "--preset", preset]
        # The same on machines with a graphics card.
        args += ["--encoder", encoder]
        args += ["--store-budget", str(budget)] if budget else []
        # Nothing leaves this machine.
        args += ["--torrents", "off"]
        self.child = Child(args, os.path.join(folder, "matinee.log"))

    def __enter__(self):
        children.until(self._answers, START_S, "an answer of Matinee's", every=0.01)
        return self

    def _answers(self):
        if self.child.wait(0):
            raise Failed(f"Matinee ended at once{self.child.messages()}")
        try:
            return Client(self.port).get("/healthz") == b"ok\n"
        except ConnectionError:
            return False

    def spent_s(self):
        """User and system seconds up to now, with those of the tools that have ended."""
        with open(f"/proc/{self.child.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """Ends the server in order; how it ended, with the CPU time of its tools."""
        return self.child.terminate(STOP_S)

    def __exit__(self, kind, error, traceback):
        if kind is None:
            self.stop()
        else:
            self.child.kill()
            if isinstance(error, Failed):
                raise Failed(f"{error}\nMatinee's log ends so{self.child.messages()}") from error


class Client:
    """One connection, for one thread. Matinee takes those of one agent for one player."""

    def __init__(self, port, agent="matinee-bench"):
        self._agent = agent
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)

    def get(self, path):
        return self._ask("GET", path)

    def call(self, name, **arguments):
        body = json.dumps(arguments)
        return json.loads(self._ask("POST", f"/api/{name}", body, {"content-type": "application/json"}))

    def _ask(self, method, path, body=None, headers=None):
        self._connection.request(method, path, body, {"user-agent": self._agent, **(headers or {})})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise Failed(f"{method} {path} gave {response.status}: {answer[:500].decode('utf-8', 'replace')}")
        return answer


@dataclass(frozen=True)
class Rendition:
    """A media playlist: paths on the server, and seconds."""

    playlist: str
    init: str
    segments: list
    durations: list

    def at(self, time_s):
        """The segment in which a film time lies."""
        start = 0.0
        for number, duration in enumerate(self.durations):
            start += duration
            if time_s < start:
                return number
        return len(self.durations) - 1


def open_film(client, url, query):
    """The paths of the video's and the audio's playlist of a new session; waits until the film is known."""
    return choose(client, client.call("open", source=url)["session"], query)


def choose(client, session, query):
    """The paths of the playlists that a session has for this query."""
    path = f"/hls/{session}/master.m3u8?{query}"
    lines = client.get(path).decode().splitlines()
    video = next((lines[n + 1] for n, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF:")), None)
    sounds = [attributes(line) for line in lines if line.startswith("#EXT-X-MEDIA:TYPE=AUDIO")]
    audio = next((sound["URI"] for sound in sounds if sound.get("DEFAULT") == "YES" and "URI" in sound), None)
    if not video or not audio:
        raise Failed("the master playlist has no video or no audio of its own:\n" + "\n".join(lines))
    burn = urllib.parse.parse_qs(query).get("burn", ["none"])[0]
    wanted = f"-encode-{burn}/" if burn != "none" else "-copy/"
    if wanted not in video:
        raise Failed(f"{query} gave the picture {video}, so what was to be compared is not made")
    return urllib.parse.urljoin(path, video), urllib.parse.urljoin(path, audio)


def picture(client, session, query):
    """The path of the playlist of the encoded picture that a session has for this query."""
    path = f"/hls/{session}/master.m3u8?{query}"
    lines = client.get(path).decode().splitlines()
    video = next((lines[n + 1] for n, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF:")), "none")
    if "-encode-" not in video:
        raise Failed(f"{query} gave the picture {video}, which is not encoded")
    return urllib.parse.urljoin(path, video)


def load(client, playlist):
    """Reads a media playlist."""
    text = client.get(playlist).decode()
    init = re.search(r'#EXT-X-MAP:.*?URI="([^"]+)"', text)
    found = re.findall(r"#EXTINF:([\d.]+),[^\n]*\n([^#\n]+)\n", text)
    if not init or not found or "#EXT-X-ENDLIST" not in text:
        raise Failed(f"{playlist} is not the playlist of a whole film:\n{text[:500]}")
    return Rendition(
        playlist=playlist,
        init=urllib.parse.urljoin(playlist, init[1]),
        segments=[urllib.parse.urljoin(playlist, name) for _, name in found],
        durations=[float(seconds) for seconds, _ in found],
    )


def attributes(line):
    pairs = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', line.split(":", 1)[1])
    return {name: value.strip('"') for name, value in pairs}


def both(video, audio, limit_s):
    """Runs two functions at a time, as a player loads picture and sound. Gives what each returned."""
    return together((video, audio), limit_s)


def together(works, limit_s):
    """Runs functions at a time. Gives what each returned, in their order."""
    results, errors = {}, []

    def run(number, work):
        try:
            results[number] = work()
        except Exception as error:  # handed to the caller below
            errors.append(error)

    end = time.monotonic() + limit_s
    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    # Joined in short steps, so that an error in one does not wait for the other's time limit.
    while any(thread.is_alive() for thread in threads) and not errors:
        if time.monotonic() > end:
            raise Failed(f"the film was not fetched within {limit_s} s")
        for thread in threads:
            thread.join(0.005)
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(threads))]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
