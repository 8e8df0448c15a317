"""The server on a real socket, inside the loop of the test."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from services.engine.clock import SystemClock
from services.engine.supervisor import Supervisor
from settings import Http
from tests.web.conftest import Lines
from tests.web.door import (
    SECRET_HEADER,
    WEBHOOK,
    Door,
    FakeIntake,
    assert_problem,
    open_door,
    settings_for,
)
from web.server import LINGER_BYTES, CannotListen, WebServer


class Room:
    """An application whose requests stay inside until the test lets them go."""

    def __init__(self) -> None:
        self.entered = asyncio.Semaphore(0)
        self.open = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered.release()
        await self.open.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})


def http_settings(folder: Path, **more: str) -> Http:
    """The HTTP group alone."""
    return settings_for(folder, **more).http


@asynccontextmanager
async def serving(app: ASGIApp, settings: Http) -> AsyncIterator[WebServer]:
    """A started server for the block."""
    supervisor = Supervisor(SystemClock())
    server = WebServer(app, settings, supervisor)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(1.0)
        await supervisor.stop(1.0)


@pytest.fixture
async def server(door: Door) -> AsyncIterator[WebServer]:
    """The whole door on a free port."""
    async with serving(door.app, door.settings.http) as started:
        yield started


async def _raw(port: int, request: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_the_socket_listens_once_start_returns_and_the_port_is_the_real_one(server: WebServer) -> None:
    assert server.port > 0
    assert server.address == f"http://127.0.0.1:{server.port}"
    async with httpx.AsyncClient() as client:
        response = await client.get(f"{server.address}/health/live")
    assert response.status_code == 200
    assert "date" in response.headers
    assert "server" not in response.headers


async def test_an_update_goes_through_a_real_socket_into_the_inbox(door: Door, server: WebServer) -> None:
    async with httpx.AsyncClient(base_url=server.address) as client:
        for _ in range(2):
            response = await client.post(WEBHOOK, content=b'{"update_id":9}', headers=SECRET_HEADER)
            assert (response.status_code, response.content) == (200, b"")

    assert door.sql("SELECT dedup_id FROM jobs") == [("77:9",)]


async def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        supervisor = Supervisor(SystemClock())
        server = WebServer(Room(), http_settings(tmp_path, HTTP_PORT=str(port)), supervisor)
        with pytest.raises(CannotListen) as caught:
            await server.start()
        assert str(caught.value) == f"port {port} is in use"
        assert isinstance(caught.value, OSError)
        assert supervisor.names == []
        await server.stop(1.0)


async def test_an_address_that_is_not_ours_is_told_in_one_line(tmp_path: Path) -> None:
    settings = http_settings(tmp_path, HTTP_HOST="192.0.2.1", HTTP_PORT="8020")
    with pytest.raises(CannotListen, match=r"^cannot listen on 192\.0\.2\.1, port 8020: .+$"):
        await WebServer(Room(), settings, Supervisor(SystemClock())).start()


async def test_a_host_name_is_listened_on_at_all_its_addresses_and_one_port(tmp_path: Path) -> None:
    async with serving(Room(), http_settings(tmp_path, HTTP_HOST="localhost")) as server:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo("localhost", server.port, type=socket.SOCK_STREAM)
        for address in {str(info[4][0]) for info in found}:
            _, writer = await asyncio.open_connection(address, server.port)
            writer.close()


async def test_two_servers_in_one_loop_do_not_mind_each_other(tmp_path: Path, door: Door) -> None:
    async with serving(door.app, door.settings.http) as one, serving(door.app, door.settings.http) as two:
        assert one.port != two.port
        async with httpx.AsyncClient() as client:
            for server in (one, two):
                assert (await client.get(f"{server.address}/health/live")).status_code == 200


async def test_signals_stay_with_whoever_runs_the_loop(door: Door) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    async with serving(door.app, door.settings.http) as server, httpx.AsyncClient() as client:
        await client.get(f"{server.address}/health/live")
        assert [signal.getsignal(number) for number in numbers] == before
    assert [signal.getsignal(number) for number in numbers] == before


async def test_a_stop_lets_what_runs_end_and_takes_no_more(tmp_path: Path) -> None:
    room = Room()
    async with serving(room, http_settings(tmp_path)) as server, httpx.AsyncClient() as client:
        async with asyncio.TaskGroup() as group:
            inside = group.create_task(client.get(server.address))
            await room.entered.acquire()
            stopping = group.create_task(server.stop(30.0))
            while True:  # until the listener is gone
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                except OSError:
                    break
                writer.close()
            assert not stopping.done()
            room.open.set()
        assert inside.result().content == b"done"
        assert inside.result().headers["connection"] == "close"
        with pytest.raises(httpx.ConnectError):
            await client.get(server.address)


async def test_what_outlasts_the_grace_is_answered_503_and_cut_off(tmp_path: Path, lines: Lines) -> None:
    entered = asyncio.Event()
    async with open_door(tmp_path) as door:

        @door.app.get("/slow")
        async def slow() -> None:
            entered.set()
            await asyncio.Event().wait()

        async with serving(door.app, door.settings.http) as server, httpx.AsyncClient() as client:
            async with asyncio.TaskGroup() as group:
                inside = group.create_task(client.get(f"{server.address}/slow"))
                await entered.wait()
                await server.stop(0.05)
            assert_problem(inside.result(), 503)
    assert lines("web.grace_over")[0]["details"] == {"requests": 1}
    assert lines("Exception in ASGI application\n") == []


async def test_an_idle_connection_does_not_hold_up_a_stop(door: Door, server: WebServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: hub\r\n\r\n")
    await reader.readuntil(b'"alive"}')
    async with asyncio.timeout(60):
        await server.stop(600.0)
        assert await reader.read() == b""
    writer.close()


async def test_stop_without_start_and_stop_twice_are_fine(tmp_path: Path) -> None:
    server = WebServer(Room(), http_settings(tmp_path), Supervisor(SystemClock()))
    await server.stop(1.0)
    await server.start()
    await server.stop(1.0)
    await server.stop(1.0)


async def test_as_many_connections_as_configured_are_served_and_the_next_is_refused(tmp_path: Path) -> None:
    room = Room()
    settings = http_settings(tmp_path, HTTP_CONNECTIONS="2")
    async with serving(room, settings) as server, httpx.AsyncClient() as client:
        async with asyncio.TaskGroup() as group:
            served = [group.create_task(client.get(server.address)) for _ in range(2)]
            for _ in served:
                await room.entered.acquire()
            assert (await client.get(server.address)).status_code == 503
            room.open.set()
        assert [task.result().status_code for task in served] == [200, 200]


async def test_a_chunked_body_over_the_limit_is_refused_and_the_connection_closed(tmp_path: Path) -> None:
    async with (
        open_door(tmp_path, intake=FakeIntake(), MAX_REQUEST_BYTES="20000") as door,
        serving(door.app, door.settings.http) as server,
    ):
        secret = "".join(f"{name}: {value}\r\n" for name, value in SECRET_HEADER.items())
        head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: hub\r\n{secret}Transfer-Encoding: chunked\r\n\r\n".encode()
        answer = await _raw(
            server.port, head + b"1000\r\n" + b"x" * 4096 + b"\r\n" + b"8000\r\n" + b"x" * 0x8000
        )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer
    assert b"application/problem+json" in answer


async def test_who_waits_to_be_asked_for_a_large_body_is_refused_before_sending_it(server: WebServer) -> None:
    head = (
        f"POST {WEBHOOK} HTTP/1.1\r\nHost: hub\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    ).encode()
    answer = await _raw(server.port, head)

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_who_sends_all_before_reading_sees_that_it_was_too_much(server: WebServer) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(3):
            answer = await client.post(f"{server.address}{WEBHOOK}", content=b"x" * 11_000_000)
            assert answer.status_code == 413


async def test_who_goes_on_sending_after_the_answer_is_cut_off(server: WebServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: hub\r\nContent-Length: {2**40}\r\n\r\n".encode()
    writer.write(head)
    assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
    with pytest.raises(ConnectionError):
        await _send(writer, 2 * LINGER_BYTES)
    writer.close()


async def _send(writer: asyncio.StreamWriter, size: int) -> None:
    for _ in range(size // 2**20):
        writer.write(b"x" * 2**20)
        await writer.drain()


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: hub\r\nX-Slow: "])
async def test_a_head_that_does_not_arrive_in_time_costs_its_connection(tmp_path: Path, sent: bytes) -> None:
    async with serving(Room(), http_settings(tmp_path, REQUEST_TIMEOUT="0.05")) as server:
        async with asyncio.timeout(60):
            assert await _raw(server.port, sent) == b""


async def test_a_body_that_goes_on_after_its_answer_does_not_hold_the_connection(tmp_path: Path) -> None:
    room = Room()
    room.open.set()
    head = b"POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 60000\r\n\r\n"
    async with serving(room, http_settings(tmp_path, REQUEST_TIMEOUT="0.05")) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(60):
            writer.write(head)
            await reader.readuntil(b"done")
            writer.write(b"x")  # takes uvicorn's own keep-alive limit off
            assert await reader.read() == b""
        writer.close()


async def test_a_request_that_works_longer_than_its_head_may_take_is_left_alone(tmp_path: Path) -> None:
    room = Room()
    settings = http_settings(tmp_path, REQUEST_TIMEOUT="0.05")
    async with serving(room, settings) as server, httpx.AsyncClient() as client:
        async with asyncio.TaskGroup() as group:
            inside = group.create_task(client.get(server.address))
            await room.entered.acquire()
            # Opened later and never used: when this one is closed, the time of the other was over too.
            assert await _raw(server.port, b"") == b""
            room.open.set()
        assert inside.result().content == b"done"


async def test_the_servers_own_access_lines_are_off(server: WebServer, lines: Lines, capfd: Any) -> None:
    async with httpx.AsyncClient() as client:
        await client.get(f"{server.address}/health/live", params={"token": "t0ken-in-a-query"})
    assert len(lines("web.request")) == 1
    assert "t0ken" not in capfd.readouterr().out


async def test_a_forwarded_address_is_not_believed(server: WebServer, lines: Lines) -> None:
    async with httpx.AsyncClient() as client:
        headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        await client.get(f"{server.address}/health/live", headers=headers)
    assert lines("web.request")[0]["details"]["client"] == "127.0.0.1"


def test_it_serves_on_uvloop_too(tmp_path: Path) -> None:
    async def once() -> None:
        async with (
            open_door(tmp_path) as door,
            serving(door.app, door.settings.http) as server,
            httpx.AsyncClient(base_url=server.address) as client,
        ):
            response = await client.post(WEBHOOK, content=b'{"update_id":9}', headers=SECRET_HEADER)
            assert response.status_code == 200
            assert (await client.get("/health/ready")).status_code == 200

    uvloop.run(once())
