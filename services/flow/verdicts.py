"""Verdicts: an admin's yes or no on a card, by button or by reaction, and the reason after a no."""

from datetime import timedelta

from services.engine.clock import Clock
from services.engine.errors import Anonymous, HubError, NotAllowed, StaleButton, Unavailable
from services.engine.work import Work
from services.flow.approval_cards import ApprovalCards
from services.flow.approvals import Approvals, Decider
from services.flow.journal import Journal, actor_of
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.outcomes import Outcomes
from services.flow.places import Asker, Place, Press
from services.flow.roles import Roles
from storage import approvals
from storage.database import Database, Transaction
from storage.records import Approval, ApprovalCard

REASON_WITHIN = timedelta(hours=24)
REASON = 500  # characters kept


class Verdicts:
    """Lets persons decide: who may, on which message, and what they hear."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        flow: Approvals,
        cards: ApprovalCards,
        outcomes: Outcomes,
        messages: Messages,
        roles: Roles,
        journal: Journal,
    ) -> None:
        self._database = database
        self._clock = clock
        self._flow = flow
        self._cards = cards
        self._outcomes = outcomes
        self._messages = messages
        self._roles = roles
        self._journal = journal

    async def press(self, token: str, approve: bool, press: Press, work: Work) -> None:
        """A card's button was pressed; `press.place.message_id` is the message that bears it.

        Raises StaleButton, NotAllowed, Unavailable.
        """
        there = press.place.chat_id, press.place.message_id
        approval = await self._database.read(lambda tx: approvals.shown_at(tx, token, *there))
        if approval is None:
            await self._journal_forgery(token, press, work)
            raise StaleButton(token, user_text="error-stale-card")
        await self._require(approval, press, work)

        def heard(tx: Transaction, now: Approval, won: bool) -> None:
            text = _outcome(now) if won else _first(now)
            self._messages.answer(tx, work.job, press.place, Answer(press.press_id or "", text, not won))
            self._ask_why(tx, work, now, press, won)

        self._flow.decide(work, token, approve, Decider.of(press.by), heard)

    async def react(self, approve: bool, press: Press, work: Work) -> bool:
        """Somebody put 👍 or 👎 on the place's message; False when that is no card.

        Raises NotAllowed for strangers, whom nobody answers, and Unavailable.
        """
        chat_id, message_id = press.place.chat_id, press.place.message_id or 0
        found = await self._database.read(lambda tx: _card_at(tx, chat_id, message_id))
        if found is None:
            return False
        approval, _ = found
        try:
            await self._require(approval, press, work)
        except NotOnOnesOwn as error:
            self._reply(work, press.place, error)
            return True
        except Unavailable as error:
            self._reply(work, press.place, error)
            raise

        def heard(tx: Transaction, now: Approval, won: bool) -> None:
            if not won and not _agrees(now, press.by, approve):
                self._messages.text(tx, work.job, press.place, Content((_first(now),)), name="first")
            self._ask_why(tx, work, now, press, won)

        self._flow.decide(work, approval.token, approve, Decider.of(press.by), heard)
        return True

    async def explain(self, reason: str, by: Asker, place: Place, replied_to: int, work: Work) -> bool:
        """Somebody replied to a message; False when that asks for no reason, or not from them.

        Raises Anonymous and Unavailable.
        """
        found = await self._database.read(
            lambda tx: _card_at(tx, place.chat_id, replied_to, purposes=("card", "reason"))
        )
        if found is None or not reason.strip():
            return False
        approval, card = found
        if approval.state != "rejected" or not self._is_fresh(approval):
            return False
        if card.purpose == "card" and approval.decided_by != actor_of(by):
            return False  # others talk about it, and not to who asked
        if by.user_id is None:
            raise Anonymous("a reason in a group's name")
        if not await self._may_explain(by.user_id, place, work):
            return False
        work.write(lambda tx: self._explain(tx, work, approval.token, reason.strip()[:REASON], by, place))
        return True

    async def _may_explain(self, user_id: int, place: Place, work: Work) -> bool:
        try:
            return await self._roles.is_admin(user_id, afresh=True)
        except Unavailable as error:
            self._reply(work, place, error)
            raise

    def _reply(self, work: Work, place: Place, error: HubError) -> None:
        """Say what kept it from counting; named as the bot names it, so that nobody hears it twice."""
        content = Content((Text(error.user_text),))
        work.write(lambda tx: self._messages.text(tx, work.job, place, content, name="error"))

    def _is_fresh(self, approval: Approval) -> bool:
        decided = approval.decided_at
        return decided is not None and self._clock.now() - decided <= REASON_WITHIN

    def _explain(self, tx: Transaction, work: Work, token: str, reason: str, by: Asker, place: Place) -> None:
        given = approvals.give_reason(tx, token, reason)
        answer = Content((Text("reason-passed-on" if given else "reason-known"),))
        self._messages.text(tx, work.job, place, answer, name="reason")
        approval = approvals.by_token(tx, token)
        if not given or approval is None:
            return
        self._journal.record(
            tx, work.job, actor_of(by), "explain", approval.kind, approval.key, after={"reason": reason}
        )
        self._cards.refresh(tx, work, token)
        told = Text("rejected-why", {"title": approval.card["title"], "reason": reason})
        self._outcomes.say_all(tx, work, approval, Content((told,)), name="why")

    async def _require(self, approval: Approval, press: Press, work: Work) -> None:
        """Raise NotAllowed unless this person may decide about it; who tried is journaled."""
        try:
            await self._roles.require(press.by, "admin", press.place, changes=True)
            await self._require_another(approval, press.by)
        except NotAllowed as error:
            self._journal_refusal(approval, press.by, str(error), work)
            raise

    async def _journal_forgery(self, token: str, press: Press, work: Work) -> None:
        approval = await self._database.read(lambda tx: approvals.by_token(tx, token))
        if approval:
            self._journal_refusal(approval, press.by, "not on its card", work)

    def _journal_refusal(self, approval: Approval, by: Asker, reason: str, work: Work) -> None:
        work.write(lambda tx: self._journal.refused(tx, work.job, by, approval.kind, approval.key, reason))

    async def _require_another(self, approval: Approval, by: Asker) -> None:
        if approval.state != "pending" or by.user_id is None:
            return
        askers = await self._database.read(lambda tx: _askers(tx, approval))
        if by.user_id in askers and await self._roles.others(askers):
            raise NotOnOnesOwn("one's own request", user_text="error-own-request")

    def _ask_why(self, tx: Transaction, work: Work, approval: Approval, press: Press, won: bool) -> None:
        """After a no: the reason is asked for, as a reply to the card."""
        if not won or approval.state != "rejected":
            return
        who = {"name": press.by.name, "user_id": press.by.user_id}
        question = Content((Text("reason-question", who),), asks_reply=True)
        row = self._messages.text(tx, work.job, press.place, question, name="why")
        if row is not None:
            place = press.place
            approvals.add_card(tx, ApprovalCard(approval.token, "reason", place.chat_id, place.language, row))


class NotOnOnesOwn(NotAllowed):
    """Somebody decides on their own request, and there is another admin."""


def _askers(tx: Transaction, approval: Approval) -> frozenset[int]:
    return frozenset(each.asker for each in approvals.requests(tx, approval.token) if each.asker is not None)


def _agrees(approval: Approval, by: Asker, approve: bool) -> bool:
    """Whether this person has decided the very same before."""
    state = "approved" if approve else "rejected"
    return (approval.decided_by, approval.state) == (actor_of(by), state)


def _card_at(
    tx: Transaction, chat_id: int, message_id: int, purposes: tuple[str, ...] = ("card",)
) -> tuple[Approval, ApprovalCard] | None:
    card = approvals.by_message(tx, chat_id, message_id, purposes)
    approval = approvals.by_token(tx, card.token) if card else None
    return (approval, card) if approval and card else None


def _outcome(approval: Approval) -> Text:
    return Text("approved-now" if approval.state == "approved" else "rejected-now")


def _first(approval: Approval) -> Text:
    """Who was first, and how; an approval whose time is over counts as expired."""
    state = "expired" if approval.state == "pending" else approval.state
    at = {"moment": (approval.decided_at or approval.expires_at).isoformat()}
    return Text(f"first-{state}", {"name": approval.decided_name or "–", "at": at})
