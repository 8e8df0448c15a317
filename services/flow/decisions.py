"""The topic `decisions`: what was approved is done outside, then written, and everybody who asked is told."""

import msgspec

from services.engine.errors import Refused
from services.engine.inbox import Topic
from services.engine.retry import OUTSIDE
from services.engine.work import Work
from services.flow.approval_cards import ELSEWHERE, ApprovalCards
from services.flow.approvals import TOPIC
from services.flow.excerpts import Excerpt
from services.flow.items import OWN_WORDS, Addition, Items
from services.flow.journal import Journal
from services.flow.messages import Content, Messages, Text
from services.flow.outcomes import Outcomes
from storage import approvals
from storage.database import Database, Transaction
from storage.records import Approval, Job

REASON = 200  # characters of an error's text that admins see


class Decisions:
    """Carries out what was approved. An outside system that is away delays it and loses nothing."""

    def __init__(
        self,
        database: Database,
        items: Items,
        journal: Journal,
        messages: Messages,
        cards: ApprovalCards,
        outcomes: Outcomes,
        excerpt: Excerpt,
    ) -> None:
        self._database = database
        self._items = items
        self._journal = journal
        self._messages = messages
        self._cards = cards
        self._outcomes = outcomes
        self._excerpt = excerpt

    def topic(self, concurrency: int) -> Topic:
        """The topic, for the inbox."""
        return Topic(TOPIC, self.carry_out, concurrency, OUTSIDE, last_word=self.last_word)

    async def carry_out(self, job: Job, work: Work) -> None:
        """Add what was approved. Twice is once. Raises Unavailable, Refused."""
        approval = await self._approval(job)
        if approval is None:
            raise Refused("the approval is gone")
        kind = self._items.kind(approval.kind)
        addition = await kind.carry_out(
            Addition(approval.key, approval.details, approval.asker, approval.chat_id, approval.proposed_at)
        )
        work.write(lambda tx: self._add(tx, work, approval, addition))

    async def last_word(self, job: Job, work: Work, error: Exception) -> None:
        """Tell the admins, and those who asked, that it did not come about."""
        approval = await self._approval(job)
        if approval is None:
            return
        facts = {"title": approval.card["title"], "reason": self._excerpt(str(error), REASON), "job": job.id}
        content = Content((Text("approval-failed", facts),))
        audience = await self._cards.audience()

        def unit(tx: Transaction) -> None:
            for place in audience:
                name = f"failed.{job.replays}.{place.chat_id}"
                self._messages.text(tx, job, place, content, name=name)
            self._give_up(tx, work, approval)

        work.write(unit)

    def _give_up(self, tx: Transaction, work: Work, approval: Approval) -> None:
        """Cards and proposals tell it each time, those who asked hear of it once."""
        self._cards.refresh(tx, work, approval.token)
        told = Content((Text("approved-failed", {"title": approval.card["title"]}),))
        self._outcomes.tell(tx, work, approval, "failed", told if work.job.replays == 0 else None)

    def _add(self, tx: Transaction, work: Work, approval: Approval, addition: Addition) -> None:
        item, new = self._items.kind(approval.kind).add(tx, work, addition)
        if new:
            actor, after = approval.decided_by or "approvals", approval.details
            self._journal.record(tx, work.job, actor, "add", item.kind, item.key, after=after)
        has_own = approval.kind in OWN_WORDS
        agreed = f"approved-{approval.kind}" if has_own else "approved"
        there = f"listed-already-{approval.kind}" if has_own else "listed-already"
        outcome = Text(agreed, {"name": approval.decided_name or "?"})
        if approval.decided_by == ELSEWHERE:
            outcome = Text(there)
        links = (item.card.link,) if item.card.link else ()
        content = Content((outcome,), item.card, links)
        if work.job.replays:
            self._cards.refresh(tx, work, approval.token)
        self._outcomes.tell(tx, work, approval, "added", content, react=True)

    async def _approval(self, job: Job) -> Approval | None:
        token = msgspec.json.decode(job.payload)["token"]
        return await self._database.read(lambda tx: approvals.by_token(tx, token))
