"""Who asks, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """A person, or with no id an anonymous one (a group's hidden administrator)."""

    user_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said: a chat, its topic, the message it is about, and the language to answer in."""

    chat_id: int
    private: bool
    language: str
    thread_id: int | None = None
    message_id: int | None = None
