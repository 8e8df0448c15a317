"""Texts and cards in Telegram's dress: HTML and inline keyboards. Pure functions of what they are given."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from services.flow.items import Card, Fact
from services.flow.messages import Content, Text
from services.texts import Texts

# Hebrew, Arabic and their neighbours; unicode.org/reports/tr9, "strong" characters of classes R and AL.
_FROM_THE_RIGHT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

ADDRESS = "url"  # the parameter that is an address and not a part of what is read
PRESS_VERSION = "v1"  # goes before what a button carries, so that old buttons can be told apart one day


def escaped(text: str) -> str:
    """The one way by which foreign text enters a message (core.telegram.org/bots/api#html-style).

    Safe between tags and as the address of a link.
    """
    return html.escape(text, quote=False).replace('"', "&quot;")


def isolated(text: str) -> str:
    """A name from anywhere as a part of our line: one written from right to left turns nothing around it."""
    return f"\u2068{text}\u2069" if _FROM_THE_RIGHT.search(text) else text


@dataclass(frozen=True, slots=True)
class Renderer:
    """Chooses words and dress. Moments are shown in `zone`."""

    texts: Texts
    zone: ZoneInfo

    def words(self, language: str, text: Text) -> str:
        """A text as HTML."""
        params = {name: self._param(language, value) for name, value in text.params.items()}
        params |= {
            name: isolated(value)
            for name, value in params.items()
            if isinstance(value, str) and name != ADDRESS
        }
        return self.texts.translate(language, text.key, params, escape=escaped)

    def plain(self, language: str, text: Text) -> str:
        """A text for places without markup, as the answer to a press."""
        return html.unescape(self.words(language, text))

    def html(self, language: str, content: Content) -> str:
        """All texts of a content and its card, a line each."""
        lines = [self.words(language, text) for text in content.texts]
        if content.card:
            lines.append(self._card(language, content.card))
        return "\n".join(lines)

    def keyboard(self, language: str, content: Content) -> InlineKeyboardMarkup | None:
        """Links and actions, a row each unless one stands beside another; None when there are none."""
        rows = [
            [InlineKeyboardButton(self.texts.translate(language, link.label), url=link.url)]
            for link in content.links
        ]
        for action in content.actions:
            label = self.texts.translate(language, action.label, action.params)
            button = InlineKeyboardButton(label, callback_data=f"{PRESS_VERSION}:{action.press}")
            if action.beside and rows:
                rows[-1].append(button)
            else:
                rows.append([button])
        return InlineKeyboardMarkup(rows) if rows else None

    def moment(self, language: str, moment: datetime) -> str:
        """A moment as people there write it."""
        return format_datetime(moment, "d MMM yyyy, HH:mm", tzinfo=self.zone, locale=language)

    def _card(self, language: str, card: Card) -> str:
        title = escaped(card.title)
        head = f'<a href="{html.escape(card.link.url)}">{title}</a>' if card.link else title
        return "\n".join([f"<b>{head}</b>", *(self._fact(language, fact) for fact in card.facts)])

    def _fact(self, language: str, fact: Fact) -> str:
        if fact.is_moment:
            shown = self.moment(language, datetime.fromisoformat(str(fact.value)))
            return self.words(language, Text(fact.label, {"value": shown}))
        name = "count" if isinstance(fact.value, int) else "value"
        return self.words(language, Text(fact.label, {name: fact.value}))

    def _param(self, language: str, value: Any) -> Any:
        if isinstance(value, Mapping) and "moment" in value:
            return self.moment(language, datetime.fromisoformat(value["moment"]))
        if isinstance(value, Mapping) and "clock" in value:
            return format_datetime(
                datetime.fromisoformat(value["clock"]), "HH:mm", tzinfo=self.zone, locale=language
            )
        if isinstance(value, Mapping) and "number" in value:
            return format_decimal(value["number"], locale=language)
        if isinstance(value, Mapping) and "seconds" in value:
            return format_timedelta(timedelta(seconds=value["seconds"]), threshold=2, locale=language)
        if isinstance(value, Mapping) and "text" in value:
            return self.texts.translate(language, value["text"], value.get("params"))
        return value
