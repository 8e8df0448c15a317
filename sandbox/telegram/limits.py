"""Telegram's documented rates, for runs that want real 429s (https://core.telegram.org/bots/faq)."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_SENDS = frozenset({"sendmessage", "sendphoto", "editmessagetext", "editmessagereplymarkup"})
_COUNTED = _SENDS | {"setmessagereaction", "deletemessage"}


@dataclass(frozen=True, slots=True)
class Pace:
    """Messages a second in one chat (with a burst), calls a minute in one group, calls a second overall."""

    chat_per_second: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    overall_per_second: int = 30


class Limiter:
    """Says how long a call has to wait; refused calls use nothing up."""

    def __init__(self, pace: Pace | None, monotonic: Callable[[], float]) -> None:
        self._pace = pace
        self._monotonic = monotonic
        self._overall: deque[float] = deque()
        self._groups: dict[int, deque[float]] = {}
        self._chats: dict[int, tuple[float, float]] = {}

    def wait(self, method: str, chat_id: int | None) -> int:
        """Whole seconds to wait, 0 when the call may pass (it is counted then). `method` in lower case."""
        if self._pace is None or chat_id is None or method not in _COUNTED:
            return 0
        now = self._monotonic()
        tokens = self._tokens(self._pace, chat_id, now)
        seconds = max(
            _window(self._overall, now, 1.0, self._pace.overall_per_second),
            self._group(self._pace, chat_id, now),
            (1 - tokens) / self._pace.chat_per_second if method in _SENDS and tokens < 1 else 0.0,
        )
        if seconds > 0:
            return max(1, math.ceil(seconds))
        self._count(method, chat_id, now, tokens)
        return 0

    def _tokens(self, pace: Pace, chat_id: int, now: float) -> float:
        tokens, since = self._chats.get(chat_id, (float(pace.chat_burst), now))
        return min(float(pace.chat_burst), tokens + (now - since) * pace.chat_per_second)

    def _group(self, pace: Pace, chat_id: int, now: float) -> float:
        calls = self._groups.get(chat_id)
        return 0.0 if calls is None else _window(calls, now, 60.0, pace.group_per_minute)

    def _count(self, method: str, chat_id: int, now: float, tokens: float) -> None:
        self._overall.append(now)
        if chat_id < 0:
            self._groups.setdefault(chat_id, deque()).append(now)
        if method in _SENDS:
            self._chats[chat_id] = (tokens - 1, now)


def _window(calls: deque[float], now: float, seconds: float, limit: int) -> float:
    while calls and calls[0] <= now - seconds:
        calls.popleft()
    return calls[0] + seconds - now if len(calls) >= limit else 0.0
