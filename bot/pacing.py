"""How much may be said when: Telegram's limits, and the halts it asks for (docs/decisions/0009).

Fed with moments, in seconds of a monotonic clock; nothing here looks at one.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.records import Message

SECOND, MINUTE = 1.0, 60.0
MARGIN = 0.01  # seconds that a call counts longer than it has to, for clocks and roundings
ROUNDING = 1e-9  # a wait for a tenth of a second ten times is a second
TOGETHER = 2.0  # seconds within which a second chat's 429 says that all of it is too much
_TEXTS = frozenset({"text", "edit"})  # what a chat's second is for
_FREE = "answer"  # belongs to no chat at Telegram, and somebody waits for it


@dataclass(frozen=True, slots=True)
class Pace:
    """Telegram's documented limits (https://core.telegram.org/bots/faq).

    Texts and edits a second in one chat, so many at once after a rest; calls a minute in one group; calls a
    second altogether. `reaction_weight` is how much of a group's minute a reaction uses up: a guess, for
    Telegram tells no figure.
    """

    chat_per_second: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    overall_per_second: int = 30
    reaction_weight: float = 0.25


DOCUMENTED = Pace()


@dataclass(slots=True, eq=False)
class Call:
    """One call to Telegram, which may count it at any moment until `ended`: so it counts from then on."""

    chat_id: int
    kind: str
    ended: float = math.inf


class Halts:
    """Who has to be silent until when because Telegram said 429. Nothing but time ends a halt."""

    def __init__(self) -> None:
        self._chats: dict[int, float] = {}
        self._told: dict[int, float] = {}
        self.everything = -math.inf  # until when nobody may send

    def add(self, chat_id: int | None, until: float, now: float) -> None:
        """Halt a chat; everything when the call named none, or another chat was told the same just now."""
        if chat_id is None:
            self.everything = max(self.everything, until)
            return
        self._chats[chat_id] = max(until, self._chats.get(chat_id, until))
        self._told = {chat: at for chat, at in self._told.items() if now - at <= TOGETHER} | {chat_id: now}
        if len(self._told) > 1:
            self.everything = max(self.everything, *(self._chats.get(chat, until) for chat in self._told))

    def chats(self, now: float) -> dict[int, float]:
        """The chats that are halted still, each with its end."""
        self._chats = {chat: until for chat, until in self._chats.items() if until > now}
        return self._chats


class Pacing:
    """Which chats may send now, and when the next may. A call is counted from its beginning on."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._calls: list[Call] = []  # those that count still
        self._spent: dict[int, tuple[float, float]] = {}  # of a chat's burst, and since when it comes back
        self._halts = Halts()

    def begin(self, chat_id: int, kind: str, now: float) -> Call:
        """Take the allowance for a call. `end` must be told of it."""
        call = Call(chat_id, kind)
        if kind == _FREE:
            return call
        self._calls.append(call)
        if kind in _TEXTS:  # while it is on its way nothing comes back
            self._spent[chat_id] = (self.spent(chat_id, now) + 1, math.inf)
        return call

    def end(self, call: Call, now: float, *, counts: bool = True) -> None:
        """The call is over; one that never reached Telegram does not count."""
        call.ended = now + MARGIN if counts else -math.inf
        if call.kind in _TEXTS and call.chat_id in self._spent:
            spent, _ = self._spent[call.chat_id]
            self._spent[call.chat_id] = (spent, call.ended) if counts else (spent - 1, now)

    def recall(self, gone: Iterable[tuple[int, str, float]], now: float) -> None:
        """Start anew from what went out: (chat, kind, moment), oldest first. Halts stay."""
        self._calls = [call for call in self._calls if call.ended == math.inf]
        self._spent.clear()
        for chat_id, kind, at in gone:
            self.end(self.begin(chat_id, kind, at), at)
        self._forget(now)

    def halt(self, chat_id: int | None, seconds: float, now: float) -> None:
        """Telegram said 429 to a call for this chat, or to one for none."""
        self._halts.add(chat_id, now + seconds, now)

    def is_halted(self, now: float) -> bool:
        """Whether everything is, answers to presses included."""
        return self._halts.everything > now

    def has_room(self, now: float) -> bool:
        """Whether one more call may begin this second, whichever chat it is for."""
        return len(self._counted(now, SECOND)) < self._pace.overall_per_second

    def spent(self, chat_id: int, now: float) -> float:
        """How much of its burst a chat has used up."""
        spent, since = self._spent.get(chat_id, (0.0, now))
        return max(spent - max(now - since, 0.0) * self._pace.chat_per_second, 0.0)

    def resting(self, now: float) -> dict[int, float]:
        """The chats that could not take a text now, each with the moment from when it can.

        Reactions wait for the same moment: they must not eat up what a text before them waits for.
        """
        self._forget(now)
        found = dict(self._halts.chats(now))
        for chat_id in self._spent:
            excess = self.spent(chat_id, now) - (self._pace.chat_burst - 1)
            if excess > ROUNDING:
                _later(found, chat_id, now + excess / self._pace.chat_per_second)
        for chat_id, calls in self._groups().items():
            if (until := self._group_rests(calls)) is not None:
                _later(found, chat_id, until)
        return found

    def next_change(self, now: float) -> float:
        """Seconds until something may be sent that may not now; infinite when nothing rests."""
        moments = [self._halts.everything, *self.resting(now).values()]
        if not self.has_room(now):
            moments.append(min(call.ended for call in self._counted(now, SECOND)) + SECOND)
        return min((each - now for each in moments if each > now), default=math.inf)

    def fairest(self, ready: Sequence[Message], now: float) -> list[Message]:
        """Texts last, and of these the chats first that have had the least."""
        return sorted(
            ready, key=lambda each: self.spent(each.chat_id, now) if each.kind == "text" else -math.inf
        )

    def _counted(self, now: float, seconds: float) -> list[Call]:
        return [call for call in self._calls if call.ended + seconds > now]

    def _forget(self, now: float) -> None:
        last_minute = self._counted(now, MINUTE)
        self._calls = [call for call in last_minute if call.chat_id < 0 or call.ended + SECOND > now]
        self._spent = {chat: each for chat, each in self._spent.items() if self.spent(chat, now) > ROUNDING}

    def _groups(self) -> dict[int, list[Call]]:
        found: dict[int, list[Call]] = {}
        for call in self._calls:
            if call.chat_id < 0:
                found.setdefault(call.chat_id, []).append(call)
        return found

    def _group_rests(self, calls: list[Call]) -> float | None:
        """Until when there is no room for a text; None when there is."""
        used, until = sum(map(self._weight, calls)), None
        for call in sorted(calls, key=lambda each: each.ended):
            if used <= self._pace.group_per_minute - 1:
                break
            used -= self._weight(call)
            until = call.ended + MINUTE
        return until

    def _weight(self, call: Call) -> float:
        return self._pace.reaction_weight if call.kind == "reaction" else 1.0


def _later(found: dict[int, float], chat_id: int, until: float) -> None:
    found[chat_id] = max(until, found.get(chat_id, until))
