"""One call from its arrival to its answer: faults, limits, the method, the ledger."""

from dataclasses import dataclass
from typing import Literal

from sandbox.telegram.faults import Fault
from sandbox.telegram.methods import CANONICAL, GET_UPDATES, METHODS
from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params
from sandbox.telegram.polling import Gone, get_updates
from sandbox.telegram.state import State
from sandbox.telegram.wire import ApiError, Json, too_many

Fate = Literal["answered", "held", "dropped"]
_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a request: answered with a body (JSON, or HTML when `html`), held open, or dropped."""

    status: int
    body: Json
    fate: Fate = "answered"
    html: str | None = None


class Desk:
    """Works calls. Nothing it does raises for what a bot sends; errors are outcomes."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def call(self, name: str, params: Params, gone: Gone) -> Outcome:
        """Settle one call and write it down; `gone` returns when the caller has hung up."""
        method = CANONICAL.get(name.lower())
        if method is None:
            return self._refuse(name, params, ApiError(404, "Not Found: method not found"))
        fault = self._state.faults.take(method, params.chat_id)
        if fault is not None and fault.kind != "lost_answer":
            return self._fail(method, params, fault)
        if wait := self._state.limiter.wait(method.lower(), params.chat_id):
            return self._refuse(method, params, too_many(wait))
        return await self._apply(method, params, gone, lost=fault is not None)

    async def _apply(self, method: str, params: Params, gone: Gone, *, lost: bool) -> Outcome:
        try:
            answer = await self._answer(method, params, gone)
        except ApiError as error:
            outcome = self._refuse(method, params, error, reached=not lost)
        else:
            body = answer.body()
            self._write(method, params, 0 if lost else 200, body, applied=True)
            outcome = Outcome(200, body)
        return Outcome(0, outcome.body, "dropped") if lost else outcome

    async def _answer(self, method: str, params: Params, gone: Gone) -> Answer:
        if method == GET_UPDATES:
            return await get_updates(self._state, params, gone)
        return METHODS[method](self._state, params)

    def _fail(self, method: str, params: Params, fault: Fault) -> Outcome:
        if fault.kind == "429":
            return self._refuse(method, params, too_many(fault.retry_after))
        if fault.kind == "500":
            return self._refuse(method, params, ApiError(500, "Internal Server Error"))
        if fault.kind == "502":
            self._write(method, params, 502, {}, applied=False)
            return Outcome(502, {}, html=_BAD_GATEWAY)
        self._write(method, params, 0, {}, applied=False)
        return Outcome(0, {}, "held" if fault.kind == "timeout" else "dropped")

    def _refuse(self, method: str, params: Params, error: ApiError, *, reached: bool = True) -> Outcome:
        body = error.body()
        self._write(method, params, error.code if reached else 0, body, applied=False)
        return Outcome(error.code, body)

    def _write(self, method: str, params: Params, status: int, answer: Json, *, applied: bool) -> None:
        values = params.values | {
            name: f"<{len(file.content)} bytes>"
            for name, file in params.files.items()
            if f"attach://{name}" not in params.values.values()
        }
        self._state.ledger.add(self._state.timestamp(), method, values, status, answer, applied)
