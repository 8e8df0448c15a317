"""From the text of a call to text and entities as the server keeps them."""

from typing import Any

from sandbox.telegram.entities import find_entities
from sandbox.telegram.html import parse_html
from sandbox.telegram.params import Params
from sandbox.telegram.state import State
from sandbox.telegram.wire import Json, bad_request, utf16_length

MAX_TEXT = 4096
MAX_CAPTION = 1024
_MAX_ENTITIES = 100


def parse_text(state: State, params: Params, *, caption: bool = False) -> Json:
    """{"text", "entities"?} or their caption twins. Lengths count after parsing. Raises ApiError 400."""
    source = params.text("caption" if caption else "text")
    text, entities = _formatted(source, params, "caption_entities" if caption else "entities")
    text, entities = _trimmed(text, entities)
    if not text and not caption:
        raise bad_request("message text is empty")
    if len(text) > (MAX_CAPTION if caption else MAX_TEXT):
        raise bad_request("message caption is too long" if caption else "message is too long")
    entities = find_entities(text, _mentions(state, entities))[:_MAX_ENTITIES]
    names = ("caption", "caption_entities") if caption else ("text", "entities")
    content: Json = {names[0]: text} if text else {}
    return content | ({names[1]: entities} if entities else {})


def _formatted(source: str, params: Params, name: str) -> tuple[str, list[Json]]:
    mode = params.text("parse_mode").lower()
    if mode == "html":
        return parse_html(source)
    if mode:
        raise bad_request("unsupported parse_mode")
    given = params.json(name) or []
    if not isinstance(given, list):
        raise bad_request("can't parse entities JSON object")
    return source, [_entity(entity, utf16_length(source)) for entity in given]


def _entity(value: Any, length: int) -> Json:
    place = (value.get("offset"), value.get("length")) if isinstance(value, dict) else ()
    if len(place) != 2 or not all(type(one) is int for one in place) or "type" not in value:
        raise bad_request("can't parse MessageEntity: expected type, offset and length")
    if value["offset"] < 0 or value["length"] <= 0 or value["offset"] + value["length"] > length:
        raise bad_request("entity beyond the end of the text")
    return dict(value)


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """White space at both ends goes, and entities with it."""
    stripped = text.strip()
    if len(stripped) == len(text):
        return text, entities
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    end = utf16_length(stripped)
    kept = []
    for entity in entities:
        first = max(entity["offset"] - lead, 0)
        last = min(entity["offset"] + entity["length"] - lead, end)
        if last > first:
            kept.append(entity | {"offset": first, "length": last - first})
    return stripped, kept


def _mentions(state: State, entities: list[Json]) -> list[Json]:
    """Links to people by id: known people become users, others stay plain text."""
    kept = []
    for entity in entities:
        if "user_id" not in entity:
            kept.append(entity)
        elif (person := state.people.get(entity["user_id"])) is not None:
            plain = {name: value for name, value in entity.items() if name != "user_id"}
            kept.append(plain | {"user": person.user()})
    return kept
