"""What waits for a decision, a page at a time."""

from services.engine.clock import Clock
from services.engine.errors import StaleButton
from services.engine.work import Work
from services.flow.approval_cards import ApprovalCards
from services.flow.batches import LABEL, TITLE, shortened
from services.flow.items import Action
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.paging import turns
from services.flow.places import Place
from storage import approvals
from storage.database import Database, Transaction
from storage.records import Approval

PAGE = 5


class Pending:
    """The list that /pending shows; an entry's button sends its card anew."""

    def __init__(self, database: Database, clock: Clock, cards: ApprovalCards, messages: Messages) -> None:
        self._database = database
        self._clock = clock
        self._cards = cards
        self._messages = messages

    async def page(self, number: int) -> Content:
        """That page, counted from 1; beyond the end the last one."""
        found, total = await self._rows(number)
        last = max(-(-total // PAGE), 1)
        if number > last:
            number, (found, total) = last, await self._rows(last)
        return self._list(found, total, number)

    async def turn(self, number: int, place: Place, press_id: str, work: Work) -> None:
        """Let the place's message show another page."""
        content = await self.page(max(number, 1))

        def unit(tx: Transaction) -> None:
            self._messages.answer(tx, work.job, place, Answer(press_id))
            self._messages.edit_shown(tx, work.job, place, content)

        work.write(unit)

    async def show(self, token: str, place: Place, press_id: str, work: Work) -> None:
        """Send a card below the place's message. Raises StaleButton."""
        approval = await self._database.read(lambda tx: approvals.by_token(tx, token))
        if approval is None:
            raise StaleButton(token, user_text="error-stale-card")
        below = Place(place.chat_id, place.private, place.language, place.thread_id)

        def unit(tx: Transaction) -> None:
            self._messages.answer(tx, work.job, place, Answer(press_id))
            if now := approvals.by_token(tx, token):
                self._cards.show(tx, work, now, below)

        work.write(unit)

    async def _rows(self, number: int) -> tuple[list[Approval], int]:
        offset = (number - 1) * PAGE
        return await self._database.read(lambda tx: approvals.pending(tx, limit=PAGE, offset=offset))

    def _list(self, found: list[Approval], total: int, number: int) -> Content:
        if not found:
            return Content((Text("pending-none"),))
        pages = -(-total // PAGE)
        texts = [Text("pending-found", {"count": total})]
        if pages > 1:
            texts.append(Text("page", {"page": number, "pages": pages}))
        texts += [self._line(each) for each in found]
        entries = [
            Action("button-card", f"card:{each.token}", params={"title": shortened(_title(each), LABEL)})
            for each in found
        ]
        return Content(tuple(texts), actions=(*entries, *turns("pending", number, pages)))

    def _line(self, approval: Approval) -> Text:
        seconds = int((self._clock.now() - approval.created_at).total_seconds())
        who = shortened(approval.asker_name, LABEL)
        title = shortened(_title(approval), TITLE)
        return Text("pending-line", {"title": title, "name": who, "age": {"seconds": seconds}})


def _title(approval: Approval) -> str:
    return str(approval.card["title"]).strip() or approval.key
