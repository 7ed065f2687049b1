"""What a session costs whom a thousand watch: their heartbeats over real HTTP, and the steering among them."""

import asyncio
import json
import time
from dataclasses import dataclass, field

from matinee import Client, Server
from measure import DEFAULT_PRESET
from report import progress

VIEWERS = 1000
# As a page beats when it knows the server's clock.
BEAT_S = 5.0
# All come within one such time, then they are watched for so many.
ROUNDS = 4
# Seconds that all of it may take.
LIMIT_S = 120
P99_MS, CORES, MEMORY_MB = 100.0, 0.5, 200.0


@dataclass
class Told:
    """What the viewers noted."""

    took_ms: list = field(default_factory=list)
    failed: int = 0
    bytes: int = 0


async def viewer(number, port, session, told, until):
    """One viewer with a connection of its own, who beats as a page does."""
    await asyncio.sleep(BEAT_S * number / VIEWERS)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ready = None
    while time.monotonic() < until:
        began = time.monotonic()
        report = {"following": True, "round_trip_ms": 20.0, **({"ready": ready} if ready else {})}
        beat = {"session": session, "viewer": f"bench-viewer-{number:06}", "position_s": 1.0, "paused": False, "report": report}
        body = json.dumps({"beat": beat}).encode()
        head = f"POST /api/heartbeat HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        status = await reader.readline()
        length = 0
        while (line := await reader.readline()).strip():
            name, _, value = line.decode().partition(":")
            length = int(value) if name.lower() == "content-length" else length
        answer = await reader.readexactly(length)
        told.took_ms.append((time.monotonic() - began) * 1000)
        told.bytes += length
        if b" 200 " not in status:
            told.failed += 1
        elif ready is None:
            ready = json.loads(answer)["playhead"]["revision"] + 1_000_000
        await asyncio.sleep(max(0.0, BEAT_S - (time.monotonic() - began)))
    writer.close()


async def company(port, session, told, seconds):
    until = time.monotonic() + seconds
    await asyncio.gather(*(viewer(number, port, session, told, until) for number in range(VIEWERS)))


def memory_mb(pid):
    """The most that the process had in memory so far."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def section(bench, report, film):
    report.heading(f"{VIEWERS} viewers of one session")
    progress(f"{VIEWERS} viewers")
    with Server(bench.program, bench.folder("company"), DEFAULT_PRESET) as server:
        session = Client(server.port).call("open", source=bench.url(film))["session"]
        told = Told()
        before_s, began = server.spent_s(), time.monotonic()
        seconds = BEAT_S * (ROUNDS + 1)
        asyncio.run(asyncio.wait_for(company(server.port, session, told, seconds), LIMIT_S))
        cores = (server.spent_s() - before_s) / (time.monotonic() - began)
        memory = memory_mb(server.child.pid)
    took_ms = sorted(told.took_ms)
    p50, p99 = took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100]
    report.say(f"Each beats every {BEAT_S:g} s on a connection of its own, {seconds:g} s long; each answer lists all who watch.\n")
    report.table(
        ["", ""],
        [
            ["heartbeats answered", str(len(took_ms))],
            ["of them refused", str(told.failed)],
            ["half of them within", f"{p50:.1f} ms"],
            ["99 of 100 within", f"{p99:.1f} ms"],
            ["an answer", f"{told.bytes / len(took_ms) / 1000:.1f} kB"],
            ["the server's processors", f"{cores:.2f}"],
            ["the server's memory at most", f"{memory:.0f} MB"],
        ],
    )
    report.aim("heartbeats refused", told.failed, 0)
    report.aim(f"heartbeat of {VIEWERS} viewers, 99th percentile", p99, P99_MS, " ms")
    report.aim(f"processors for {VIEWERS} viewers", cores, CORES)
    report.aim(f"memory with {VIEWERS} viewers", memory, MEMORY_MB, " MB")
