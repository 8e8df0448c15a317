"""Long polling: updates are in the inbox before Telegram is told that we have them."""

from collections.abc import Sequence

import msgspec
import structlog
from telegram.error import RetryAfter, TelegramError

from bot.client import Client
from bot.outcomes import Again, of_error
from bot.updates import ALLOWED, Intake
from services.engine.clock import Clock
from services.engine.errors import FaultRecorder, Refused
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)

LONG_POLL = 25  # seconds; the server cuts at 50
LIMIT = 100  # updates in one answer, the most there is
AGAIN_AFTER = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)  # seconds, growing while Telegram is away


class Poller:
    """Asks getUpdates (core.telegram.org/bots/api#getupdates) for ever."""

    def __init__(self, client: Client, intake: Intake, *, clock: Clock, faults: FaultRecorder) -> None:
        self._client = client
        self._intake = intake
        self._clock = clock
        self._faults = faults
        # Kept in memory only: what a crash leaves unconfirmed comes again and is known by its number.
        self._offset = 0
        self._problem: str | None = None

    async def check(self) -> str | None:
        """For the health list: what is wrong, or None."""
        return self._problem

    async def run(self) -> None:
        """Poll until cancelled; nothing that goes wrong ends it."""
        failures = 0
        # Another process may have polled since this one did: its numbers say nothing about ours.
        self._offset = 0
        while True:
            try:
                await self._poll()
                failures, self._problem = 0, None
            except (TelegramError, StorageUnavailable) as error:
                wait = self._wait(error, failures)
                failures, self._problem = failures + 1, f"getUpdates fails: {type(error).__name__}"
                await self._faults.record(f"telegram.polling.{type(error).__name__}", str(error))
                log.warning("poller.failed", details={"again_in": wait}, exc_info=error)
                await self._clock.sleep(wait)

    async def _poll(self) -> None:
        updates = await self._client.raw_updates(
            offset=self._offset, limit=LIMIT, timeout=LONG_POLL, allowed=list(ALLOWED)
        )
        await self._keep(updates)
        # An empty answer confirms all before it. From then on any number may be the next: after a quiet week
        # they start anew, maybe lower (core.telegram.org/bots/api#update).
        numbers = [update["update_id"] for update in updates if _is_numbered(update)]
        self._offset = max(numbers) + 1 if numbers else 0

    async def _keep(self, updates: Sequence[object]) -> None:
        raws, refusals = [], []
        for update in updates:
            try:
                raws.append(msgspec.json.encode(update))
            except ValueError as error:  # half a character, as \ud83d alone
                refusals.append(str(error))
        kept = await self._intake.accept_all(raws)
        for refusal in [*refusals, *(str(each) for each in kept if isinstance(each, Refused))]:
            await self._faults.record("telegram.malformed_update", refusal)

    @staticmethod
    def _wait(error: Exception, failures: int) -> float:
        if isinstance(error, RetryAfter) and isinstance(told := of_error(error), Again) and told.after:
            return told.after
        return AGAIN_AFTER[min(failures, len(AGAIN_AFTER) - 1)]


def _is_numbered(update: object) -> bool:
    return isinstance(update, dict) and isinstance(update.get("update_id"), int)
