"""What a portal's answer says about each command that was sent."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.bitrix24.commands import Command
from services.bitrix24.errors import (
    Meaning,
    PortalMisconfigured,
    PortalNotFound,
    PortalRefused,
    code_and_description,
    meaning_of,
    refuses_batches,
)
from services.bitrix24.outcomes import (
    AWAY,
    BATCH_REFUSED,
    HALTED,
    Done,
    Failed,
    NotRun,
    Outcome,
    Timing,
    Unknown,
)
from services.bitrix24.values import mapping
from services.bitrix24.wire import NOT_READ, Answer, NoAnswer

TOO_LONG = frozenset({413, 414, 431})  # statuses: the same in smaller pieces may pass

SECTIONS = ("result", "result_error", "result_total", "result_next", "result_time")

_NO = {
    Meaning.REFUSED: PortalRefused,
    Meaning.NOT_FOUND: PortalNotFound,
    Meaning.MISCONFIGURED: PortalMisconfigured,
}
_NOT_EXECUTED = frozenset({Meaning.BUCKET_FULL, Meaning.METHOD_PAUSED, Meaning.NOT_NOW})

Mask = Callable[[str], str]


def name(position: int) -> str:
    """A command's name in its batch. The letter keeps PHP from making a list of the answer."""
    return f"c{position}"


@dataclass(frozen=True, slots=True)
class _Sections:
    results: dict[str, Any]
    errors: dict[str, Any]
    totals: dict[str, Any]
    nexts: dict[str, Any]
    times: dict[str, Any]


class Answers:
    """Reads answers; `mask` takes secrets out of the portal's own words, `now` is the unix time."""

    def __init__(self, mask: Mask, now: Callable[[], float]) -> None:
        self._mask = mask
        self._now = now

    def is_failure(self, answer: Answer | NoAnswer) -> bool:
        """Whether it counts against the portal. Refusals and full limits show that it is there."""
        if isinstance(answer, NoAnswer):
            return answer.status not in NOT_READ
        if "error" not in answer.body:
            return False
        meaning = meaning_of(*code_and_description(answer.body), answer.status)
        return meaning in (Meaning.UNKNOWN, Meaning.NOT_NOW)

    def without(self, commands: Sequence[Command], answer: NoAnswer) -> list[Outcome]:
        """What became of commands that got no answer of the portal."""
        if answer.status in TOO_LONG:
            return [self._too_long(command, answer, len(commands) > 1) for command in commands]
        return [
            lost(command, answer.reason, answer.retry_after)
            if answer.executed
            else NotRun(answer.reason, answer.retry_after, AWAY)
            for command in commands
        ]

    def of_call(self, command: Command, answer: Answer) -> Outcome:
        """What became of a command that was called by itself."""
        body = answer.body
        timing = timing_of(body.get("time"))
        if "error" in body:
            return self._error(command, body, answer.status, timing, answer.retry_after)
        return Done(body["result"], _count(body.get("total")), _count(body.get("next")), timing)

    def of_batch(self, named: Mapping[str, Command], halt: bool, answer: Answer) -> list[Outcome]:
        """What became of each command of a batch, in order. HTTP's status says nothing about them."""
        body = answer.body
        if "error" in body:
            return [self._batch_error(command, answer) for command in named.values()]
        sections = body["result"]
        if not isinstance(sections, dict) or not sections.keys() & {"result", "result_error"}:
            return [lost(command, "a batch's answer without its sections") for command in named.values()]
        parts = _Sections(*(_section(sections.get(which)) for which in SECTIONS))
        outcomes, has_failed = [], False
        for key, command in named.items():
            is_halted = halt and has_failed
            has_failed |= key in parts.errors
            outcomes.append(self._of_one(key, command, is_halted, parts))
        return outcomes

    def _of_one(self, key: str, command: Command, is_halted: bool, parts: "_Sections") -> Outcome:
        timing = timing_of(parts.times.get(key))
        if key in parts.errors:
            return self._error(command, parts.errors[key], None, timing, None)
        if key in parts.results:
            total, following = parts.totals.get(key), parts.nexts.get(key)
            return Done(parts.results[key], _count(total), _count(following), timing)
        if is_halted:
            return NotRun("an earlier command failed", code=HALTED)
        return lost(command, "the batch's answer does not mention it")

    def _batch_error(self, command: Command, answer: Answer) -> Outcome:
        code, description = code_and_description(answer.body)
        meaning = meaning_of(code, description, answer.status)
        if refuses_batches(code, description, answer.status):
            said = self._mask(f"{code} {description}".strip())
            return NotRun(f"the portal takes no such batch: {said}", code=BATCH_REFUSED)
        if meaning is Meaning.MISCONFIGURED or meaning in _NOT_EXECUTED:
            return self._error(command, answer.body, answer.status, None, answer.retry_after)
        return lost(command, self._mask(f"batch: {code} {description}"), answer.retry_after)

    def _error(
        self, command: Command, body: Any, status: int | None, timing: Timing | None, asked: float | None
    ) -> Outcome:
        said = {"error": "", **body} if isinstance(body, dict) else {"error": body}
        code, description = map(self._masked, code_and_description(said))
        meaning = meaning_of(code, description, status)
        if meaning is Meaning.UNKNOWN:
            return lost(command, f"{code} {description}".strip(), asked)
        if meaning in _NOT_EXECUTED:
            wait = self._pause(asked, timing) if meaning is Meaning.METHOD_PAUSED else asked
            return NotRun(f"{code} {description}".strip(), wait, code.upper(), timing)
        return Failed(_NO[meaning](command.method, code, description), timing)

    def _masked(self, text: str) -> str:
        return text if text.isdecimal() else self._mask(text)  # a code of digits is no phone number

    def _pause(self, asked: float | None, timing: Timing | None) -> float | None:
        if timing and timing.operating_reset_at:
            return max(timing.operating_reset_at - self._now(), asked or 0.0)
        return asked

    def _too_long(self, command: Command, answer: NoAnswer, is_batch: bool) -> Outcome:
        if is_batch:
            return NotRun(answer.reason, code=BATCH_REFUSED)
        return Failed(PortalRefused(command.method, f"HTTP_{answer.status}", "the request is too long"))


def lost(command: Command, reason: str, retry_after: float | None = None) -> Outcome:
    """What is left to say when nobody knows: a read may be asked again, a write has to be looked up."""
    return Unknown(reason) if command.is_write else NotRun(reason, retry_after, AWAY)


def _section(value: Any) -> dict[str, Any]:
    return mapping(value) if isinstance(value, dict | list) else {}


def timing_of(value: Any) -> Timing | None:
    """A `time` section; figures come as whole numbers, fractions or texts. None when there is none."""
    if not isinstance(value, dict):
        return None
    processing = _number(value.get("processing")) or 0.0
    return Timing(
        max(_number(value.get("duration")) or 0.0, processing),  # the one or the other may be missing
        processing,
        _number(value.get("operating")),
        _number(value.get("operating_reset_at")),
    )


def _number(value: Any) -> float | None:
    try:
        number = math.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
