"""The sticker gallery."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that may be added, with the place it was asked in. `token` is what its button carries."""

    token: str
    kind: str
    key: str
    details: Any
    state: str
    chat_id: int
    thread_id: int | None
    source_message: int | None
    shown_row: int | None
    asker: int | None
    decided_by: int | None
    decided_name: str | None
    created_at: datetime
    decided_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StickerSet:
    """A listed set. `name` as Telegram writes it; `kind` regular, mask or custom_emoji.

    `checked_at` is when Telegram was last asked about it, `dead_at` since when it knows no such set.
    """

    name: str
    title: str
    kind: str
    count: int | None
    added_by: int | None
    added_in: int | None
    added_at: datetime
    checked_at: datetime | None = None
    dead_at: datetime | None = None
