"""Fields that the mapping writes and the home portal lacks: made there once somebody says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.bitrix24.commands import Command
from services.bitrix24.errors import OutcomeUnknown, PortalRefused
from services.bitrix24.written import judge, send
from services.deals.looking import Looking
from services.deals.mapping.checking import missing_field
from services.deals.mapping.model import Rule
from services.deals.mapping.schema import FieldType
from services.deals.validation import missing
from services.engine.errors import HubError
from services.flow.journal import Journal
from storage import invalidations
from storage.database import Transaction
from storage.records import Job

ADD = "crm.deal.userfield.add"
KIND = "field"  # as the journal calls one
SCHEMA = "schema"  # what of another process is out of date then

Outcome = Literal["made", "there", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Missing:
    """A field of twins that the home portal lacks.

    `given` is what crm.deal.userfield.add makes it of; None: it can only be made by hand.
    """

    name: str
    given: Mapping[str, Any] | None

    @property
    def type(self) -> str:
        """Its type as Bitrix24 calls it, "" for one that cannot be made."""
        return str(self.given["USER_TYPE_ID"]) if self.given else ""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one. `refused` and `unknown` say why; of the latter nobody knows whether it is there."""

    name: str
    type: str
    outcome: Outcome
    reason: str = ""


class Fields:
    """Makes them. Two who do at one moment make each once: the portal takes no name twice."""

    def __init__(self, looking: Looking, journal: Journal) -> None:
        self._looking = looking
        self._journal = journal

    async def missing(self, names: Sequence[str] = ()) -> list[Missing]:
        """Those that are missing now, or those of `names`; the home portal is asked.

        Raises what portals raise, a source that is away only where nobody else tells the field's type.
        """
        rules, schemas = self._looking.rules(), self._looking.schemas
        home = await schemas.of(self._looking.sources.home, within=0)
        lacking = [name for name in missing(rules, home) if not names or name in names]
        return [Missing(name, await self._given(rules.rules[name])) for name in lacking]

    async def make(self, fields: Sequence[Missing]) -> list[Made]:
        """Make them one by one. Raises what portals raise when nothing was made at all."""
        made: list[Made] = []
        for field in fields:
            if field.given is None:
                continue
            try:
                made.append(await self._make(field, field.given))
            except HubError as error:
                if not made:
                    raise
                made.append(Made(field.name, field.type, "unknown", str(error)))
        self._looking.schemas.forget(self._looking.sources.home.domain)
        return made

    def record(self, tx: Transaction, job: Job | None, actor: str, made: Sequence[Made]) -> None:
        """Journal what was made, and tell the other processes."""
        for one in made:
            if one.outcome == "made":
                after = {"type": one.type, "outcome": one.outcome}
                self._journal.record(tx, job, actor, "add", KIND, one.name, after=after)
        invalidations.add(tx, SCHEMA, None, at=self._looking.clock.now())

    async def _make(self, field: Missing, given: Mapping[str, Any]) -> Made:
        """What is not known or refused is looked for: somebody, or the lost answer, may have made it."""
        home, clock = self._looking.sources.home, self._looking.clock
        try:
            judge(await send(home, clock, [Command(ADD, {"fields": dict(given)})], urgent=True))
        except (OutcomeUnknown, PortalRefused) as error:
            found = await self._looking.schemas.of(home, within=0)
            if field.name in found.fields:
                return Made(field.name, field.type, "there")
            outcome: Outcome = "unknown" if isinstance(error, OutcomeUnknown) else "refused"
            return Made(field.name, field.type, outcome, str(error))
        return Made(field.name, field.type, "made")

    async def _given(self, rule: Rule) -> Mapping[str, Any] | None:
        return missing_field(rule, await self._of_sources(rule.source) if rule.source else [])

    async def _of_sources(self, name: str) -> list[FieldType]:
        """The field as sources have it. Raises why the only ones that may have it cannot be asked."""
        found, away = [], None
        for source in self._looking.sources.portals.values():
            try:
                schema = await self._looking.schemas.of(source)
            except HubError as error:
                away = error
                continue
            if name in schema.fields:
                found.append(schema.fields[name])
        if away and not found:
            raise away
        return found
