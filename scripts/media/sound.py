"""The sound: silence, and a short tone at each full second, whose pitch says which second it is."""

import array
import math

RATE = 48000
LENGTH_S = 0.05
AMPLITUDE = 12000
MODULO = 40
STEP_HZ = 50
# One base a track, far enough apart that no pitch of one is a pitch of the other.
BASES_HZ = (500, 3000)


def pitch(track, second):
    """Hertz of the tone at `second` in audio track `track`."""
    return BASES_HZ[track] + STEP_HZ * (second % MODULO)


def tone(hz):
    """The samples of one tone. It begins at full strength, so that its onset is one sample, not a slope."""
    count = round(LENGTH_S * RATE)
    return array.array(
        "h", (round(AMPLITUDE * math.cos(2 * math.pi * hz * i / RATE)) for i in range(count))
    )


def seconds(track, count):
    """The mono signed 16-bit samples of one track, a second at a time."""
    silence = array.array("h", bytes(2 * (RATE - round(LENGTH_S * RATE))))
    tones = [(tone(pitch(track, second)) + silence).tobytes() for second in range(MODULO)]
    for second in range(count):
        yield tones[second % MODULO]


def description():
    return {
        "every_s": 1,
        "length_s": LENGTH_S,
        "modulo": MODULO,
        "step_hz": STEP_HZ,
        "base_hz": BASES_HZ,
    }
