"""Portals on a real socket, with real time."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.seed import HOME
from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving

PATIENCE = 20.0


@pytest.fixture
async def home() -> AsyncIterator[tuple[Portal, httpx.AsyncClient]]:
    """The demo's home portal, and a client of it."""
    app = build_sandbox(SystemClock())
    portal: Portal = app.state.bitrix24.portals[HOME]
    portal.latency = portal.command_latency = 0.0
    async with serving(app) as address, httpx.AsyncClient(base_url=portal.url(address)) as client:
        yield portal, client


async def test_a_batch_goes_over_the_wire(home: tuple[Portal, httpx.AsyncClient]) -> None:
    portal, client = home
    cmd = {"c0": "crm.contact.add?fields[NAME]=Anna", "c1": "crm.contact.get?id=$result[c0]"}
    answer = await client.post("batch", json={"cmd": cmd, "halt": 1})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json()["result"]["result"]["c1"]["NAME"] == "Anna"
    assert len(portal.contacts) == 31


async def test_connections_break_for_real(home: tuple[Portal, httpx.AsyncClient]) -> None:
    portal, client = home
    portal.faults.plan("lost_answer")
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("crm.deal.add", json={})
    assert len(portal.deals) == 61
    portal.faults.plan("timeout")
    with pytest.raises(httpx.ReadTimeout):
        await client.post("crm.deal.add", json={}, timeout=0.2)
    assert len(portal.deals) == 61


async def test_events_are_pushed_by_themselves(home: tuple[Portal, httpx.AsyncClient]) -> None:
    portal, client = home
    told, came = [], asyncio.Event()

    async def handle(request: Request) -> Response:
        told.append(await request.body())
        came.set()
        return Response()

    async with serving(_sandbox_with(handle)) as address:
        portal.events.subscribe(f"{address}/events", "APP_TOKEN")
        await client.post("crm.deal.add", json={"fields": {"TITLE": "x"}})
        async with asyncio.timeout(PATIENCE):
            await came.wait()
    assert b"event=ONCRMDEALADD" in told[0]
    assert b"data%5BFIELDS%5D%5BID%5D=61" in told[0]


def _sandbox_with(handle: object) -> Starlette:
    """An application with one door."""
    return Starlette(routes=[Route("/events", handle, methods=["POST"])])  # type: ignore[arg-type]
