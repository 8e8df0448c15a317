"""Cards: what admins see of an approval, where they see it, and how it ends there."""

import msgspec

from services.engine.work import Work
from services.flow.items import OWN_WORDS, Action, Card
from services.flow.messages import Content, Messages, Text
from services.flow.people import People
from services.flow.places import Place
from services.flow.roles import Roles
from storage import approvals, chats
from storage.database import Database, Transaction
from storage.records import Approval, ApprovalCard

ELSEWHERE = "elsewhere"  # "decides" what got there in another way, as by a program


class ApprovalCards:
    """Shows approvals to those who decide."""

    def __init__(self, database: Database, messages: Messages, people: People, roles: Roles) -> None:
        self._database = database
        self._messages = messages
        self._people = people
        self._roles = roles

    async def audience(self, asker: int | None = None) -> tuple[Place, ...]:
        """Where the next card goes: ADMIN_CHAT_ID, else each admin's private chat.

        The asker's only when there is nobody else.
        """
        if chat := await self._roles.admin_chat():
            return (Place(chat, False, await self._people.language(None, None, chat)),)
        admins = sorted(await self._roles.admins())
        others = [each for each in admins if each != asker] or admins
        return tuple([Place(each, True, await self._people.language(each, None, each)) for each in others])

    def show(self, tx: Transaction, work: Work, approval: Approval, place: Place) -> None:
        """Put a card into a chat, as it stands."""
        name = f"card.{approval.token}.{place.chat_id}"
        row = self._messages.text(tx, work.job, place, self.content(tx, approval), name=name)
        if row is not None:
            approvals.add_card(tx, ApprovalCard(approval.token, "card", place.chat_id, place.language, row))

    def refresh(self, tx: Transaction, work: Work, token: str) -> None:
        """Let every card of an approval tell how it stands now, in every chat that shows one."""
        approval = approvals.by_token(tx, token)
        shown = approvals.cards(tx, token) if approval else []
        content = self.content(tx, approval) if approval else Content()
        for card in shown:
            there = Place(card.chat_id, card.chat_id > 0, card.language)
            self._messages.edit(tx, work.job, there, content, row=card.shown_row)

    def content(self, tx: Transaction, approval: Approval) -> Content:
        """What a card says: what it is about, who asked and where, what would happen or what was decided."""
        texts = [*_head(approval), *self._askers(tx, approval)]
        if approval.state == "approved" and approvals.is_given_up(tx, approval.token):
            texts.insert(1, Text("approval-given-up"))
        actions: tuple[Action, ...] = ()
        if approval.state == "pending":
            texts.append(Text(f"approval-effect-{approval.action}-{approval.kind}"))
            actions = (
                Action("button-approve", f"yes:{approval.token}"),
                Action("button-reject", f"no:{approval.token}", beside=True),
            )
        return Content(tuple(texts), msgspec.convert(approval.card, Card), actions=actions)

    def _askers(self, tx: Transaction, approval: Approval) -> list[Text]:
        if approval.chat_id is None:
            return [Text(f"approval-wished-{approval.kind}", {"name": approval.asker_name})]
        who = {"name": approval.asker_name, "user_id": approval.asker or "–"}
        chat = chats.by_id(tx, approval.chat_id) if approval.chat_id else None
        if chat and chat.type != "private":
            texts = [Text("approval-asked-in", who | {"chat": chat.title})]
        else:
            texts = [Text("approval-asked", who)]
        askers = {each.asker or each.asker_name for each in approvals.requests(tx, approval.token)}
        if more := len(askers) - 1:
            texts.append(Text("approval-asked-too", {"count": more}))
        return texts


def _head(approval: Approval) -> list[Text]:
    if approval.state == "pending":
        question = f"approval-add-{approval.kind}" if approval.kind in OWN_WORDS else "approval-add"
        return [Text(question)]
    decided = approval.decided_at or approval.expires_at
    if approval.decided_by == ELSEWHERE:
        found = f"approval-found-{approval.kind}" if approval.kind in OWN_WORDS else "approval-found"
        return [Text(found, {"at": {"moment": decided.isoformat()}})]
    outcome = {"name": approval.decided_name or "–", "at": {"moment": decided.isoformat()}}
    head = [Text(f"approval-{approval.state}", outcome)]
    if approval.reason:
        head.append(Text("approval-reason", {"reason": approval.reason}))
    return head
