"""What an outcome of a call does to its message."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from bot.outcomes import (
    Again,
    ChatGone,
    Doubtful,
    Failed,
    Moved,
    Outcome,
    PartSent,
    Pointless,
    ReactionRefused,
    Sent,
    TopicGone,
    Unreachable,
)
from services.engine.clock import Clock
from services.engine.errors import FaultRecorder
from storage import chats, messages, parts
from storage.database import Database, Transaction
from storage.errors import StorageUnavailable
from storage.records import Message
from storage.texts import storable

log = structlog.get_logger(__name__)

UNREACHABLE_AGAIN = 1.0  # seconds until the next try when there was no connection; only one tries
REPEAT_AFTER = 2.0  # seconds before a text of unknown outcome is repeated
FIRST_WAIT = 0.5  # seconds before the first new try when Telegram is away; doubles from then on
LONGEST_WAIT = 60.0
GIVE_UP_AFTER = timedelta(hours=24)
DELETE_WITHIN = timedelta(hours=48)  # later Telegram refuses (core.telegram.org/bots/api#deletemessage)
STORAGE_AGAIN = 0.5  # seconds until an outcome that the database refused is written again


class Settlement:
    """Writes outcomes. A text of unknown outcome is repeated once at most, anything else freely."""

    def __init__(self, database: Database, clock: Clock, faults: FaultRecorder, *, sender: str) -> None:
        """`sender` is this process's name on the messages it is sending."""
        self._database = database
        self._sender = sender
        self._clock = clock
        self._faults = faults

    async def settle(self, message: Message, outcome: Outcome) -> None:
        """Write the outcome."""
        facts = {"message": message.id, "kind": message.kind, "outcome": type(outcome).__name__}
        log.debug("sender.outcome", details=facts)
        match outcome:
            case Sent(message_id):
                await self._end(message, "sent", sent_id=message_id)
            case PartSent(message_id):
                await self._end_part(message, "sent", sent_id=message_id)
            case Pointless(reason):
                await self._end(message, "dropped", reason=reason)
            case Failed(reason):
                await self._give_up(message, "failed", reason)
            case ReactionRefused(reason):
                await self._give_up(message, "dropped", reason)
            case Unreachable(reason):
                await self._again(message, reason, UNREACHABLE_AGAIN)
            case Again(reason, after):
                await self._again(message, reason, after)
            case Doubtful(reason, more):
                await self._doubt(message, reason, more=more)
            case TopicGone():
                await self._write(lambda tx: messages.move_to_general(tx, message.id))
                await self._put_back(message, 0.0, "the topic is gone")
            case ChatGone(reason):
                await self._chat_gone(message, reason)
            case Moved(chat_id):
                await self._moved(message, chat_id)

    async def _again(self, message: Message, reason: str, after: float | None) -> None:
        # A deletion is written down long before its time, so its age says little about its tries.
        limit = DELETE_WITHIN if message.kind == "delete" else GIVE_UP_AFTER
        too_old = self._clock.now() - message.created_at > limit
        if message.kind == "answer" or too_old:
            return await self._give_up(message, "failed", reason)
        await self._faults.record(f"telegram.{message.kind}_delayed", reason)
        wait = (
            after if after is not None else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(message.attempts, 10))
        )
        return await self._put_back(message, wait, reason)

    async def _doubt(self, message: Message, reason: str, *, more: bool) -> None:
        if more and message.doubts:  # the parts that follow are not to blame
            await self._faults.record("telegram.text_unknown", reason)
            return await self._end_part(message, "unknown", reason=reason)
        if message.kind == "answer" or (message.kind == "text" and message.doubts):
            return await self._give_up(message, "unknown", reason)
        if message.kind != "text":  # twice is once
            return await self._again(message, reason, None)
        await self._faults.record("telegram.text_repeated", reason)
        return await self._put_back(message, REPEAT_AFTER, reason, doubtful=True)

    async def _chat_gone(self, message: Message, reason: str) -> None:
        now = self._clock.now()

        def unit(tx: Transaction) -> None:
            chats.deactivate(tx, message.chat_id)
            messages.end(tx, message.id, "dropped", at=now, by=self._sender, reason=reason)
            messages.drop_for_chat(tx, message.chat_id, at=now, reason=reason)

        log.info("sender.chat_gone", details={"chat": message.chat_id, "reason": reason})
        await self._write(unit)

    async def _moved(self, message: Message, chat_id: int) -> None:
        await self._write(lambda tx: chats.move(tx, message.chat_id, chat_id))
        if message.kind == "text":
            return await self._put_back(message, 0.0, "the chat moved")
        return await self._end(message, "dropped", reason="the chat moved")

    async def _give_up(self, message: Message, state: str, reason: str) -> None:
        await self._faults.record(f"telegram.{message.kind}_{state}", reason)
        await self._end(message, state, reason=reason)

    async def _end(
        self, message: Message, state: str, *, sent_id: int | None = None, reason: str | None = None
    ) -> None:
        now = self._clock.now()
        await self._write(
            lambda tx: messages.end(
                tx, message.id, state, at=now, by=self._sender, sent_id=sent_id, reason=reason
            )
        )

    async def _end_part(
        self, message: Message, state: str, *, sent_id: int | None = None, reason: str | None = None
    ) -> None:
        why = storable(reason) if reason else None
        end = {"state": state, "sent_id": sent_id, "reason": why, "sent_at": self._clock.now()}
        await self._write(lambda tx: parts.end(tx, message, end, by=self._sender))

    async def _put_back(self, message: Message, wait: float, reason: str, *, doubtful: bool = False) -> None:
        due = self._clock.now() + timedelta(seconds=wait)
        await self._write(
            lambda tx: messages.again(
                tx, message.id, due_at=due, reason=reason, by=self._sender, doubtful=doubtful
            )
        )

    async def _write(self, unit: Callable[[Transaction], Any]) -> None:
        """Keep an outcome, however long the database takes: forgetting it would send twice."""
        was_told = False
        while True:
            try:
                await self._database.write(unit)
                return
            except StorageUnavailable as error:
                if not was_told:  # once, however long it lasts
                    log.warning("sender.outcome_waits", details={"reason": str(error)})
                was_told = True
                await self._clock.sleep(STORAGE_AGAIN)
