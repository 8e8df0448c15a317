"""Approvals: somebody asks, an admin decides, by whatever door: pending → approved | rejected | expired.

Who decides first has decided; whoever comes later is told so. What was approved is carried out by a job of
its own (services/flow/decisions.py), stored in the transaction of the decision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from services.engine.clock import Clock
from services.engine.inbox import Inbox, Offer
from services.engine.observability import Counters
from services.engine.work import Work
from services.flow.approval_cards import ELSEWHERE, ApprovalCards
from services.flow.items import Items
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Text
from services.flow.outcomes import Outcomes
from services.flow.places import Asker, Place
from services.flow.roles import Roles
from storage import approvals
from storage.database import Transaction
from storage.records import Approval, ApprovalRequest, Proposal

ADD = "add"
LIFE = timedelta(days=7)
REJECTED_FOR = timedelta(days=30)  # so long groups are not offered again what was rejected
TOPIC = "decisions"
MOST_PENDING = 10  # of one person; each is a card to every admin


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, a person or a program: `actor` as the journal names it, `name` as people are told."""

    actor: str
    name: str

    @classmethod
    def of(cls, person: Asker) -> "Decider":
        """A person."""
        return cls(actor_of(person), person.name)


# What a decider hears: the approval as it stands then, and whether this very decision made it so.
Heard = Callable[[Transaction, Approval, bool], None]


class Approvals:
    """Rules of asking and deciding. Knows no Telegram: a page or a program decides as a button does."""

    def __init__(
        self,
        clock: Clock,
        items: Items,
        journal: Journal,
        roles: Roles,
        cards: ApprovalCards,
        outcomes: Outcomes,
        inbox: Inbox,
        counters: Counters,
        new_token: Callable[[], str],
    ) -> None:
        """`new_token()` gives a short random URL-safe string."""
        self._clock = clock
        self._items = items
        self._journal = journal
        self._roles = roles
        self._cards = cards
        self._outcomes = outcomes
        self._inbox = inbox
        self._counters = counters
        self._new_token = new_token

    async def must_ask(self, kind: str, asker: Asker) -> bool:
        """Whether this person's "add" needs somebody else's yes. Raises Unavailable."""
        mode = self._items.kind(kind).approval
        if mode != "auto":
            return mode == "review"
        return await self._roles.has_admin() and not await self._roles.is_admin(asker.user_id, afresh=True)

    async def audience(self, asker: Asker) -> tuple[Place, ...]:
        """The chats where a new card of this person goes."""
        return await self._cards.audience(asker.user_id)

    def ask(
        self,
        tx: Transaction,
        work: Work,
        proposal: Proposal,
        asker: Asker,
        place: Place,
        audience: Sequence[Place],
    ) -> Approval:
        """Ask for what a proposal offers, or join those who did; the outcome is told at `place`."""
        approval = self._pending(tx, ADD, proposal.kind, proposal.key)
        while approval is None:
            approval = self._new(proposal.kind, proposal.key, proposal.details, asker, proposal)
            if not approvals.put(tx, approval):  # another process asked for it at this moment
                approval = self._pending(tx, ADD, proposal.kind, proposal.key)
                continue
            self._request(tx, approval, proposal, asker, place)
            self._open(tx, work, approval, actor_of(asker), audience)
            return approval
        self._join(tx, work, approval, proposal, asker, place)
        return approval

    def wish(
        self,
        tx: Transaction,
        work: Work,
        kind: str,
        key: str,
        details: Any,
        by: Decider,
        audience: Sequence[Place],
    ) -> None:
        """A program would like an item to be added, unless somebody is asked about the same already.

        Nobody is told how it ends: whoever waits for the item is woken by its kind's `add`.
        """
        if self._pending(tx, ADD, kind, key):
            return
        approval = self._new(kind, key, details, Asker(None, by.name))
        if approvals.put(tx, approval):
            self._open(tx, work, approval, by.actor, audience)

    def has_room(self, tx: Transaction, proposal: Proposal, asker: Asker) -> bool:
        """Whether this person may ask for one more thing, or for what others have asked for already."""
        if self.pending(tx, proposal.kind, proposal.key):
            return True
        chat_id = proposal.chat_id if asker.user_id is None else None
        return approvals.pending_of(tx, asker.user_id, chat_id) < MOST_PENDING

    def pending(self, tx: Transaction, kind: str, key: str) -> Approval | None:
        """What waits for a decision about adding an item."""
        return approvals.pending_for(tx, ADD, kind, key)

    def rejected(
        self, tx: Transaction, kind: str, key: str, since: datetime | None = None
    ) -> Approval | None:
        """The last decision about an item, if a no that is not forgotten yet nor older than `since`."""
        start = self._clock.now() - REJECTED_FOR
        newest = approvals.newest_decision(tx, kind, key, max(start, since) if since else start)
        if newest is None or newest.state != "rejected":
            return None
        return None if self._journal.added_since(tx, kind, key, newest.decided_at) else newest

    def decide(self, work: Work, token: str, approve: bool, decider: Decider, heard: Heard) -> None:
        """Decide what is pending, in the job's transaction. Who may is asked before, by the door."""

        def unit(tx: Transaction) -> None:
            won = self._decide(tx, work, token, approve, decider)
            if approval := approvals.by_token(tx, token):
                heard(tx, approval, won)

        work.write(unit)

    def grant(self, tx: Transaction, work: Work, kind: str, key: str, by: Asker) -> None:
        """Somebody who need not ask adds what others asked for: that is a yes."""
        if pending := self._pending(tx, ADD, kind, key):
            self._decide(tx, work, pending.token, True, Decider.of(by))

    def found(self, tx: Transaction, work: Work, approval: Approval) -> None:
        """What somebody asked for is there by now, and nobody decided about it here."""
        self._decide(tx, work, approval.token, True, Decider(ELSEWHERE, ELSEWHERE))

    def expire(self, tx: Transaction, work: Work, approval: Approval) -> bool:
        """Nobody decided in time. False when somebody did at the last moment."""
        now = self._clock.now()
        if not approvals.decide(tx, approval.token, "expired", by="approvals", name="", at=now):
            return False
        self._journal.record(tx, work.job, "approvals", "expire", approval.kind, approval.key)
        work.afterwards(lambda: self._counters.approval(approval.kind, "expired"))
        self._cards.refresh(tx, work, approval.token)
        return True

    def _decide(self, tx: Transaction, work: Work, token: str, approve: bool, decider: Decider) -> bool:
        now, state = self._clock.now(), "approved" if approve else "rejected"
        approval = approvals.by_token(tx, token)
        if approval is None or approval.expires_at <= now:
            return False
        if not approvals.decide(tx, token, state, by=decider.actor, name=decider.name, at=now):
            return False
        action = "approve" if approve else "reject"
        self._journal.record(tx, work.job, decider.actor, action, approval.kind, approval.key)
        work.afterwards(lambda: self._counters.approval(approval.kind, state))
        self._cards.refresh(tx, work, token)
        if approve:
            self._carry_out(tx, work, approval)
        else:
            outcome = Text("rejected", {"name": decider.name, "title": approval.card["title"]})
            self._outcomes.tell(tx, work, approval, "rejected", Content((outcome,)), by=decider.name)
        return True

    def _carry_out(self, tx: Transaction, work: Work, approval: Approval) -> None:
        key = f"{approval.kind}:{approval.key.lower()}"
        payload = msgspec.json.encode({"token": approval.token}).decode()
        of = work.job.correlation_id
        self._inbox.accept_in(tx, TOPIC, Offer(key, approval.token, payload), correlation_id=of)
        work.afterwards(lambda: self._inbox.wake(TOPIC))

    def _join(
        self,
        tx: Transaction,
        work: Work,
        approval: Approval,
        proposal: Proposal,
        asker: Asker,
        place: Place,
    ) -> None:
        """Whoever joins has as long as who asks first, also when that is nearly over."""
        self._request(tx, approval, proposal, asker, place)
        approvals.prolong(tx, approval.token, until=self._clock.now() + LIFE)
        self._cards.refresh(tx, work, approval.token)

    @staticmethod
    def _pending(tx: Transaction, action: str, kind: str, key: str) -> Approval | None:
        return approvals.pending_for(tx, action, kind, key, join=True)

    def _open(
        self, tx: Transaction, work: Work, approval: Approval, by: str, audience: Sequence[Place]
    ) -> None:
        """Show it to those who decide."""
        for there in audience:
            self._cards.show(tx, work, approval, there)
        self._journal.record(tx, work.job, by, "ask", approval.kind, approval.key, after=approval.details)

    def _new(
        self, kind: str, key: str, details: Any, asker: Asker, proposal: Proposal | None = None
    ) -> Approval:
        """Without a `proposal` nobody was shown it before."""
        now = self._clock.now()
        return Approval(
            token=self._new_token(),
            action=ADD,
            kind=kind,
            key=key,
            card=msgspec.to_builtins(self._items.kind(kind).card(details)),
            details=details,
            state="pending",
            asker=asker.user_id,
            asker_name=asker.name,
            chat_id=proposal.chat_id if proposal else None,
            proposed_at=proposal.created_at if proposal else now,
            decided_by=None,
            decided_name=None,
            decided_at=None,
            reason=None,
            created_at=now,
            expires_at=now + LIFE,
        )

    def _request(
        self, tx: Transaction, approval: Approval, proposal: Proposal, asker: Asker, place: Place
    ) -> None:
        request = ApprovalRequest(
            token=approval.token,
            proposal=proposal.token,
            asker=asker.user_id,
            asker_name=asker.name,
            chat_id=proposal.chat_id,
            thread_id=proposal.thread_id,
            source_message=proposal.source_message,
            language=place.language,
            at=self._clock.now(),
        )
        approvals.add_request(tx, request)
