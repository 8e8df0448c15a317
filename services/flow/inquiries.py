"""Inquiries: the hub asks admins to choose one of several answers: queued → open → answered.

One that nobody answers in time is expired, and one that nobody needs to answer any more is settled. Who
answers first has answered. What an answer does, its kind does in the same transaction.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.approvals import Decider
from services.flow.inquiry_cards import Choice, InquiryCards, is_open
from services.flow.items import Link
from services.flow.journal import Journal
from services.flow.messages import Text
from services.flow.places import Place
from storage import inquiries
from storage.database import Transaction
from storage.records import Inquiry
from storage.texts import storable

LIFE = timedelta(days=7)
MOST_OPEN = 10  # of a kind; each is a card to every admin
OURSELVES = "inquiries"  # as the journal names what no person did

__all__ = ["Answered", "Ask", "Choice", "Inquiries"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody has to choose: there is one inquiry of a `kind` (≤ 24) and `key` (≤ 200) at a time.

    `texts` are the question; the first one alone stands for it in /pending. `details` is JSON for the kind.
    """

    kind: str
    key: str
    texts: tuple[Text, ...]
    choices: tuple[Choice, ...]
    details: dict[str, Any] = field(default_factory=dict)
    link: Link | None = None

    def content(self) -> dict[str, Any]:
        """What of it may change while it waits, as the database gives it back."""
        found = {"texts": self.texts, "choices": self.choices, "details": self.details, "link": self.link}
        written = json.dumps(msgspec.to_builtins(found), ensure_ascii=False)
        content: dict[str, Any] = json.loads(storable(written))
        return content


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody chose: `actor` as the journal names them, `name` as people do."""

    inquiry: Inquiry
    value: str
    actor: str
    name: str


# What an answer does, in the transaction that takes it.
OnAnswer = Callable[[Transaction, Work, Answered], None]


@dataclass(frozen=True, slots=True)
class _Known:
    answered: OnAnswer
    most_open: int


class Inquiries:
    """Rules of asking and answering. Knows no Telegram."""

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        cards: InquiryCards,
        audience: Callable[[], Awaitable[tuple[Place, ...]]],
        new_token: Callable[[], str],
    ) -> None:
        """`new_token()` gives a short random URL-safe string."""
        self._clock = clock
        self._journal = journal
        self._cards = cards
        self._audience = audience
        self._new_token = new_token
        self._known: dict[str, _Known] = {}

    @property
    def kinds(self) -> frozenset[str]:
        """Those whose answers somebody here takes."""
        return frozenset(self._known)

    def register(self, kind: str, answered: OnAnswer, *, most_open: int = MOST_OPEN) -> None:
        """Make a kind known. More than `most_open` of it are not shown at a time: the others are queued."""
        self._known[kind] = _Known(answered, most_open)

    async def audience(self) -> tuple[Place, ...]:
        """The chats where a new card goes."""
        return await self._audience()

    def is_asked(self, tx: Transaction, kind: str, key: str) -> bool:
        """Whether somebody is asked about it now, or will be."""
        return inquiries.waiting_for(tx, kind, key) is not None

    def ask(self, tx: Transaction, work: Work, ask: Ask, audience: Sequence[Place]) -> None:
        """Ask, unless that waits already: then its cards change when what they ask has changed.

        A job asks about one key once.
        """
        while (known := inquiries.waiting_for(tx, ask.kind, ask.key, change=True)) is None:
            inquiry = self._new(ask)
            if inquiries.put(tx, inquiry):  # False: another process asked at this moment
                after = inquiry.details
                self._journal.record(tx, work.job, OURSELVES, "inquire", ask.kind, ask.key, after=after)
                self.open_queued(tx, work, ask.kind, audience)
                return
        content = ask.content()
        if any(getattr(known, name) != value for name, value in content.items()):
            until = known.expires_at and self._clock.now() + LIFE
            inquiries.change(tx, known.token, until=until, **content)
            self._cards.refresh(tx, work, known.token)

    def settle(self, tx: Transaction, work: Work, kind: str, key: str) -> None:
        """Nobody needs to answer any more, if anybody was asked. One look at an index when nobody was."""
        if known := inquiries.waiting_for(tx, kind, key):
            self._close(tx, work, known, "settled", "settle")

    def expire(self, tx: Transaction, work: Work, inquiry: Inquiry) -> None:
        """Nobody answered in time."""
        self._close(tx, work, inquiry, "expired", "expire")

    def answer(self, tx: Transaction, work: Work, token: str, version: int, chosen: int, by: Decider) -> bool:
        """Answer an open one as it was shown in that version. False when that is over, or has changed."""
        now = self._clock.now()
        inquiry = inquiries.by_token(tx, token)
        if inquiry is None or not is_open(inquiry, now) or chosen >= len(inquiry.choices):
            return False
        answer = version, chosen
        if not inquiries.close(tx, token, "answered", at=now, by=by.actor, name=by.name, answer=answer):
            return False
        value = inquiry.choices[chosen]["value"]
        after = {"answer": value}
        self._journal.record(tx, work.job, by.actor, "answer", inquiry.kind, inquiry.key, after=after)
        self._known[inquiry.kind].answered(tx, work, Answered(inquiry, value, by.actor, by.name))
        self._cards.refresh(tx, work, token)
        return True

    def open_queued(self, tx: Transaction, work: Work, kind: str, audience: Sequence[Place]) -> None:
        """Show as many of those that wait for their turn as there is room for, the oldest first."""
        room = self._known[kind].most_open - inquiries.counts(tx).get((kind, "open"), 0)
        if room > 0:
            for inquiry in inquiries.queued(tx, kind, most=room):
                self._open(tx, work, inquiry, audience)

    def _open(self, tx: Transaction, work: Work, inquiry: Inquiry, audience: Sequence[Place]) -> None:
        if inquiries.open_queued(tx, inquiry.token, until=self._clock.now() + LIFE):
            for there in audience:
                self._cards.show(tx, work, replace(inquiry, state="open"), there)

    def _close(self, tx: Transaction, work: Work, inquiry: Inquiry, state: str, action: str) -> None:
        if inquiries.close(tx, inquiry.token, state, at=self._clock.now(), by=OURSELVES):
            self._journal.record(tx, work.job, OURSELVES, action, inquiry.kind, inquiry.key)
            self._cards.refresh(tx, work, inquiry.token)

    def _new(self, ask: Ask) -> Inquiry:
        return Inquiry(
            token=self._new_token(),
            kind=ask.kind,
            key=ask.key,
            **ask.content(),
            version=1,
            state="queued",
            chosen=None,
            decided_by=None,
            decided_name=None,
            decided_at=None,
            created_at=self._clock.now(),
            expires_at=None,
        )
