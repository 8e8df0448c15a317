"""Proposals: shown where somebody asked, accepted by whoever presses first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.engine.clock import Clock
from services.engine.errors import StaleButton
from services.engine.work import Work
from services.flow.items import Action, Addition, Item, Items, Proposal
from services.flow.journal import Journal
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Asker, Place
from storage import proposals
from storage.database import Database, Transaction
from storage.records import Proposal as Row

GROUP_LIFE = timedelta(hours=24)  # an unpressed proposal is deleted then; the same one may come again
PRIVATE_LIFE = timedelta(days=30)
PER_HOUR = 5  # proposals in one group


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody says yes: by a button (`press_id` wants an answer) or by a reaction (None)."""

    by: Asker
    place: Place
    press_id: str | None = None


class Proposals:
    """Rules of showing and accepting proposals."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        items: Items,
        messages: Messages,
        journal: Journal,
        new_token: Callable[[], str],
    ) -> None:
        """`new_token()` gives a short random URL-safe string."""
        self._database = database
        self._clock = clock
        self._items = items
        self._messages = messages
        self._journal = journal
        self._new_token = new_token

    async def is_welcome(self, kind: str, key: str, place: Place) -> bool:
        """Whether a proposal may be shown here now; a private chat always gets its answer."""
        return place.private or await self._database.read(lambda tx: self._has_room(tx, kind, key, place))

    def show(self, tx: Transaction, work: Work, proposal: Proposal, asker: Asker, place: Place) -> None:
        """Write the proposal and the message that shows it, unless a group has had enough of them."""
        if not place.private and not self._has_room(tx, proposal.kind, proposal.key, place):
            return
        row = self._row(proposal, asker, place)
        action = Action("button-add", f"add:{row.token}")
        content = Content((Text("proposal"),), proposal.card, actions=(action,))
        shown = self._messages.text(tx, work.job, place, content, name="proposal")
        if shown is None:
            return
        proposals.put(tx, row, shown_row=shown)
        if not place.private:
            self._messages.delete_later(
                tx, work.job, place, row=shown, after=GROUP_LIFE, dedup_id=_expiry_of(row.token)
            )

    async def accept_press(self, token: str, press: Press, work: Work) -> None:
        """Accept the proposal behind a pressed button. Raises StaleButton.

        `press.place.message_id` is the message that bears the button.
        """
        row, shown_as = await self._database.read(lambda tx: proposals.with_message(tx, token))
        if row is None or row.chat_id != press.place.chat_id:
            raise StaleButton(token)
        if shown_as not in {None, press.place.message_id}:
            raise StaleButton(token)
        work.write(lambda tx: self._accept(tx, work, token, press))

    async def accept_reaction(self, message_id: int, press: Press, work: Work) -> None:
        """Accept the open proposal that a message shows, if it shows one."""
        row = await self._database.read(lambda tx: proposals.by_message(tx, press.place.chat_id, message_id))
        if row and self._is_open(row, self._clock.now()):
            work.write(lambda tx: self._accept(tx, work, row.token, press))

    def _accept(self, tx: Transaction, work: Work, token: str, press: Press) -> None:
        row = proposals.by_token(tx, token)
        now = self._clock.now()
        if row is None or not self._is_open(row, now):
            self._answer(tx, work, press, _closed(row), alert=True)
            return
        proposals.decide(tx, token, "added", by=press.by.user_id, name=press.by.name, at=now)
        addition = Addition(row.key, row.details, press.by.user_id, row.chat_id)
        item, new = self._items.kind(row.kind).add(tx, work, addition)
        if new:
            self._journal.added(tx, work.job, item, press.by, row.details)
        outcome = Text("added" if new else "listed-already")
        self._answer(tx, work, press, outcome, alert=False)
        self._tell(tx, work, row, press, item, outcome)

    def _tell(self, tx: Transaction, work: Work, row: Row, press: Press, item: Item, outcome: Text) -> None:
        there = Place(
            row.chat_id, press.place.private, press.place.language, row.thread_id, row.source_message
        )
        self._messages.cancel(tx, _expiry_of(row.token))
        if row.shown_row is not None:
            facts = {"name": press.by.name, "title": item.card.title}
            closing = Content((Text("proposal-accepted", facts),))
            self._messages.edit(tx, work.job, there, closing, row=row.shown_row)
        links = (item.card.link,) if item.card.link else ()
        self._messages.text(tx, work.job, there, Content((outcome,), item.card, links), name="outcome")
        if row.source_message is not None:
            self._messages.react(tx, work.job, there, "added", message_id=row.source_message)

    def _answer(self, tx: Transaction, work: Work, press: Press, text: Text, *, alert: bool) -> None:
        if press.press_id:
            self._messages.answer(tx, work.job, press.place, Answer(press.press_id, text, alert))

    def _has_room(self, tx: Transaction, kind: str, key: str, place: Place) -> bool:
        now = self._clock.now()
        if proposals.shown_for_key(tx, place.chat_id, kind, key, now - GROUP_LIFE):
            return False
        return proposals.shown_since(tx, place.chat_id, now - timedelta(hours=1)) < PER_HOUR

    def _row(self, proposal: Proposal, asker: Asker, place: Place) -> Row:
        now = self._clock.now()
        return Row(
            token=self._new_token(),
            kind=proposal.kind,
            key=proposal.key,
            details=proposal.details,
            state="open",
            chat_id=place.chat_id,
            thread_id=place.thread_id,
            source_message=place.message_id,
            shown_row=None,
            asker=asker.user_id,
            decided_by=None,
            decided_name=None,
            created_at=now,
            decided_at=None,
            expires_at=now + (PRIVATE_LIFE if place.private else GROUP_LIFE),
        )

    @staticmethod
    def _is_open(row: Row, now: datetime) -> bool:
        return row.state == "open" and row.expires_at > now


def _closed(row: Row | None) -> Text:
    if row and row.state == "added":
        return Text("added-by", {"name": row.decided_name or "?"})
    return Text("error-stale-button")


def _expiry_of(token: str) -> str:
    return f"expire:{token}"
