"""The sandbox on a real socket, with real time."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serve_sandbox, serving
from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE
from tests.telegram_oracle import check_ledger

HELLO = {"chat_id": ALICE.id, "text": "hello"}


@pytest.fixture
async def app() -> Starlette:
    return build_sandbox(SystemClock())


@pytest.fixture
def live(app: Starlette) -> World:
    world: World = app.state.telegram.world
    return world


@pytest.fixture
async def address(app: Starlette, live: World) -> AsyncIterator[str]:
    async with serving(app) as address:
        yield address
    check_ledger(live)


@pytest.fixture
async def client(address: str, live: World) -> AsyncIterator[httpx.AsyncClient]:
    base = f"{address}/telegram/bot{live.token}"
    async with httpx.AsyncClient(base_url=base, timeout=20) as client:
        yield client


async def test_a_long_poll_answers_at_once_when_something_happens(
    client: httpx.AsyncClient, live: World
) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(client.post("/getUpdates", json={"timeout": 30}))
        while live.updates.mode != "polling":
            await asyncio.sleep(0)
        live.send_text(ALICE.id, ALICE.id, "/start")
    assert poll.result().json()["result"][0]["message"]["text"] == "/start"


async def test_a_poller_that_hangs_up_leaves_no_poll_behind(client: httpx.AsyncClient, live: World) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await client.post("/getUpdates", json={"timeout": 30}, timeout=0.05)
    while not live.ledger.of("getUpdates"):
        await asyncio.sleep(0)
    assert (await client.post("/getUpdates", json={"timeout": 0})).json()["result"] == []
    assert [call.status for call in live.ledger.of("getUpdates")] == [200, 200]


async def test_faults_break_the_connection_itself(client: httpx.AsyncClient, live: World) -> None:
    live.faults.add("refused", "sendMessage", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/sendMessage", json=HELLO)
    assert live.sent(ALICE.id) == []
    live.faults.add("lost_answer", "sendMessage", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/sendMessage", json=HELLO)
    assert len(live.sent(ALICE.id)) == 1
    live.faults.add("timeout", "sendMessage", times=1)
    with pytest.raises(httpx.ReadTimeout):
        await client.post("/sendMessage", json=HELLO, timeout=0.05)
    assert len(live.sent(ALICE.id)) == 1
    assert (await client.post("/sendMessage", json=HELLO)).status_code == 200


async def test_updates_are_pushed_over_the_network_and_again_after_a_500(
    client: httpx.AsyncClient, live: World
) -> None:
    received: list[dict[str, object]] = []
    done = asyncio.Event()

    async def take(request: Request) -> Response:
        received.append(json.loads(await request.body()))
        if len(received) == 2:
            done.set()
        return Response(status_code=500 if len(received) == 1 else 200)

    async with serving(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as hub:
        await client.post("/setWebhook", json={"url": f"{hub}/hook", "secret_token": "s"})
        live.send_text(ALICE.id, ALICE.id, "hello")
        async with asyncio.timeout(60):
            await done.wait()
        await client.post("/deleteWebhook")
    assert received[0] == received[1]


async def test_the_page_s_events_stream_and_resume(address: str, live: World) -> None:
    live.send_text(ALICE.id, ALICE.id, "before")
    last = live.feed.last
    url = f"{address}/telegram/page/events"
    async with httpx.AsyncClient(timeout=60) as client:
        headers = {"Last-Event-ID": str(last - 1)}
        async with client.stream("GET", url, params={"after": 0}, headers=headers) as stream:
            lines = stream.aiter_lines()
            assert stream.headers["content-type"].startswith("text/event-stream")
            texts = []
            async for line in lines:
                if line.startswith("data:"):
                    texts.append(json.loads(line[5:])["message"]["text"])
                    if len(texts) == 2:
                        break
                    live.send_text(ALICE.id, ALICE.id, "after")
    assert texts == ["before", "after"]


async def test_the_page_and_its_files_are_served(address: str) -> None:
    async with httpx.AsyncClient() as client:
        page = await client.get(f"{address}/telegram/")
        assert page.headers["content-type"].startswith("text/html")
        assert (await client.get(f"{address}/telegram/page/static/../server.py")).status_code == 404


async def test_closing_ends_waiting_polls_and_streams_without_delay(app: Starlette, live: World) -> None:
    async with asyncio.timeout(60), asyncio.TaskGroup() as group, httpx.AsyncClient(timeout=60) as client:
        async with serving(app) as address:
            poll = group.create_task(
                client.post(f"{address}/telegram/bot{live.token}/getUpdates", json={"timeout": 50})
            )
            stream = group.create_task(client.get(f"{address}/telegram/page/events"))
            while live.updates.mode != "polling" or not live.feed.bell.waiting:
                await asyncio.sleep(0)
        assert (await poll).json() == {"ok": True, "result": []}
        assert (await stream).status_code == 200


async def test_serving_ends_cleanly_when_cancelled(app: Starlette) -> None:
    addresses: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        server = group.create_task(serve_sandbox(app, port=0, started=addresses.put_nowait))
        address = await addresses.get()
        async with httpx.AsyncClient() as client:
            assert (await client.get(address)).status_code == 200
        server.cancel()
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as client:
            await client.get(address)
