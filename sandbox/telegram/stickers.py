"""Stickers, sets and the library that finds them the way Telegram does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox.telegram.wire import Json, without

StickerType = Literal["regular", "mask", "custom_emoji"]
StickerFormat = Literal["static", "animated", "video"]
_EMOJI = ("😼", "😹", "😻", "🙀", "😿", "🚀", "🐶", "🌟")
_ENDINGS: dict[StickerFormat, str] = {"static": "webp", "animated": "tgs", "video": "webm"}


def clean_name(name: str) -> str:
    """Telegram's lookup key: trimmed, lower case, without dots."""
    return name.strip().lower().replace(".", "")


@dataclass(slots=True)
class Sticker:
    """One sticker. `figure` names the drawing; `number` makes its ids and colours."""

    number: int
    set_name: str | None
    emoji: str | None
    figure: str
    type: StickerType = "regular"
    format: StickerFormat = "static"
    custom_emoji_id: str | None = None
    has_thumbnail: bool = True

    @property
    def file_id(self) -> str:
        """Usable with this bot only."""
        return f"CAACAgIAAxkBAAESB{self.number:08d}sticker"

    @property
    def file_unique_id(self) -> str:
        """The same for every bot; downloads nothing."""
        return f"AgADSB{self.number:08d}"

    @property
    def thumbnail_id(self) -> str:
        """The file id of the small picture."""
        return f"AAMCAgADGQEAAESB{self.number:08d}thumb"

    @property
    def file_path(self) -> str:
        """Where getFile says the sticker lies."""
        return f"stickers/file_{self.number}.{_ENDINGS[self.format]}"

    @property
    def thumbnail_path(self) -> str:
        """Where getFile says the small picture lies."""
        return f"thumbnails/file_{self.number}.webp"

    def thumbnail(self) -> Json:
        """The PhotoSize of the small picture."""
        return {
            "file_id": self.thumbnail_id,
            "file_unique_id": f"AQADSB{self.number:08d}",
            "file_size": 4012,
            "width": 128,
            "height": 128,
        }

    def api(self) -> Json:
        """The Sticker object; `thumb` repeats `thumbnail` as the server still does."""
        size = 100 if self.type == "custom_emoji" else 512
        thumbnail = self.thumbnail() if self.has_thumbnail else None
        return without(
            {
                "width": size,
                "height": size,
                "emoji": self.emoji,
                "set_name": self.set_name,
                "is_animated": self.format == "animated",
                "is_video": self.format == "video",
                "type": self.type,
                "mask_position": _mask_position() if self.type == "mask" else None,
                "custom_emoji_id": self.custom_emoji_id,
                "needs_repainting": True if self.type == "custom_emoji" else None,
                "thumbnail": thumbnail,
                "thumb": thumbnail,
                "file_id": self.file_id,
                "file_unique_id": self.file_unique_id,
                "file_size": 28304,
            }
        )


def _mask_position() -> Json:
    return {"point": "eyes", "x_shift": 0.0, "y_shift": 0.1, "scale": 1.5}


@dataclass(slots=True)
class StickerSet:
    """A set; a deleted one stays here so that the page can still show its stickers."""

    name: str
    title: str
    sticker_type: StickerType = "regular"
    stickers: list[Sticker] = field(default_factory=list)
    deleted: bool = False
    has_thumbnail: bool = False

    def api(self) -> Json:
        """The StickerSet object."""
        thumbnail = self.stickers[0].thumbnail() if self.has_thumbnail and self.stickers else None
        return without(
            {
                "name": self.name,
                "title": self.title,
                "thumbnail": thumbnail,
                "thumb": thumbnail,
                "sticker_type": self.sticker_type,
                "contains_masks": self.sticker_type == "mask",
                "stickers": [sticker.api() for sticker in self.stickers],
            }
        )


class Library:
    """Every set and sticker there is."""

    def __init__(self) -> None:
        self.sets: dict[str, StickerSet] = {}
        self.loose: list[Sticker] = []
        self.by_file_id: dict[str, Sticker] = {}
        self.by_unique_id: dict[str, Sticker] = {}
        self.by_custom_emoji: dict[str, Sticker] = {}

    def add_set(
        self,
        name: str,
        title: str | None = None,
        *,
        count: int = 3,
        sticker_type: StickerType = "regular",
        sticker_format: StickerFormat = "static",
        emojis: Sequence[str] = _EMOJI,
        figure: str = "cat",
        has_thumbnail: bool = False,
    ) -> StickerSet:
        """A new set of `count` stickers; a set of the same name is replaced."""
        shown = title or name.replace("_", " ")
        sticker_set = StickerSet(name, shown, sticker_type, has_thumbnail=has_thumbnail)
        for number in range(count):
            sticker = self._new(name, emojis[number % len(emojis)], figure, sticker_type, sticker_format)
            sticker_set.stickers.append(sticker)
        self.sets[clean_name(name)] = sticker_set
        return sticker_set

    def add_loose(
        self, emoji: str | None = "🙂", figure: str = "dog", sticker_format: StickerFormat = "static"
    ) -> Sticker:
        """A sticker that belongs to no set."""
        sticker = self._new(None, emoji, figure, "regular", sticker_format)
        self.loose.append(sticker)
        return sticker

    def find(self, name: str) -> StickerSet | None:
        """The living set of that name, in any case and with or without dots."""
        found = self.sets.get(clean_name(name))
        return None if found is None or found.deleted else found

    def numbered(self, number: int) -> Sticker | None:
        """The sticker with that number."""
        sticker = Sticker(number, None, None, "")
        return self.by_file_id.get(sticker.file_id)

    def delete_set(self, name: str, *, keep_name: bool = True) -> StickerSet:
        """Delete a set; with `keep_name` its stickers go on naming it, as a server's cache makes them do."""
        sticker_set = self.sets[clean_name(name)]
        sticker_set.deleted = True
        if not keep_name:
            for sticker in sticker_set.stickers:
                sticker.set_name = None
        return sticker_set

    def _new(
        self,
        set_name: str | None,
        emoji: str | None,
        figure: str,
        sticker_type: StickerType,
        sticker_format: StickerFormat,
    ) -> Sticker:
        number = len(self.by_file_id) + 1
        custom = str(5368324170671200000 + number) if sticker_type == "custom_emoji" else None
        sticker = Sticker(number, set_name, emoji, figure, sticker_type, sticker_format, custom)
        self.by_file_id[sticker.file_id] = sticker
        self.by_unique_id[sticker.file_unique_id] = sticker
        if custom:
            self.by_custom_emoji[custom] = sticker
        return sticker
