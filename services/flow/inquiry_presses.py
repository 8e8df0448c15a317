"""Presses on the cards of inquiries: who may answer, and what they hear."""

from services.engine.clock import Clock
from services.engine.errors import NotAllowed, StaleButton
from services.engine.work import Work
from services.flow.approvals import Decider
from services.flow.inquiries import Inquiries
from services.flow.inquiry_cards import content, ending, is_open
from services.flow.journal import Journal
from services.flow.messages import Answer, Messages, Text
from services.flow.places import Place, Press
from services.flow.roles import Roles
from storage import inquiries
from storage.database import Database, Transaction
from storage.records import Inquiry


class InquiryPresses:
    """Lets persons answer, and turn the pages of the choices."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        flow: Inquiries,
        messages: Messages,
        roles: Roles,
        journal: Journal,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flow = flow
        self._messages = messages
        self._roles = roles
        self._journal = journal

    async def pick(self, token: str, version: int, chosen: int, press: Press, work: Work) -> None:
        """The choice at that place of that version was pressed, on the place's message.

        Raises StaleButton, NotAllowed, Unavailable.
        """
        inquiry = await self._pressed(token, press, work)
        if inquiry.kind not in self._flow.kinds:  # its feature is off
            raise _stale(token)
        if inquiry.version == version and chosen >= len(inquiry.choices):
            self._refuse(inquiry, press, "no such choice", work)
            raise _stale(token)
        audience = await self._flow.audience()

        def unit(tx: Transaction) -> None:
            won = self._flow.answer(tx, work, token, version, chosen, Decider.of(press.by))
            if now := inquiries.by_token(tx, token):
                answer = Answer(press.press_id or "", self._heard(now, won), not won)
                self._messages.answer(tx, work.job, press.place, answer)
            if won:
                self._flow.open_queued(tx, work, inquiry.kind, audience)

        work.write(unit)

    async def turn(self, token: str, page: int, place: Place, press_id: str, work: Work) -> None:
        """Let the place's message show another page of the choices. Raises StaleButton."""
        _, is_card = await self._shown(token, place)
        if not is_card:
            raise _stale(token)

        def unit(tx: Transaction) -> None:
            self._messages.answer(tx, work.job, place, Answer(press_id))
            if now := inquiries.by_token(tx, token):
                self._messages.edit_shown(tx, work.job, place, content(now, page))

        work.write(unit)

    async def _pressed(self, token: str, press: Press, work: Work) -> Inquiry:
        """What this person answers; who may not, or presses what is no card of it, is journaled."""
        inquiry, is_card = await self._shown(token, press.place)
        if inquiry is None or not is_card:
            if inquiry:
                self._refuse(inquiry, press, "not on its card", work)
            raise _stale(token)
        try:
            await self._roles.require(press.by, "admin", press.place, changes=True)
        except NotAllowed as error:
            self._refuse(inquiry, press, str(error), work)
            raise
        return inquiry

    async def _shown(self, token: str, place: Place) -> tuple[Inquiry | None, bool]:
        """What a button is about, and whether the place's message is a card of it."""
        there = token, place.chat_id, place.message_id
        return await self._database.read(
            lambda tx: (inquiries.by_token(tx, token), inquiries.is_shown_at(tx, *there))
        )

    def _refuse(self, inquiry: Inquiry, press: Press, reason: str, work: Work) -> None:
        kind, key = inquiry.kind, inquiry.key
        work.write(lambda tx: self._journal.refused(tx, work.job, press.by, kind, key, reason))

    def _heard(self, inquiry: Inquiry, won: bool) -> Text:
        if won:
            return Text("inquiry-taken")
        return Text("inquiry-changed") if is_open(inquiry, self._clock.now()) else ending(inquiry)


def _stale(token: str) -> StaleButton:
    return StaleButton(token, user_text="error-stale-card")
