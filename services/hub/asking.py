"""Asking about items, proposing them and deciding."""

from functools import cached_property

from services.flow.approval_cards import ApprovalCards
from services.flow.approvals import Approvals
from services.flow.checks import Checks
from services.flow.decisions import Decisions
from services.flow.expiry import Expiry
from services.flow.inquiries import Inquiries
from services.flow.inquiry_cards import InquiryCards
from services.flow.inquiry_presses import InquiryPresses
from services.flow.inquiry_upkeep import InquiryUpkeep
from services.flow.outcomes import Outcomes
from services.flow.pending import Pending
from services.flow.proposal_messages import ProposalMessages
from services.flow.proposals import Proposals
from services.flow.sightings import Sightings
from services.flow.upkeep import Upkeep
from services.flow.verdicts import Verdicts
from services.hub.features import FeatureRooms


class AskingRooms(FeatureRooms):
    """Asking about items, proposing them and deciding."""

    @cached_property
    def proposal_messages(self) -> ProposalMessages:
        """What shows proposals."""
        return ProposalMessages(self.messages)

    @cached_property
    def approval_cards(self) -> ApprovalCards:
        """What shows approvals."""
        return ApprovalCards(self.database, self.messages, self.people, self.roles)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Tells those who asked."""
        return Outcomes(self.messages, self.proposal_messages)

    @cached_property
    def approvals(self) -> Approvals:
        """Who asks and who decides."""
        return Approvals(
            self.clock,
            self.items,
            self.journal,
            self.roles,
            self.approval_cards,
            self.outcomes,
            self.inbox,
            self.counters,
            self._new_token,
        )

    @cached_property
    def verdicts(self) -> Verdicts:
        """An admin's yes or no."""
        return Verdicts(
            self.database,
            self.clock,
            self.approvals,
            self.approval_cards,
            self.outcomes,
            self.messages,
            self.roles,
            self.journal,
        )

    @cached_property
    def decisions(self) -> Decisions:
        """Does what was approved."""
        return Decisions(
            self.database,
            self.items,
            self.journal,
            self.messages,
            self.approval_cards,
            self.outcomes,
            self.excerpt,
        )

    @cached_property
    def upkeep(self) -> Upkeep:
        """Looks after what waits for a decision."""
        return Upkeep(self.database, self.clock, self.items, self.approvals, self.approval_cards, self.faults)

    @cached_property
    def expiry(self) -> Expiry:
        """Ends what nobody decided."""
        return Expiry(
            self.database,
            self.clock,
            self.approvals,
            self.approval_cards,
            self.outcomes,
            self.proposal_messages,
            self.messages,
            self.upkeep,
        )

    @cached_property
    def inquiry_cards(self) -> InquiryCards:
        """What shows inquiries."""
        return InquiryCards(self.messages)

    @cached_property
    def inquiries(self) -> Inquiries:
        """What admins choose among several answers."""
        audience = self.approval_cards.audience
        return Inquiries(self.clock, self.journal, self.inquiry_cards, audience, self._new_token)

    @cached_property
    def inquiry_presses(self) -> InquiryPresses:
        """An admin's choice."""
        return InquiryPresses(
            self.database, self.clock, self.inquiries, self.messages, self.roles, self.journal
        )

    @cached_property
    def inquiry_upkeep(self) -> InquiryUpkeep:
        """Looks after what waits for a choice."""
        return InquiryUpkeep(self.database, self.clock, self.inquiries, self.inquiry_cards)

    @cached_property
    def pending(self) -> Pending:
        """What waits for a decision."""
        return Pending(self.database, self.clock, self.approval_cards, self.inquiry_cards, self.messages)

    @cached_property
    def proposals(self) -> Proposals:
        """What may be added."""
        return Proposals(
            self.database,
            self.clock,
            self.items,
            self.messages,
            self.journal,
            self.approvals,
            self.roles,
            self.proposal_messages,
            self._new_token,
        )

    @cached_property
    def sightings(self) -> Sightings:
        """What messages were about."""
        return Sightings(self.database, self.clock)

    @cached_property
    def checks(self) -> Checks:
        """Answers questions about items."""
        return Checks(self.items, self.proposals, self.messages, self.roles)
