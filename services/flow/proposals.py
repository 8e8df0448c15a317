"""Proposals: shown where somebody asked, accepted by whoever presses first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from services.engine.clock import Clock
from services.engine.errors import StaleButton
from services.engine.work import Work
from services.flow import batches
from services.flow.batches import Batch
from services.flow.items import Action, Addition, Item, Items, Proposal
from services.flow.journal import Journal
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Asker, Place
from storage import messages as rows_of_messages
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

    async def welcome(self, kind: str, keys: Sequence[str], place: Place) -> list[str]:
        """Those of the keys that may be proposed here now."""
        if place.private:
            return list(keys)
        return await self._database.read(
            lambda tx: [key for key in keys if self._has_room(tx, kind, key, place)]
        )

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

    def show_batch(
        self,
        tx: Transaction,
        work: Work,
        batch: Batch,
        offers: Sequence[Proposal],
        asker: Asker,
        place: Place,
    ) -> None:
        """Write what is known of several items, with the proposals for those that can be added.

        All in one message; in a group only the offers that it has room for, and nothing without any.
        """
        if not place.private:
            offers = [each for each in offers if self._has_room(tx, each.kind, each.key, place)]
            if not offers:
                return
        rows = [self._row(each, asker, place) for each in offers]
        content = batch.content([(row.token, each) for row, each in zip(rows, offers, strict=True)])
        shown = self._messages.text(tx, work.job, place, content, name="batch")
        if shown is None:
            return
        for row in rows:
            proposals.put(tx, row, shown_row=shown)
        if not place.private:
            self._messages.delete_later(
                tx, work.job, place, row=shown, after=GROUP_LIFE, dedup_id=_expiry_of(rows[0].token)
            )

    async def accept_press(self, token: str, press: Press, work: Work) -> None:
        """Accept the proposal behind a pressed button. Raises StaleButton, Unavailable, Refused.

        `press.place.message_id` is the message that bears the button.
        """
        row, shown_as = await self._database.read(lambda tx: proposals.with_message(tx, token))
        if row is None or row.chat_id != press.place.chat_id:
            raise StaleButton(token)
        if shown_as not in {None, press.place.message_id}:
            raise StaleButton(token)
        additions = await self._carry_out([row], press)
        work.write(lambda tx: self._accept(tx, work, token, press, additions))

    async def accept_reaction(self, message_id: int, press: Press, work: Work) -> None:
        """Accept every open proposal that a message shows, if it shows any. Raises Unavailable, Refused."""
        rows = await self._database.read(lambda tx: proposals.by_message(tx, press.place.chat_id, message_id))
        if additions := await self._carry_out(rows, press):
            work.write(lambda tx: self._accept(tx, work, rows[0].token, press, additions))

    async def _carry_out(self, rows: Sequence[Row], press: Press) -> dict[str, Addition]:
        """The outside part of adding, before the transaction: what to add, by the tokens of the open ones."""
        additions = {}
        for row in rows:
            if self._is_open(row, self._clock.now()):
                addition = Addition(row.key, row.details, press.by.user_id, row.chat_id, row.created_at)
                additions[row.token] = await self._items.kind(row.kind).carry_out(addition)
        return additions

    def _accept(
        self, tx: Transaction, work: Work, token: str, press: Press, additions: Mapping[str, Addition]
    ) -> None:
        """Add what is still open, all of it shown by one message; `token` tells for which if nothing is."""
        accepted, items, new = None, [], False
        for each, addition in additions.items():
            row = proposals.by_token(tx, each)
            if row is not None and self._is_open(row, self._clock.now()):
                item, is_new = self._add(tx, work, row, press, addition)
                accepted, new = row, new or is_new
                items.append(item)
        if accepted is None:
            self._answer(tx, work, press, _closed(proposals.by_token(tx, token)), alert=True)
            return
        outcome = Text("added" if new else "listed-already")
        self._answer(tx, work, press, outcome, alert=False)
        self._tell(tx, work, accepted, press, items, outcome)

    def _add(
        self, tx: Transaction, work: Work, row: Row, press: Press, addition: Addition
    ) -> tuple[Item, bool]:
        now = self._clock.now()
        proposals.decide(tx, row.token, "added", by=press.by.user_id, name=press.by.name, at=now)
        item, new = self._items.kind(row.kind).add(tx, work, addition)
        if new:
            self._journal.added(tx, work.job, item, press.by, row.details)
        return item, new

    def _tell(
        self, tx: Transaction, work: Work, row: Row, press: Press, items: Sequence[Item], outcome: Text
    ) -> None:
        there = Place(
            row.chat_id, press.place.private, press.place.language, row.thread_id, row.source_message
        )
        if row.shown_row is not None:
            self._close(tx, work, row.shown_row, press, items[0], there)
        card = items[0].card
        links = (card.link,) if card.link else ()
        content = Content((outcome,), card, links) if len(items) == 1 else batches.told(items)
        self._messages.text(tx, work.job, there, content, name="outcome")
        if row.source_message is not None:
            self._messages.react(tx, work.job, there, "added", message_id=row.source_message)

    def _close(
        self, tx: Transaction, work: Work, shown_row: int, press: Press, item: Item, there: Place
    ) -> None:
        """Let the message tell what became of its proposals; it stays for good once none is open."""
        shared = proposals.by_row(tx, shown_row)
        still_open = {each.token for each in shared if each.state == "open"}
        for each in shared if not still_open else ():
            self._messages.cancel(tx, _expiry_of(each.token))
        closing = Content((Text("proposal-accepted", {"name": press.by.name, "title": item.card.title}),))
        shown = msgspec.convert(rows_of_messages.content_of(tx, shown_row) or {}, Content)
        if batches.is_batch(shown):
            added = {each.token: each.decided_name or "?" for each in shared if each.state == "added"}
            closing = batches.after_decisions(shown, added, still_open)
        self._messages.edit(tx, work.job, there, closing, row=shown_row)

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
