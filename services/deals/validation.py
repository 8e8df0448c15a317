"""The mapping held against the portals: at the start, after each reload, and whenever the doctor asks."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from services.bitrix24.client import Portal
from services.bitrix24.errors import PortalUnavailable
from services.deals.looking import Looking
from services.deals.mapping.checking import Finding, check
from services.deals.mapping.converting import Answers
from services.deals.mapping.model import Mapping as Rules
from services.deals.mapping.schema import PortalSchema
from services.deals.schemas import FRESH
from services.engine.errors import HubError
from services.flow.watch import Cause, Findings
from storage import mapping_answers
from storage.errors import StorageUnavailable
from storage.records import Notice

log = structlog.get_logger(__name__)

PATIENCE = 8.0  # seconds for one portal's answers: other signs, or somebody, wait for them
SETTLING = timedelta(seconds=10)  # after a start, when what waited is worked first
MOST = 20  # findings in one line of the log
ANSWERED = frozenset({"stage", "choice"})  # what somebody may have answered instead of the file


class Validation:
    """Finds what will not go as the file says. Nothing of it keeps deals from being transferred."""

    def __init__(self, looking: Looking) -> None:
        self._looking = looking
        self._started = looking.clock.now()
        self._held: dict[str, str] = {}  # the mapping's label that a source was held against

    @property
    def label(self) -> str:
        """The mapping that holds now."""
        return self._looking.rules().label

    async def every(self, *, within: float = FRESH) -> dict[str, tuple[Finding, ...] | HubError]:
        """The findings for each source, or why it cannot be asked now. Raises the same for the home portal.

        Portals that were asked at most `within` seconds ago are not asked again.
        """
        sources = self._looking.sources
        home, *there = await self._schemas([sources.home, *sources.portals.values()], within)
        if isinstance(home, HubError):
            raise home
        return {
            domain: await self._found(domain, one, home)
            for domain, one in zip(sources.portals, there, strict=True)
        }

    async def look(self, opened: Mapping[str, Notice]) -> Findings:
        """The sign of target fields that the home portal lacks. Asks nobody while none is missing.

        A mapping that was not held against a source yet is, as soon as that source answers.
        """
        rules, clock = self._looking.rules(), self._looking.clock
        if clock.now() - self._started < SETTLING:
            return Findings(unclear=frozenset(opened))
        home = await self._home(rules, has_news=bool(opened))
        if isinstance(home, HubError):
            return Findings(unclear=frozenset(opened))
        domain = self._looking.sources.home.domain
        found = missing(rules, home)
        await self._hold(rules, home)
        return Findings([Cause(name, params={"field": name, "domain": domain}) for name in found])

    async def _home(self, rules: Rules, *, has_news: bool) -> PortalSchema | HubError:
        home = self._looking.sources.home
        known = self._looking.schemas.known(home)
        if known is None or has_news or missing(rules, known):
            return await self._schema(home, FRESH)
        return known

    async def _hold(self, rules: Rules, home: PortalSchema) -> None:
        """Hold a new mapping against each source, and tell the log."""
        news = [
            portal
            for domain, portal in self._looking.sources.portals.items()
            if self._held.get(domain) != rules.label
        ]
        for portal, there in zip(news, await self._schemas(news, FRESH), strict=True):
            found = await self._found(portal.domain, there, home)
            if not isinstance(found, HubError):
                self._held[portal.domain] = rules.label
                _log(portal.domain, rules.label, found)

    async def _schemas(self, portals: Sequence[Portal], within: float) -> list[PortalSchema | HubError]:
        """Each portal's, all asked at one moment: none keeps what the others say from being heard."""
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._schema(portal, within)) for portal in portals]
        return [task.result() for task in asked]

    async def _schema(self, portal: Portal, within: float) -> PortalSchema | HubError:
        """A portal's, or why it cannot be asked now."""
        try:
            async with self._looking.clock.timeout(PATIENCE):
                return await self._looking.schemas.of(portal, within=within)
        except TimeoutError:
            return PortalUnavailable(f"no answer in {PATIENCE:.0f} s")
        except HubError as error:
            return error

    async def _found(
        self, domain: str, there: PortalSchema | HubError, home: PortalSchema
    ) -> tuple[Finding, ...] | HubError:
        if isinstance(there, HubError):
            return there
        answers = await self._answers(domain)
        found = check(self._looking.rules(), there, home)
        return tuple(
            one for one in found if one.kind not in ANSWERED or (one.field, one.value) not in answers
        )

    async def _answers(self, domain: str) -> Answers:
        """None while the database is away: then the doctor tells rather too much."""
        try:
            return await self._looking.database.read(lambda tx: mapping_answers.of_domain(tx, domain))
        except StorageUnavailable:
            return {}


def missing(rules: Rules, home: PortalSchema) -> list[str]:
    """The twin's fields that the home portal does not have."""
    return [name for name, rule in rules.rules.items() if rule.when != "never" and name not in home.fields]


def _log(domain: str, label: str, found: tuple[Finding, ...]) -> None:
    told = [" ".join(filter(None, (one.field, one.kind, one.value))) for one in found[:MOST]]
    details = {"domain": domain, "label": label, "count": len(found), "findings": told}
    (log.warning if found else log.info)("mapping.held", details=details)
