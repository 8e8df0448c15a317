"""The kind `deal`: recognise, find, propose, add (DESIGN §1), for staff. To add one is to transfer it now."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from services.bitrix24.errors import PortalNotFound, PortalUnavailable
from services.deals.looking import Looking
from services.deals.model import DEAL, LARGEST, TOPIC, Deal, DealKey, Order
from services.engine.cache import Region
from services.engine.clock import Clock
from services.engine.errors import NoSuchItem
from services.engine.inbox import Inbox, Offer
from services.engine.work import Work
from services.flow.items import Action, Addition, ApprovalMode, Card, Fact, Item, Link, Proposal, Recognised
from services.flow.places import Asker, Place
from services.flow.roles import Role
from storage import deal_links, invalidations, portal_events
from storage.database import Database, Transaction
from storage.portal_events import NewEvent

MOST_DEALS = 10_000  # that are kept
ABSENT_SECONDS = 10.0  # how long "there is no twin" is believed: it may be on its way
PAGE = "https://{domain}/crm/deal/details/{id}/"
COMMENT = 200  # characters of one that are shown
PREVIEW = "preview"  # what the button below a shown deal carries
_DOMAIN = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_FORMS = (
    re.compile(rf"(?:deal|сделка|сделку|сделки)\s*[№#]?\s*(?:({_DOMAIN})/)?(\d{{1,16}})", re.IGNORECASE),
    re.compile(rf"({_DOMAIN})/(\d{{1,16}})"),
    re.compile(rf"https?://({_DOMAIN})/crm/deal/details/(\d{{1,16}})/?(?:[?#]\S*)?", re.IGNORECASE),
)


class Shown(msgspec.Struct, frozen=True):
    """What a card tells of a source's deal; `target` is its twin's number.

    `closes` is a day and `changed` a moment in UTC, both ISO 8601; "" is unknown.
    """

    domain: str
    id: int
    title: str
    stage: str
    sum: str
    target: int | None = None
    closes: str = ""
    changed: str = ""
    comment: str = ""

    @property
    def key(self) -> DealKey:
        """The deal at the source."""
        return DealKey(self.domain, self.id)


class DealKind:
    """Deals of source portals, each with its twin in the home portal."""

    name = DEAL
    role: Role = "staff"
    approval: ApprovalMode = "auto"

    def __init__(
        self, looking: Looking, region: Region[str, Shown], database: Database, clock: Clock, inbox: Inbox
    ) -> None:
        self._looking = looking
        self._region = region
        self._database = database
        self._clock = clock
        self._inbox = inbox

    def recognise(self, text: str) -> Recognised | None:
        """ "deal 12", "сделка 12", "partner1.bitrix24.ru/12", or the address of a deal's page.

        Without a domain it is the only source's, with several the home portal's.
        """
        found = next(filter(None, (form.fullmatch(text.strip()) for form in _FORMS)), None)
        return self.named(found[1], int(found[2])) if found else None

    def named(self, domain: str | None, number: int) -> Recognised | None:
        """The deal by a portal of the settings and its number there; None: there is no such portal."""
        sources = self._looking.sources
        only = next(iter(sources.portals)) if len(sources.portals) == 1 else sources.home.domain
        domain = (domain or only).lower()
        known = domain in sources.portals or domain == sources.home.domain
        return Recognised(self.name, DealKey(domain, number).text) if known and 0 < number < LARGEST else None

    async def find(self, key: str) -> Item | None:
        """The deal, when it has a twin. Raises Unavailable, Refused."""

        async def load() -> Shown | None:
            link = await self._source_of(key)
            return await self._read(*link) if link and link[1] else None

        shown = (await self._region.look_up(key, load)).value
        return Item(self.name, shown.key.text, self._offering(shown)) if shown else None

    async def find_many(self, keys: Sequence[str]) -> dict[str, Item | None]:
        """See Kind; nobody asks about several at once."""
        return {key: await self.find(key) for key in keys}

    async def propose(self, key: str, asker: Asker, place: Place) -> Proposal:
        """The source's deal that has no twin yet."""
        link = await self._source_of(key)
        shown = await self._read(*link) if link else None
        if shown is None:
            raise NoSuchItem(key, user_text="error-no-deal")
        details = msgspec.to_builtins(shown)
        return Proposal(self.name, shown.key.text, self._offering(shown), details)

    def card(self, details: Any) -> Card:
        """See Kind."""
        return self._card(msgspec.convert(details, Shown))

    async def carry_out(self, addition: Addition) -> Addition:
        """Nothing outside: the transfer is a job of its own."""
        return addition

    def add(self, tx: Transaction, work: Work, addition: Addition) -> tuple[Item, bool]:
        """Have it transferred now."""
        shown = msgspec.convert(addition.details, Shown)
        order = msgspec.json.encode(Order(shown.domain, shown.id, asked=True)).decode()
        job = self._inbox.new_job(TOPIC, Offer(shown.key.job_key, None, order))
        portal_events.accept(tx, [NewEvent(job)])
        invalidations.add(tx, DEAL, addition.key, at=self._clock.now())
        work.afterwards(lambda: self._ordered(addition.key))
        return Item(self.name, shown.key.text, self._card(shown)), True

    def _ordered(self, key: str) -> None:
        self._region.invalidate(key)
        self._inbox.wake(TOPIC)

    async def _source_of(self, key: str) -> tuple[DealKey, int | None] | None:
        """The source's deal that a key means, and its twin; None for a deal at home that is no twin."""
        domain, _, number = key.rpartition("/")
        wanted, home = DealKey(domain, int(number)), self._looking.sources.home.domain
        if domain != home:
            link = await self._database.read(lambda tx: deal_links.of_source(tx, domain, wanted.id))
            return wanted, link.target_deal_id if link else None
        link = await self._database.read(lambda tx: deal_links.of_target(tx, wanted.id))
        known = link and link.source_domain in self._looking.sources.portals
        return (DealKey(link.source_domain, link.source_deal_id), wanted.id) if link and known else None

    async def _read(self, key: DealKey, target: int | None) -> Shown | None:
        """The deal as its portal has it now; None: there is none."""
        portal = self._looking.sources[key.domain]
        try:
            fields = (await portal.call("crm.deal.get", {"id": key.id}, urgent=True)).result
        except PortalNotFound:
            return None
        if not isinstance(fields, dict):
            return None
        try:
            return await self._shown(key, Deal(fields), target)
        except ValueError as error:
            raise PortalUnavailable(f"crm.deal.get answers in another shape: {error}") from error

    async def _shown(self, key: DealKey, deal: Deal, target: int | None) -> Shown | None:
        if deal.id != key.id:
            return None
        schema = await self._looking.schemas.of(self._looking.sources[key.domain])
        stage, sum_ = schema.stages.get(deal.stage_id), deal.sum
        return Shown(
            key.domain,
            key.id,
            deal.title or key.text,
            stage.name if stage else deal.stage_id,
            f"{sum_.amount:f} {sum_.currency}".strip(),
            target,
            closes=deal.closes_on.isoformat() if deal.closes_on else "",
            changed=deal.modified_at.isoformat() if deal.modified_at else "",
            comment=deal.comments[:COMMENT],
        )

    def _offering(self, shown: Shown) -> Card:
        """The card with the button that shows what a transfer would write; domains are too long for it."""
        preview = Action("button-preview", PREVIEW, "staff", {"key": shown.key.text})
        return msgspec.structs.replace(self._card(shown), actions=(preview,))

    def _card(self, shown: Shown) -> Card:
        facts = [
            Fact("fact-source-deal", shown.key.text),
            Fact("fact-stage", shown.stage),
            Fact("fact-sum", shown.sum),
        ]
        facts += [Fact("fact-closes", shown.closes)] if shown.closes else []
        facts += [Fact("fact-changed", shown.changed, is_moment=True)] if shown.changed else []
        facts += [Fact("fact-comment", shown.comment)] if shown.comment else []
        page = {"domain": shown.domain, "id": shown.id}
        if shown.target:
            facts.append(Fact("fact-twin", str(shown.target)))
            page = {"domain": self._looking.sources.home.domain, "id": shown.target}
        return Card(shown.title, tuple(facts), Link("button-open-portal", PAGE.format(**page)))
