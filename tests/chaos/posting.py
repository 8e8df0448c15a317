"""Clients that post updates to a hub's webhook as Telegram does: each again and again, until it is taken."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tests.chaos.history import Json
from web.routes.telegram import PATH, SECRET_HEADER

CLIENTS = 16
SECRET = "a-secret-for-webhooks"
AGAIN = 0.25  # seconds until an update that was not taken is posted again
ANSWER_TIME = 10.0  # seconds an answer may take before the client hangs up
PROBLEM = "application/problem+json"


@dataclass(slots=True)
class Answers:
    """What all clients have heard. Times are of the monotonic clock, `refused` counts answers by status."""

    acknowledged: dict[int, float] = field(default_factory=dict)
    asked: dict[int, float] = field(default_factory=dict)  # when the request that was acknowledged began
    refused: Counter[int] = field(default_factory=Counter)
    refused_at: list[float] = field(default_factory=list)
    unheard: int = 0  # requests without any answer
    improper: list[str] = field(default_factory=list)  # refusals that are not what CONTRACT says they are

    def first_after(self, moment: float) -> float | None:
        """Seconds from a moment to the next acknowledgement of what was asked after it.

        What a hub said before it died may be heard after the next one has been started.
        """
        later = [at - moment for update, at in self.acknowledged.items() if self.asked[update] >= moment]
        return min(later, default=None)


class Posting:
    """Posts to any of several hubs that share a database, the next one whenever one does not take it."""

    def __init__(
        self, addresses: Sequence[str], answers: Answers, *, answer_time: float = ANSWER_TIME
    ) -> None:
        self._addresses = addresses
        self.answers = answers
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=CLIENTS)
        self._client = httpx.AsyncClient(
            timeout=answer_time, limits=limits, headers={SECRET_HEADER: SECRET}, trust_env=False
        )

    async def aclose(self) -> None:
        """Hang up."""
        await self._client.aclose()

    async def post(self, update: Json) -> None:
        """Return once the update is acknowledged."""
        number, tries = update["update_id"], 0
        while not await self._is_taken(update, self._addresses[(number + tries) % len(self._addresses)]):
            tries += 1
            await asyncio.sleep(AGAIN)

    async def _is_taken(self, update: Json, address: str) -> bool:
        begun = time.monotonic()
        try:
            answer = await self._client.post(address + PATH, json=update)
        except httpx.TransportError:  # nobody there, gone in the middle of it, or silent
            self.answers.unheard += 1
            return False
        if answer.status_code == 200:
            self.answers.acknowledged.setdefault(update["update_id"], time.monotonic())
            self.answers.asked.setdefault(update["update_id"], begun)
            return True
        self._refused(answer)
        return False

    def _refused(self, answer: httpx.Response) -> None:
        self.answers.refused[answer.status_code] += 1
        self.answers.refused_at.append(time.monotonic())
        after, kind = answer.headers.get("Retry-After", ""), answer.headers.get("Content-Type", "")
        if answer.status_code != 503 or not after.isdigit() or not kind.startswith(PROBLEM):
            self.answers.improper.append(f"{answer.status_code} {kind} {after} {answer.text[:80]}")
