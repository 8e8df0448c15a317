"""How it is with a portal, for the health routes and the doctor. Its address never shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.errors import PortalMisconfigured, PortalRefused
from services.engine.clock import Clock
from services.engine.health import Told

SCOPES = ("crm",)  # without which the hub can do nothing there
PATIENCE = 8.0  # seconds for repeats too: what failed says more than that the doctor's time is over
HINT = "See BITRIX24_URL, and whether the portal can be opened in a browser."
WEBHOOK_HINT = "Make a new incoming webhook in the portal and put its address into {variable}."
SCOPE_HINT = "Tick it in the portal's webhook."
PROCESS_HINT = "docs/operations/bitrix24.md tells where the portal shows the number."


class PortalProbe:
    """Looks at one portal; `processes`: the smart processes it should have, by the variables for them."""

    def __init__(
        self,
        portal: Portal,
        clock: Clock,
        processes: Mapping[str, int],
        variable: str = "BITRIX24_URL",
    ) -> None:
        """`variable`: where its address stands."""
        self._variable = variable
        self._portal = portal
        self._clock = clock
        self._processes = processes

    async def check(self) -> str | None:
        """For the list of health checks: what was noticed last."""
        breaker = self._portal.breaker
        if breaker.state == "closed":
            return None
        return f"{self._portal.domain} is left alone: {breaker.trouble or 'it failed'}"

    async def probe(self) -> list[Told]:
        """For the doctor: ask it now. Raises PortalUnavailable."""
        begun = self._clock.monotonic()
        try:
            async with self._clock.timeout(PATIENCE):
                scopes = (await self._portal.call("scope", urgent=True)).result
        except TimeoutError:
            return [Told("failed", self._portal.breaker.trouble or f"no answer in {PATIENCE:.0f} s")]
        except PortalMisconfigured as error:
            hint = WEBHOOK_HINT.format(variable=self._variable)
            return [Told("failed", f"{self._portal.domain} refuses the webhook: {error}", hint)]
        took = round((self._clock.monotonic() - begun) * 1000)
        told = [Told("ok", f"{self._portal.domain} answers in {took} ms")]
        if missing := _missing(scopes):
            return [*told, missing]
        return told + await self._lost_processes()

    async def _lost_processes(self) -> list[Told]:
        told = []
        for variable, number in self._processes.items():
            try:
                await self._portal.call("crm.item.fields", {"entityTypeId": number}, urgent=True)
            except PortalRefused as error:
                what = f"{variable} is {number}, and the portal shows no such smart process ({error})"
                told.append(Told("failed", what, PROCESS_HINT))
        return told


def _missing(scopes: Any) -> Told | None:
    granted = {str(scope) for scope in scopes} if isinstance(scopes, Iterable) else set()
    if missing := ", ".join(scope for scope in SCOPES if scope not in granted):
        return Told("failed", f"the webhook lacks the permission {missing}", SCOPE_HINT)
    return None
