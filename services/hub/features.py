"""The features, and what they have in common."""

from functools import cached_property

from services.engine.call_times import CallTimes
from services.flow.audit import Audit
from services.flow.items import Items
from services.gallery import Gallery, build_gallery
from services.gallery.removal import Removal
from services.gallery.wire import GalleryWire
from services.hub.work import WorkRooms


class FeatureRooms(WorkRooms):
    """The features, and what they have in common."""

    @cached_property
    def gallery(self) -> Gallery:
        """The sticker gallery."""
        reader, ports = self._ports.sticker_sets, self._ports
        elsewhere = (
            GalleryWire(ports.gallery, self.clock, CallTimes(self.counters, self.clock))
            if ports.gallery
            else None
        )
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
    def removal(self) -> Removal:
        """Takes sets off the gallery."""
        rooms = self.gallery
        return Removal(rooms.source, self.clock, rooms.region, rooms.kind, self.confirmations)

    @cached_property
    def items(self) -> Items:
        """Every kind of item."""
        return Items([self.gallery.kind])

    @cached_property
    def audit(self) -> Audit:
        """Tells the journal."""
        return Audit(self.database, self.items, self.excerpt)
