"""How large and how slow a request may be."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.clock import HandClock
from tests.web.door import SECRET_HEADER, WEBHOOK, FakeIntake, assert_problem, caller_of, open_door

LIMIT = 20_000
SLACK = 65_536
CHUNK = 4096


def _chunks(count: int) -> AsyncIterator[bytes]:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * CHUNK

    return chunks()


class Wire:
    """One request as a server hands it over, and a record of what became of it."""

    def __init__(self, *headers: tuple[bytes, bytes], chunk: bytes = b"x" * CHUNK) -> None:
        secret = [(name.lower().encode(), value.encode()) for name, value in SECRET_HEADER.items()]
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": WEBHOOK,
            "raw_path": WEBHOOK.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [*secret, *headers],
            "client": ("192.0.2.7", 4711),
            "server": ("hub.test", 80),
        }
        self.read = 0
        self.sent: list[Any] = []
        self._chunk = chunk

    async def receive(self) -> Any:
        """A body without an end."""
        self.read += len(self._chunk)
        return {"type": "http.request", "body": self._chunk, "more_body": True}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    def header(self, name: bytes) -> bytes | None:
        """A header of the answer."""
        headers: Sequence[tuple[bytes, bytes]] = self.sent[0]["headers"]
        return dict(headers).get(name)


async def test_a_body_of_exactly_the_limit_is_taken_and_one_more_byte_is_not(tmp_path: Path) -> None:
    intake = FakeIntake()
    async with open_door(tmp_path, intake=intake, MAX_REQUEST_BYTES=str(LIMIT)) as door:
        assert (await door.post_update(b"x" * LIMIT)).status_code == 200
        assert_problem(await door.post_update(b"x" * (LIMIT + 1)), 413)

    assert [len(body) for body in intake.taken] == [LIMIT]


async def test_a_body_in_chunks_is_counted(tmp_path: Path) -> None:
    intake = FakeIntake()
    async with open_door(tmp_path, intake=intake, MAX_REQUEST_BYTES=str(LIMIT)) as door:
        fits = await door.caller.post(WEBHOOK, content=_chunks(LIMIT // CHUNK), headers=SECRET_HEADER)
        assert fits.status_code == 200
        large = await door.caller.post(WEBHOOK, content=_chunks(LIMIT // CHUNK + 1), headers=SECRET_HEADER)
        assert_problem(large, 413)

    assert len(intake.taken) == 1


async def test_an_endless_body_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    async with open_door(tmp_path, MAX_REQUEST_BYTES=str(LIMIT)) as door:
        wire = Wire((b"transfer-encoding", b"chunked"))
        await door.app(wire.scope, wire.receive, wire.send)

    assert wire.status == 413
    assert wire.read <= LIMIT + SLACK
    assert wire.read < LIMIT + 2 * CHUNK
    assert wire.header(b"connection") == b"close"


@pytest.mark.parametrize("length", [b"20001", b"9" * 18, b"9" * 5000])
async def test_a_body_declared_too_large_is_not_read_at_all(tmp_path: Path, length: bytes) -> None:
    async with open_door(tmp_path, MAX_REQUEST_BYTES=str(LIMIT)) as door:
        wire = Wire((b"content-length", length))
        await door.app(wire.scope, wire.receive, wire.send)

    assert wire.status == 413
    assert wire.read == 0
    assert wire.header(b"connection") == b"close"


@pytest.mark.parametrize("length", [b"5", b"-1", b"many", b"", b"1_0", "٣".encode()])
async def test_a_declared_length_that_is_not_true_does_not_lift_the_limit(
    tmp_path: Path, length: bytes
) -> None:
    async with open_door(tmp_path, MAX_REQUEST_BYTES=str(LIMIT)) as door:
        wire = Wire((b"content-length", length))
        await door.app(wire.scope, wire.receive, wire.send)

    assert wire.status == 413
    assert wire.read < LIMIT + 2 * CHUNK


async def test_an_answer_that_did_not_wait_for_an_open_body_ends_the_connection(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        wire = Wire((b"transfer-encoding", b"chunked"))
        wire.scope["headers"] = [(b"transfer-encoding", b"chunked")]  # no secret: refused unread
        await door.app(wire.scope, wire.receive, wire.send)

    assert wire.status == 401
    assert wire.read == 0
    assert wire.header(b"connection") == b"close"


async def test_a_body_that_was_read_leaves_the_connection_open(tmp_path: Path) -> None:
    async with open_door(tmp_path, intake=FakeIntake()) as door:
        response = await door.caller.post(WEBHOOK, content=_chunks(2), headers=SECRET_HEADER)

    assert response.status_code == 200
    assert "connection" not in response.headers


async def test_the_limit_holds_for_routes_that_read_json(tmp_path: Path) -> None:
    async with open_door(tmp_path, MAX_REQUEST_BYTES=str(LIMIT)) as door:

        @door.app.post("/parcels")
        async def take(parcel: dict[str, str]) -> None:
            raise AssertionError("not reached")

        headers = {"Content-Type": "application/json"}
        response = await door.caller.post("/parcels", content=_chunks(10), headers=headers)
        assert_problem(response, 413)


async def test_a_request_that_takes_too_long_is_a_503(tmp_path: Path) -> None:
    clock = HandClock()
    async with open_door(tmp_path, clock=clock, REQUEST_TIMEOUT="5") as door:
        ended: list[str] = []

        @door.app.get("/slow")
        async def slow(seconds: float) -> str:
            try:
                await clock.sleep(seconds)
            finally:
                ended.append("slow")
            return "done"

        in_time = await clock.run(door.caller.get("/slow", params={"seconds": 4.9}))
        assert in_time.json() == "done"
        begun = clock.monotonic()
        late = await clock.run(door.caller.get("/slow", params={"seconds": 3600}))

    assert_problem(late, 503)
    assert late.headers["retry-after"]
    assert clock.monotonic() - begun == pytest.approx(5)
    assert ended == ["slow", "slow"]


async def test_somebody_elses_timeout_is_not_taken_for_the_requests_own_limit(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:

        @door.app.get("/impatient")
        async def impatient() -> None:
            raise TimeoutError("a wait further in")

        assert_problem(await door.caller.get("/impatient"), 500)


async def test_an_update_that_does_not_arrive_in_time_is_a_503_and_is_not_stored(tmp_path: Path) -> None:
    clock, intake = HandClock(), FakeIntake()

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(10):
            await clock.sleep(1)
            yield b"x"

    async with open_door(tmp_path, clock=clock, intake=intake, REQUEST_TIMEOUT="5") as door:
        begun = clock.monotonic()
        response = await clock.run(door.caller.post(WEBHOOK, content=trickle(), headers=SECRET_HEADER))

    assert_problem(response, 503)
    assert response.headers["connection"] == "close"
    assert clock.monotonic() - begun == pytest.approx(5)
    assert intake.taken == []


async def test_an_update_that_became_durable_slowly_is_never_answered_no(tmp_path: Path) -> None:
    clock = HandClock()

    class SlowIntake(FakeIntake):
        async def accept(self, raw: bytes) -> object:
            self.taken.append(raw)
            await clock.sleep(30)
            return None

    intake = SlowIntake()
    async with open_door(tmp_path, clock=clock, intake=intake, REQUEST_TIMEOUT="5") as door:
        response = await clock.run(door.post_update(b"{}"))

    assert response.status_code == 200
    assert intake.taken == [b"{}"]


async def test_a_caller_that_leaves_while_it_sends_is_no_failure(tmp_path: Path) -> None:
    intake = FakeIntake()
    async with open_door(tmp_path, intake=intake) as door:
        wire = Wire((b"transfer-encoding", b"chunked"))

        async def gone() -> Any:
            return {"type": "http.disconnect"}

        await door.app(wire.scope, gone, wire.send)

    assert wire.sent == []
    assert intake.taken == []


async def test_requests_at_one_time_do_not_mix_their_ids(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, caller_of(door.app) as caller:
        answers = await asyncio.gather(*(caller.get(f"/nothing/{n}") for n in range(30)))

    ids = {assert_problem(answer, 404)["correlation_id"] for answer in answers}
    assert len(ids) == 30
