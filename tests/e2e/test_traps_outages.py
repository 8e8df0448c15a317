"""Outages on either side: Telegram away, a handler at fault, the hub stopped in the middle of its work."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.server import build_sandbox, serving
from sandbox.telegram.faults import FaultKind
from sandbox.telegram.messages import Message
from services.flow.items import Recognised
from services.version import VERSION
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

VERSION_LINE = words("version", version=VERSION)
WAIT = 50  # seconds that a 429 of these tests asks for
GRACE = 3.0


def sticker_from(outside: Outside, who: int, chat: int, name: str) -> Message:
    """A sticker that no hub has heard of yet."""
    return outside.world.send_sticker(chat, who, outside.world.library.sets[name.lower()].stickers[0])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def telegram_at(outside: Outside, port: int) -> AsyncIterator[None]:
    """The world can also be reached at this port for as long as the block lasts."""
    app: Starlette = build_sandbox(outside.clock, world=outside.world)
    outside.world.closing = False
    async with serving(app, port=port):
        yield


async def is_ready(town: Town) -> bool:
    """What the hub says of itself."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{town.address}/health/ready")).status_code == 200


@pytest.mark.parametrize("kind", ["refused", "500", "502", "429"])
async def test_while_getme_fails_updates_are_stored_and_answered_once_it_works(
    outside: Outside, clock: TownClock, kind: FaultKind
) -> None:
    outside.world.faults.add(kind, "getMe")
    outside.world.send_text(CHEN, CHEN, "/version")
    async with outside.hub() as town:
        await clock.advance(60)
        assert await is_ready(town)
        assert not town.world.updates.pending_count
        assert not town.sent(CHEN)
        assert await town.rows("SELECT state, attempts FROM jobs WHERE topic = 'telegram'") == [
            ("waiting", 0)
        ]
        town.world.send_text(CHEN, CHEN, "/whoami")
        town.world.faults.clear()
        await clock.advance(16)
        assert [head(message) for message in town.sent(CHEN)] == [VERSION_LINE, "Chen"]


async def test_a_hub_started_before_telegram_is_there_connects_when_it_comes(
    outside: Outside, clock: TownClock
) -> None:
    port = free_port()
    outside.world.send_text(CHEN, CHEN, "/version")
    async with outside.hub(TELEGRAM_API_URL=f"http://127.0.0.1:{port}/telegram") as town:
        await clock.advance(30)
        assert await is_ready(town)
        async with telegram_at(outside, port):
            await clock.run_until(lambda: bool(town.sent(CHEN)), limit=60)
            assert town.last(CHEN).text == VERSION_LINE


async def test_what_nobody_took_while_telegrams_address_was_dead_is_delivered_once(
    outside: Outside, clock: TownClock
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/telegram"
    outside.world.faults.add("429", "sendMessage", times=1, retry_after=WAIT)
    async with telegram_at(outside, port), outside.hub(TELEGRAM_API_URL=address) as town:
        town.world.send_text(CHEN, CHEN, "/version")
        town.world.send_text(CHEN, CHEN, "/whoami")
        await town.rest()
    async with outside.hub(TELEGRAM_API_URL=address) as town:
        await clock.advance(WAIT + 60)
        assert await town.rows("SELECT state, doubts FROM messages") == [("waiting", 0)] * 2
        async with telegram_at(outside, port):
            await clock.run_until(lambda: len(town.sent(CHEN)) == 2, limit=70)
            await town.settle()
            assert [head(message) for message in town.sent(CHEN)] == [VERSION_LINE, "Chen"]
            assert [call.status for call in town.world.ledger.of("sendMessage")] == [429, 200, 200]
            assert (await town.faults())["telegram.text_delayed"] >= 3


@pytest.mark.parametrize(("who", "language"), [(CHEN, "en"), (BORIS, "ru")])
async def test_a_handler_at_fault_gets_three_attempts_then_the_person_and_the_admin_are_told(
    outside: Outside, clock: TownClock, monkeypatch: pytest.MonkeyPatch, who: int, language: str
) -> None:
    async with outside.hub() as town:
        await town.lists(LISTED, ADMIN)
        checks, attempts = town.switchboard.hub.checks, []
        sound = checks.check

        async def check(wanted: Recognised, *more: Any) -> None:
            if wanted.key == UNLISTED:
                attempts.append(wanted)
                raise RuntimeError("something <b>nobody</b> thought of")
            await sound(wanted, *more)

        monkeypatch.setattr(checks, "check", check)
        sticker_from(outside, who, who, UNLISTED)
        outside.world.send_text(who, who, "/version")
        sticker_from(outside, ADMIN, ADMIN, LISTED)
        await town.rest()
        assert head(town.last(ADMIN)) == words("listed")  # nobody else waits for it
        await clock.advance(10)
        assert len(attempts) == 3
        assert [head(message) for message in town.sent(who)] == [
            words("error-internal", language),
            words("version", language, version=VERSION),
        ]
        assert await town.rows("SELECT attempts, reason FROM jobs WHERE state = 'dead'") == [
            (3, "RuntimeError: something <b>nobody</b> thought of")
        ]
        await town.says(ADMIN, "/errors")
        assert "job.telegram.RuntimeError – 3 times" in town.last(ADMIN).text
        assert "something <b>nobody</b> thought of" in town.last(ADMIN).text


async def test_a_handler_at_fault_in_a_group_says_nothing_there(
    outside: Outside, clock: TownClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with outside.hub() as town:

        async def check(*_: Any) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr(town.switchboard.hub.checks, "check", check)
        sticker_from(outside, CHEN, GROUP, UNLISTED)
        await clock.advance(10)
        assert not town.sent(GROUP)
        assert await town.faults() == {"job.telegram.RuntimeError": 3}
        await town.says(CHEN, "/version", GROUP)
        assert len(town.sent(GROUP)) == 1


async def test_a_fault_that_passes_costs_nobody_anything(
    town: Town, clock: TownClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks, failures = town.switchboard.hub.checks, [RuntimeError("once"), RuntimeError("twice")]
    sound = checks.check

    async def check(*what: Any) -> None:
        if failures:
            raise failures.pop()
        await sound(*what)

    monkeypatch.setattr(checks, "check", check)
    town.world.send_sticker(CHEN, CHEN, town.world.library.sets[UNLISTED.lower()].stickers[0])
    await clock.advance(10)
    assert [head(message) for message in town.sent(CHEN)] == [words("proposal")]


async def test_a_restarted_hub_does_what_waited_and_does_it_once(outside: Outside, clock: TownClock) -> None:
    world = outside.world
    async with outside.hub() as town:
        await town.lists(LISTED, ADMIN)
        world.faults.add("429", "sendMessage", retry_after=WAIT)
        asked = [sticker_from(outside, who, who, UNLISTED) for who in (BORIS, CHEN)]
        await town.rest()
    world.faults.add("500", "getMe")
    async with outside.hub() as town:
        sticker_from(outside, CHEN, GROUP, UNLISTED)
        thumbed = sticker_from(outside, CHEN, GROUP, LISTED)
        await town.rest()
        states = await town.rows(
            "SELECT state, count(*) FROM jobs WHERE topic = 'telegram' GROUP BY state ORDER BY state"
        )
        assert states == [("done", 4), ("waiting", 2)]
        assert await town.rows("SELECT DISTINCT state FROM messages WHERE id > 5") == [("waiting",)]
    world.faults.clear()
    async with outside.hub() as town:
        await clock.advance(WAIT + 60)
        for chat in (BORIS, CHEN, GROUP):
            assert len(town.sent(chat)) == 1
            assert press_buttons(town.last(chat))
        assert [town.last(message.chat.id).reply_to for message in asked] == asked
        assert town.reaction(thumbed) == "👌"
        assert await town.rows("SELECT DISTINCT state FROM jobs WHERE topic = 'telegram'") == [("done",)]
        applied = world.ledger.of("sendMessage", applied=True)
        assert len(applied) == len(town.sent(ADMIN)) + 3


async def test_a_stop_hands_running_jobs_back_within_its_grace_and_they_are_done_later(
    outside: Outside, clock: TownClock
) -> None:
    world = outside.world
    world.faults.add("timeout", "getStickerSet")
    hub = outside.hub(STOP_GRACE_SECONDS=str(GRACE))
    town = await hub.__aenter__()
    for who in (BORIS, CHEN):
        sticker_from(outside, who, who, UNLISTED)
    await town.until(lambda: len(world.ledger.of("getStickerSet")) == 2)
    assert await town.rows("SELECT DISTINCT state FROM jobs WHERE topic = 'telegram'") == [("claimed",)]
    began = clock.monotonic()
    await clock.run(hub.__aexit__(None, None, None))
    assert clock.monotonic() - began <= GRACE
    world.faults.clear()
    async with outside.hub() as town:
        await town.rest()
        assert (
            await town.rows("SELECT state, attempts, lapses FROM jobs WHERE topic = 'telegram'")
            == [("done", 1, 0)] * 2
        )
        for who in (BORIS, CHEN):
            assert len(town.sent(who)) == 1
            assert press_buttons(town.last(who))


async def test_a_stop_lets_a_job_finish_that_needs_less_than_the_grace(
    outside: Outside, clock: TownClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = outside.hub(STOP_GRACE_SECONDS=str(GRACE))
    town = await hub.__aenter__()
    checks, begun = town.switchboard.hub.checks, []
    sound = checks.check

    async def check(*what: Any) -> None:
        begun.append(what)
        await clock.sleep(GRACE - 1)
        await sound(*what)

    monkeypatch.setattr(checks, "check", check)
    sticker_from(outside, CHEN, CHEN, UNLISTED)
    await town.until(lambda: bool(begun))
    await clock.run(hub.__aexit__(None, None, None))
    async with outside.hub() as town:
        assert await town.rows("SELECT state, attempts FROM jobs WHERE topic = 'telegram'") == [("done", 1)]
        await town.settle()
        assert [head(message) for message in town.sent(CHEN)] == [words("proposal")]
