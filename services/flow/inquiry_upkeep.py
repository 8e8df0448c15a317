"""Inquiries by the minute: some ran out, some have their turn now, and some cards reached nobody."""

from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.inquiries import Inquiries
from services.flow.inquiry_cards import InquiryCards
from services.flow.places import Place
from storage import inquiries
from storage.database import Database, Transaction
from storage.records import Job

MOST = 20  # in one transaction; the next minute takes the next ones


class InquiryUpkeep:
    """The handler of the topic `inquiries`."""

    def __init__(self, database: Database, clock: Clock, flow: Inquiries, cards: InquiryCards) -> None:
        self._database = database
        self._clock = clock
        self._flow = flow
        self._cards = cards

    async def tend(self, job: Job, work: Work) -> dict[str, int]:
        """Close what is overdue, open what has its turn, and show again what a chat lost or never got.

        How many wait.
        """
        waiting = await self._database.read(inquiries.counts)
        if waiting:
            audience = await self._flow.audience()
            kinds = sorted({kind for kind, _ in waiting} & self._flow.kinds)  # features may be off now
            work.write(lambda tx: self._tend(tx, work, kinds, audience))
        return {"waiting": sum(waiting.values())}

    def _tend(self, tx: Transaction, work: Work, kinds: list[str], audience: tuple[Place, ...]) -> None:
        for inquiry in inquiries.overdue(tx, self._clock.now(), most=MOST):
            self._flow.expire(tx, work, inquiry)
        for kind in kinds:
            self._flow.open_queued(tx, work, kind, audience)
        for place in audience:
            for inquiry in inquiries.without_card(tx, place.chat_id, most=MOST):
                self._cards.show(tx, work, inquiry, place)
