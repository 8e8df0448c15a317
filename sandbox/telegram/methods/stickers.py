"""Sets, custom emoji and files."""

from sandbox.telegram.files import file_content
from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params
from sandbox.telegram.state import State
from sandbox.telegram.stickers import Sticker
from sandbox.telegram.wire import Json, bad_request

_MAX_CUSTOM_EMOJI = 200


def get_sticker_set(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getstickerset — in any case, with dots or without."""
    sticker_set = state.library.find(params.text("name"))
    if sticker_set is None:
        raise bad_request("STICKERSET_INVALID")
    return Answer(sticker_set.api())


def get_custom_emoji_stickers(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getcustomemojistickers — unknown ids are left out."""
    identifiers = params.json("custom_emoji_ids")
    if not isinstance(identifiers, list):
        raise bad_request("can't parse custom emoji identifiers JSON object")
    if len(identifiers) > _MAX_CUSTOM_EMOJI:
        raise bad_request("too many custom emoji identifiers specified")
    if not all(isinstance(one, str) and one.isdigit() for one in identifiers):
        raise bad_request("invalid custom emoji identifier specified")
    known = state.library.by_custom_emoji
    return Answer([known[one].api() for one in identifiers if one in known])


def get_file(state: State, params: Params) -> Answer:
    """https://core.telegram.org/bots/api#getfile"""
    file_id = params.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    found = _sticker_file(state, file_id) or _photo_file(state, file_id)
    if found is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    return Answer(found)


def _sticker_file(state: State, file_id: str) -> Json | None:
    sticker = state.library.by_file_id.get(file_id)
    if sticker is not None:
        return _file(state, file_id, sticker.file_unique_id, sticker.file_path)
    sticker = _by_thumbnail(state, file_id)
    if sticker is None:
        return None
    return _file(state, file_id, sticker.thumbnail()["file_unique_id"], sticker.thumbnail_path)


def _file(state: State, file_id: str, unique_id: str, path: str) -> Json:
    found = file_content(state, path)
    names: Json = {"file_id": file_id, "file_unique_id": unique_id}
    return names | {"file_size": len(found.content) if found else 0, "file_path": path}


def _by_thumbnail(state: State, file_id: str) -> Sticker | None:
    digits = file_id.removeprefix("AAMCAgADGQEAAESB").removesuffix("thumb")
    return state.library.numbered(int(digits)) if digits.isdigit() else None


def _photo_file(state: State, file_id: str) -> Json | None:
    if file_id not in state.photo_sizes:
        return None
    unique_id = state.photo_sizes[file_id][-1]["file_unique_id"]
    return _file(state, file_id, unique_id, f"photos/{unique_id}.jpg")
