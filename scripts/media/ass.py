"""The subtitle tracks: what is shown when, where and in which colour, and the ASS and SRT files that say so.

Each track has colours of its own, which the picture below (nearly grey) never has, so that a test finds an
event by counting pixels in its box. Times are content time: zero is the first frame of the picture.
"""

import font

MAGENTA, CYAN, GREEN, YELLOW = (255, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0)
# Y, Cr, Cb and opacity of the PGS rectangle, BT.709.
YELLOW_YCRCBA = (219, 138, 16, 210)

SQUARES = 4
# Boxes as fractions of the picture: x, y, width, height. The squares' height is that of a square em.
STYLED = (0.1, 0.2, None, 0.1)
LONG = (0.6, 0.2, None, 0.1)
PICTURE = (0.25, 0.5, 0.5, 0.125)
# SRT text is placed by the player, so its box is only where to look, and its pixels are counted, not expected everywhere.
TEXT = (0.2, 0.75, 0.6, 0.25)


def _boxed(box, size):
    x, y, width, height = box
    return [x, y, width if width else SQUARES * height * size[1] / size[0], height]


def _every(first_s, length_s, period_s, duration_s):
    start = first_s
    while start + length_s <= duration_s:
        yield start, start + length_s
        start += period_s


def styled_events(size, duration_s):
    """Short events every ten seconds, and one of 25 s in each minute, which begins early in it."""
    for start, end in _every(2, 3, 10, duration_s):
        yield {"start_s": start, "end_s": end, "box": _boxed(STYLED, size), "colour": MAGENTA, "fills": True}
    for start, end in _every(3, 25, 60, duration_s):
        yield {"start_s": start, "end_s": end, "box": _boxed(LONG, size), "colour": CYAN, "fills": True}


def text_events(duration_s):
    for start, end in _every(4, 3, 10, duration_s):
        yield {"start_s": start, "end_s": end, "box": list(TEXT), "colour": GREEN, "fills": False}


def picture_events(duration_s):
    for start, end in _every(6, 3, 10, duration_s):
        yield {"start_s": start, "end_s": end, "box": list(PICTURE), "colour": YELLOW, "fills": True}


def _clock(seconds, places, mark):
    units = round(seconds * 10**places)
    whole, part = divmod(units, 10**places)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{part:0{places}}"


def ass(size, duration_s, shift_s):
    """The styled track; `shift_s` is added to every time."""
    width, height = size
    lines = [
        "[Script Info]",
        "ScriptType: v4.00+",
        f"PlayResX: {width}",
        f"PlayResY: {height}",
        "WrapStyle: 2",
        "ScaledBorderAndShadow: yes",
        "YCbCr Matrix: None",
        "",
        "[V4+ Styles]",
        "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
        "Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, "
        "MarginR, MarginV, Encoding",
    ]
    for name, (red, green, blue) in (("Short", MAGENTA), ("Long", CYAN)):
        lines.append(
            f"Style: {name},{font.FAMILY},{round(STYLED[3] * height)},&H00{blue:02X}{green:02X}{red:02X},&H00FFFFFF,"
            "&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,1"
        )
    lines += ["", "[Events]", "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"]
    for event in styled_events(size, duration_s):
        name = "Short" if event["colour"] == MAGENTA else "Long"
        start, end = (_clock(event[key] + shift_s, 2, ".")[1:] for key in ("start_s", "end_s"))
        x, y = round(event["box"][0] * width), round(event["box"][1] * height)
        text = font.SQUARE * SQUARES
        lines.append(f"Dialogue: 0,{start},{end},{name},,0,0,0,,{{\\pos({x},{y})}}{text}")
    return "\n".join(lines) + "\n"


def srt(duration_s, shift_s):
    """The text track: full blocks in green, so that there is something to count in any font."""
    out = []
    for number, event in enumerate(text_events(duration_s), 1):
        start, end = (_clock(event[key] + shift_s, 3, ",") for key in ("start_s", "end_s"))
        out.append(f'{number}\n{start} --> {end}\n<font color="#00FF00">{"█" * 8}</font>\n')
    return "\n".join(out)
