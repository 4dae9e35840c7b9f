# SPDX-License-Identifier: MIT
"""Plots as SVG, written by hand: a few points on lines, for docs/."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 86, 20, 44, 52
COLOURS = ("#1b6ca8", "#c8553d", "#4f772d")


class Axis:
    """From values to places; logarithmic, or from 0."""

    def __init__(self, values, begin, end, logarithmic):
        values = [v for v in values if v > 0 or not logarithmic] or [1]
        self.begin, self.end, self.logarithmic = begin, end, logarithmic
        if logarithmic:
            self.low = 10.0 ** math.floor(math.log10(min(values)))
            self.high = 10.0 ** math.ceil(math.log10(max(values)))
            if self.high <= self.low:
                self.high = 10 * self.low
        else:
            self.low, self.high = 0.0, nice_above(max(values))

    def place(self, value):
        if self.logarithmic:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def marks(self):
        if not self.logarithmic:
            return [self.high * i / 4 for i in range(5)]
        count = round(math.log10(self.high / self.low))
        return [self.low * 10**i for i in range(count + 1)]


def nice_above(value):
    """The next 1, 2 or 5 with noughts."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(unit * n for n in (1, 2, 5, 10) if unit * n >= value)


def label(value):
    for unit, name in ((1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:.3g}"


def line_plot(title, x_title, y_title, lines, logarithmic=True):
    """`lines`: name → [(x, y)]; an only line needs no name. The axis of y begins at 0, and is
    logarithmic where the largest value is more than 50 times the smallest."""
    points = [p for line in lines.values() for p in line]
    ys = [y for _, y in points]
    steep = logarithmic and min(ys) > 0 and max(ys) > 50 * min(ys)
    across = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT, logarithmic)
    up = Axis(ys, HEIGHT - BOTTOM, TOP, steep)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="#333">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(WIDTH / 2, 22, title, "middle", ' font-size="15"'),
    ]
    for mark in up.marks():
        y = up.place(mark)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(_text(LEFT - 8, y + 4, label(mark), "end"))
    for mark in across.marks():
        x = across.place(mark)
        out.append(f'<path d="M{x:.1f} {HEIGHT - BOTTOM}v5" stroke="#333"/>')
        out.append(_text(x, HEIGHT - BOTTOM + 19, label(mark), "middle"))
    out.append(f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" '
               'stroke="#333"/>')  # fmt: skip
    out.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_title, "middle"))
    out.append(f'<g transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">'
               + _text(0, 0, y_title, "middle") + "</g>")  # fmt: skip
    for number, (name, line) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across.place(x), up.place(y)) for x, y in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in places]
        if name:
            y = TOP + 14 + 16 * number
            out.append(f'<path d="M{LEFT + 12} {y - 4}h18" stroke="{colour}" stroke-width="2"/>')
            out.append(_text(LEFT + 36, y, name, "start"))
    return "\n".join([*out, "</svg>", ""])


def _text(x, y, text, anchor, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
