"""What became of a portal's deals, whose doing it was, and what the hub could know of it.

Moments are in seconds since 1970 and whole milliseconds: what happens in one request has one moment.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sandbox.bitrix24 import writing
from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.ledger import Command
from sandbox.bitrix24.portal import Portal

PERSON = 7  # who works in the portals; the hub's webhook is another user's
WRITES = frozenset({"crm.deal.add", "crm.deal.update", "crm.item.update", "crm.deal.productrows.set"})


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a deal that got another value."""

    at: float
    deal: int
    field: str
    before: Any
    after: Any
    by: str

    @property
    def is_a_persons(self) -> bool:
        """Not the hub's."""
        return self.by == str(PERSON)


class Diary:
    """Follows a portal from now on, as to these fields of its deals."""

    def __init__(self, portal: Portal, fields: tuple[str, ...]) -> None:
        self.changes: list[Change] = []
        self.writes: list[float] = []  # when the hub's commands that write were worked
        self.reads: dict[int, list[float]] = defaultdict(list)  # the same of its reads, by deal
        self._portal = portal
        self._fields = fields
        self._known = self._now()
        portal.changed.append(self._look)
        portal.ledger.added.append(self._note)

    def overwritten(self) -> list[tuple[Change, Change]]:
        """Values that people had given and that the hub replaced: each with its end."""
        newest: dict[tuple[int, str], Change] = {}
        found = []
        for change in self.changes:
            former = newest.get((change.deal, change.field))
            if former and former.is_a_persons and not change.is_a_persons:
                found.append((former, change))
            newest[change.deal, change.field] = change
        return found

    def was_read(self, began: Change, ended: Change) -> bool:
        """Whether the hub read the deal while it had that value."""
        return any(began.at < at < ended.at for at in self.reads[began.deal])

    def _now(self) -> dict[int, dict[str, Any]]:
        return {
            number: {name: deal.get(name) for name in self._fields}
            for number, deal in self._portal.deals.items()
        }

    def _look(self) -> None:
        at, now = round(self._portal.clock.now().timestamp(), 3), self._now()
        for number, deal in now.items():
            known = self._known.get(number, {})
            by = str(self._portal.deals[number]["MODIFY_BY_ID"])
            self.changes += [
                Change(at, number, name, known.get(name), value, by)
                for name, value in deal.items()
                if known.get(name) != value
            ]
        self._known = now

    def _note(self) -> None:
        """A request that was answered; it was worked when half of its latency was over."""
        call = self._portal.ledger.calls[-1]
        at = round(call.at + self._portal.latency / 2, 3)
        written = [one for one in call.commands if one.applied and one.method in WRITES]
        self.writes += [at] * len(written)
        for one in call.commands:
            if one.applied and one.method == "crm.deal.get":
                self.reads[_number(one)].append(at)


def _number(command: Command) -> int:
    return int(command.params["id"])


def edit(portal: Portal, number: int, **fields: Any) -> None:
    """Somebody changes a deal in the portal."""
    writing.update(portal, portal.entities[DEAL], number, fields, PERSON)
