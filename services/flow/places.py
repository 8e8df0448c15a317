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


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody says yes or no: by a button (`press_id` wants an answer) or by a reaction (None).

    `place.message_id` is the message that bears it.
    """

    by: Asker
    place: Place
    press_id: str | None = None


def chat_key(chat_id: int) -> str:
    """The key of all jobs that are updates of one chat."""
    return f"chat:{chat_id}"
