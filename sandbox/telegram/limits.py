"""Telegram's documented rates, for runs that want real 429s (https://core.telegram.org/bots/faq)."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_SENDS = frozenset({"sendmessage", "sendphoto", "editmessagetext", "editmessagereplymarkup"})
_REACTION = "setmessagereaction"
_COUNTED = _SENDS | {_REACTION, "deletemessage"}
_OVERALL = "overall"
_NOTHING = 1e-6  # sums of fractions and clocks are off by less; who waited as told must not be refused for it


@dataclass(frozen=True, slots=True)
class Pace:
    """Messages a second in one chat (with a burst), calls a minute in one group, calls a second overall.

    `reaction_weight` is how much of a group's minute one reaction uses; overall it counts as a whole call, in
    the chat's second not at all. Telegram documents neither, nobody knows the real weight: 0.25 is a guess.
    """

    chat_per_second: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    overall_per_second: int = 30
    reaction_weight: float = 0.25


class Limiter:
    """Says how long a call has to wait; refused calls use nothing up.

    Who was refused is halted for the seconds it was told, in whole seconds: a call that comes earlier is
    refused again with those that remain, even if there were room for it by then.
    """

    def __init__(self, pace: Pace | None, monotonic: Callable[[], float]) -> None:
        self.pace = pace
        self._monotonic = monotonic
        self._overall = _Window(1.0)
        self._groups: dict[int, _Window] = {}
        self._chats: dict[int, tuple[float, float]] = {}
        self._halts: dict[tuple[str, int], float] = {}

    def wait(self, method: str, chat_id: int | None) -> int:
        """Whole seconds to wait, 0 when the call may pass (it is counted then). `method` in lower case."""
        if self.pace is None or chat_id is None or method not in _COUNTED:
            return 0
        now, weight = self._monotonic(), self.pace.reaction_weight if method == _REACTION else 1.0
        asked = {_OVERALL: self._overall.wait(now, 1.0, self.pace.overall_per_second)}
        if chat_id < 0:
            asked["group"] = self._group(chat_id).wait(now, weight, self.pace.group_per_minute)
        if method in _SENDS:
            asked["chat"] = self._for_token(self.pace, chat_id, now)
        seconds = max(self._halted(name, chat_id, now, wanted) for name, wanted in asked.items())
        if not seconds:
            self._count(self.pace, method, chat_id, now, weight)
        return seconds

    def _halted(self, name: str, chat_id: int, now: float, wanted: float) -> int:
        """Whole seconds this bucket asks for; asking begins or goes on with its halt."""
        bucket = (name, 0 if name == _OVERALL else chat_id)
        left = self._halts.get(bucket, now) - now
        if left <= _NOTHING < wanted:
            left = math.ceil(wanted - _NOTHING)
            self._halts[bucket] = now + left
        return max(0, math.ceil(left - _NOTHING))

    def _for_token(self, pace: Pace, chat_id: int, now: float) -> float:
        return max(0.0, (1 - self._tokens(pace, chat_id, now)) / pace.chat_per_second)

    def _tokens(self, pace: Pace, chat_id: int, now: float) -> float:
        tokens, since = self._chats.get(chat_id, (float(pace.chat_burst), now))
        return min(float(pace.chat_burst), tokens + (now - since) * pace.chat_per_second)

    def _group(self, chat_id: int) -> "_Window":
        return self._groups.setdefault(chat_id, _Window(60.0))

    def _count(self, pace: Pace, method: str, chat_id: int, now: float, weight: float) -> None:
        self._overall.add(now, 1.0)
        if chat_id < 0:
            self._group(chat_id).add(now, weight)
        if method in _SENDS:
            self._chats[chat_id] = (self._tokens(pace, chat_id, now) - 1, now)


class _Window:
    """Weights of the calls of the last so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._calls: deque[tuple[float, float]] = deque()

    def add(self, now: float, weight: float) -> None:
        """One more call."""
        self._calls.append((now, weight))

    def wait(self, now: float, weight: float, limit: float) -> float:
        """Seconds until a call of that weight fits under the limit."""
        while self._calls and self._calls[0][0] <= now - self._seconds:
            self._calls.popleft()
        excess = sum(used for _, used in self._calls) + weight - limit
        seconds = 0.0
        for at, freed in self._calls:
            if excess <= _NOTHING:
                break
            excess -= freed
            seconds = at + self._seconds - now
        return seconds
