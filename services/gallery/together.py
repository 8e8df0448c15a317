"""Look-ups that come in one turn of the loop go to the gallery as one question."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from services.engine.clock import Clock
from services.engine.errors import Unavailable
from storage.records import StickerSet

MOST = 100  # names in one question

Ask = Callable[[Collection[str]], Awaitable[dict[str, StickerSet]]]


class _Question:
    """Names that are asked about together; everybody who put one in gets the same answer or error."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.answered = asyncio.Event()
        self.answer: dict[str, StickerSet] | Exception = Unavailable("gallery", "the look-up was stopped")

    async def outcome(self) -> dict[str, StickerSet]:
        """Wait for it."""
        await self.answered.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Together:
    """Whoever comes first waits a turn for others, then asks for all of them."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        """`ask` answers for up to `MOST` names by name in lower case."""
        self._ask = ask
        self._clock = clock
        self._open: _Question | None = None

    async def load(self, name: str) -> StickerSet | None:
        """The listed set of this name. Raises what `ask` raises."""
        question = self._open
        if question is None:
            question = self._open = _Question()
            question.names.append(name)
            await self._put(question)
        else:
            question.names.append(name)
            if len(question.names) == MOST:
                self._open = None
        return (await question.outcome()).get(name.lower())

    async def _put(self, question: _Question) -> None:
        try:
            await self._clock.sleep(0)
            if self._open is question:
                self._open = None
            question.answer = await self._ask(question.names)
        except Exception as error:  # noqa: BLE001 - raised again by everybody who asked
            question.answer = error
        finally:
            if self._open is question:  # stopped before it was asked
                self._open = None
            question.answered.set()
