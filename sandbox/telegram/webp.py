"""A small lossless WebP encoder for flat drawings (RFC 9649, section 3).

It writes a colour table and one fixed-length code per pixel: no compression to speak of, and no dependency.
"""

from collections.abc import Sequence

Pixel = tuple[int, int, int, int]  # red, green, blue, alpha

_CODE_LENGTH_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_GREEN_SYMBOLS = 256 + 24
_CHANNEL_SYMBOLS = 256
_COLOUR_INDEXING = 3
# Smaller tables would pack several pixels into one.
_SMALLEST_TABLE = 17


class _Bits:
    """Least significant bit first."""

    def __init__(self) -> None:
        self._value = 0
        self._count = 0
        self._bytes = bytearray()

    def write(self, value: int, count: int) -> None:
        self._value |= value << self._count
        self._count += count
        while self._count >= 8:
            self._bytes.append(self._value & 255)
            self._value >>= 8
            self._count -= 8

    def close(self) -> bytes:
        if self._count:
            self._bytes.append(self._value)
        return bytes(self._bytes)


def encode_webp(rows: Sequence[Sequence[Pixel]]) -> bytes:
    """A picture of at most 256 colours as a WebP file."""
    table = sorted({pixel for row in rows for pixel in row})
    table += [(0, 0, 0, 0)] * (_SMALLEST_TABLE - len(table))
    places = {pixel: place for place, pixel in reversed(list(enumerate(table)))}
    bits = _Bits()
    _header(bits, len(rows[0]), len(rows))
    _colour_table(bits, table)
    _pixels(bits, [[places[pixel] for pixel in row] for row in rows], (len(table) - 1).bit_length())
    return _file(bits.close())


def _header(bits: _Bits, width: int, height: int) -> None:
    bits.write(0x2F, 8)
    bits.write(width - 1, 14)
    bits.write(height - 1, 14)
    bits.write(1, 1)  # alpha is used
    bits.write(0, 3)  # version


def _colour_table(bits: _Bits, table: list[Pixel]) -> None:
    """The colour-indexing transform: each colour as its difference from the one before."""
    bits.write(1, 1)
    bits.write(_COLOUR_INDEXING, 2)
    bits.write(len(table) - 1, 8)
    bits.write(0, 1)  # no colour cache
    _fixed_code(bits, 8, _GREEN_SYMBOLS)
    for _ in range(3):
        _fixed_code(bits, 8, _CHANNEL_SYMBOLS)
    _no_code(bits)
    before: Pixel = (0, 0, 0, 0)
    for pixel in table:
        red, green, blue, alpha = ((now - then) % 256 for now, then in zip(pixel, before, strict=True))
        for value in (green, red, blue, alpha):
            bits.write(_reversed(value, 8), 8)
        before = pixel
    bits.write(0, 1)  # no further transform


def _pixels(bits: _Bits, rows: list[list[int]], length: int) -> None:
    bits.write(0, 1)  # no colour cache
    bits.write(0, 1)  # one set of codes for the whole picture
    _fixed_code(bits, length, _GREEN_SYMBOLS)
    for _ in range(4):
        _no_code(bits)
    codes = [_reversed(symbol, length) for symbol in range(1 << length)]
    for row in rows:
        for place in row:
            bits.write(codes[place], length)


def _fixed_code(bits: _Bits, length: int, symbols: int) -> None:
    """A prefix code that gives the first 2**length symbols `length` bits each and the others none."""
    bits.write(0, 1)
    last = _CODE_LENGTH_ORDER.index(length)
    bits.write(last + 1 - 4, 4)
    for one in _CODE_LENGTH_ORDER[: last + 1]:
        bits.write(1 if one in (0, length) else 0, 3)
    bits.write(0, 1)  # lengths follow for every symbol
    for symbol in range(symbols):
        bits.write(1 if symbol < 1 << length else 0, 1)


def _no_code(bits: _Bits) -> None:
    """A code of the single symbol 0, which takes no bits."""
    bits.write(1, 1)
    bits.write(0, 3)


def _reversed(value: int, length: int) -> int:
    return int(f"{value:0{length}b}"[::-1], 2)


def _file(data: bytes) -> bytes:
    chunk = b"VP8L" + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
    return b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
