"""Hubs that hold to no rule: the matrix has to notice each."""

from typing import Any

import pytest

from bot.registry import Gate, Handle, Rule
from services.flow.confirmations import Confirmations
from services.flow.places import Asker
from services.flow.roles import Role, Roles
from storage import confirmations
from tests.e2e.matrix.actors import ASKER, MEMBER, NOBODY, Spot
from tests.e2e.matrix.trial import Trial

# Where who may not is tried first: enough to see what no rule keeps.
INTRUDERS = (Spot(NOBODY, "private"), Spot(MEMBER, "admins"), Spot(NOBODY, "group"))


class OpenGate(Gate):
    """Lets everybody through."""

    def keep(self, rule: Rule, handle: Handle) -> Handle:
        return handle


class NoRoles(Roles):
    """Takes everybody for an admin, but who asks admins for something."""

    async def of(self, user_id: int | None, *, afresh: bool = False, enough: Role = "admin") -> Role:
        return "everyone" if user_id == ASKER.user_id else "admin"


class CarelessConfirmations(Confirmations):
    """Takes whoever presses for the one who was asked."""

    async def take(self, token: str, yes: bool, by: Asker, *more: Any) -> None:
        row = await self._database.read(lambda tx: confirmations.by_token(tx, token))
        await super().take(token, yes, Asker(row.user_id if row else None, by.name), *more)


def remove_rule(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hubs built from now on lack what keeps people from what the trial tries."""
    if trial.needs == "nobody":
        monkeypatch.setattr("services.hub.Confirmations", CarelessConfirmations)
    elif trial.by_service:
        monkeypatch.setattr("services.hub.Roles", NoRoles)
    else:
        monkeypatch.setattr("bot.door.Gate", OpenGate)


def intruders(trial: Trial) -> list[Spot]:
    """Who may not, there or at all."""
    return [spot for spot in INTRUDERS if spot.kind in trial.exists_in and not trial.allows(spot)]
