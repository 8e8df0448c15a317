"""What a call to Telegram came to, in the sender's terms. The one place that reads Telegram's errors.

Telegram's texts are compared in any case: the library capitalises them (reference: telegram.error).
"""

from dataclasses import dataclass
from datetime import timedelta

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.request import ServerFailed
from services.engine.errors import Unavailable

GATEWAY_TIMEOUT = 504  # somebody gave up waiting for Telegram, which may have done it all the same


@dataclass(frozen=True, slots=True)
class Sent:
    """Done; `message_id` when a new message came of it."""

    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class PartSent:
    """Done, and more parts of the text follow."""

    message_id: int


@dataclass(frozen=True, slots=True)
class Again:
    """Not executed; `after` in seconds when Telegram named a wait."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Unreachable(Again):
    """Not executed: no connection came about, and to nobody else would one."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """No answer came: it may have been executed or not. `more`: it was a part of a text, and not the last."""

    reason: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good, and somebody should know."""

    reason: str


@dataclass(frozen=True, slots=True)
class Pointless:
    """Its object is gone (deleted message, old press): nothing to do and nobody to tell."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChatGone:
    """The chat takes nothing from the bot any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The group has a new number."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class TopicGone:
    """The topic was deleted; the chat's general one is still there."""


@dataclass(frozen=True, slots=True)
class ReactionRefused:
    """This chat does not take this emoji; `is_full`: this message takes no further one, whichever chat."""

    reason: str
    is_full: bool = False


Outcome = (
    Sent | PartSent | Again | Doubtful | Failed | Pointless | ChatGone | Moved | TopicGone | ReactionRefused
)

_POINTLESS = (
    "message to react not found",
    "message to edit not found",
    "message to delete not found",
    "message can't be deleted",
    "message can't be edited",
    "message_id_invalid",
    "query is too old",
    "query id is invalid",
)
_REACTION_REFUSED = ("reaction_invalid", "reactions_too_many", "anonymous_reactions_disabled")
_CHAT_GONE = (
    "chat not found",
    "chat_write_forbidden",
    "channel_private",
    "peer_id_invalid",
    "user is deactivated",
)


def of_error(error: TelegramError) -> Outcome:
    """Classify what a Bot API call raised."""
    match error:
        case RetryAfter():
            return Again(str(error), _seconds(error.retry_after))
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case Forbidden():
            return ChatGone(error.message)
        case BadRequest():
            return _of_refusal(error.message)
        case InvalidToken() | Conflict():
            return Again(error.message)
        case _:
            return _of_network(error)


def unavailable(error: TelegramError, *, user_text: str | None = None) -> Unavailable:
    """The same for who asked something and got no answer: when to ask again."""
    outcome = of_error(error)
    after = outcome.after if isinstance(outcome, Again) else None
    return Unavailable("telegram", error.message, retry_after=after, user_text=user_text)


def is_not_executed(error: TelegramError) -> bool:
    """Whether the call surely had no effect."""
    return isinstance(of_error(error), Again)


def _of_refusal(message: str) -> Outcome:
    said = message.lower()
    if "not modified" in said:
        return Sent()
    if any(each in said for each in _POINTLESS):
        return Pointless(message)
    if any(each in said for each in _REACTION_REFUSED):
        return ReactionRefused(message, is_full="reactions_too_many" in said)
    if "message thread not found" in said:
        return TopicGone()
    if any(each in said for each in _CHAT_GONE):
        return ChatGone(message)
    return Failed(message)


def _of_network(error: TelegramError) -> Outcome:
    if isinstance(error, ServerFailed):
        return Doubtful(str(error)) if error.status == GATEWAY_TIMEOUT else Again(str(error))
    cause = error.__cause__
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
        return Unreachable(f"{type(cause).__name__}: not sent")
    if isinstance(cause, httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return Again(f"{type(cause).__name__}: not sent")
    return Doubtful(type(cause).__name__ if cause else str(error))


def _seconds(wait: int | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
