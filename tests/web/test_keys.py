"""Stored keys at the door: revoked, through an outage, and their last use."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.flow.keys import ABSENT_TTL, STALE, TTL, USE_EVERY, NewKey
from tests.clock import HandClock
from tests.web.conftest import Lines
from tests.web.door import KEY, Door, assert_problem, open_door


class TimedDoor:
    """A door whose time a test moves."""

    def __init__(self, door: Door, clock: HandClock) -> None:
        self.door = door
        self.clock = clock

    async def get(self, made: NewKey, address: str = "/openapi.json") -> httpx.Response:
        """Ask with a stored key."""
        return await self.door.caller.get(address, headers={"X-API-Key": made.text})

    def used_at(self, made: NewKey) -> object:
        """When the row says that the key was last used."""
        return self.door.sql(f"SELECT used_at FROM keys WHERE id = {made.key.id}")[0][0]


@pytest.fixture
async def timed(tmp_path: Path) -> AsyncIterator[TimedDoor]:
    clock = HandClock()
    async with open_door(tmp_path, clock=clock) as door:
        clock.in_flight = lambda: door.database.in_flight
        yield TimedDoor(door, clock)


async def test_a_stored_key_opens_and_is_asked_of_the_database_once(timed: TimedDoor) -> None:
    made = await timed.door.key()
    before = timed.door.database.calls

    for _ in range(5):
        assert (await timed.get(made)).status_code == 200
    assert timed.door.database.calls == before + 1


async def test_neither_the_key_nor_what_opens_with_it_is_in_the_database_or_the_log(
    timed: TimedDoor, lines: Lines
) -> None:
    made = await timed.door.key()
    await timed.get(made)
    await timed.get(made, f"/gallery/sets?key={made.text}")

    dump = str([timed.door.sql(f"SELECT * FROM {table}") for table in ("keys", "journal", "invalidations")])
    assert made.text not in dump
    assert made.text[8:] not in dump
    assert len(lines("web.request")) == 2
    assert made.text[8:] not in str(lines("web.request"))


async def test_a_revoked_key_is_refused_within_two_seconds_in_every_process(timed: TimedDoor) -> None:
    made = await timed.door.key()
    timed.door.hub.supervisor.spawn("follow", timed.door.hub.invalidations.follow)
    assert (await timed.get(made)).status_code == 200
    await timed.clock.advance(3)

    # As `run.py keys revoke` does in a process of its own: nothing but rows comes here.
    await timed.door.register.revoke(made.key.id, actor="test")
    await timed.clock.advance(2)

    assert_problem(await timed.get(made), 401)


async def test_a_revoked_key_is_refused_after_a_minute_even_when_no_hint_comes(timed: TimedDoor) -> None:
    made = await timed.door.key()
    assert (await timed.get(made)).status_code == 200
    await timed.door.register.revoke(made.key.id, actor="test")

    await timed.clock.advance(TTL)

    assert_problem(await timed.get(made), 401)


async def test_an_unknown_key_is_not_asked_for_again_at_once(timed: TimedDoor) -> None:
    unknown = {"X-API-Key": "swb_" + "x" * 43}
    before = timed.door.database.calls
    for _ in range(5):
        assert_problem(await timed.door.caller.get("/openapi.json", headers=unknown), 401)
    assert timed.door.database.calls == before + 1

    await timed.clock.advance(ABSENT_TTL)
    assert_problem(await timed.door.caller.get("/openapi.json", headers=unknown), 401)
    assert timed.door.database.calls == before + 2


async def test_what_has_not_the_shape_of_a_key_never_reaches_the_database(timed: TimedDoor) -> None:
    before = timed.door.database.calls
    for text in ("x", "swb_", "swb_" + "x" * 42, "swb_" + "x" * 44, "swb_" + "ж" * 43, " swb_" + "x" * 43):
        raw = [(b"x-api-key", text.encode())]
        assert_problem(await timed.door.caller.get("/openapi.json", headers=raw), 401)
    assert timed.door.database.calls == before


async def test_while_the_database_is_away_known_keys_work_and_unknown_ones_get_a_503(
    timed: TimedDoor,
) -> None:
    known, unknown = await timed.door.key(), await timed.door.key()
    assert (await timed.get(known)).status_code == 200
    await timed.clock.advance(TTL + 60)

    timed.door.database.away = True
    assert (await timed.get(known)).status_code == 200
    response = assert_problem_503(await timed.get(unknown))
    assert response.headers["retry-after"] == "1"
    assert (await timed.door.get("/openapi.json")).status_code == 200  # a key of the settings needs nobody

    timed.door.database.away = False
    assert (await timed.get(unknown)).status_code == 200


async def test_a_key_is_not_believed_for_ever_without_the_database(timed: TimedDoor) -> None:
    made = await timed.door.key()
    assert (await timed.get(made)).status_code == 200
    timed.door.database.away = True

    await timed.clock.advance(TTL + STALE)

    assert_problem_503(await timed.get(made))


async def test_the_last_use_is_written_apart_from_requests_and_at_most_once_a_minute(
    timed: TimedDoor,
) -> None:
    made = await timed.door.key()
    timed.door.hub.supervisor.spawn("keys.use", timed.door.hub.keys.keep_use)
    for second in range(10):
        await timed.get(made)
        await timed.clock.advance(1)
        assert timed.used_at(made) is None, second
    await timed.clock.advance(USE_EVERY - 10)
    assert timed.used_at(made) == "2026-01-15T12:00:09.000000Z"

    calls = timed.door.database.calls
    await timed.clock.advance(USE_EVERY * 5)  # nobody uses it: nothing is written
    assert timed.door.database.calls == calls


async def test_a_last_use_that_could_not_be_written_is_written_later(timed: TimedDoor) -> None:
    made = await timed.door.key()
    timed.door.hub.supervisor.spawn("keys.use", timed.door.hub.keys.keep_use)
    await timed.get(made)
    timed.door.database.away = True
    await timed.clock.advance(USE_EVERY)
    assert (await timed.get(made)).status_code == 200

    timed.door.database.away = False
    await timed.clock.advance(USE_EVERY)
    assert timed.used_at(made) is not None


async def test_a_refused_scope_counts_as_use_and_a_key_of_the_settings_is_no_row(timed: TimedDoor) -> None:
    made = await timed.door.key("webhook")
    assert_problem(await timed.get(made), 403)
    await timed.door.hub.keys.write_use()

    assert timed.used_at(made) is not None
    assert (await timed.door.caller.get("/openapi.json", headers={"X-API-Key": KEY})).status_code == 200
    assert timed.door.sql("SELECT count(*) FROM keys") == [(1,)]


def assert_problem_503(response: httpx.Response) -> httpx.Response:
    """Not known is another thing than not allowed."""
    assert_problem(response, 503)
    return response
