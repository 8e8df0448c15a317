"""Who can be on a sticker."""

import math
from collections.abc import Callable, Mapping

from sandbox.telegram.faces import INK, Mood, face, heart
from sandbox.telegram.shapes import Drawing, Ellipse, Line, Point, Polygon, Shape, colour, curve

Figure = Callable[[float, Mood], Drawing]


def _cat(hue: float, mood: Mood) -> Drawing:
    fur, dark, inner = colour(hue, 0.75, 0.66), colour(hue, 0.6, 0.5), "#ffc9d6"
    ears = [Polygon(((18, 46), (22, 10), (48, 28)), fur), Polygon(((82, 46), (78, 10), (52, 28)), fur)]
    body: list[Shape] = [*ears, Ellipse(50, 56, 37, 33, fur)]
    details: list[Shape] = [
        Polygon(((24, 34), (26, 19), (38, 28)), inner),
        Polygon(((76, 34), (74, 19), (62, 28)), inner),
        *(Line(((x, 26), (50 + (x - 50) * 0.8, 35)), dark, 3.4) for x in (42, 50, 58)),
        *(
            Line(((50 + side * 25, 62 + at), (50 + side * 44, 59 + at * 2.4)), INK, 1.3)
            for side in (-1, 1)
            for at in (0, 4)
        ),
        *face(50, 52, mood, 15),
        Polygon(((46.5, 58), (53.5, 58), (50, 62)), "#ff6b81"),
    ]
    return Drawing(body, details)


def _dog(hue: float, mood: Mood) -> Drawing:
    fur, ear = colour(hue, 0.55, 0.72), colour(hue, 0.45, 0.45)
    body: list[Shape] = [
        Ellipse(50, 54, 33, 34, fur),
        Ellipse(20, 48, 11, 25, ear, 16),
        Ellipse(80, 48, 11, 25, ear, -16),
    ]
    details: list[Shape] = [
        Ellipse(63, 45, 12, 13, "#fffaf0"),
        Ellipse(50, 68, 18, 16, "#fffaf0"),
        *face(50, 44, mood, drop=23),
        Ellipse(50, 58, 5.4, 3.8, INK),
        Ellipse(48.4, 56.8, 1.4, 0.9, "#ffffff"),
    ]
    return Drawing(body, details)


def _rocket(hue: float, mood: Mood) -> Drawing:
    hull, fin = colour(hue, 0.2, 0.93), colour(hue, 0.8, 0.55)
    nose = (*curve((30, 40), (32, 16), (50, 6)), *curve((50, 6), (68, 16), (70, 40)))
    flame = Polygon((*curve((38, 78), (40, 92), (50, 98)), *curve((50, 98), (60, 92), (62, 78))), "#ffb703")
    body: list[Shape] = [
        flame,
        Polygon(((31, 54), (12, 80), (36, 76)), fin),
        Polygon(((69, 54), (88, 80), (64, 76)), fin),
        Polygon((*nose, *curve((70, 40), (72, 64), (62, 80)), *curve((38, 80), (28, 64), (30, 40))), hull),
    ]
    details: list[Shape] = [
        Polygon((*curve((37, 78), (42, 88), (50, 91)), *curve((50, 91), (58, 88), (63, 78))), "#fb5607"),
        Polygon((*curve((34.5, 26), (40, 12), (50, 6)), *curve((50, 6), (60, 12), (65.5, 26))), fin),
        *face(50, 46, mood, 10),
        Line(((34, 72), (66, 72)), fin, 4),
    ]
    return Drawing(body, details)


def _mask(hue: float, mood: Mood) -> Drawing:
    frame, shine = colour(hue, 0.75, 0.45), colour(hue, 0.8, 0.85)
    rims: list[Shape] = [Ellipse(28, 40, 21, 18, frame), Ellipse(72, 40, 21, 18, frame)]
    left = (*curve((50, 66), (36, 56), (12, 76)), *curve((12, 76), (36, 90), (50, 72)))
    right = tuple((100 - x, y) for x, y in left)
    body = [*rims, Line(((44, 36), (56, 36)), frame, 6), Polygon(left, INK), Polygon(right, INK)]
    glass: list[Shape] = [Ellipse(28, 40, 15.5, 12.5, shine), Ellipse(72, 40, 15.5, 12.5, shine)]
    glints = [Line(((x - 6, 42), (x + 1, 33)), "#ffffff", 3) for x in (28, 72)]
    eyes = face(50, 40, Mood(mood.eyes, "smile", blush=False), 22)[:-1]
    return Drawing(body, [*glass, *eyes, *glints, Ellipse(50, 56, 8, 6.4, "#ffb4a2")])


def _blob(hue: float, mood: Mood) -> Drawing:
    skin, light = colour(hue, 0.85, 0.66), colour(hue, 0.9, 0.8)
    body: list[Shape] = [Ellipse(50, 54, 40, 38, skin)]
    return Drawing(body, [Ellipse(36, 30, 13, 7, light, -28), *face(50, 50, mood, 15)])


def _cactus(hue: float, mood: Mood) -> Drawing:
    green, dark, pot = colour(130 + hue / 12, 0.5, 0.5), colour(130, 0.5, 0.36), colour(hue, 0.65, 0.55)
    body: list[Shape] = [
        Ellipse(50, 46, 22, 36, green),
        Line(((30, 58), (15, 54), (14, 38)), green, 12),
        Line(((70, 52), (85, 48), (86, 32)), green, 12),
        Polygon(((24, 72), (76, 72), (70, 96), (30, 96)), pot),
        Polygon(((20, 68), (80, 68), (80, 78), (20, 78)), pot),
    ]
    thorns = ((36, 26), (64, 26), (50, 18), (14, 44), (86, 38), (35, 62), (65, 62))
    details: list[Shape] = [
        *(Line(((x - 2, y - 2), (x + 2, y + 2)), dark, 1.6) for x, y in thorns),
        *(Line(((x + 2, y - 2), (x - 2, y + 2)), dark, 1.6) for x, y in thorns),
        *_flower(58, 10),
        *face(50, 42, mood, 10),
        Line(((24, 79.5), (76, 79.5)), colour(hue, 0.6, 0.42), 2),
    ]
    return Drawing(body, details)


def _flower(x: float, y: float) -> list[Shape]:
    turns = [step / 5 * 2 * math.pi for step in range(5)]
    petals: list[Shape] = [
        Ellipse(x + 4.6 * math.cos(turn), y + 4.6 * math.sin(turn), 3.6, 3.6, "#ff7aa8") for turn in turns
    ]
    return [*petals, Ellipse(x, y, 2.8, 2.8, "#ffd166")]


def _ghost(hue: float, mood: Mood) -> Drawing:
    sheet, shade = colour(hue, 0.35, 0.94), colour(hue, 0.4, 0.85)
    hem: list[Point] = [(84, 86), (73, 78), (62, 90), (50, 80), (38, 90), (27, 78), (16, 86)]
    body: list[Shape] = [
        Polygon((*curve((16, 50), (18, 8), (50, 8)), *curve((50, 8), (82, 8), (84, 50)), *hem), sheet),
        Ellipse(14, 58, 8, 5, sheet, -30),
        Ellipse(86, 58, 8, 5, sheet, 30),
    ]
    folds = [Line(curve((x, 66), (x + 2, 72), (x, 78)), shade, 3) for x in (27, 50, 73)]
    return Drawing(body, [*folds, *face(50, 40, mood)])


def _fish(hue: float, mood: Mood) -> Drawing:
    scales, fin = colour(hue, 0.75, 0.62), colour(hue + 30, 0.85, 0.58)
    body: list[Shape] = [
        Polygon(((74, 52), (97, 30), (92, 52), (97, 76)), fin),
        Polygon(curve((34, 26), (56, 2), (66, 28)), fin),
        Ellipse(46, 52, 37, 28, scales),
    ]
    rows: list[Shape] = [
        Line(curve((x, y - 5), (x + 6, y), (x, y + 5)), fin, 2) for x, y in ((60, 46), (60, 60), (69, 53))
    ]
    bubbles: list[Shape] = [Ellipse(8, 20, 4, 4, "#bde7ff"), Ellipse(16, 10, 2.6, 2.6, "#bde7ff")]
    return Drawing(body, [*rows, *bubbles, *face(32, 48, mood, 10)])


def _star(hue: float, mood: Mood) -> Drawing:
    gold = colour(45 + hue / 20, 0.95, 0.62)
    points = []
    for step in range(10):
        turn, radius = math.pi * (step / 5 - 0.5), 46 if step % 2 == 0 else 25
        points.append((50 + radius * math.cos(turn), 54 + radius * math.sin(turn)))
    return Drawing([Polygon(tuple(points), gold)], [*face(50, 50, mood, 9), heart(50, 26, 4, "#ff8fa3")])


FIGURES: Mapping[str, Figure] = {
    "cat": _cat,
    "dog": _dog,
    "rocket": _rocket,
    "mask": _mask,
    "blob": _blob,
    "cactus": _cactus,
    "ghost": _ghost,
    "fish": _fish,
    "star": _star,
}
