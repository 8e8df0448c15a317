"""A trial: one thing the bot answers to, how it is set off, and how its effect is seen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from bot.registry import Entry, Rule
from services.flow.roles import RANK, Role
from tests.e2e.matrix.actors import KINDS, Kind, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.traces import Traces

Sort = Literal["command", "press", "reaction", "message", "member"]
# Beside roles: the administrators of the chat; an admin who was asked; who somebody else asked; nobody.
Needs = Role | Literal["chat", "asked", "nobody"]
Effect = Callable[[Traces], bool]
ERROR = "error"  # any text that says why not


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is prepared: the deed, and whether what it left shows its effect."""

    act: Callable[[], object]
    effect: Effect


Prepare = Callable[[Stage, Spot], Awaitable[Ready]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the contract says about an entry, told here once more: its rule has to agree.

    `changes`: it does more than tell. `by_service`: not the gate but the service behind it holds to the rule.
    `late_in`: who may not hears of it later there, if ever. `works_in`: elsewhere it means nothing, to
    anybody. `exists_in`: elsewhere Telegram has no such thing. `answer`: what who may not reads in private.
    """

    sort: Sort
    name: str
    prepare: Prepare
    case: str = ""
    needs: Needs = "everyone"
    changes: bool = False
    by_service: bool = False
    late_in: tuple[Kind, ...] = ()
    works_in: tuple[Kind, ...] = KINDS
    exists_in: tuple[Kind, ...] = KINDS
    answer: str = ERROR

    def __str__(self) -> str:
        return " ".join(filter(None, (self.sort, self.name, self.case)))

    @property
    def entry(self) -> tuple[str, str]:
        """The entry it tries."""
        return self.sort, self.name

    @property
    def is_privileged(self) -> bool:
        """Whether there is anybody who may not."""
        return self.needs != "everyone"

    def fits(self, entry: Entry) -> bool:
        """Whether an entry's rule is what the contract says."""
        if self.by_service and entry.rule.role == "everyone":
            return True
        return _holds(entry.rule, self.needs, self.changes)

    def allows(self, spot: Spot) -> bool:
        """Whether this person may do it there, and it means something there."""
        return spot.kind in self.works_in and self._permits(spot)

    def is_nameless(self, spot: Spot) -> bool:
        """Whether nobody knows who does it; buttons and changes of membership always tell."""
        return spot.actor.anonymous and self.sort in {"command", "message", "reaction"}

    def _permits(self, spot: Spot) -> bool:
        if self.needs == "nobody":
            return False
        if self.is_nameless(spot):
            return self._permits_nameless(spot)
        if self.needs == "chat":
            return spot.administers
        needed: Role = "admin" if self.needs == "asked" else self.needs
        return RANK[spot.actor.role] >= RANK[needed]

    def _permits_nameless(self, spot: Spot) -> bool:
        if self.sort == "reaction":
            return False
        return self.needs == "everyone" or (not self.changes and spot.kind == "admins")


def _holds(rule: Rule, needs: Needs, changes: bool) -> bool:
    if rule.role != needs:
        return False
    # What changes something asks Telegram afresh; of `bare_reads` only the command with words behind it does.
    return rule.role == "everyone" or (
        rule.changes >= changes and (rule.bare_reads or rule.changes == changes)
    )
