"""The hub's texts as a chat shows them, and what to look for in a message."""

import html
import re
from typing import Any

from sandbox.telegram.messages import Message
from sandbox.telegram.wire import utf16_slice
from services.texts import Texts

_TEXTS = Texts.load()
_TAG = re.compile(r"<[^<>]+>")


def words(key: str, /, language: str = "en", **params: Any) -> str:
    """A text by its key, without markup."""
    return html.unescape(_TAG.sub("", _TEXTS.translate(language, key, params)))


def head(message: Message) -> str:
    """The first line of a message."""
    return message.text.split("\n", 1)[0]


def link_buttons(message: Message) -> list[str]:
    """The addresses behind a message's buttons."""
    return [button["url"] for row in message.buttons for button in row if "url" in button]


def press_buttons(message: Message) -> list[str]:
    """What a message's callback buttons carry."""
    return [button["callback_data"] for row in message.buttons for button in row if "callback_data" in button]


def bold(message: Message) -> list[str]:
    """The parts of a message set in bold."""
    return [
        utf16_slice(message.text, entity["offset"], entity["length"])
        for entity in message.content.get("entities", [])
        if entity["type"] == "bold"
    ]
