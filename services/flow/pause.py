"""Pausing: everything is still accepted and stored, and nothing is begun until somebody resumes.

What keeps the house goes on, and so do the updates of the operators' own chats, or of all chats while no
operator is known: else nobody could say /resume, or /start with the code that makes an admin.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC
from typing import Any

import structlog

from services.engine.clock import Clock
from services.engine.health import Told
from services.engine.inbox import Inbox, Topic
from services.engine.work import Work
from services.flow.confirmations import Confirmations, Confirmed
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Text
from services.flow.places import Asker, Place, chat_key
from services.flow.roles import Roles
from storage import switches
from storage.database import Database, Transaction
from storage.switches import Switch

log = structlog.get_logger(__name__)

NAME = "paused"  # of the switch
ACTION = "pause"  # to be confirmed
RESUME_HINT = "send the bot /resume; is no admin at hand, name one in ADMIN_IDS, restart, and they send it"
EVERY = 1.0  # seconds between two looks where several processes share the switch, and while it is on


class Pause:
    """Knows whether work is paused, in this process without asking, and has it paused and resumed."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        inbox: Inbox,
        roles: Roles,
        journal: Journal,
        confirmations: Confirmations,
        *,
        every: float = EVERY,
    ) -> None:
        """`every`: seconds between two looks while work goes on."""
        self._database = database
        self._clock = clock
        self._inbox = inbox
        self._roles = roles
        self._journal = journal
        self._confirmations = confirmations
        self._every = every
        self._hinted = asyncio.Event()
        self._state: Switch | None = None
        self._let_through: frozenset[str] | None = frozenset()
        confirmations.register(ACTION, self._confirmed)

    @property
    def state(self) -> Switch | None:
        """Who paused it, where and since when, as this process last saw it; None: work goes on."""
        return self._state

    def passing(self, topic: Topic) -> frozenset[str] | None:
        """See services/engine/inbox.py: while work is paused, only the operators' chats if there are any."""
        if self._state is None or not topic.pausable:
            return None
        return self._let_through if topic.by_chat else frozenset()

    async def look(self) -> Switch | None:
        """See how the switch stands now. Raises StorageUnavailable."""
        state = await self._read()
        self._take(state, await self._operators(state) if state else frozenset())
        return state

    def hint(self) -> None:
        """Somebody may have touched the switch; truth is the row."""
        self._hinted.set()

    async def follow(self) -> None:
        """Keep looking, for ever. Who became an admin meanwhile is let through, too."""
        while True:
            try:
                async with self._clock.timeout(EVERY if self._state else self._every):
                    await self._hinted.wait()
            except TimeoutError:
                pass
            self._hinted.clear()
            await self.look()

    async def ask(self, work: Work, place: Place, asker: Asker) -> Switch | None:
        """Ask whether to pause. When work is paused already nothing is asked: who did it comes back."""
        state = await self.look()
        if state is None:
            self._confirmations.ask(work, place, asker, ACTION, {}, Content((Text("pause-question"),)))
        return state

    async def resume(self, work: Work, asker: Asker) -> Switch | None:
        """Have work go on; who had paused it, or None: it was not paused."""
        state = await self.look()
        if state is not None:
            self._turn(work, asker, is_on=False, chat_id=None, before=state)
            work.afterwards(lambda: self._take(None, frozenset()))
        return state

    async def check(self) -> str | None:
        """For the health list, which anybody may read: so it names nobody."""
        state = self._state
        return f"paused by an administrator since {_utc(state)}; /resume goes on" if state else None

    async def probe(self) -> Sequence[Told]:
        """For the doctor."""
        state = await self._read()
        if state is None:
            return [Told("ok", "jobs are worked")]
        return [Told("warning", f"paused by {state.by_name} since {_utc(state)}", RESUME_HINT)]

    async def _confirmed(self, params: dict[str, Any], confirmed: Confirmed) -> Content:
        chat_id = confirmed.place.chat_id
        state = self._turn(confirmed.work, confirmed.by, is_on=True, chat_id=chat_id)
        operators = await self._operators(state)
        confirmed.work.afterwards(lambda: self._take(state, operators))
        return Content((Text("pause-begun", {"name": confirmed.by.name}),))

    def _turn(
        self, work: Work, by: Asker, *, is_on: bool, chat_id: int | None, before: Switch | None = None
    ) -> Switch:
        wanted = Switch(NAME, is_on, actor_of(by), by.name, chat_id, self._clock.now())
        stood = {"paused": not is_on} | ({"by": before.by, "since": before.at.isoformat()} if before else {})

        def unit(tx: Transaction) -> None:
            if switches.turn(tx, wanted):
                action = "pause" if is_on else "resume"
                self._journal.record(
                    tx, work.job, wanted.by, action, "switch", NAME, before=stood, after={"paused": is_on}
                )

        work.write(unit)
        return wanted

    async def _read(self) -> Switch | None:
        switch = await self._database.read(lambda tx: switches.by_name(tx, NAME))
        return switch if switch and switch.is_on else None

    async def _operators(self, state: Switch) -> frozenset[str] | None:
        """The chats from where the hub is run: every admin's, the admins' group, and where it was paused.

        None, all chats, while there is nobody who could resume.
        """
        if not await self._roles.has_admin():
            return None
        chats = {*await self._roles.admins(), await self._roles.admin_chat(), state.chat_id}
        return frozenset(chat_key(chat) for chat in chats if chat is not None)

    def _take(self, state: Switch | None, let_through: frozenset[str] | None) -> None:
        changed = (state is None) != (self._state is None)
        if let_through != self._let_through or changed:
            self._inbox.wake_all()
        if changed:
            log.warning("work.paused" if state else "work.resumed", details={"by": state.by if state else ""})
            self._hinted.set()  # the next look comes sooner, or later, from now on
        self._state, self._let_through = state, let_through


def _utc(state: Switch) -> str:
    return f"{state.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
