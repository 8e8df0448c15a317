"""One request to the portal and what became of its commands; everyone who keeps count is told."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import structlog

from services.bitrix24.address import Address
from services.bitrix24.answers import Answers, name
from services.bitrix24.commands import Command, Reference
from services.bitrix24.encoding import in_batch, plain
from services.bitrix24.errors import PortalUnavailable, code_and_description
from services.bitrix24.outcomes import (
    BUCKET_FULL,
    LEFT_ALONE,
    METHOD_PAUSED,
    NotRun,
    Outcome,
    Timing,
    Unknown,
)
from services.bitrix24.wire import Answer, NoAnswer, Wire
from services.engine.breaker import Breaker
from services.engine.call_times import CallTimes
from services.engine.clock import Clock
from services.engine.errors import BreakerOpen

OTHER = "other"
# The names that measurements carry; whatever else is called is counted together.
MEASURED = frozenset(
    {
        "batch",
        "crm.category.list",
        "crm.contact.add",
        "crm.contact.fields",
        "crm.contact.get",
        "crm.contact.list",
        "crm.contact.update",
        "crm.deal.add",
        "crm.deal.contact.items.get",
        "crm.deal.contact.items.set",
        "crm.deal.fields",
        "crm.deal.get",
        "crm.deal.list",
        "crm.deal.productrows.get",
        "crm.deal.productrows.set",
        "crm.deal.update",
        "crm.deal.userfield.list",
        "crm.duplicate.findbycomm",
        "crm.item.add",
        "crm.item.fields",
        "crm.item.get",
        "crm.item.list",
        "crm.item.update",
        "crm.status.list",
        "crm.type.list",
        "profile",
        "user.current",
        "user.get",
    }
)
EXPIRED = "EXPIRED_TOKEN"

log = structlog.get_logger(__name__)


class Bucket(Protocol):
    """Learns from answers how many requests the portal takes."""

    def accepted(self) -> None:
        """It took one."""
        ...

    def rejected(self) -> None:
        """It took one too many."""
        ...


class Times(Protocol):
    """Learns from answers how much of its time a method has used up."""

    def record(self, method: str, timing: Timing) -> None:
        """A command was executed."""
        ...

    def blocked(self, method: str, seconds: float | None) -> None:
        """The portal executes no more of this method, for so many seconds when it said so."""
        ...


class _Away(PortalUnavailable):
    """Tells the breaker; carries what became of the commands."""

    def __init__(self, answer: Answer | NoAnswer, outcomes: list[Outcome]) -> None:
        super().__init__(_reason(answer, outcomes), retry_after=answer.retry_after)
        self.outcomes = outcomes


class PortalExchange:
    """See outcomes.Exchange."""

    def __init__(
        self,
        wire: Wire,
        address: Address,
        answers: Answers,
        breaker: Breaker,
        bucket: Bucket,
        times: Times,
        measuring: CallTimes,
        clock: Clock,
    ) -> None:
        self._wire = wire
        self._address = address
        self._answers = answers
        self._breaker = breaker
        self._bucket = bucket
        self._times = times
        self._measuring = measuring
        self._clock = clock

    async def __call__(self, commands: Sequence[Command], halt: bool) -> list[Outcome]:
        """Send them in one request. References name commands of this very request."""
        begun = self._clock.monotonic()
        try:
            outcomes = await self._breaker.call(partial(self._ask, commands, halt))
        except BreakerOpen as error:
            return [NotRun("left alone, it failed", error.retry_after, LEFT_ALONE) for _ in commands]
        except _Away as error:
            outcomes = error.outcomes
        spent = self._clock.monotonic() - begun
        self._tell(commands, outcomes)
        log.debug("portal.request", details=_told(commands, outcomes, spent))
        return [replace(one, spent=spent) if isinstance(one, NotRun) else one for one in outcomes]

    async def _ask(self, commands: Sequence[Command], halt: bool) -> list[Outcome]:
        if len(commands) == 1:
            answer = await self._post(commands[0].method, _complete(commands[0]))
        else:
            named = {name(position): command for position, command in enumerate(commands)}
            cmd = {key: in_batch(command) for key, command in named.items()}
            answer = await self._post("batch", {"halt": int(halt), "cmd": cmd})
        if isinstance(answer, NoAnswer):
            outcomes = self._answers.without(commands, answer)
        elif len(commands) == 1:
            outcomes = [self._answers.of_call(commands[0], answer)]
        else:
            outcomes = self._answers.of_batch(named, halt, answer)
        if self._answers.is_failure(answer):
            raise _Away(answer, outcomes)
        return outcomes

    async def _post(self, method: str, params: dict[str, Any]) -> Answer | NoAnswer:
        answer = await self._measured(method, params)
        if isinstance(answer, Answer) and "error" in answer.body:
            code, _ = code_and_description(answer.body)
            if code.upper() == EXPIRED and await self._address.renewed(code):
                return await self._measured(method, params)
        return answer

    async def _measured(self, method: str, params: dict[str, Any]) -> Answer | NoAnswer:
        label = method.lower() if method.lower() in MEASURED else OTHER
        with self._measuring.measured(self._breaker.system, label):
            return await self._wire.post(method, params)

    def _tell(self, commands: Sequence[Command], outcomes: Sequence[Outcome]) -> None:
        codes = {one.code if isinstance(one, NotRun) else None for one in outcomes}
        if codes == {BUCKET_FULL}:
            self._bucket.rejected()
            return
        self._bucket.accepted()
        for command, outcome in zip(commands, outcomes, strict=True):
            if outcome.timing:
                self._times.record(command.method, outcome.timing)
            if isinstance(outcome, NotRun) and outcome.code == METHOD_PAUSED:
                self._times.blocked(command.method, outcome.retry_after)


def _reason(answer: Answer | NoAnswer, outcomes: Sequence[Outcome]) -> str:
    if isinstance(answer, NoAnswer):
        return answer.reason
    return next((one.reason for one in outcomes if isinstance(one, NotRun | Unknown)), "it fails")


def _complete(command: Command) -> dict[str, Any]:
    params: dict[str, Any] = plain(command.params)
    if _refers(params):
        raise ValueError("a command called by itself refers to nothing")
    return params


def _refers(value: Any) -> bool:
    match value:
        case Reference():
            return True
        case dict():
            return any(map(_refers, value.values()))
        case list():
            return any(map(_refers, value))
    return False


def _told(commands: Sequence[Command], outcomes: Sequence[Outcome], spent: float) -> dict[str, Any]:
    became: dict[str, int] = {}
    for outcome in outcomes:
        kind = type(outcome).__name__
        became[kind] = became.get(kind, 0) + 1
    methods = sorted({command.method for command in commands})
    return {"methods": methods, "commands": len(commands), "seconds": round(spent, 3), "outcomes": became}
