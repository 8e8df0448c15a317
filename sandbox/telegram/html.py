"""Telegram's HTML style: few tags, parsed without mercy (https://core.telegram.org/bots/api#html-style)."""

import re
from dataclasses import dataclass

from sandbox.telegram.wire import ApiError, Json, bad_request, utf16_length

_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]+));?")
_TAG_NAME = re.compile(r"[^\s>]*")
_END_NAME = re.compile(r"([^\s>]*)\s*")
_ADDRESS = re.compile(r"(?:(https?|tg|ton)://)?([^\s/?#:@]+)(:\d{1,5})?([/?#]\S*)?", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""([^\s=>/"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9.-]+)(?=[\s>])))?\s*""", re.DOTALL
)


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    offset: int
    position: int
    index: int


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Plain text and entities. Raises ApiError 400 "can't parse entities: …" with the byte offset."""
    return _Parser(source).parse()


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.parts: list[str] = []
        self.length = 0
        self.open: list[_Open] = []
        self.entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        while self.at < len(self.source):
            mark = self.source[self.at]
            if mark == "<":
                self._tag()
            elif mark == "&":
                self._reference()
            else:
                self._plain()
        if self.open:
            raise _error(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        return "".join(self.parts), _joined(self.entities)

    def _emit(self, text: str) -> None:
        self.parts.append(text)
        self.length += utf16_length(text)

    def _plain(self) -> None:
        end = self.at
        while end < len(self.source) and self.source[end] not in "<&":
            end += 1
        self._emit(self.source[self.at : end])
        self.at = end

    def _reference(self) -> None:
        text, self.at = _decoded(self.source, self.at)
        self._emit(text)

    def _tag(self) -> None:
        begin = self.at
        if self.source.startswith("</", begin):
            self._end_tag(begin)
        else:
            self._start_tag(begin)

    def _start_tag(self, begin: int) -> None:
        offset = self._bytes(begin)
        match = _TAG_NAME.match(self.source, begin + 1)
        name = match.group().lower() if match else ""
        self.at = begin + 1 + len(name)
        if self.at >= len(self.source):
            raise _error(f"Unclosed start tag at byte offset {offset}")
        if name not in _KINDS:
            raise _error(f'Unsupported start tag "{name}" at byte offset {offset}')
        argument = self._attributes(name, offset)
        if name == "span" and argument != "spoiler":
            raise _error(f'Tag "span" must have class "tg-spoiler" at byte offset {offset}')
        self.open.append(_Open(name, argument, self.length, len(self.parts), len(self.entities)))

    def _attributes(self, tag: str, offset: int) -> str:
        argument = ""
        while True:
            while self.at < len(self.source) and self.source[self.at].isspace():
                self.at += 1
            if self.at >= len(self.source):
                raise _error(f'Unclosed start tag "{tag}" at byte offset {offset}')
            if self.source[self.at] == ">":
                self.at += 1
                return argument
            argument = self._attribute(tag, offset) or argument

    def _attribute(self, tag: str, offset: int) -> str:
        match = _ATTRIBUTE.match(self.source, self.at)
        if match is None:
            raise _error(f'Empty attribute name in the tag "{tag}" at byte offset {offset}')
        if self.source.startswith("=", match.end()):
            raise _error(f"Unexpected end of name token at byte offset {self._bytes(match.end() + 1)}")
        self.at = match.end()
        value = next((part for part in match.groups()[1:] if part is not None), "")
        return _argument(tag, match.group(1), _decode_all(value))

    def _end_tag(self, begin: int) -> None:
        offset = self._bytes(begin)
        if not self.open:
            raise _error(f"Unexpected end tag at byte offset {offset}")
        match = _END_NAME.match(self.source, begin + 2)
        name, self.at = (match.group(1), match.end()) if match else ("", begin + 2)
        if not self.source.startswith(">", self.at):
            raise _error(f"Unclosed end tag at byte offset {offset}")
        self.at += 1
        opened = self.open.pop()
        if name and name.lower() != opened.tag:
            raise _error(
                f'Unmatched end tag at byte offset {offset}, expected "</{opened.tag}>", found "</{name}>"'
            )
        if self.length > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity: Json = {"offset": opened.offset, "length": self.length - opened.offset}
        entity["type"] = _KINDS[opened.tag]
        inner = "".join(self.parts[opened.position :])
        described = _described(entity, opened, inner)
        if described is not None:
            self.entities.insert(opened.index, described)

    def _bytes(self, position: int) -> int:
        return len(self.source[:position].encode())


def _described(entity: Json, opened: _Open, inner: str) -> Json | None:
    """The entity with what its tag's attribute says, or None where Telegram drops it."""
    if opened.tag == "a":
        return _link(entity, opened.argument or inner)
    if opened.tag == "tg-emoji":
        if not opened.argument.isdigit():
            raise _error("Invalid custom emoji identifier specified")
        return entity | {"custom_emoji_id": opened.argument}
    if opened.tag == "code" and opened.argument:
        return entity | {"language": opened.argument}
    if opened.tag == "blockquote" and opened.argument:
        return entity | {"type": "expandable_blockquote"}
    return entity


def _link(entity: Json, url: str) -> Json | None:
    user = re.fullmatch(r"tg://user\?id=(\d+)", url)
    if user:
        return entity | {"type": "text_mention", "user_id": int(user.group(1))}
    address = checked_url(url)
    return None if address is None else entity | {"url": address}


def checked_url(url: str) -> str | None:
    """The address as Telegram keeps it, or None for one it refuses (no dot in the host, other schemes)."""
    match = _ADDRESS.fullmatch(url.strip())
    if match is None:
        return None
    scheme, host, port, rest = match.groups()
    if (scheme or "").lower() in ("tg", "ton"):
        return url.strip()
    if "." not in host.strip("."):
        return None
    return f"{(scheme or 'http').lower()}://{host.lower()}{port or ''}{rest or '/'}"


def _joined(entities: list[Json]) -> list[Json]:
    """<pre><code class="language-x"> is one entity; a language elsewhere says nothing."""
    joined: list[Json] = []
    for entity in entities:
        same = joined and (joined[-1]["offset"], joined[-1]["length"]) == (entity["offset"], entity["length"])
        if same and {joined[-1]["type"], entity["type"]} == {"pre", "code"}:
            language = joined[-1].get("language") or entity.get("language")
            joined[-1] = {"offset": entity["offset"], "length": entity["length"], "type": "pre"}
            if language:
                joined[-1]["language"] = language
        else:
            joined.append(entity)
    for entity in joined:
        if entity["type"] == "code":
            entity.pop("language", None)
    return joined


def _argument(tag: str, name: str, value: str) -> str:
    if tag == "a" and name == "href":
        return value
    if tag == "code" and name == "class" and value.startswith("language-"):
        return value.removeprefix("language-")
    if tag == "span" and name == "class" and value.startswith("tg-"):
        return value.removeprefix("tg-")
    if tag == "tg-emoji" and name == "emoji-id":
        return value
    return "expandable" if tag == "blockquote" and name == "expandable" else ""


def _decoded(source: str, at: int) -> tuple[str, int]:
    """One character reference, or the bare ampersand when it is none, and where to go on."""
    match = _REFERENCE.match(source, at)
    if match is None:
        return "&", at + 1
    decimal, hexadecimal, name = match.groups()
    if name is not None:
        return (_NAMED[name], match.end()) if name in _NAMED else ("&", at + 1)
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return (chr(code), match.end()) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ("&", at + 1)


def _decode_all(value: str) -> str:
    result, at = "", 0
    while at < len(value):
        if value[at] == "&":
            text, at = _decoded(value, at)
        else:
            text, at = value[at], at + 1
        result += text
    return result


def _error(text: str) -> ApiError:
    return bad_request(f"can't parse entities: {text}")
