"""Moods: the eyes and mouths that make one figure many stickers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.telegram.shapes import Ellipse, Line, Polygon, Shape, curve

INK = "#2b2340"
_BLUSH = "#ff8fa3"
_TEAR = "#5cc8ff"


@dataclass(frozen=True, slots=True)
class Mood:
    """Which eyes, which mouth, and whether a tear or a blush goes with them."""

    eyes: str
    mouth: str
    tear: bool = False
    blush: bool = True


_MOODS: Mapping[str, Mood] = {
    "😼": Mood("open", "smirk"),
    "😹": Mood("happy", "grin", tear=True),
    "😻": Mood("hearts", "smile"),
    "🙀": Mood("wide", "round", blush=False),
    "😿": Mood("open", "sad", tear=True, blush=False),
    "🚀": Mood("happy", "grin"),
    "🐶": Mood("open", "tongue"),
    "🌟": Mood("wink", "smile"),
    "😴": Mood("closed", "round", blush=False),
    "😎": Mood("shades", "smirk", blush=False),
    "😡": Mood("cross", "sad", blush=False),
}


def mood_of(emoji: str | None) -> Mood:
    """The mood an emoji stands for; friendly for the others."""
    return _MOODS.get(emoji or "", Mood("open", "smile"))


def face(x: float, y: float, mood: Mood, gap: float = 13.0, drop: float = 11.0) -> list[Shape]:
    """A face around a point; `gap` is from the middle to each eye, `drop` from the eyes to the mouth."""
    left, right = x - gap, x + gap
    shapes: list[Shape] = []
    if mood.blush:
        shapes += [Ellipse(side, y + 9, 4.6, 2.8, _BLUSH) for side in (left - 4, right + 4)]
    shapes += _EYES[mood.eyes](left, right, y)
    shapes += _MOUTHS[mood.mouth](x, y + drop)
    if mood.tear:
        shapes.append(Ellipse(right + 3, y + 8, 2.4, 3.8, _TEAR))
    return shapes


def _open(left: float, right: float, y: float) -> list[Shape]:
    dark: list[Shape] = [Ellipse(x, y, 4.2, 5.4, INK) for x in (left, right)]
    return dark + [Ellipse(x + 1.4, y - 2, 1.5, 1.7, "#ffffff") for x in (left, right)]


def _happy(left: float, right: float, y: float) -> list[Shape]:
    return [Line(curve((x - 5, y + 2), (x, y - 7), (x + 5, y + 2)), INK, 2.8) for x in (left, right)]


def _closed(left: float, right: float, y: float) -> list[Shape]:
    return [Line(curve((x - 5, y), (x, y + 6), (x + 5, y)), INK, 2.6) for x in (left, right)]


def _wink(left: float, right: float, y: float) -> list[Shape]:
    return _open(left, left, y)[::2] + _happy(right, right, y)[:1]


def _wide(left: float, right: float, y: float) -> list[Shape]:
    white: list[Shape] = [Ellipse(x, y, 6.6, 7.2, "#ffffff") for x in (left, right)]
    return white + [Ellipse(x, y, 2.6, 3, INK) for x in (left, right)]


def _cross(left: float, right: float, y: float) -> list[Shape]:
    brows: list[Shape] = [
        Line(((left - 5, y - 9), (left + 5, y - 5)), INK, 2.6),
        Line(((right + 5, y - 9), (right - 5, y - 5)), INK, 2.6),
    ]
    return _open(left, right, y + 1) + brows


def _hearts(left: float, right: float, y: float) -> list[Shape]:
    return [heart(x, y, 7.5, "#ff4d6d") for x in (left, right)]


def _shades(left: float, right: float, y: float) -> list[Shape]:
    glasses: list[Shape] = [Ellipse(x, y, 8.6, 6.6, INK) for x in (left, right)]
    glints: list[Shape] = [Line(((x - 4, y - 1), (x - 1, y - 4)), "#8b83ad", 1.8) for x in (left, right)]
    return [*glasses, Line(((left, y - 2), (right, y - 2)), INK, 2.6), *glints]


def heart(x: float, y: float, size: float, fill: str) -> Polygon:
    """A heart around a point."""
    points = []
    for step in range(24):
        turn = step / 24 * 2 * math.pi
        across = 16 * math.sin(turn) ** 3
        down = 13 * math.cos(turn) - 5 * math.cos(2 * turn) - 2 * math.cos(3 * turn) - math.cos(4 * turn)
        points.append((x + across / 16 * size, y - down / 16 * size))
    return Polygon(tuple(points), fill)


def _smile(x: float, y: float) -> list[Shape]:
    return [Line(curve((x - 6, y), (x, y + 7), (x + 6, y)), INK)]


def _smirk(x: float, y: float) -> list[Shape]:
    return [Line(curve((x - 5, y + 2), (x + 3, y + 5), (x + 7, y - 2)), INK)]


def _sad(x: float, y: float) -> list[Shape]:
    return [Line(curve((x - 6, y + 5), (x, y - 3), (x + 6, y + 5)), INK)]


def _round(x: float, y: float) -> list[Shape]:
    return [Ellipse(x, y + 3, 3.6, 4.6, INK)]


def _grin(x: float, y: float) -> list[Shape]:
    mouth = Polygon(curve((x - 9, y - 1), (x, y + 20), (x + 9, y - 1)), INK)
    return [mouth, Ellipse(x, y + 6.6, 4, 2.4, "#ff6b81")]


def _tongue(x: float, y: float) -> list[Shape]:
    return [Ellipse(x + 2, y + 6.5, 3.4, 4.6, "#ff6b81"), *_smile(x, y)]


_EYES: Mapping[str, Callable[[float, float, float], list[Shape]]] = {
    "open": _open,
    "happy": _happy,
    "closed": _closed,
    "wink": _wink,
    "wide": _wide,
    "cross": _cross,
    "hearts": _hearts,
    "shades": _shades,
}
_MOUTHS: Mapping[str, Callable[[float, float], list[Shape]]] = {
    "smile": _smile,
    "smirk": _smirk,
    "sad": _sad,
    "round": _round,
    "grin": _grin,
    "tongue": _tongue,
}
