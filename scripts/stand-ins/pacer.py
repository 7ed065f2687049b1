"""Passes fragmented MP4 on, with a pause of so many milliseconds behind each fragment."""

import sys
import time

pause_s, read, out = int(sys.argv[1]) / 1000, sys.stdin.buffer.read, sys.stdout.buffer
while len(header := read(8)) == 8:
    out.write(header + read(int.from_bytes(header[:4], "big") - 8))
    out.flush()
    if header[4:] == b"mdat":
        time.sleep(pause_s)
