"""The mapping held against the portals: at the start, after each reload, and whenever the doctor asks."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from services.bitrix24.client import Portal
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

PATIENCE = 10.0  # seconds for the portals' answers: other signs wait behind this one
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
        sources, schemas = self._looking.sources, self._looking.schemas
        home = await schemas.of(sources.home, within=within)
        async with asyncio.TaskGroup() as group:
            asked = {
                domain: group.create_task(self._of(portal, home, within))
                for domain, portal in sources.portals.items()
            }
        return {domain: task.result() for domain, task in asked.items()}

    async def look(self, opened: Mapping[str, Notice]) -> Findings:
        """The sign of target fields that the home portal lacks. Asks nobody while none is missing.

        A mapping that was not held against a source yet is, as soon as that source answers.
        """
        rules, clock = self._looking.rules(), self._looking.clock
        if clock.now() - self._started < SETTLING:
            return Findings(unclear=frozenset(opened))
        try:
            async with clock.timeout(PATIENCE):
                home = await self._home(rules, has_news=bool(opened))
                await self._hold(rules, home)
        except (HubError, TimeoutError):
            return Findings(unclear=frozenset(opened))
        domain = self._looking.sources.home.domain
        found = missing(rules, home)
        return Findings([Cause(name, params={"field": name, "domain": domain}) for name in found])

    async def _home(self, rules: Rules, *, has_news: bool) -> PortalSchema:
        home, schemas = self._looking.sources.home, self._looking.schemas
        known = schemas.known(home)
        if known is None or has_news or missing(rules, known):
            return await schemas.of(home)
        return known

    async def _hold(self, rules: Rules, home: PortalSchema) -> None:
        """Hold a new mapping against each source, and tell the log."""
        news = [
            portal
            for domain, portal in self._looking.sources.portals.items()
            if self._held.get(domain) != rules.label
        ]
        async with asyncio.TaskGroup() as group:
            asked = {portal.domain: group.create_task(self._of(portal, home, FRESH)) for portal in news}
        for domain, task in asked.items():
            found = task.result()
            if not isinstance(found, HubError):
                self._held[domain] = rules.label
                _log(domain, rules.label, found)

    async def _of(self, source: Portal, home: PortalSchema, within: float) -> tuple[Finding, ...] | HubError:
        domain = source.domain
        try:
            there = await self._looking.schemas.of(source, within=within)
        except HubError as error:
            return error
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
