"""How it is with the source portals: do they answer, and can they tell us."""

import asyncio

from services.bitrix24 import Portal
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.probe import PortalProbe
from services.deals.gate import PATH
from services.deals.sources import Sources
from services.engine.clock import Clock
from services.engine.health import Told
from settings import Settings

VARIABLE = "BITRIX24_SOURCES"
HINT = "See BITRIX24_SOURCES, and whether the portals can be opened in a browser."
_EVENTS_HINT = "Put what the portal shows beside its outgoing webhook into {variable}."
_ADDRESS_HINT = "Set PUBLIC_URL to where the outside reaches this hub."


class SourcesProbe:
    """Looks at all of them. A health route tells how many, never which: partners are nobody's business."""

    def __init__(self, settings: Settings, sources: Sources, clock: Clock) -> None:
        self._settings = settings
        self._sources = sources
        self._clock = clock

    async def check(self) -> str | None:
        """For the list of health checks: what was noticed last."""
        portals = self._sources.portals.values()
        away = sum(portal.breaker.state != "closed" for portal in portals)
        return f"{away} of {len(portals)} source portals are left alone" if away else None

    async def probe(self) -> list[Told]:
        """For the doctor: ask them all now, and tell what has to be set up in each."""
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._ask(portal)) for portal in self._sources.portals.values()]
        told = self._of_home()
        for domain, one in zip(self._sources.portals, asked, strict=True):
            told += [*one.result(), *self._of_tokens(domain)]
        return told

    async def _ask(self, portal: Portal) -> list[Told]:
        try:
            told = await PortalProbe(portal, self._clock, {}, VARIABLE).probe()
        except PortalUnavailable as error:
            told = [Told("failed", str(error), HINT)]
        return [_named(portal.domain, each) for each in told]

    @property
    def _address(self) -> str:
        return f"{self._settings.http.public_url}{PATH}"

    def _of_home(self) -> list[Told]:
        told = []
        if not self._settings.http.public_url:
            told.append(Told("warning", "it is not said where portals reach this hub", _ADDRESS_HINT))
        home, variable = self._sources.home.domain, "BITRIX24_APPLICATION_TOKEN"
        return [*told, self._events(home, variable, given=bool(self._settings.bitrix24.application_token))]

    def _of_tokens(self, domain: str) -> list[Told]:
        source = self._settings.bitrix24.sources[domain]
        robots = f"{self._address}?token=…" if source.robot_token else "refused: it has no robot_token"
        return [
            self._events(domain, VARIABLE, given=bool(source.application_token)),
            Told("ok", f"{domain}: calls of robots: {robots}"),
        ]

    def _events(self, domain: str, variable: str, *, given: bool) -> Told:
        if given:
            return Told("ok", f"{domain}: handler of its outgoing webhook: {self._address}")
        what = f"{domain}: its application token is missing, so its events to {self._address} are refused"
        return Told("warning", what, _EVENTS_HINT.format(variable=variable))


def _named(domain: str, told: Told) -> Told:
    return told if told.what.startswith(domain) else Told(told.level, f"{domain}: {told.what}", told.hint)
