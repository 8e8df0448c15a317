"""Outcomes: everybody who asked hears in the chat where they asked what became of it."""

from services.engine.work import Work
from services.flow.messages import Content, Messages
from services.flow.places import Place
from services.flow.proposal_messages import ProposalMessages
from storage import approvals, proposals
from storage.database import Transaction
from storage.records import Approval, ApprovalRequest


class Outcomes:
    """Tells those who asked; once for each approval in a job."""

    def __init__(self, messages: Messages, shown: ProposalMessages) -> None:
        self._messages = messages
        self._shown = shown

    def tell(
        self,
        tx: Transaction,
        work: Work,
        approval: Approval,
        state: str,
        content: Content | None,
        *,
        by: str | None = None,
        react: bool = False,
    ) -> None:
        """Close the proposals with that state, and say the content, if any, in each chat.

        `by` is named where the proposal was shown; `react` puts 👍 on what was asked about.
        """
        for row, there in sorted(self.settle(tx, approval, state, by=by).items()):
            self._shown.refresh(tx, work, row, there)
        if content:
            self.say_all(tx, work, approval, content, name=f"outcome.{state}")
        for request in approvals.requests(tx, approval.token):
            if react and request.source_message is not None:
                there = place_of(request)
                self._messages.react(tx, work.job, there, "added", message_id=request.source_message)

    def settle(
        self, tx: Transaction, approval: Approval, state: str, *, by: str | None = None
    ) -> dict[int, Place]:
        """Close the proposals alone; the rows of the messages that show them, and where those are."""
        shown = {}
        for request in approvals.requests(tx, approval.token):
            row = proposals.settle(tx, request.proposal, state, name=by) if request.proposal else None
            if row and row.shown_row is not None:
                shown[row.shown_row] = place_of(request)
        return shown

    def say_all(
        self, tx: Transaction, work: Work, approval: Approval, content: Content, *, name: str
    ) -> None:
        """Say something to everybody who asked, once where they asked."""
        first: dict[tuple[int | None, int], ApprovalRequest] = {}
        for request in approvals.requests(tx, approval.token):
            first.setdefault((request.asker, request.chat_id), request)
        for request in first.values():
            self._messages.text(tx, work.job, place_of(request), content, name=f"{name}.{request.id}")


def place_of(request: ApprovalRequest) -> Place:
    """Where somebody asked; its message is what was asked about."""
    return Place(
        request.chat_id, request.chat_id > 0, request.language, request.thread_id, request.source_message
    )
