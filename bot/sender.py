"""Takes messages from the outbox to Telegram: one at a time in a chat, chats side by side.

Texts have no idempotency at Telegram, so they leave one after the other: a crash leaves at most one in
doubt. One that hangs lets the next pass after LANE seconds (docs/decisions/0004).
"""

import math
from collections.abc import Callable
from datetime import timedelta

import msgspec
import structlog

from bot.delivery import Delivery
from bot.outcomes import Again, Outcome, Pointless, ReactionRefused, Sent
from bot.reactions import Reactions
from bot.settlement import STORAGE_AGAIN, Settlement
from services.engine.clock import Clock
from services.engine.failpoints import Failpoints
from services.engine.observability import bound
from services.engine.supervisor import Supervisor
from services.flow.messages import Messages, Reaction
from storage import chats, messages
from storage.database import Database
from storage.errors import StorageUnavailable
from storage.records import Message

log = structlog.get_logger(__name__)

TEXTS = 2  # on their way at once at most, so that few can be in doubt after a crash
LANE = 1.0  # seconds after which a text that is still on its way lets the next one go
IDLE = 5.0  # seconds between looks when no hint comes
AT_ONCE = 32  # calls on their way at a time
REMEMBER_REACTION = timedelta(days=7)  # a chat's administrators may have changed its reactions since


class Sender:
    """The outbox's only reader; of several processes the leader's."""

    def __init__(
        self,
        database: Database,
        outbox: Messages,
        delivery: Delivery,
        settlement: Settlement,
        reactions: Reactions,
        *,
        clock: Clock,
        supervisor: Supervisor,
        failpoints: Failpoints,
        name: str,
        leads: Callable[[], bool],
        patience: float = 0.0,
    ) -> None:
        """`name` marks what this process is sending; `leads()` says whether it may begin to.

        What another process began less than `patience` seconds ago may still be on its way.
        """
        self._patience = patience
        self._database = database
        self._outbox = outbox
        self._delivery = delivery
        self._settlement = settlement
        self._reactions = reactions
        self._clock = clock
        self._supervisor = supervisor
        self._failpoints = failpoints
        self._name = name
        self._leads = leads
        self._busy: set[int] = set()
        self._paused: dict[int, float] = {}
        self._texts: dict[int, float] = {}

    async def run(self) -> None:
        """Take up what an earlier process was sending when it ended, then send until cancelled."""
        await self._recover()
        again_at = self._clock.monotonic() + self._patience
        while True:
            if self._clock.monotonic() >= again_at:  # what was too young the first time
                await self._recover()
                again_at = math.inf
            started = await self._start_due()
            if not started:
                left = max(again_at - self._clock.monotonic(), 0.0)
                await self._outbox.until_woken(min(await self._idle(), left))

    async def _recover(self) -> None:
        now = self._clock.now()
        begun_before = now - timedelta(seconds=self._patience)
        back, given_up = await self._database.write(
            lambda tx: messages.recover(tx, now, by=self._name, begun_before=begun_before)
        )
        if back or given_up:
            log.warning("sender.recovered", details={"back": back, "given_up": given_up})

    async def _start_due(self) -> int:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        self._paused = {chat: until for chat, until in self._paused.items() if until > monotonic}
        busy = [*self._busy, *self._paused]
        free = AT_ONCE - len(self._busy)
        if free <= 0:
            return 0
        ready = await self._database.read(lambda tx: messages.due(tx, now, busy_chats=busy, most=free))
        started = 0
        for message in ready:
            if message.kind == "text":
                if not self._lane_is_free():
                    continue
                self._texts[message.id] = monotonic
            self._busy.add(message.chat_id)
            self._supervisor.spawn_once(f"send.{message.id}", self._send(message))
            started += 1
        return started

    def _lane_is_free(self) -> bool:
        now = self._clock.monotonic()
        started = self._texts.values()
        return len(started) < TEXTS and all(now - each >= LANE for each in started)

    async def _idle(self) -> float:
        if self._texts:
            return LANE
        now, monotonic = self._clock.now(), self._clock.monotonic()
        due = await self._database.read(lambda tx: messages.next_due(tx, now))
        waits = [until - monotonic for until in self._paused.values()]
        if due:
            waits.append((due - now).total_seconds())
        return max(min([IDLE, *waits]), 0.0)

    async def _send(self, message: Message) -> None:
        try:
            with bound(message.correlation_id):
                await self._try(message)
        except StorageUnavailable as error:
            # Before anything was sent; trying again at once would only turn in a circle.
            log.warning("sender.storage_unavailable", details={"message": message.id, "reason": str(error)})
            await self._clock.sleep(STORAGE_AGAIN)
        finally:
            self._busy.discard(message.chat_id)
            self._texts.pop(message.id, None)
            self._outbox.wake()

    async def _try(self, message: Message) -> None:
        if message.kind == "text" and message.doubts and not await self._is_answering(message):
            return
        if not await self._may_begin(message):
            return
        target = await self._target(message)
        if message.kind == "reaction":
            outcome = await self._react(message, target)
        else:
            outcome = await self._delivery.deliver(message, target=target)
        self._failpoints.hit("sending")
        pause = await self._settlement.settle(message, outcome)
        if pause > 0:
            self._paused[message.chat_id] = self._clock.monotonic() + pause

    async def _is_answering(self, message: Message) -> bool:
        """The one repeat of a doubtful text is kept until Telegram answers at all again."""
        outcome = await self._delivery.probe()
        if isinstance(outcome, Sent):
            return True
        pause = await self._settlement.settle(message, Again("Telegram does not answer"))
        self._paused[message.chat_id] = self._clock.monotonic() + pause
        return False

    async def _may_begin(self, message: Message) -> bool:
        """Mark what cannot be repeated at will, so that after a crash it is known to be on its way."""
        if not self._leads():  # stopped for a while, perhaps: another process sends by now
            return False
        if message.kind not in {"text", "answer"}:
            return True
        while True:
            try:
                return await self._database.write(
                    lambda tx: messages.begin(tx, message.id, by=self._name, at=self._clock.now())
                )
            except StorageUnavailable as error:  # it may be kept all the same: left alone it would stay so
                log.warning("sender.begin_waits", details={"message": message.id, "reason": str(error)})
                await self._clock.sleep(STORAGE_AGAIN)

    async def _target(self, message: Message) -> int | None:
        if message.target_row is None:
            return message.target
        row = message.target_row
        known = await self._database.read(lambda tx: messages.sent_id(tx, row))
        return known[1] if known else None

    async def _react(self, message: Message, target: int | None) -> Outcome:
        purpose = msgspec.convert(message.content, Reaction).purpose
        wanted = self._reactions.wanted(purpose)
        since = self._clock.now() - REMEMBER_REACTION
        known, learnt = await self._database.read(
            lambda tx: chats.reaction(tx, message.chat_id, wanted, since)
        )
        if known and learnt is None:
            return Pointless("this chat takes no such reaction")
        emoji = learnt or wanted
        refusal = await self._delivery.deliver(message, target=target, emoji=emoji)
        if not isinstance(refusal, ReactionRefused):
            return refusal
        other = self._reactions.instead_of(emoji, purpose)
        outcome = await self._delivery.deliver(message, target=target, emoji=other)
        if not refusal.is_full:
            await self._learn(message.chat_id, wanted, other, outcome)
        return outcome

    async def _learn(self, chat_id: int, wanted: str, other: str, outcome: Outcome) -> None:
        """Keep what a chat takes instead of a reaction it refused: another one, or none."""
        used: str | None = None
        match outcome:
            case Sent():
                used = other
            case ReactionRefused(is_full=False):
                pass
            case _:
                return
        at = self._clock.now()
        try:
            await self._database.write(lambda tx: chats.remember_reaction(tx, chat_id, wanted, used, at=at))
        except StorageUnavailable as error:  # learnt again with the next sticker
            log.warning("sender.reaction_not_remembered", details={"reason": str(error)})
