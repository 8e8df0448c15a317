"""Cards of inquiries: the question with its choices as buttons, a page at a time, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.engine.work import Work
from services.flow.batches import LABEL, shortened
from services.flow.items import Action, Link
from services.flow.messages import Content, Messages, Text
from services.flow.paging import turns
from services.flow.places import Place
from storage import inquiries
from storage.database import Transaction
from storage.records import Inquiry, InquiryCard

WAITING = ("queued", "open")
PAGE = 8  # choices below one message
OPTION = 200  # characters of a label that is written out because no button holds it


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers: `value` is what its kind is told, `label` what its button says.

    With `text` the button says words of ours instead, in the language of its chat.
    """

    value: str
    label: str = ""
    text: Text | None = None


class InquiryCards:
    """Shows inquiries to those who answer."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def show(self, tx: Transaction, work: Work, inquiry: Inquiry, place: Place) -> None:
        """Put a card into a chat, as it stands."""
        name = f"inquiry.{inquiry.token}.{place.chat_id}"
        row = self._messages.text(tx, work.job, place, content(inquiry), name=name)
        if row is not None:
            inquiries.add_card(tx, InquiryCard(inquiry.token, place.chat_id, place.language, row))

    def refresh(self, tx: Transaction, work: Work, token: str) -> None:
        """Let every card of an inquiry tell how it stands now, on the first page of the choices."""
        if inquiry := inquiries.by_token(tx, token):
            for card in inquiries.cards(tx, token):
                there = Place(card.chat_id, card.chat_id > 0, card.language)
                self._messages.edit(tx, work.job, there, content(inquiry), row=card.shown_row)


def content(inquiry: Inquiry, page: int = 1) -> Content:
    """What a card says: the question and a page of choices, or how it ended."""
    question = _question(inquiry)
    links = (msgspec.convert(inquiry.link, Link),) if inquiry.link else ()
    if inquiry.state not in WAITING:
        return Content((ending(inquiry), *question), links=links)
    last = -(-len(inquiry.choices) // PAGE)
    page = min(max(page, 1), max(last, 1))
    options, buttons = _page(inquiry, (page - 1) * PAGE)
    texts = (*question, *options)
    if last > 1:
        texts += (Text("page", {"page": page, "pages": last}),)
    return Content(texts, links=links, actions=(*buttons, *turns(f"turn:{inquiry.token}", page, last)))


def ending(inquiry: Inquiry) -> Text:
    """Who answered what, or how else it ended; one whose time is over counts as expired."""
    state = "expired" if inquiry.state in WAITING else inquiry.state
    at = inquiry.decided_at or inquiry.expires_at or inquiry.created_at
    facts: dict[str, Any] = {"at": {"moment": at.isoformat()}}
    if inquiry.chosen is not None:
        choice = _choices(inquiry)[inquiry.chosen]
        words = {"text": choice.text.key, "params": choice.text.params} if choice.text else None
        facts |= {"name": inquiry.decided_name or "–", "answer": words or shortened(_label(choice), OPTION)}
    return Text(f"inquiry-ended-{state}", facts)


def is_open(inquiry: Inquiry, now: datetime) -> bool:
    """Whether it may be answered."""
    return inquiry.state == "open" and (inquiry.expires_at or now) > now


def _page(inquiry: Inquiry, start: int) -> tuple[list[Text], list[Action]]:
    """The choices from there on: what no button holds is written out, and its button bears its number."""
    options, buttons = [], []
    for index, choice in enumerate(_choices(inquiry)[start : start + PAGE], start):
        press = f"pick:{inquiry.token}:{inquiry.version}:{index}"
        label, short = _label(choice), shortened(_label(choice), LABEL)
        if choice.text:
            action = Action(choice.text.key, press, params=_short(choice.text.params))
        elif short == label:
            action = Action("button-choice", press, params={"label": label})
        else:
            numbered = {"number": index + 1, "label": shortened(label, OPTION)}
            options.append(Text("inquiry-option", numbered))
            action = Action("button-option", press, params=numbered | {"label": short})
        buttons.append(action)
    return options, buttons


def _question(inquiry: Inquiry) -> tuple[Text, ...]:
    return msgspec.convert(inquiry.texts, tuple[Text, ...])


def _choices(inquiry: Inquiry) -> tuple[Choice, ...]:
    return msgspec.convert(inquiry.choices, tuple[Choice, ...])


def _label(choice: Choice) -> str:
    """One line, and never empty: Telegram takes no button without words."""
    return " ".join(choice.label.split()) or choice.value or "–"


def _short(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: shortened(value, LABEL) if isinstance(value, str) else value for name, value in params.items()
    }
