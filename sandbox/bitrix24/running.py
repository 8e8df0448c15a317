"""Running the methods of one request, one after the other, as one PHP process does."""

from dataclasses import dataclass
from typing import Any

from sandbox.bitrix24.faults import Fault, refusal
from sandbox.bitrix24.ledger import Call, Command
from sandbox.bitrix24.methods import all_methods
from sandbox.bitrix24.methods.hit import Hit, Method
from sandbox.bitrix24.portal import Portal, Webhook
from sandbox.bitrix24.wire import Answer, RestError, method_not_found, operating_limit
from sandbox.telegram.bell import Traffic


class Broken(Exception):
    """The request ends here, and no answer of its own comes. `kind` is a fault's, or "cut"."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Skipped(Exception):
    """The command is not worked, and nothing is said of it."""


@dataclass(slots=True)
class Run:
    """One request at work. `processing` is how long its methods have taken so far."""

    portal: Portal
    webhook: Webhook
    call: Call
    traffic: Traffic
    processing: float = 0.0

    async def command(self, name: str, method: str, params: Any) -> Answer:
        """One method. Raises RestError for a refusal, Broken when the whole request ends, Skipped."""
        entry = Command(name, method, params)
        self.call.commands.append(entry)
        try:
            return await self._tried(entry)
        except RestError as error:
            entry.code = error.code
            raise

    async def _tried(self, entry: Command) -> Answer:
        method = self._permitted(entry.method)
        fault = self.portal.faults.take([entry.method], inside=True)
        if fault is not None and not fault.applies:
            raise broken_by(fault)
        await self._work(self.portal.duration(entry.method))
        try:
            answer = method.run(Hit(self.portal, self.webhook, entry.params))
        finally:
            seconds = self.portal.duration(entry.method)
            self.portal.operating.add(self.webhook.code, entry.method, seconds)
        entry.applied = self.call.applied = True
        await self._struck(fault)
        return answer

    def _permitted(self, name: str) -> Method:
        method = all_methods().get(name)
        if method is None:
            raise method_not_found()
        if method.scopes and not self.webhook.scopes.intersection(method.scopes):
            text = "The request requires higher privileges than provided by the webhook token"
            raise RestError("insufficient_scope", text, 401)
        if self.portal.operating.blocks(self.webhook.code, name):
            raise operating_limit()
        return method

    async def _work(self, seconds: float) -> None:
        """Let the time pass. Raises Broken when the portal's patience with the request ends."""
        left = self.portal.request_seconds - self.processing
        await self.pause(min(seconds, left))
        self.processing += min(seconds, left)
        if seconds > left:
            self.portal.ledger.cut += 1
            raise Broken("cut" if self.portal.cut_by == "html" else self.portal.cut_by)

    async def _struck(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.kind != "slow":
            raise broken_by(fault)
        await self.pause(fault.delay)

    async def pause(self, seconds: float) -> None:
        """Wait without counting as being at work."""
        if seconds > 0:
            with self.traffic.parked():
                await self.portal.clock.sleep(seconds)


def broken_by(fault: Fault) -> Exception:
    """What a fault raises where one command stands: its own refusal, or the end of the whole request."""
    if fault.kind == "skipped":
        return Skipped()
    return refusal(fault.kind) or Broken(fault.kind)
