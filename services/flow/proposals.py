"""Proposals: shown where somebody asked, accepted by whoever presses first."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from services.engine.clock import Clock
from services.engine.errors import StaleButton
from services.engine.work import Work
from services.flow import batches
from services.flow.approvals import MOST_PENDING, Approvals
from services.flow.batches import Batch
from services.flow.items import OWN_WORDS, Action, Addition, Item, Items, Proposal
from services.flow.journal import Journal
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Asker, Place, Press
from services.flow.planning import Plan, Planning
from services.flow.proposal_messages import ProposalMessages, expiry_of
from services.flow.roles import Roles
from storage import chats, proposals
from storage.database import Database, Transaction
from storage.records import Approval
from storage.records import Proposal as Row

GROUP_LIFE = timedelta(hours=24)  # an unpressed proposal is deleted then; the same one may come again
PRIVATE_LIFE = timedelta(days=30)
PER_HOUR = 5  # proposals in one group


class Proposals:
    """Rules of showing and accepting proposals."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        items: Items,
        messages: Messages,
        journal: Journal,
        approvals: Approvals,
        roles: Roles,
        shown: ProposalMessages,
        new_token: Callable[[], str],
    ) -> None:
        """`new_token()` gives a short random URL-safe string."""
        self._database = database
        self._clock = clock
        self._items = items
        self._messages = messages
        self._journal = journal
        self._approvals = approvals
        self._shown = shown
        self._planning = Planning(items, approvals, roles)
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
        content = self._offer(tx, proposal, row.token)
        shown = self._messages.text(tx, work.job, place, content, name="proposal")
        if shown is None:
            return
        proposals.put(tx, row, shown_row=shown)
        if not place.private:
            self._messages.delete_later(
                tx, work.job, place, row=shown, after=GROUP_LIFE, dedup_id=expiry_of(row.token)
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
                tx, work.job, place, row=shown, after=GROUP_LIFE, dedup_id=expiry_of(rows[0].token)
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
        plan = await self._planning.plan([row] if self._is_open(row) else [], press)
        work.write(lambda tx: self._accept(tx, work, token, press, plan))

    async def accept_reaction(self, message_id: int, press: Press, work: Work) -> None:
        """Accept every open proposal that a message shows, if it shows any. Raises Unavailable, Refused."""
        rows = await self._database.read(lambda tx: proposals.by_message(tx, press.place.chat_id, message_id))
        still_open = [row for row in rows if self._is_open(row)]
        if still_open:
            plan = await self._planning.plan(still_open, press)
            work.write(lambda tx: self._accept(tx, work, still_open[0].token, press, plan))

    def _accept(self, tx: Transaction, work: Work, token: str, press: Press, plan: Plan) -> None:
        """Take what is still open, all of it shown by one message; `token` tells for which if nothing is."""
        there = self._add_all(tx, work, press, plan)
        asked, refused = self._ask_all(tx, work, press, plan)
        touched = [*(row for row, _, _ in there), *asked, *refused]
        if touched and (shown := touched[0].shown_row):
            self._shown.refresh(tx, work, shown, self._source_of(touched[0], press))
        if there:
            outcome = _outcome(there[0][0].kind, is_new=any(new for _, _, new in there))
            self._answer(tx, work, press, outcome, alert=False)
            self._tell(tx, work, there[0][0], press, [item for _, item, _ in there], outcome)
        elif asked:
            self._answer(tx, work, press, Text("sent-for-approval", {"count": len(asked)}), alert=False)
        elif any(self._open(tx, each) for each in plan.asked):
            self._tell_too_many(tx, work, press)
        else:
            self._answer(tx, work, press, _closed(proposals.by_token(tx, token)), alert=True)

    def _tell_too_many(self, tx: Transaction, work: Work, press: Press) -> None:
        text = Text("too-many-pending", {"most": MOST_PENDING})
        self._answer(tx, work, press, text, alert=True)
        if press.press_id is None and press.place.private:  # a reaction has no answer of its own
            self._messages.text(tx, work.job, press.place, Content((text,)), name="too-many")

    def _open(self, tx: Transaction, token: str) -> Row | None:
        row = proposals.by_token(tx, token)
        return row if row and self._is_open(row) else None

    def _close(self, tx: Transaction, row: Row, state: str, press: Press) -> None:
        by, now = press.by, self._clock.now()
        proposals.decide(tx, row.token, state, by=by.user_id, name=by.name, at=now)

    def _add_all(self, tx: Transaction, work: Work, press: Press, plan: Plan) -> list[tuple[Row, Item, bool]]:
        """Add those that are still open: each with its item, and whether that is new."""
        there = []
        for token, addition in plan.additions.items():
            if row := self._open(tx, token):
                there.append((row, *self._add(tx, work, row, press, addition)))
        for token, item in plan.listed.items():
            if row := self._open(tx, token):
                self._close(tx, row, "added", press)
                there.append((row, item, False))
        return there

    def _add(
        self, tx: Transaction, work: Work, row: Row, press: Press, addition: Addition
    ) -> tuple[Item, bool]:
        self._close(tx, row, "added", press)
        item, new = self._items.kind(row.kind).add(tx, work, addition)
        if new:
            self._journal.added(tx, work.job, item, press.by, row.details)
        self._approvals.grant(tx, work, row.kind, row.key, press.by)
        return item, new

    def _ask_all(self, tx: Transaction, work: Work, press: Press, plan: Plan) -> tuple[list[Row], list[Row]]:
        """Ask for those that are still open: these, and those that an admin has refused meanwhile.

        A group's offer from before a no is closed, so that nobody is asked again at once.
        """
        asked, refused = [], []
        for row in filter(None, [self._open(tx, token) for token in plan.asked]):
            since = None if press.place.private else row.created_at
            rejected = self._approvals.rejected(tx, row.kind, row.key, since) if since else None
            if rejected:
                now, name = self._clock.now(), rejected.decided_name
                proposals.decide(tx, row.token, "rejected", by=None, name=name, at=now)
                refused.append(row)
            elif self._approvals.has_room(tx, row, press.by):
                self._close(tx, row, "asked", press)
                self._approvals.ask(tx, work, row, press.by, press.place, plan.audience)
                asked.append(row)
        return asked, refused

    def _tell(
        self, tx: Transaction, work: Work, row: Row, press: Press, items: Sequence[Item], outcome: Text
    ) -> None:
        there = self._source_of(row, press)
        card = items[0].card
        links = (card.link,) if card.link else ()
        content = Content((outcome,), card, links) if len(items) == 1 else batches.told(items)
        self._messages.text(tx, work.job, there, content, name="outcome")
        if row.source_message is not None:
            self._messages.react(tx, work.job, there, "added", message_id=row.source_message)

    @staticmethod
    def _source_of(row: Row, press: Press) -> Place:
        return Place(
            row.chat_id, press.place.private, press.place.language, row.thread_id, row.source_message
        )

    def _answer(self, tx: Transaction, work: Work, press: Press, text: Text, *, alert: bool) -> None:
        if press.press_id:
            self._messages.answer(tx, work.job, press.place, Answer(press.press_id, text, alert))

    def _has_room(self, tx: Transaction, kind: str, key: str, place: Place) -> bool:
        now = self._clock.now()
        chat = chats.by_id(tx, place.chat_id)
        if (chat and not chat.proposals) or self._approvals.rejected(tx, kind, key):
            return False
        if proposals.shown_for_key(tx, place.chat_id, kind, key, now - GROUP_LIFE):
            return False
        return proposals.shown_since(tx, place.chat_id, now - timedelta(hours=1)) < PER_HOUR

    def _offer(self, tx: Transaction, proposal: Proposal, token: str) -> Content:
        """What is shown: the offer, with what somebody asked or decided about the same before."""
        pending = self._approvals.pending(tx, proposal.kind, proposal.key)
        if pending:
            texts = [Text("proposal-pending", {"since": {"moment": pending.created_at.isoformat()}})]
        else:
            texts = _refusal(proposal.kind, self._approvals.rejected(tx, proposal.kind, proposal.key))
        action = Action("button-join" if pending else "button-add", f"add:{token}")
        return Content(tuple(texts), proposal.card, actions=(action, *proposal.card.actions))

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

    def _is_open(self, row: Row) -> bool:
        return row.state == "open" and row.expires_at > self._clock.now()


def _outcome(kind: str, *, is_new: bool) -> Text:
    """What is said of something that is there now."""
    added = f"added-{kind}" if kind in OWN_WORDS else "added"
    there = f"listed-already-{kind}" if kind in OWN_WORDS else "listed-already"
    return Text(added) if is_new else Text(there)


def _refusal(kind: str, rejected: Approval | None) -> list[Text]:
    """What an offer begins with; one that was rejected lately says so."""
    if rejected is None:
        offer = f"proposal-new-{kind}" if kind in OWN_WORDS else "proposal"
        return [Text(offer)]
    at = {"moment": (rejected.decided_at or rejected.created_at).isoformat()}
    texts = [Text("proposal-refused", {"name": rejected.decided_name or "?", "at": at})]
    if rejected.reason:
        texts.append(Text("approval-reason", {"reason": rejected.reason}))
    return texts


def _closed(row: Row | None) -> Text:
    if row and row.state in {"added", "asked", "rejected"}:
        return Text(f"{row.state}-by", {"name": row.decided_name or "?"})
    return Text("error-stale-button")
