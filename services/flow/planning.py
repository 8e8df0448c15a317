"""What a press leads to, found out before the job's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.engine.errors import NotAllowed, Unavailable
from services.flow.approvals import Approvals
from services.flow.items import Addition, Item, Items
from services.flow.places import Place, Press
from services.flow.roles import Roles
from storage.records import Proposal


@dataclass(frozen=True, slots=True)
class Plan:
    """By token: what is added at once, what is there already, and what is asked for, with who is shown it."""

    additions: Mapping[str, Addition]
    listed: Mapping[str, Item]
    asked: Sequence[str]
    audience: Sequence[Place]


class Planning:
    """Asks outside: who must ask, and what adding means elsewhere."""

    def __init__(self, items: Items, approvals: Approvals, roles: Roles) -> None:
        self._items = items
        self._approvals = approvals
        self._roles = roles

    async def plan(self, rows: Sequence[Proposal], press: Press) -> Plan:
        """For open proposals. Raises Unavailable, Refused, NotAllowed.

        Anybody may ask for what is proposed. Who may not look a kind up neither adds one nor learns of it.
        """
        additions, listed, asked = {}, {}, []
        # Once for each kind: every time Telegram is asked.
        must_ask = {
            kind: await self._approvals.must_ask(kind, press.by) for kind in {row.kind for row in rows}
        }
        for row in rows:
            if not must_ask[row.kind]:
                role = self._items.kind(row.kind).role
                await self._roles.require(press.by, role, press.place, changes=True)
                addition = Addition(row.key, row.details, press.by.user_id, row.chat_id, row.created_at)
                additions[row.token] = await self._items.kind(row.kind).carry_out(addition)
            elif item := await self._found(row, press):
                listed[row.token] = item
            else:
                asked.append(row.token)
        return Plan(additions, listed, asked, await self._approvals.audience(press.by) if asked else ())

    async def _found(self, row: Proposal, press: Press) -> Item | None:
        """What is there by now needs nobody's yes; a source that is away keeps nobody from asking."""
        kind = self._items.kind(row.kind)
        try:
            await self._roles.require(press.by, kind.role, press.place, changes=False)
            return await kind.find(row.key)
        except (Unavailable, NotAllowed):
            return None
