"""What waits for a decision, by the minute: some got there in another way, and some cards reached nobody."""

from services.engine.clock import Clock
from services.engine.errors import FaultRecorder, Unavailable
from services.engine.work import Work
from services.flow.approval_cards import ApprovalCards
from services.flow.approvals import Approvals
from services.flow.items import Items
from storage import approvals
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.records import Approval

MOST = 20  # in one transaction; the next minute takes the next ones
LOOKED_UP = 100  # the longest waiting ones, with one question to their source
UNSEEN = "approvals.unseen"  # the fault


class Upkeep:
    """Looks after pending approvals."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        items: Items,
        flow: Approvals,
        cards: ApprovalCards,
        faults: FaultRecorder,
    ) -> None:
        self._database = database
        self._clock = clock
        self._items = items
        self._flow = flow
        self._cards = cards
        self._faults = faults
        self._missed: set[str] = set()  # counted as a fault already

    async def tend(self, work: Work) -> None:
        """Settle what is there by now, and show again what a chat has lost or never got."""
        waiting, _ = await self._database.read(lambda tx: approvals.pending(tx, limit=LOOKED_UP, offset=0))
        if waiting:
            await self._settle_found(work, waiting)
            await self._show_again(work)
            await self._count_unseen()

    async def unseen(self) -> str | None:
        """For the list of health checks: how many wait that no admin was shown."""
        try:
            tokens = await self._database.read(approvals.unseen)
        except StorageUnavailable:  # told by the database's own check
            return None
        return f"{len(tokens)} waiting, and no admin's chat took the card" if tokens else None

    async def _settle_found(self, work: Work, waiting: list[Approval]) -> None:
        for name in sorted({each.kind for each in waiting} & self._items.names):  # features may be off now
            mine = [each for each in waiting if each.kind == name]
            try:
                found = await self._items.kind(name).find_many([each.key for each in mine])
            except Unavailable:
                continue
            for approval in mine:
                if found[approval.key]:
                    self._settle(work, approval)

    def _settle(self, work: Work, approval: Approval) -> None:
        work.write(lambda tx: self._flow.found(tx, work, approval))

    async def _show_again(self, work: Work) -> None:
        audience = await self._cards.audience()

        def unit(tx: Transaction) -> None:
            for place in audience:
                for approval in approvals.without_card(tx, place.chat_id, most=MOST):
                    self._cards.show(tx, work, approval, place)

        work.write(unit)

    async def _count_unseen(self) -> None:
        tokens = set(await self._database.read(approvals.unseen))
        for token in sorted(tokens - self._missed):
            await self._faults.record(UNSEEN, f"No admin's chat took the card of {token}: see /pending")
        self._missed = tokens
