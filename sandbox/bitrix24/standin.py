"""The stand-in put together: its portals, their routes, and what they tell of changes."""

import asyncio
from typing import Any

import httpx
from starlette.routing import BaseRoute

from sandbox.bitrix24.api import RestApi
from sandbox.bitrix24.page_api import PageApi
from sandbox.bitrix24.portal import Portal
from sandbox.clock import Clock
from sandbox.telegram.bell import Traffic


class Bitrix24:
    """Portals by domain. `routes` go under /portal, `host_routes` to the top.

    `traffic.in_flight` and `traffic.pushing` say what goes on, for clocks that move only when nothing does:
    requests that wait for their latency on the clock do not count. Somebody has to await `deliver(client)`
    for events to be told.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.portals: dict[str, Portal] = {}
        self.traffic = Traffic()
        self._api = RestApi(self.portals, self.traffic)
        self._changed = asyncio.Event()

    @property
    def routes(self) -> list[BaseRoute]:
        """Of all portals, those that are added later too."""
        return [*PageApi(self.portals).routes(), *self._api.routes()]

    @property
    def host_routes(self) -> list[BaseRoute]:
        """The same for clients that name the portal as their host."""
        return list(self._api.host_routes())

    def add_portal(self, domain: str, **options: Any) -> Portal:
        """A new portal; the options are Portal's."""
        portal = self.portals[domain.lower()] = Portal(domain, self.clock, **options)
        self._changed.set()
        return portal

    def rename(self, portal: Portal, domain: str) -> None:
        """Give a portal another address; the old one sends everybody there."""
        portal.renamed_to = domain.lower()
        self.portals[portal.renamed_to] = portal

    async def deliver(self, client: httpx.AsyncClient) -> None:
        """Tell the handlers of all portals; never returns, cancel it to stop."""
        served: set[Portal] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                for portal in set(self.portals.values()) - served:
                    served.add(portal)
                    group.create_task(portal.events.run(client, self.traffic), name=f"events {portal.domain}")
                await self._changed.wait()

    def close(self) -> None:
        """Let go of who is held."""
        self._api.close()
