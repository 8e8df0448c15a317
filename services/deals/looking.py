"""A source's deal as it is now, and what it comes to by the rules of this moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.bitrix24.client import Portal
from services.deals.mapping.applying import apply
from services.deals.mapping.canonical import fingerprint
from services.deals.mapping.converting import Answers
from services.deals.mapping.model import Mapped
from services.deals.mapping.model import Mapping as Rules
from services.deals.mapping.schema import PortalSchema
from services.deals.model import DealKey, SourceDeal
from services.deals.reading import read_deal
from services.deals.schemas import AGAIN, FRESH, Schemas
from services.deals.sources import Sources
from services.deals.twins import rows_as_given
from services.engine.clock import Clock
from storage import mapping_answers
from storage.database import Database
from storage.deal_links import DealLink

CONTACTS, COMPANY, ROWS, LEFT_OUT = "CONTACT_IDS", "COMPANY_ID", "PRODUCT_ROWS", "LEFT_OUT"
MISSING = frozenset({"no_field", "stage", "choice"})  # problems that a newer look at the portals may solve


@dataclass(frozen=True, slots=True)
class Look:
    """A deal that was read. `values`: the twin's canonical ones, and what the twin is bound to.

    What it is bound to is told by the source's numbers, so no other portal is needed to compare it. `there`
    is how the source describes its deals, `answers` what was answered about it by then.
    """

    deal: SourceDeal
    rules: Rules
    mapped: Mapped
    values: Mapping[str, Any]
    there: PortalSchema
    answers: Answers

    @property
    def fingerprint(self) -> str:
        """The digest of the values."""
        return fingerprint(self.values)

    def is_known(self, link: DealLink) -> bool:
        """Whether it was brought over just so."""
        known = link.source_fingerprint, link.mapping_version, link.deleted_at
        return known == (self.fingerprint, self.rules.label, None)

    def bound_otherwise(self, link: DealLink | None) -> frozenset[str]:
        """Which of contacts, company and rows are others than at the last transfer."""
        before = link.source_values if link else {}
        return frozenset(
            name for name in (CONTACTS, COMPANY, ROWS) if before.get(name) != self.values.get(name)
        )


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks at sources' deals. `rules` gives the mapping that holds now."""

    sources: Sources
    database: Database
    clock: Clock
    schemas: Schemas
    rules: Callable[[], Rules]

    async def at(self, key: DealKey, *, urgent: bool = False) -> Look | None:
        """A deal; None: it is gone. Raises KeyError for what is no source, and what portals raise."""
        source = self.sources[key.domain]
        deal = await read_deal(source, key, urgent=urgent)
        return None if deal is None else await self._mapped(deal, source)

    async def _mapped(self, deal: SourceDeal, source: Portal) -> Look:
        """What seems to be missing at a portal is looked for anew."""
        rules, domain = self.rules(), deal.key.domain
        answers = await self.database.read(lambda tx: mapping_answers.of_domain(tx, domain))
        for within in (FRESH, AGAIN):
            there = await self.schemas.of(source, within=within)
            home = await self.schemas.of(self.sources.home, within=within)
            mapped = apply(rules, deal, there, home, answers=answers, now=self.clock.now())
            if not any(problem.kind in MISSING for problem in mapped.problems):
                break
        return Look(deal, rules, mapped, mapped.values | _bindings(deal, mapped), there, answers)


def _bindings(deal: SourceDeal, mapped: Mapped) -> dict[str, Any]:
    """What is carried over beside fields, where there is any; what was left out is news, too."""
    bindings = {
        CONTACTS: list(deal.contacts),
        COMPANY: deal.company_id,
        ROWS: rows_as_given(deal.rows),
        LEFT_OUT: sorted([problem.field, problem.value] for problem in mapped.problems),
    }
    return {name: value for name, value in bindings.items() if value}
