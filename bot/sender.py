"""Takes messages from the outbox to Telegram: one at a time in a chat, chats side by side, at its pace.

Texts have no idempotency at Telegram, so they leave one after the other: a crash leaves at most one in
doubt. One that hangs lets the next pass after LANE seconds (docs/decisions/0004). When how many of them may
leave is bot/pacing.py's to know (docs/decisions/0009).
"""

import math
from collections.abc import Callable
from datetime import timedelta

import msgspec
import structlog

from bot.delivery import Delivery
from bot.outcomes import Again, Outcome, Pointless, ReactionRefused, Sent, Unreachable
from bot.pacing import MINUTE, Call, Pacing
from bot.reactions import Reactions
from bot.settlement import STORAGE_AGAIN, UNREACHABLE_AGAIN, Settlement
from services.engine.clock import Clock
from services.engine.failpoints import Failpoints
from services.engine.observability import bound
from services.engine.supervisor import Supervisor
from services.flow.messages import Messages, Reaction
from storage import chats, messages, recovering, sent_messages
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
        pacing: Pacing,
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
        self._pacing = pacing
        self._clock = clock
        self._supervisor = supervisor
        self._failpoints = failpoints
        self._name = name
        self._leads = leads
        self._busy: set[int] = set()
        self._texts: dict[int, float] = {}
        self._away_until: float | None = None  # while nobody is reached: when the next one may try

    async def run(self) -> None:
        """Take up what an earlier process was sending when it ended, then send until cancelled."""
        await self._recall()
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

    async def _recall(self) -> None:
        """Know what went out lately, whoever sent it: a start must not be a burst."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        since = now - timedelta(seconds=MINUTE)
        gone = await self._database.read(lambda tx: messages.gone_since(tx, since))
        ages = [(chat, kind, max((now - at).total_seconds(), 0.0)) for chat, kind, at in gone]
        self._pacing.recall([(chat, kind, monotonic - age) for chat, kind, age in ages], monotonic)

    async def _recover(self) -> None:
        now = self._clock.now()
        begun_before = now - timedelta(seconds=self._patience)
        back, given_up = await self._database.write(
            lambda tx: recovering.recover(tx, now, by=self._name, begun_before=begun_before)
        )
        if back or given_up:
            log.warning("sender.recovered", details={"back": back, "given_up": given_up})

    async def _start_due(self) -> int:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        free = self._free(monotonic)
        if free <= 0:
            return 0
        busy, resting = [*self._busy], [*self._pacing.resting(monotonic)]
        ready = await self._database.read(
            lambda tx: messages.due(tx, now, busy_chats=busy, resting_chats=resting, most=free)
        )
        return sum(self._start(message) for message in self._pacing.fairest(ready, monotonic))

    def _free(self, now: float) -> int:
        """How many calls may begin, as far as all of them share a fate."""
        if self._pacing.is_halted(now):
            return 0
        if self._away_until is None:
            return AT_ONCE - len(self._busy)
        return 1 - len(self._busy) if now >= self._away_until else 0

    def _start(self, message: Message) -> bool:
        now = self._clock.monotonic()
        if message.kind != "answer" and not self._pacing.has_room(now):
            return False
        if message.kind == "text":
            if not self._lane_is_free():
                return False
            self._texts[message.id] = now
        self._busy.add(message.chat_id)
        call = self._pacing.begin(message.chat_id, message.kind, now)
        self._supervisor.spawn_once(f"send.{message.id}", self._send(message, call))
        return True

    def _lane_is_free(self) -> bool:
        now = self._clock.monotonic()
        started = self._texts.values()
        return len(started) < TEXTS and all(now - each >= LANE for each in started)

    async def _idle(self) -> float:
        """Seconds until it is worth to look again, unless somebody wakes us."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        waits = [IDLE, self._pacing.next_change(monotonic)]
        if self._away_until is not None and self._away_until > monotonic:
            waits.append(self._away_until - monotonic)  # later: one is trying, and wakes us when it ends
        if self._texts:
            return max(min(LANE, *waits), 0.0)
        due = await self._database.read(lambda tx: messages.next_due(tx, now))
        if due:
            waits.append((due - now).total_seconds())
        return max(min(waits), 0.0)

    async def _send(self, message: Message, call: Call) -> None:
        reached = False
        try:
            with bound(message.correlation_id):
                reached = await self._try(message)
        except StorageUnavailable as error:
            # Before anything was sent; trying again at once would only turn in a circle.
            log.warning("sender.storage_unavailable", details={"message": message.id, "reason": str(error)})
            await self._clock.sleep(STORAGE_AGAIN)
        finally:
            self._pacing.end(call, self._clock.monotonic(), counts=reached)
            self._busy.discard(message.chat_id)
            self._texts.pop(message.id, None)
            self._outbox.wake()

    async def _try(self, message: Message) -> bool:
        """Send it and write what came of it; whether it reached Telegram, as far as anybody knows."""
        if message.kind == "text" and message.doubts == 1 and not await self._is_answering(message):
            return False
        if not await self._may_begin(message):
            return False
        target = await self._target(message)
        if message.kind == "reaction":
            outcome = await self._react(message, target)
        else:
            outcome = await self._delivery.deliver(message, target=target)
        self._failpoints.hit("sending")
        self._heed(outcome, None if message.kind == "answer" else message.chat_id)
        await self._settlement.settle(message, outcome)
        return not isinstance(outcome, Unreachable)

    def _heed(self, outcome: Outcome, chat_id: int | None) -> None:
        """Be silent where Telegram said so, or while nobody hears; `chat_id` None for a call without one."""
        now = self._clock.monotonic()
        self._away_until = now + UNREACHABLE_AGAIN if isinstance(outcome, Unreachable) else None
        if isinstance(outcome, Again) and outcome.after is not None:
            self._pacing.halt(chat_id, outcome.after, now)

    async def _is_answering(self, message: Message) -> bool:
        """The one repeat of a doubtful text is kept until Telegram answers at all again."""
        outcome = await self._delivery.probe()
        if isinstance(outcome, Sent):
            return True
        self._heed(outcome, None)
        waits = outcome if isinstance(outcome, Again) else Again("Telegram does not answer")
        await self._settlement.settle(message, waits)
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
        row, chat_id = message.target_row, message.chat_id
        return await self._database.read(lambda tx: sent_messages.number_in(tx, row, chat_id))

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
        call = self._pacing.begin(message.chat_id, message.kind, self._clock.monotonic())
        outcome = await self._delivery.deliver(message, target=target, emoji=other)
        self._pacing.end(call, self._clock.monotonic())
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
