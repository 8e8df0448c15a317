"""The bytes behind file paths."""

import gzip
import json
from dataclasses import dataclass

from sandbox.telegram.drawings import paint
from sandbox.telegram.state import State
from sandbox.telegram.stickers import Sticker


@dataclass(frozen=True, slots=True)
class File:
    """A file to send."""

    content: bytes
    media_type: str


def file_content(state: State, path: str) -> File | None:
    """The file at a getFile path, None for unknown ones."""
    folder, _, name = path.partition("/")
    stem = name.partition(".")[0]
    if folder == "photos" and stem in state.photos:
        return File(state.photos[stem], "image/jpeg")
    number = stem.removeprefix("file_")
    sticker = state.library.numbered(int(number)) if number.isdigit() else None
    if sticker is None or path not in (sticker.file_path, sticker.thumbnail_path):
        return None
    if folder == "stickers" and sticker.format == "animated":
        return File(_empty_scene(), "application/gzip")
    return File(_picture(state, sticker), "image/webp")


def _picture(state: State, sticker: Sticker) -> bytes:
    """Painted once; a video sticker is its first frame."""
    if sticker.number not in state.pictures:
        state.pictures[sticker.number] = paint(sticker)
    return state.pictures[sticker.number]


def _empty_scene() -> bytes:
    """A .tgs file: gzipped Lottie, here with nothing on stage."""
    scene = {"tgs": 1, "v": "5.5.2", "fr": 60, "ip": 0, "op": 60, "w": 512, "h": 512, "layers": []}
    return gzip.compress(json.dumps(scene).encode(), mtime=0)
