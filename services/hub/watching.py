"""How all of it is doing, and who is told."""

from collections.abc import Iterator
from functools import cached_property, partial

from services.bitrix24.away import PortalsAway
from services.bitrix24.probe import HINT as PORTAL_HINT
from services.bitrix24.probe import PortalProbe
from services.deals.field_offer import OFFER as OFFER_FIELDS
from services.deals.mapping_probe import HINT as MAPPING_HINT
from services.deals.mapping_probe import OFFER as MAPPING_OFFER
from services.deals.mapping_probe import MappingProbe
from services.deals.model import TOPIC as DEALS
from services.deals.probe import HINT as SOURCES_HINT
from services.deals.probe import SourcesProbe
from services.deals.remedies import portal_of
from services.deals.silence import SourceSilence
from services.engine.breaker import Breaker, State
from services.engine.health import Health
from services.engine.metrics import Metrics
from services.engine.observability import new_correlation_id
from services.engine.schedule import HOUR
from services.engine.storage_check import StorageCheck
from services.flow.chat_notices import ChatNotices
from services.flow.examinations import Examinations
from services.flow.job_signs import WaitingSign
from services.flow.notice_kinds import GALLERY, KINDS, MISSING_FIELD, PORTAL, SILENCE, WAITING_DEALS
from services.flow.notices import Notices
from services.flow.readers import Readers
from services.flow.samples import Samples
from services.flow.statistics import Statistics
from services.flow.trends import Trends
from services.flow.watch import Watch
from services.flow.watching import build_watch
from services.gallery.away import GalleryAway
from services.hub.asking import AskingRooms

GALLERY_HINT = "See GALLERY_API_URL and GALLERY_API_KEY, and whether that gallery runs."


class WatchingRooms(AskingRooms):
    """How all of it is doing, and who is told."""

    @cached_property
    def notices(self) -> Notices:
        """What admins should know without asking."""
        telegram = self._settings.telegram
        readers = Readers(telegram.default_language)
        notices = Notices(self.clock, self.messages, readers, telegram.timezone)
        notices.register(KINDS)
        return notices

    @cached_property
    def chat_notices(self) -> ChatNotices:
        """What a chat is told of them."""
        return ChatNotices(self.watch, self.roles, self.journal, self._settings.telegram.timezone)

    @cached_property
    def watch(self) -> Watch:
        """Looks for what they should know."""
        watch = build_watch(
            self.database,
            self.clock,
            self.notices,
            self.roles,
            self.excerpt,
            self.faults,
            cache_enabled=self._settings.cache.enabled,
            backup_every=self._settings.work.backup_interval_hours * HOUR,
        )
        if remote := self.gallery.remote:
            watch.on(GALLERY, GalleryAway(remote, self.faults, self.excerpt).look)
        if self.portal:
            watch.on(PORTAL, PortalsAway(self.portals, self.clock, self.excerpt).look)
        if self.sources and (hours := self._settings.work.silence_alert_hours):
            watch.on(SILENCE, SourceSilence(self.database, self.clock, self.sources, hours).look)
        if self.validation:
            watch.on(MISSING_FIELD, self.validation.look)
        if self.sources:
            watch.on(WAITING_DEALS, self._waiting_deals.look)
        return watch

    @cached_property
    def _waiting_deals(self) -> WaitingSign:
        rooms = (self.database, self.clock, self.excerpt)
        return WaitingSign(*rooms, DEALS, self.remedies.against, portal_of)

    @cached_property
    def samples(self) -> Samples:
        """What happened in five minutes."""
        process = new_correlation_id()
        return Samples(self.database, self.clock, self.cache, process, self.schedule.topics)

    @cached_property
    def trends(self) -> Trends:
        """The samples of a day."""
        return Trends(self.database, self.clock, self.samples, self._settings.telegram.timezone)

    @cached_property
    def statistics(self) -> Statistics:
        """Figures of how the hub is doing."""
        statistics = Statistics(self.database, self.clock)
        statistics.register("gallery", self.gallery.sets.figures)
        for breaker in self._breakers():
            statistics.watch_circuit(breaker.system, partial(_state, breaker))
        return statistics

    @cached_property
    def metrics(self) -> Metrics:
        """All of /metrics."""
        metrics = Metrics(self.counters.registry, self.database, self.clock, self.cache, self.inbox)
        for breaker in self._breakers():
            metrics.watch_circuit(breaker.system, partial(_state, breaker))
        return metrics

    def _breakers(self) -> Iterator[Breaker]:
        """Those of all outside systems that this hub has been given."""
        if remote := self.gallery.remote:
            yield remote.breaker
        yield from (portal.breaker for portal in self.portals)

    @cached_property
    def health(self) -> Health:
        """The list of checks."""
        health = Health(self.clock)
        health.register("database", StorageCheck(self.database, self.clock).check, essential=True)
        health.register("work", self.pause.check, probe=self.pause.probe)
        health.register("approvals", self.upkeep.unseen)
        if remote := self.gallery.remote:
            health.register("gallery", remote.check, probe=remote.probe, hint=GALLERY_HINT)
        if self.portal:
            probe = PortalProbe(self.portal, self.clock, self._settings.programmes.processes)
            health.register("portal", probe.check, probe=probe.probe, hint=PORTAL_HINT)
        if self.sources:
            sources = SourcesProbe(self._settings, self.sources, self.clock)
            health.register("sources", sources.check, probe=sources.probe, hint=SOURCES_HINT)
        if self.sources and self.validation:
            mapping = MappingProbe(self.validation, self.sources.home.domain, self.clock)
            health.register("mapping", probe=mapping.probe, hint=MAPPING_HINT)
        return health

    @cached_property
    def examinations(self) -> Examinations:
        """Tells a chat how all is."""
        examinations = Examinations(self.health, self.clock, self.inbox, self.messages, self.excerpt)
        if self.field_offer:
            examinations.offer(MAPPING_OFFER, OFFER_FIELDS)
        return examinations


def _state(breaker: Breaker) -> State:
    return breaker.state
