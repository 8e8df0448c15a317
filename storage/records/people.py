"""People, their chats and their programs."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who used the bot; `language` only when chosen with /lang, `role` only when given there.

    `spoken` is what the person's Telegram speaks, which may be a language we have no texts in.
    """

    user_id: int
    name: str
    username: str | None
    language: str | None
    role: str | None = None
    spoken: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Telegram's word about somebody in a chat: creator, administrator, member, restricted, left, kicked."""

    chat_id: int
    user_id: int
    status: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat the bot has seen; nothing is sent to one that is not active.

    `proposals`: what is not listed is proposed there. `language` only when chosen for the whole chat. `lacks`
    the rights whose lack it was told of. Quiet hours in minutes after midnight.
    """

    chat_id: int
    type: str
    title: str
    active: bool
    bot_status: str | None
    skipped: int
    moved_to: int | None
    proposals: bool = True
    language: str | None = None
    lacks: str | None = None
    quiet_from: int | None = None
    quiet_until: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An API key, without the key. `hint` is its first characters; a revoked one opens nothing."""

    id: int
    name: str
    hint: str
    scope: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
