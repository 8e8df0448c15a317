"""Messages that show what somebody has to decide: which chats have one, and which still lack it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, select, update

from storage.database import Transaction
from storage.tables import chats, messages

TRIES = 5  # cards of one decision that a chat is sent by itself


@dataclass(frozen=True, slots=True)
class Cards:
    """The `cards` that show the rows of `shown` by their tokens; only the `real` ones among them."""

    shown: Table
    cards: Table
    real: tuple[ColumnElement[bool], ...] = ()

    def under_way(self) -> Select[Any]:
        """The cards of a row that are sent, or will be."""
        return (
            select(self.cards.c.id)
            .join(messages, messages.c.id == self.cards.c.shown_row)
            .where(self.cards.c.token == self.shown.c.token, *self.real)
            .where(messages.c.state.in_(("waiting", "sending", "sent")))
            .correlate(self.shown)
        )

    def lacks(self, chat_id: int) -> ColumnElement[bool]:
        """Whether a chat that takes messages has no card of a row, and none is on its way there.

        None has been shown the same without end.
        """
        takes = select(chats.c.chat_id).where(chats.c.chat_id == chat_id, chats.c.active).exists()
        tries = (
            select(func.count())
            .select_from(self.cards)
            .where(self.cards.c.token == self.shown.c.token, self.cards.c.chat_id == chat_id)
            .scalar_subquery()
        )
        there = self.under_way().where(messages.c.chat_id == chat_id)
        return and_(takes, ~there.exists(), tries < TRIES)

    def numbers(self, tx: Transaction, token: str, chat_id: int) -> list[int | None]:
        """One chat's numbers of the messages that show a row.

        None before it is known to be sent, and when it may have been sent twice: only the later copy's is
        known then.
        """
        query = (
            select(messages.c.sent_id, messages.c.doubts)
            .join(self.cards, messages.c.id == self.cards.c.shown_row)
            .where(self.cards.c.token == token, *self.real, messages.c.chat_id == chat_id)
        )
        return [None if row.doubts else row.sent_id for row in tx.execute(query)]

    def show_at(self, tx: Transaction, token: str, chat_id: int, message_id: int | None) -> bool:
        """Whether a chat's message shows the row, as far as anybody knows."""
        numbers = self.numbers(tx, token, chat_id)
        return message_id in numbers or None in numbers

    def move(self, tx: Transaction, old: int, new: int) -> None:
        """A group has a new number: cards that waited to be sent go along, those that were sent stay."""
        gone_along = select(messages.c.id).where(messages.c.chat_id == new)
        cards = update(self.cards).where(self.cards.c.chat_id == old)
        tx.execute(cards.where(self.cards.c.shown_row.in_(gone_along)).values(chat_id=new))
