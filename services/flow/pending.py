"""What waits for somebody's decision or choice, a page at a time."""

from dataclasses import dataclass

import msgspec

from services.engine.clock import Clock
from services.engine.errors import StaleButton
from services.engine.work import Work
from services.flow.approval_cards import ApprovalCards
from services.flow.batches import LABEL, TITLE, shortened
from services.flow.inquiry_cards import InquiryCards
from services.flow.items import Action
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.paging import turns
from services.flow.places import Place
from storage import approvals, inquiries
from storage.database import Database, Transaction
from storage.records import Approval, Inquiry

PAGE = 5


@dataclass(frozen=True, slots=True)
class _Page:
    """Those of a page and how many come before, how many are shown to admins in all, and how many more wait
    for their turn.
    """

    entries: list[Approval | Inquiry]
    before: int
    total: int
    queued: int


class Pending:
    """The list that /pending shows: approvals, then inquiries. An entry's button sends its card anew."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        approval_cards: ApprovalCards,
        inquiry_cards: InquiryCards,
        messages: Messages,
    ) -> None:
        self._database = database
        self._clock = clock
        self._approval_cards = approval_cards
        self._inquiry_cards = inquiry_cards
        self._messages = messages

    async def page(self, number: int) -> Content:
        """That page, counted from 1; beyond the end the last one."""
        found = await self._database.read(lambda tx: _rows(tx, number))
        last = max(-(-found.total // PAGE), 1)
        if number > last:
            number, found = last, await self._database.read(lambda tx: _rows(tx, last))
        return self._list(found, number)

    async def turn(self, number: int, place: Place, press_id: str, work: Work) -> None:
        """Let the place's message show another page."""
        content = await self.page(max(number, 1))

        def unit(tx: Transaction) -> None:
            self._messages.answer(tx, work.job, place, Answer(press_id))
            self._messages.edit_shown(tx, work.job, place, content)

        work.write(unit)

    async def show(self, token: str, place: Place, press_id: str, work: Work) -> None:
        """Send a card below the place's message. Raises StaleButton."""
        if not await self._database.read(lambda tx: _by_token(tx, token)):
            raise StaleButton(token, user_text="error-stale-card")
        below = Place(place.chat_id, place.private, place.language, place.thread_id)

        def unit(tx: Transaction) -> None:
            self._messages.answer(tx, work.job, place, Answer(press_id))
            now = _by_token(tx, token)
            if isinstance(now, Approval):
                self._approval_cards.show(tx, work, now, below)
            elif now:
                self._inquiry_cards.show(tx, work, now, below)

        work.write(unit)

    def _list(self, found: _Page, number: int) -> Content:
        queued = [Text("pending-queued", {"count": found.queued})] if found.queued else []
        if not found.entries:
            return Content((Text("pending-none"), *queued))
        pages = -(-found.total // PAGE)
        texts = [Text("pending-found", {"count": found.total})]
        if pages > 1:
            texts.append(Text("page", {"page": number, "pages": pages}))
        numbered = list(enumerate(found.entries, found.before + 1))
        texts += [line for place, each in numbered for line in self._lines(place, each)]
        entries = [_button(place, each) for place, each in numbered]
        return Content((*texts, *queued), actions=(*entries, *turns("pending", number, pages)))

    def _lines(self, place: int, entry: Approval | Inquiry) -> list[Text]:
        age = {"seconds": int((self._clock.now() - entry.created_at).total_seconds())}
        if isinstance(entry, Inquiry):
            return [
                Text("pending-inquiry", {"number": place, "age": age}),
                msgspec.convert(entry.texts[0], Text),
            ]
        who = shortened(entry.asker_name, LABEL)
        title = shortened(_title(entry), TITLE)
        return [Text("pending-line", {"title": title, "name": who, "age": age})]


def _rows(tx: Transaction, number: int) -> _Page:
    offset = (number - 1) * PAGE
    found, asked = approvals.pending(tx, limit=PAGE, offset=offset)
    waiting = inquiries.counts(tx).items()
    is_open, queued = (
        sum(count for (_, of), count in waiting if of == state) for state in ("open", "queued")
    )
    room = PAGE - len(found)
    chosen = inquiries.opened(tx, limit=room, offset=max(offset - asked, 0)) if room else []
    return _Page([*found, *chosen], offset, asked + is_open, queued)


def _button(place: int, entry: Approval | Inquiry) -> Action:
    press = f"card:{entry.token}"
    if isinstance(entry, Inquiry):
        return Action("button-inquiry", press, params={"number": place})
    return Action("button-card", press, params={"title": shortened(_title(entry), LABEL)})


def _by_token(tx: Transaction, token: str) -> Approval | Inquiry | None:
    return approvals.by_token(tx, token) or inquiries.by_token(tx, token)


def _title(approval: Approval) -> str:
    return str(approval.card["title"]).strip() or approval.key
