"""The messages that show proposals, once something became of those."""

import msgspec

from services.engine.work import Work
from services.flow import batches
from services.flow.messages import Content, Messages, Text
from services.flow.places import Place
from storage import messages as rows_of_messages
from storage import proposals, sent_messages
from storage.database import Transaction
from storage.records import Proposal


class ProposalMessages:
    """Keeps what such a message tells in step with its proposals."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def refresh(self, tx: Transaction, work: Work, shown_row: int, there: Place) -> None:
        """Let a message tell what became of its proposals; it stays for good once none is open.

        Once in a job: what becomes of several of them is written before.
        """
        rows_of_messages.hold(tx, shown_row)
        shared = proposals.by_row(tx, shown_row)
        still_open = {each.token for each in shared if each.state == "open"}
        for each in shared if not still_open else ():
            self._messages.cancel(tx, expiry_of(each.token))
        shown = msgspec.convert(sent_messages.content_of(tx, shown_row) or {}, Content)
        if batches.is_batch(shown):
            decided = {each.token: (each.state, each.decided_name or "?") for each in shared}
            content = batches.after_decisions(shown, decided)
        elif shared:
            content = Content((_outcome(shared[0], shown),))
        else:
            return
        self._messages.edit(tx, work.job, there, content, row=shown_row)


def _outcome(proposal: Proposal, shown: Content) -> Text:
    title = (shown.card.title if shown.card else "") or proposal.key
    return Text(f"proposal-{proposal.state}", {"name": proposal.decided_name or "?", "title": title})


def expiry_of(token: str) -> str:
    """The dedup id of the deletion of an unpressed proposal's message."""
    return f"expire:{token}"
