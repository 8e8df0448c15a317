"""Where a portal lives now, kept over restarts: a renamed portal redirects, and not for ever."""

import structlog

from services.engine.clock import Clock
from storage import portal_hosts
from storage.database import Database
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)


class StoredHosts:
    """The host of the portal that was set up as `domain`. Without the database it goes by what it knows."""

    def __init__(self, database: Database, clock: Clock, domain: str) -> None:
        self._database = database
        self._clock = clock
        self._domain = domain
        self._host: str | None = None

    async def current(self) -> str:
        """See wire.Hosts."""
        if self._host is None:
            try:
                stored = await self._database.read(lambda tx: portal_hosts.host_of(tx, self._domain))
            except StorageUnavailable as error:
                log.warning("portal.host_not_read", details={"reason": str(error)})
                return self._domain
            self._host = stored or self._domain
        return self._host

    async def move(self, host: str) -> None:
        """See wire.Hosts."""
        self._host, at = host, self._clock.now()
        try:
            await self._database.write(lambda tx: portal_hosts.move(tx, self._domain, host, at=at))
        except StorageUnavailable as error:
            log.warning("portal.host_not_stored", details={"reason": str(error)})
