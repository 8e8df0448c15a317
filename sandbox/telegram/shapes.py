"""Plain shapes on a 100 × 100 sheet, enough to draw a sticker as SVG and as pixels."""

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse, turned by `angle` degrees clockwise."""

    x: float
    y: float
    rx: float
    ry: float
    fill: str
    angle: float = 0.0

    def svg(self) -> str:
        """The element."""
        turn = f' transform="rotate({self.angle:g} {self.x:g} {self.y:g})"' if self.angle else ""
        radii = f'rx="{self.rx:g}" ry="{self.ry:g}"'
        return f'<ellipse cx="{self.x:g}" cy="{self.y:g}" {radii} fill="{self.fill}"{turn}/>'

    def box(self) -> Box:
        """A box around it."""
        radius = max(self.rx, self.ry)
        return self.x - radius, self.y - radius, self.x + radius, self.y + radius

    def covers(self, x: float, y: float) -> bool:
        """True for points inside."""
        turn = math.radians(self.angle)
        dx, dy = x - self.x, y - self.y
        along = dx * math.cos(turn) + dy * math.sin(turn)
        across = dy * math.cos(turn) - dx * math.sin(turn)
        return (along / self.rx) ** 2 + (across / self.ry) ** 2 <= 1


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed polygon."""

    points: tuple[Point, ...]
    fill: str

    def svg(self) -> str:
        """The element."""
        return f'<path d="{_path(self.points)}Z" fill="{self.fill}" stroke-linejoin="round"/>'

    def box(self) -> Box:
        """A box around it."""
        return _box(self.points, 0)

    def covers(self, x: float, y: float) -> bool:
        """True for points inside (even-odd)."""
        inside = False
        for (x1, y1), (x2, y2) in zip(self.points, self.points[1:] + self.points[:1], strict=True):
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
        return inside


@dataclass(frozen=True, slots=True)
class Line:
    """A line with round ends."""

    points: tuple[Point, ...]
    fill: str
    width: float = 2.4

    def svg(self) -> str:
        """The element."""
        style = f'fill="none" stroke="{self.fill}" stroke-width="{self.width:g}"'
        return f'<path d="{_path(self.points)}" {style} stroke-linecap="round" stroke-linejoin="round"/>'

    def box(self) -> Box:
        """A box around it."""
        return _box(self.points, self.width / 2)

    def covers(self, x: float, y: float) -> bool:
        """True for points on the line."""
        ends = zip(self.points, self.points[1:], strict=False)
        return any(_distance(x, y, start, end) <= self.width / 2 for start, end in ends)


Shape = Ellipse | Polygon | Line


@dataclass(frozen=True, slots=True)
class Drawing:
    """`body` makes the outline, `details` lie on it."""

    body: Sequence[Shape]
    details: Sequence[Shape]


def curve(start: Point, bend: Point, end: Point, steps: int = 10) -> tuple[Point, ...]:
    """Points of a quadratic curve."""
    return tuple(_bent(start, bend, end, step / steps) for step in range(steps + 1))


def colour(hue: float, saturation: float, lightness: float) -> str:
    """#rrggbb of a hue in degrees and two shares of one."""
    red, green, blue = colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _bent(start: Point, bend: Point, end: Point, share: float) -> Point:
    rest = 1 - share
    x, y = (
        rest * rest * start[axis] + 2 * rest * share * bend[axis] + share * share * end[axis]
        for axis in (0, 1)
    )
    return x, y


def _box(points: tuple[Point, ...], margin: float) -> Box:
    across, down = zip(*points, strict=True)
    return min(across) - margin, min(down) - margin, max(across) + margin, max(down) + margin


def _path(points: tuple[Point, ...]) -> str:
    return "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in points)


def _distance(x: float, y: float, start: Point, end: Point) -> float:
    (x1, y1), (x2, y2) = start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    share = 0.0 if length == 0 else ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length
    share = min(1.0, max(0.0, share))
    return math.hypot(x - x1 - share * (x2 - x1), y - y1 - share * (y2 - y1))
