"""Stickers as pictures: SVG for the page, WebP pixels for those who download files."""

from sandbox.telegram.faces import mood_of
from sandbox.telegram.figures import FIGURES
from sandbox.telegram.shapes import Drawing, Shape
from sandbox.telegram.stickers import Sticker
from sandbox.telegram.webp import Pixel, encode_webp

_HUES = 47  # steps round the colour circle that only meet again after 360 stickers
_MARGIN = 6
_SHEET = 100 + 2 * _MARGIN
_SWAY = (
    "<style>@media (prefers-reduced-motion:no-preference){.moving{animation:sway 2s ease-in-out infinite;"
    "transform-origin:50px 90px}@keyframes sway{0%,100%{transform:rotate(-5deg)}"
    "50%{transform:rotate(5deg) translateY(-3px)}}}</style>"
)
_RIM = (
    '<filter id="rim" x="-15%" y="-15%" width="130%" height="130%">'
    '<feFlood flood-color="#fff" result="white"/>'
    '<feMorphology in="SourceAlpha" operator="dilate" radius="2.6" result="wide"/>'
    '<feComposite in="white" in2="wide" operator="in" result="edge"/>'
    '<feDropShadow in="edge" dx="0" dy="1.2" stdDeviation="1.4" flood-opacity=".28" result="lifted"/>'
    '<feMerge><feMergeNode in="lifted"/><feMergeNode in="SourceGraphic"/></feMerge></filter>'
)


def drawing_of(sticker: Sticker) -> Drawing:
    """The shapes; figures nobody knows are blobs."""
    figure = FIGURES.get(sticker.figure, FIGURES["blob"])
    return figure(sticker.number * _HUES % 360, mood_of(sticker.emoji))


def draw(sticker: Sticker) -> str:
    """An SVG with the white rim of a sticker; animated and video ones sway."""
    drawing = drawing_of(sticker)
    body = "".join(shape.svg() for shape in drawing.body)
    details = "".join(shape.svg() for shape in drawing.details)
    style, kind = (_SWAY, "moving") if sticker.format != "static" else ("", "still")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-6 -6 112 112">{style}{_RIM}'
        f'<g class="{kind}"><g filter="url(#rim)">{body}</g>{details}</g></svg>'
    )


def paint(sticker: Sticker, size: int = 128) -> bytes:
    """A WebP picture of size × size pixels on a transparent ground."""
    drawing = drawing_of(sticker)
    rows: list[list[Pixel]] = [[(0, 0, 0, 0)] * size for _ in range(size)]
    for shape in (*drawing.body, *drawing.details):
        _fill(rows, shape, size)
    return encode_webp(rows)


def _fill(rows: list[list[Pixel]], shape: Shape, size: int) -> None:
    scale, fill = _SHEET / size, _rgba(shape.fill)
    left, top, right, bottom = (max(0, min(size, int((edge + _MARGIN) / scale))) for edge in shape.box())
    for row in range(top, min(bottom + 1, size)):
        for column in range(left, min(right + 1, size)):
            if shape.covers((column + 0.5) * scale - _MARGIN, (row + 0.5) * scale - _MARGIN):
                rows[row][column] = fill


def _rgba(fill: str) -> Pixel:
    red, green, blue = (int(fill[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue, 255
