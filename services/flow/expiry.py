"""Approvals that nobody decided in time."""

from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.approval_cards import ApprovalCards
from services.flow.approvals import Approvals
from services.flow.batches import TITLE, shortened
from services.flow.messages import Content, Messages, Text
from services.flow.outcomes import Outcomes
from services.flow.places import Place
from services.flow.proposal_messages import ProposalMessages
from services.flow.upkeep import Upkeep
from storage import approvals
from storage.database import Database, Transaction
from storage.records import Approval, Job

MOST = 20  # in one transaction; the next minute takes the next ones


class Expiry:
    """The handler of the topic `approvals`: comes by the minute."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        flow: Approvals,
        cards: ApprovalCards,
        outcomes: Outcomes,
        shown: ProposalMessages,
        messages: Messages,
        upkeep: Upkeep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flow = flow
        self._cards = cards
        self._outcomes = outcomes
        self._shown = shown
        self._messages = messages
        self._upkeep = upkeep

    async def expire(self, job: Job, work: Work) -> dict[str, int]:
        """Close what is overdue, tell those who asked, and the admins in one message; how many there were.

        What is left is looked after.
        """
        now = self._clock.now()
        overdue = await self._database.read(lambda tx: approvals.overdue(tx, now, most=MOST))
        if overdue:
            audience = await self._cards.audience()
            work.write(lambda tx: self._expire(tx, work, overdue, audience))
        await self._upkeep.tend(work)
        return {"overdue": len(overdue)}

    def _expire(
        self, tx: Transaction, work: Work, overdue: list[Approval], audience: tuple[Place, ...]
    ) -> None:
        expired = [each for each in overdue if self._flow.expire(tx, work, each)]
        shown: dict[int, Place] = {}
        for approval in expired:
            shown |= self._outcomes.settle(tx, approval, "expired")
        for row, there in sorted(shown.items()):  # several of them may stand in one message
            self._shown.refresh(tx, work, row, there)
        for approval in expired:
            content = Content((Text("expired", {"title": approval.card["title"]}),))
            self._outcomes.say_all(tx, work, approval, content, name="expired")
        if expired:
            self._tell_admins(tx, work, expired, audience)

    def _tell_admins(
        self, tx: Transaction, work: Work, expired: list[Approval], audience: tuple[Place, ...]
    ) -> None:
        lines = [Text("line-plain", {"title": shortened(each.card["title"], TITLE)}) for each in expired]
        content = Content((Text("approvals-expired", {"count": len(expired)}), *lines))
        for place in audience:
            self._messages.text(tx, work.job, place, content, name=f"expired.admins.{place.chat_id}")
