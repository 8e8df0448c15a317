"""The kinds `programme` and `poll_form`: recognise, find, propose, add (DESIGN §1), for staff."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.engine.cache import Region
from services.engine.clock import Clock
from services.engine.errors import NoSuchItem, Refused
from services.engine.inbox import Inbox
from services.engine.work import Work
from services.flow.items import Addition, ApprovalMode, Card, Fact, Item, Link, Proposal, Recognised
from services.flow.places import Asker, Place
from services.flow.roles import Role
from services.programmes.catalogue import Catalogue
from services.programmes.jobs import TOPIC, order_for
from services.programmes.model import (
    LONGEST_TITLE,
    POLL_FORM,
    PROGRAMME,
    PollForm,
    Programme,
    collapsed,
    key_of,
)
from services.programmes.planting import Planting
from storage import invalidations, submissions
from storage.database import Transaction

PROGRAMMES, POLL_FORMS = "educational_program", "poll_form"  # the cache's regions
_FORM = re.compile(
    r"\s*(?:poll[\s_-]*form|poll|form|анкета|анкету|опрос|форма|форму)\s*[№#]?\s*(\d{1,15})\s*", re.IGNORECASE
)


class ProgrammeKind:
    """Educational programmes at the portal."""

    name = PROGRAMME
    role: Role = "staff"
    approval: ApprovalMode = "auto"

    def __init__(
        self,
        catalogue: Catalogue,
        planting: Planting,
        region: Region[str, Programme],
        clock: Clock,
        inbox: Inbox,
        address: str,
    ) -> None:
        """`address` is that of a programme's page at the portal, with `{id}` in it."""
        self._catalogue = catalogue
        self._planting = planting
        self._region = region
        self._clock = clock
        self._inbox = inbox
        self._address = address

    def recognise(self, text: str) -> Recognised | None:
        """Any text short enough to be a title; so it comes last, and never certain."""
        title = collapsed(text)
        return Recognised(self.name, title, certain=False) if 0 < len(title) <= LONGEST_TITLE else None

    async def find(self, key: str) -> Item | None:
        """The programme by its title, or by the key of one. Raises Unavailable, Refused."""
        return (await self.find_many([key]))[key]

    async def find_many(self, keys: Sequence[str]) -> dict[str, Item | None]:
        """See Kind."""
        found = await self._catalogue.find_educational_programs(keys)
        return {key: self._item(programme) if programme else None for key, programme in found.items()}

    async def propose(self, key: str, asker: Asker, place: Place) -> Proposal:
        """What would be made at the portal."""
        details = {"title": key}
        return Proposal(self.name, key_of(key), self.card(details), details)

    def card(self, details: Any) -> Card:
        """See Kind."""
        return Card(details["title"])

    async def carry_out(self, addition: Addition) -> Addition:
        """Make it at the portal, unless it is there by now."""
        programme, new = await self._planting.plant(addition.key, addition.details["title"])
        return replace(addition, details={"id": programme.id, "title": programme.title, "new": new})

    def add(self, tx: Transaction, work: Work, addition: Addition) -> tuple[Item, bool]:
        """The submissions that wait for it go on."""
        details = addition.details
        programme = Programme(details["id"], details["title"])
        invalidations.add(tx, PROGRAMMES, addition.key, at=self._clock.now())
        work.afterwards(lambda: self._region.set(addition.key, programme))
        for submission_id in submissions.waiting_for(tx, addition.key):
            offer = order_for(submission_id, {addition.key: programme})
            self._inbox.accept_in(tx, TOPIC, offer, correlation_id=work.job.correlation_id)
        work.afterwards(lambda: self._inbox.wake(TOPIC))
        return self._item(programme), details["new"]

    def _item(self, programme: Programme) -> Item:
        link = Link("button-open-portal", self._address.format(id=programme.id))
        return Item(
            self.name,
            key_of(programme.title),
            Card(programme.title, (Fact("fact-number", str(programme.id)),), link),
        )


class PollFormKind:
    """Poll forms at the portal; they are made there."""

    name = POLL_FORM
    role: Role = "staff"
    approval: ApprovalMode = "direct"

    def __init__(self, catalogue: Catalogue, address: str) -> None:
        """`address` is that of a form's page at the portal, with `{id}` in it."""
        self._catalogue = catalogue
        self._address = address

    def recognise(self, text: str) -> Recognised | None:
        """ "form 12", "анкета 12": the number of its poll."""
        found = _FORM.fullmatch(text)
        return Recognised(self.name, str(int(found.group(1)))) if found else None

    async def find(self, key: str) -> Item | None:
        """The form of a poll. Raises Unavailable, Refused."""
        form = await self._catalogue.find_poll_form(int(key))
        return self._item(key, form) if form else None

    async def find_many(self, keys: Sequence[str]) -> dict[str, Item | None]:
        """See Kind; nobody asks about several at once."""
        return {key: await self.find(key) for key in keys}

    async def propose(self, key: str, asker: Asker, place: Place) -> Proposal:
        """Nobody makes one from here."""
        raise NoSuchItem(key, user_text="error-no-poll-form")

    def card(self, details: Any) -> Card:
        """See Kind."""
        return Card(details["title"])

    async def carry_out(self, addition: Addition) -> Addition:
        """See `propose`."""
        raise Refused("poll forms are made at the portal")

    def add(self, tx: Transaction, work: Work, addition: Addition) -> tuple[Item, bool]:
        """See `propose`."""
        raise Refused("poll forms are made at the portal")

    def _item(self, key: str, form: PollForm) -> Item:
        link = Link("button-open-portal", self._address.format(id=form.id))
        return Item(
            self.name, key, Card(form.title or f"№ {key}", (Fact("fact-number", str(form.id)),), link)
        )
