"""A portal that costs no time, and a client that talks to it on a clock moved by hand."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.bitrix24.doubles import doubles
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.standin import Bitrix24
from sandbox.server import build_sandbox
from sandbox.telegram.world import World
from sandbox.transport import LoopbackTransport
from tests.clock import HandClock

BASE = "http://sandbox.test"
DOMAIN = "home.bitrix24.ru"
FORMS = 1036


class Caller:
    """Calls methods as a client does, with JSON bodies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, method: str, **params: Any) -> httpx.Response:
        return await self.client.post(method, json=params)

    async def ok(self, method: str, **params: Any) -> Any:
        """The result of a call that must succeed."""
        answer = await self.call(method, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    async def refused(self, method: str, **params: Any) -> tuple[int, Any, str]:
        """Status, code and text of a call that must fail."""
        answer = await self.call(method, **params)
        body = answer.json()
        assert "error" in body, body
        return answer.status_code, body["error"], body["error_description"]

    async def batch(self, *commands: str, halt: object = 0, **named: str) -> dict[str, Any]:
        """The sections of a batch; unnamed commands are c0, c1 and so on."""
        numbered = {f"c{place}": one for place, one in enumerate(commands)}
        result: dict[str, Any] = await self.ok("batch", halt=halt, cmd=numbered | named)
        return result


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def bitrix24(clock: HandClock) -> Bitrix24:
    found = Bitrix24(clock)
    clock.in_flight = lambda: found.traffic.in_flight + found.traffic.pushing
    return found


@pytest.fixture
def portal(bitrix24: Bitrix24) -> Portal:
    portal = bitrix24.add_portal(DOMAIN)
    portal.add_smart_process(FORMS, "Анкеты")
    portal.dictionaries.add_funnel(1, "Обучение")
    assert doubles(portal) == []
    return portal


@pytest.fixture
def app(bitrix24: Bitrix24, clock: HandClock) -> Starlette:
    return build_sandbox(clock, world=World(clock), bitrix24=bitrix24)


@pytest.fixture
async def client(app: Starlette, portal: Portal, clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    transport = LoopbackTransport(app, clock)
    async with httpx.AsyncClient(transport=transport, base_url=portal.url(BASE), timeout=None) as client:
        yield client


@pytest.fixture
def caller(client: httpx.AsyncClient) -> Caller:
    return Caller(client)
