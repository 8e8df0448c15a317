"""The features, and what they have in common."""

from functools import cached_property

from services.bitrix24 import Portal, build_portal
from services.bitrix24.away import log_changes
from services.engine.call_times import CallTimes
from services.flow.audit import Audit
from services.flow.items import Items, Kind
from services.gallery import Gallery, build_gallery
from services.gallery.removal import Removal
from services.gallery.wire import GalleryWire
from services.hub.work import WorkRooms
from services.programmes import Programmes, build_programmes


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
        if self._ports.portal is None:
            return None
        portal = build_portal(
            self._settings.bitrix24,
            self._ports.portal,
            self.database,
            self.clock,
            self._terms.random,
            self._call_times,
            self.supervisor,
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
        if rooms := self.programmes:
            kinds += [rooms.poll_form_kind, rooms.programme_kind]  # any words may be a title: so it is last
        return Items(kinds)

    @cached_property
    def audit(self) -> Audit:
        """Tells the journal."""
        return Audit(self.database, self.items, self.excerpt)
