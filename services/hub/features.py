"""The features, and what they have in common."""

from collections.abc import Sequence
from functools import cached_property

import httpx

from services.bitrix24 import Portal, build_portal
from services.bitrix24 import remedies as portal_remedies
from services.bitrix24.away import log_changes
from services.deals import remedies as deal_remedies
from services.deals.event_counts import EventCounts
from services.deals.field_offer import FieldOffer
from services.deals.fields import Fields
from services.deals.gate import Gate
from services.deals.intake import DealIntake
from services.deals.item import ABSENT_SECONDS, MOST_DEALS, DealKind, Shown
from services.deals.looking import Looking
from services.deals.mapping.reloading import Reloading
from services.deals.mapping.store import MappingStore
from services.deals.model import DEAL
from services.deals.model import TOPIC as DEALS
from services.deals.orders import Orders
from services.deals.people import People
from services.deals.preview import Preview
from services.deals.preview_answer import PreviewAnswer
from services.deals.resync import Resync
from services.deals.schemas import Schemas
from services.deals.sources import Sources
from services.deals.transfer import Rooms as DealRooms
from services.deals.twins import Twins
from services.deals.validation import Validation
from services.engine.cache import Region
from services.engine.call_times import CallTimes
from services.flow.audit import Audit
from services.flow.items import Items, Kind
from services.flow.remedies import Remedies
from services.gallery import Gallery, build_gallery
from services.gallery.removal import Removal
from services.gallery.wire import GalleryWire
from services.hub.work import WorkRooms
from services.programmes import Programmes, build_programmes
from services.programmes import remedies as form_remedies
from services.programmes.jobs import TOPIC as SUBMISSIONS


class FeatureRooms(WorkRooms):
    """The features, and what they have in common."""

    @cached_property
    def gallery(self) -> Gallery:
        """The sticker gallery."""
        reader, ports = self._ports.sticker_sets, self._ports
        elsewhere = GalleryWire(ports.gallery, self.clock, self._call_times) if ports.gallery else None
        return build_gallery(
            self._settings.cache,
            self.database,
            self.clock,
            self.cache,
            reader,
            inbox=self.inbox,
            elsewhere=elsewhere,
            approval=self._settings.gallery.approval,
        )

    @cached_property
    def portal(self) -> Portal | None:
        """The home portal; None: there is none."""
        return self._portal(self._ports.portal) if self._ports.portal else None

    @cached_property
    def sources(self) -> Sources | None:
        """The portals whose deals come here; None: there are none."""
        portals = {domain: self._portal(client, domain) for domain, client in self._ports.sources.items()}
        return Sources(self.portal, portals) if self.portal and portals else None

    @cached_property
    def deal_gate(self) -> Gate:
        """Who may tell of deals; nobody, while there are no sources."""
        return Gate(self._settings.bitrix24)

    @cached_property
    def deal_orders(self) -> Orders:
        """Has deals looked at."""
        return Orders(self.database, self.inbox)

    @cached_property
    def deal_intake(self) -> DealIntake:
        """Where portals and programs tell that deals have changed."""
        wait = self._settings.work.webhook_wait_seconds
        return DealIntake(self.database, self.clock, self.inbox, self.deal_orders, self.deal_gate, wait)

    @cached_property
    def mappings(self) -> MappingStore:
        """By which rules deals become twins."""
        return MappingStore(self._settings.deals.mapping_path)

    @cached_property
    def reloading(self) -> Reloading:
        """Has them read anew."""
        return Reloading(self.mappings, self.clock, self.journal, self.excerpt)

    @cached_property
    def deal_rooms(self) -> DealRooms | None:
        """What deals are brought home with; None: there are no sources."""
        if self.sources is None:
            return None
        home, schemas = self.sources.home, Schemas(self.clock)
        looking = Looking(self.sources, self.database, self.clock, schemas, lambda: self.mappings.current)
        people = People(home, self.database, self.clock)
        return DealRooms(looking, people, Twins(home, self.clock), self.failpoints)

    @cached_property
    def deal_kind(self) -> DealKind | None:
        """Deals as people ask about them."""
        if self.deal_rooms is None:
            return None
        ttl = self._settings.cache
        region: Region[str, Shown] = self.cache.region(
            DEAL,
            capacity=MOST_DEALS,
            ttl=ttl.ttl_deals,
            absent_ttl=min(ABSENT_SECONDS, ttl.ttl_deals),
            stale=ttl.stale_seconds,
        )
        return DealKind(self.deal_rooms.looking, region, self.database, self.clock, self.inbox)

    @cached_property
    def preview(self) -> PreviewAnswer | None:
        """What a transfer would write; None: there are no sources."""
        rooms = self.deal_rooms
        return PreviewAnswer(Preview(rooms.looking, rooms.twins), self.excerpt) if rooms else None

    @cached_property
    def validation(self) -> Validation | None:
        """The mapping held against the portals; None: there are no sources."""
        return Validation(self.deal_rooms.looking) if self.deal_rooms else None

    @cached_property
    def field_offer(self) -> FieldOffer | None:
        """Makes what twins lack; None: there are no sources."""
        if self.deal_rooms is None:
            return None
        fields = Fields(self.deal_rooms.looking, self.journal)
        return FieldOffer(fields, self.confirmations, self.excerpt)

    @cached_property
    def resync(self) -> Resync:
        """Has deals compared when somebody asks."""
        rooms = (self.database, self.clock, self.inbox, self.messages, self.journal)
        return Resync(*rooms, self.excerpt)

    @cached_property
    def event_counts(self) -> EventCounts:
        """Counts who tells."""
        return EventCounts(self.counters.registry)

    @property
    def portals(self) -> Sequence[Portal]:
        """All of them, home first."""
        sources = self.sources.portals.values() if self.sources else ()
        return [self.portal, *sources] if self.portal else []

    def _portal(self, client: httpx.AsyncClient, source: str = "") -> Portal:
        portal = build_portal(
            self._settings.bitrix24,
            client,
            self.database,
            self.clock,
            self._terms.random,
            self._call_times,
            self.supervisor,
            source=source,
        )
        log_changes(portal)
        return portal

    @cached_property
    def _call_times(self) -> CallTimes:
        return CallTimes(self.counters, self.clock)

    @cached_property
    def programmes(self) -> Programmes | None:
        """Poll forms and programmes; None: nobody has said where they are."""
        if self.portal is None:
            return None
        rooms = (self.database, self.clock, self.cache, self.inbox, self.journal)
        return build_programmes(self._settings, self.portal, *rooms)

    @cached_property
    def removal(self) -> Removal:
        """Takes sets off the gallery."""
        rooms = self.gallery
        return Removal(rooms.source, self.clock, rooms.region, rooms.kind, self.confirmations)

    @cached_property
    def items(self) -> Items:
        """Every kind of item."""
        kinds: list[Kind] = [self.gallery.kind]
        if self.deal_kind:
            kinds.append(self.deal_kind)
        if rooms := self.programmes:
            kinds += [rooms.poll_form_kind, rooms.programme_kind]  # any words may be a title: so it is last
        return Items(kinds)

    @cached_property
    def remedies(self) -> Remedies:
        """What helps against what jobs fail of."""
        namings = {DEALS: deal_remedies.named, SUBMISSIONS: form_remedies.named}
        own = (deal_remedies.REMEDIES, form_remedies.REMEDIES, portal_remedies.REMEDIES)
        return Remedies(namings, *own)

    @cached_property
    def audit(self) -> Audit:
        """Tells the journal."""
        return Audit(self.database, self.items, self.excerpt)
