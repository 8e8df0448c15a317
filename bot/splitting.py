"""Long texts as several messages: cut where a reader would, with the tags around each cut closed and opened.

Made for the HTML of bot/rendering.py: Telegram's tags, and every other < > & written as a reference.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 4096  # UTF-16 units that are seen of one message (core.telegram.org/bots/api#sendmessage)
ENTITIES = 100  # of one message; Telegram ignores the rest
_TOKEN = re.compile(r"<[^>]*>|&(?:lt|gt|amp|quot|#\d+|#[xX][0-9a-fA-F]+);|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A tag, or one visible character as it is written. `seen` is empty for tags."""

    source: str
    seen: str

    @property
    def width(self) -> int:
        """What it adds to a message's length."""
        return _width(self.seen)

    @property
    def is_space(self) -> bool:
        """Whether it is white space that is seen; a tag is not."""
        return self.seen.isspace()

    @property
    def opens(self) -> bool:
        """Whether it is a tag that another one has to close."""
        return not self.seen and not self.source.startswith("</")


def split(source: str, limit: int = LIMIT) -> list[str]:
    """The text as parts of at most `limit` units and ENTITIES entities; itself alone when it fits.

    White space at a cut goes: Telegram takes it from both ends of a message anyhow.
    """
    if _width(source) <= limit and source.count("<") <= ENTITIES:
        return [source]
    rest, opened, parts = _tokens(source), tuple[str, ...](), list[str]()
    while any(token.seen and not token.is_space for token in rest):
        rest = _without_lead(rest)
        cut = _cut(rest, len(opened), limit)
        still_open = _open_after(opened, rest[:cut])
        parts.append(_dressed(opened, rest[:cut], still_open))
        rest, opened = rest[cut:], still_open
    return parts or [source]


def shortened(source: str) -> str:
    """As much of it as one message takes, for what cannot be several."""
    whole = split(source)
    return whole[0] if len(whole) == 1 else split(source, LIMIT - 1)[0] + "…"


def _tokens(source: str) -> list[Token]:
    found = _TOKEN.findall(source)
    return [Token(each, "" if each.startswith("<") else html.unescape(each)) for each in found]


def _without_lead(tokens: list[Token]) -> list[Token]:
    """Without the white space it begins with; tags before and between stay."""
    first = next(place for place, token in enumerate(tokens) if token.seen and not token.is_space)
    return [token for token in tokens[:first] if not token.seen] + tokens[first:]


def _cut(tokens: Sequence[Token], entities: int, limit: int) -> int:
    """How many of them are the next part: all, or up to a line's end, a space, or what just fits.

    A line's end or a space has to lie in the latter half of what fits, else messages would be nearly empty.
    """
    widths = _fitting(tokens, entities, limit)
    end = len(widths)
    if end == len(tokens):
        return end
    half = widths[-1] / 2
    spaces = [place for place in range(1, end + 1) if tokens[place].is_space and widths[place - 1] > half]
    lines = [place for place in spaces if tokens[place].seen == "\n"]
    return (lines or spaces or [end])[-1]


def _fitting(tokens: Sequence[Token], entities: int, limit: int) -> list[int]:
    """The widths up to each token that fits into a message with so many open tags; one visible one does."""
    widths, width = list[int](), 0
    for token in tokens:
        entities += token.opens
        is_full = width + token.width > limit or (token.opens and entities > ENTITIES)
        if is_full and width:
            break
        width += token.width
        widths.append(width)
    return widths


def _open_after(opened: tuple[str, ...], tokens: Sequence[Token]) -> tuple[str, ...]:
    stack = list(opened)
    for token in tokens:
        if token.opens:
            stack.append(token.source)
        elif not token.seen:
            stack.pop()
    return tuple(stack)


def _dressed(opened: tuple[str, ...], tokens: Sequence[Token], still_open: tuple[str, ...]) -> str:
    inner = "".join(token.source for token in tokens)
    return "".join(opened) + inner + "".join(f"</{_name(tag)}>" for tag in reversed(still_open))


def _name(tag: str) -> str:
    return re.split(r"[\s>]", tag[1:], maxsplit=1)[0]


def _width(text: str) -> int:
    """In UTF-16 units, which Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
