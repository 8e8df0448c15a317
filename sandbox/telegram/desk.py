"""One call from its arrival to its answer: faults, limits, the method, the ledger."""

from dataclasses import dataclass
from typing import Literal

from sandbox.telegram.faults import Fault
from sandbox.telegram.methods import CANONICAL, GET_UPDATES, METHODS
from sandbox.telegram.methods.answer import Answer
from sandbox.telegram.params import Params
from sandbox.telegram.polling import Gone, get_updates
from sandbox.telegram.state import State
from sandbox.telegram.waiting import first_of
from sandbox.telegram.wire import ApiError, Json, too_many

Fate = Literal["answered", "held", "dropped"]
# What a proxy in front of the Bot API says instead of JSON.
_PROXY_TITLES = {
    "502": "502 Bad Gateway",
    "503": "503 Service Temporarily Unavailable",
    "504": "504 Gateway Time-out",
}
_PROXY_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n"
    "<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
)
_AFTERWARDS = ("lost_answer", "slow")  # faults of calls that take effect


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
        if fault is not None and fault.kind not in _AFTERWARDS:
            return self._fail(method, params, fault)
        if wait := self._state.limiter.wait(method.lower(), params.chat_id):
            return self._refuse(method, params, too_many(wait))
        return await self._apply(method, params, gone, fault)

    async def _apply(self, method: str, params: Params, gone: Gone, fault: Fault | None) -> Outcome:
        try:
            status, body = 200, (await self._answer(method, params, gone)).body()
        except ApiError as error:
            status, body = error.code, error.body()
        heard = False
        try:
            heard = fault is None or await self._reaches(fault, gone)
        finally:  # what took effect is written down even if the stand-in is stopped meanwhile
            self._write(method, params, status if heard else 0, body, applied=status == 200)
        return Outcome(status, body) if heard else Outcome(0, body, "dropped")

    async def _reaches(self, fault: Fault, gone: Gone) -> bool:
        """Hold a slow answer back; False when nobody is left to hear it, as with a lost one."""
        if fault.kind == "lost_answer":
            return False
        with self._state.traffic.parked():
            try:
                async with self._state.clock.timeout(fault.delay):
                    await first_of(gone(), self._state.until_closing())
            except TimeoutError:
                return True
        return False

    async def _answer(self, method: str, params: Params, gone: Gone) -> Answer:
        if method == GET_UPDATES:
            return await get_updates(self._state, params, gone)
        return METHODS[method](self._state, params)

    def _fail(self, method: str, params: Params, fault: Fault) -> Outcome:
        if fault.kind == "429":
            return self._refuse(method, params, too_many(fault.retry_after))
        if fault.kind == "500":
            return self._refuse(method, params, ApiError(500, "Internal Server Error"))
        if title := _PROXY_TITLES.get(fault.kind):
            self._write(method, params, int(fault.kind), {}, applied=False)
            return Outcome(int(fault.kind), {}, html=_PROXY_PAGE.format(title=title))
        self._write(method, params, 0, {}, applied=False)
        return Outcome(0, {}, "held" if fault.kind == "timeout" else "dropped")

    def _refuse(self, method: str, params: Params, error: ApiError) -> Outcome:
        body = error.body()
        self._write(method, params, error.code, body, applied=False)
        return Outcome(error.code, body)

    def _write(self, method: str, params: Params, status: int, answer: Json, *, applied: bool) -> None:
        values = params.values | {
            name: f"<{len(file.content)} bytes>"
            for name, file in params.files.items()
            if f"attach://{name}" not in params.values.values()
        }
        self._state.ledger.add(self._state.timestamp(), method, values, status, answer, applied)
