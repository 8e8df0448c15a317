"""Twins: deals of the home portal that are kept equal to those of sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.matching import ORIGINATOR, origin_question
from services.bitrix24.outcomes import Done
from services.bitrix24.questions import ask, find, is_absent, number_of
from services.bitrix24.written import judge, send
from services.deals.mapping.model import FUNNEL, STAGE
from services.deals.model import DealKey
from services.deals.reading import Fields, deal_question
from services.engine.clock import Clock

ADD, UPDATE, LIST = "crm.deal.add", "crm.deal.update", "crm.deal.list"
DELETE = "crm.deal.delete"  # https://apidocs.bitrix24.com/api-reference/crm/deals/crm-deal-delete.html
MOVE = "crm.item.update"  # crm.deal.update passes over another funnel in silence
SET_ROWS = "crm.deal.productrows.set"
DEALS = 2  # entityTypeId
BY_HAND = "IS_MANUAL_OPPORTUNITY"  # else the portal makes the amount of the rows
# What of a product row means the same in another portal; its product and its discount do not.
_OF_ROWS = ("PRODUCT_NAME", "PRICE", "QUANTITY", "TAX_RATE", "TAX_INCLUDED", "MEASURE_CODE")

Row = Mapping[str, Any]


@dataclass(slots=True)
class Write:
    """What a twin is given: fields as the portal takes them, and product rows; None: they stay."""

    fields: dict[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.fields and self.rows is None

    def sent(self) -> dict[str, Any]:
        """The fields; an amount beside rows is one set by hand."""
        return self.fields | ({BY_HAND: "Y"} if self.rows else {})


@dataclass(frozen=True, slots=True)
class Twins:
    """Finds, makes and changes them."""

    home: Portal
    clock: Clock

    async def of_origin(self, key: DealKey, *, urgent: bool) -> int | None:
        """The twin that was made for a deal, whoever remembers; of several the oldest."""
        (found,) = await ask(self.home, [origin_question(LIST, key.origin)], urgent=urgent)
        return found

    async def read(self, target: int, *, urgent: bool) -> Fields | None:
        """A twin's fields; None: it is gone."""
        (found,) = await find(self.home, [deal_question(target)], urgent=urgent)
        return found

    async def add(self, key: DealKey, write: Write, *, urgent: bool) -> int:
        """Make a twin; its number. Raises OutcomeUnknown when it may be there: look for its origin then."""
        origin = {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": key.origin}
        command = Command(ADD, {"fields": write.sent() | origin})
        outcomes = await send(self.home, self.clock, [command], urgent=urgent)
        judge(outcomes)
        return number_of(outcomes[0].result) if isinstance(outcomes[0], Done) else 0

    async def finish_add(self, target: int, write: Write, *, urgent: bool) -> Fields:
        """Give a new twin its rows, and read what the portal made of it."""
        return await self._written(target, _rows(target, write.rows) if write.rows else [], urgent)

    async def update(self, target: int, write: Write, *, urgent: bool) -> Fields:
        """Change a twin, and read it back in the same request."""
        fields = write.sent()
        commands: list[Command] = []
        if FUNNEL in fields:
            moved = {"categoryId": fields.pop(FUNNEL)}
            moved |= {"stageId": fields.pop(STAGE)} if STAGE in fields else {}
            commands.append(Command(MOVE, {"entityTypeId": DEALS, "id": target, "fields": moved}))
        if fields:
            commands.append(Command(UPDATE, {"id": target, "fields": fields}))
        if write.rows is not None:
            commands += _rows(target, write.rows)
        return await self._written(target, commands, urgent)

    async def delete(self, target: int, *, urgent: bool) -> None:
        """Take a twin away; one that is gone already is no matter."""
        [outcome] = await send(self.home, self.clock, [Command(DELETE, {"id": target})], urgent=urgent)
        if not is_absent(outcome):
            judge([outcome])

    async def _written(self, target: int, commands: list[Command], urgent: bool) -> Fields:
        question = deal_question(target)
        if not commands:
            (fields,) = await ask(self.home, [question], urgent=urgent)
            return fields
        outcomes = await send(self.home, self.clock, [*commands, question.command], urgent=urgent)
        judge(outcomes)
        last = outcomes[-1]
        if not isinstance(last, Done):
            raise PortalUnavailable("the twin was not read back")
        return question.read(last.result)


def rows_as_given(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What is carried over of product rows, as JSON."""
    return [{name: row[name] for name in _OF_ROWS if row.get(name) is not None} for row in rows]


def _rows(target: int, rows: Sequence[Row]) -> list[Command]:
    given = [{"PRODUCT_ID": 0, **row} for row in rows]
    return [Command(SET_ROWS, {"id": target, "rows": given})]
