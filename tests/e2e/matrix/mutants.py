"""Hubs that hold to no rule: the matrix has to notice each."""

from collections.abc import Callable
from typing import Any

from bot.registry import Gate, Handle, Rule
from services.flow.confirmations import Confirmations
from services.flow.places import Asker
from services.flow.roles import Role, Roles
from storage import confirmations
from tests.e2e.matrix.actors import ASKER, MEMBER, NOBODY, Spot
from tests.e2e.matrix.trial import Trial

# Where who may not is tried: enough to see what no rule keeps. Where all entries mean something comes first.
INTRUDERS = (Spot(MEMBER, "admins"), Spot(NOBODY, "private"), Spot(NOBODY, "group"))
_take = Confirmations.take


def keep_nobody(self: Gate, rule: Rule, handle: Handle) -> Handle:
    """In place of Gate.keep: lets everybody through."""
    return handle


async def believe_anybody(self: Roles, user_id: int | None, **more: Any) -> Role:
    """In place of Roles.of: takes everybody for an admin, but who asks admins for something."""
    return "everyone" if user_id == ASKER.user_id else "admin"


async def take_from_anybody(self: Confirmations, token: str, yes: bool, by: Asker, *more: Any) -> None:
    """In place of Confirmations.take: takes whoever presses for the one who was asked."""
    row = await self._database.read(lambda tx: confirmations.by_token(tx, token))
    await _take(self, token, yes, Asker(row.user_id if row else None, by.name), *more)


# What may be taken out of a hub, by name: whose method it is, which, and what stands there instead.
MUTANTS: dict[str, tuple[type, str, Callable[..., Any]]] = {
    "no gate": (Gate, "keep", keep_nobody),
    "no roles": (Roles, "of", believe_anybody),
    "anybody's questions": (Confirmations, "take", take_from_anybody),
}


def mutant_for(trial: Trial) -> str:
    """The hub that lacks what keeps people from what the trial tries."""
    if trial.needs == "nobody":
        return "anybody's questions"
    return "no roles" if trial.by_service else "no gate"


def intruders(trial: Trial) -> list[Spot]:
    """Who may not, though it means something there."""
    return [spot for spot in INTRUDERS if spot.kind in trial.works_in and _is_refused(trial, spot)]


def _is_refused(trial: Trial, spot: Spot) -> bool:
    return spot.kind in trial.exists_in and not trial.allows(spot)
