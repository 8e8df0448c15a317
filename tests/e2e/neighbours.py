"""Two hubs, each with its own chats, one keeping the gallery of both; they talk over real HTTP."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.conftest import Judged, Log
from tests.e2e.wire import Wire, new_wire
from tests.telegram_oracle import check_ledger
from tests.town import API_KEY, Outside, Town, TownClock, new_outside

SECRET = "whsec_" + base64.b64encode(b"what both galleries know").decode()


@dataclass
class Neighbours:
    """`far` keeps the gallery, `near` asks it through the wire."""

    far: Town
    near: Town
    wire: Wire
    log: Log

    async def changes(self, method: str, name: str) -> None:
        """A program changes the gallery where it is kept."""
        async with httpx.AsyncClient(base_url=self.far.address, headers={"X-API-Key": API_KEY}) as program:
            (await program.request(method, f"/gallery/sets/{name}")).raise_for_status()

    async def tells(self, headers: dict[str, str], body: bytes) -> httpx.Response:
        """Somebody calls the near hub's webhook."""
        async with httpx.AsyncClient(base_url=self.near.address) as sender:
            return await sender.post("/webhook/gallery", headers=headers, content=body)

    def signed(self, body: bytes) -> dict[str, str]:
        """What the far gallery's sender puts into the head of a call."""
        time = str(int(self.near.clock.now().timestamp()))
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        digest = hmac.new(key, f"msg_1.{time}.".encode() + body, hashlib.sha256).digest()
        signature = "v1," + base64.b64encode(digest).decode()
        return {"webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": signature}

    def complaints(self) -> list[str]:
        """What the near hub logged about its gallery."""
        return [line["details"]["reason"] for line in self.log.events("gallery.unavailable")]


@dataclass
class Ground:
    """The two worlds before any hub runs in them."""

    far: Outside
    near: Outside
    log: Log

    @asynccontextmanager
    async def hubs(self, **more: str) -> AsyncIterator[Neighbours]:
        """Both hubs for the block; `more` are variables of the near one."""
        async with AsyncExitStack() as stack:
            far = await stack.enter_async_context(self.far.hub())
            wire = await stack.enter_async_context(new_wire(far.address))
            variables: dict[str, Any] = {
                "GALLERY_API_URL": wire.address,
                "GALLERY_API_KEY": API_KEY,
                "GALLERY_WEBHOOK_SECRET": SECRET,
            }
            near = await stack.enter_async_context(self.near.hub(**variables | more))
            await near.rest()
            yield Neighbours(far, near, wire, self.log)


@asynccontextmanager
async def new_ground(
    tmp_path: Path, clock: TownClock, template: Path, methods_used: set[str], log: Log
) -> AsyncIterator[Ground]:
    """Both worlds for as long as the block lasts. What crossed the wires is judged at the end."""
    async with AsyncExitStack() as stack:

        async def place(name: str) -> Outside:
            (tmp_path / name).mkdir()
            outside = new_outside(tmp_path / name, clock=clock, template=template)
            return await stack.enter_async_context(outside)

        far, near = await place("far"), await place("near")
        clock.in_flight = lambda: far.under_way() + near.under_way()
        yield Ground(far, near, log)
    for outside in (far, near):
        methods_used.update(call.method for call in outside.world.ledger.calls)
        assert check_ledger(Judged(outside))
