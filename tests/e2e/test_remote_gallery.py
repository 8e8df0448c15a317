"""Two hubs, each with its own chats, one keeping the gallery of both; they talk over real HTTP."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Judged, Log
from tests.e2e.wire import Wire, new_wire
from tests.e2e.wording import head, press_buttons, words
from tests.telegram_oracle import check_ledger
from tests.town import (
    ADMIN,
    API_KEY,
    BORIS,
    CHEN,
    GROUP,
    LISTED,
    UNLISTED,
    Outside,
    Town,
    TownClock,
    new_outside,
)

SECRET = "whsec_" + base64.b64encode(b"what both galleries know").decode()
BRIEF = str(10 / 86400)  # days: sets are past their time after ten seconds
MINUTE = 60.0


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


@pytest.fixture
async def ground(
    tmp_path: Path, clock: TownClock, template: Path, methods_used: set[str], log: Log
) -> AsyncIterator[Ground]:
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


@pytest.fixture
async def both(ground: Ground) -> AsyncIterator[Neighbours]:
    async with ground.hubs() as neighbours:
        yield neighbours


@asynccontextmanager
async def serving(answer: bytes) -> AsyncIterator[str]:
    """Something that is no gallery and answers every request with these bytes; its address."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_sticker_here_is_looked_for_in_the_gallery_there(both: Neighbours) -> None:
    await both.far.lists(LISTED)
    listed = await both.near.sends(BORIS, LISTED, GROUP)
    assert both.near.reaction(listed) == "👌"
    await both.near.sends(ADMIN, LISTED)
    assert head(both.near.last(ADMIN)) == words("listed")
    await both.near.sends(ADMIN, UNLISTED)
    assert head(both.near.last(ADMIN)) == words("proposal")
    assert await both.near.scalar("SELECT count(*) FROM sticker_sets") == 0


async def test_what_is_added_here_is_listed_there_once_and_both_journals_say_why(both: Neighbours) -> None:
    await both.near.sends(CHEN, UNLISTED)
    offer = both.near.last(CHEN)
    await both.near.presses(CHEN, offer)
    assert head(both.near.last(CHEN)) == words("added")
    assert press_buttons(offer) == []
    assert await both.far.rows("SELECT name, added_by FROM sticker_sets") == [(UNLISTED, CHEN)]
    assert await both.far.rows("SELECT actor, action, key FROM journal") == [("settings", "add", UNLISTED)]
    assert await both.near.rows("SELECT actor, action, key FROM journal") == [
        (f"user:{CHEN}", "add", UNLISTED)
    ]
    await both.far.sends(BORIS, UNLISTED)
    assert head(both.far.last(BORIS)) == words("listed", "ru")
    again = await both.near.sends(BORIS, UNLISTED, GROUP)
    assert both.near.reaction(again) == "👌"


async def test_a_set_that_was_added_there_meanwhile_is_not_added_twice(both: Neighbours) -> None:
    await both.near.sends(CHEN, UNLISTED)
    offer = both.near.last(CHEN)
    await both.far.lists(UNLISTED, BORIS)
    await both.near.presses(CHEN, offer)
    assert head(both.near.last(CHEN)) == words("listed-already")
    assert await both.far.rows("SELECT added_by FROM sticker_sets") == [(BORIS,)]
    assert await both.near.scalar("SELECT count(*) FROM journal") == 0


async def test_a_removal_there_is_known_here_once_the_signed_word_came(both: Neighbours) -> None:
    await both.near.lists(LISTED)
    await both.changes("DELETE", LISTED)
    await both.near.sends(ADMIN, LISTED)
    assert head(both.near.last(ADMIN)) == words("listed")  # believed for days, unless somebody tells

    body = json.dumps({"event": "removed", "name": LISTED}).encode()
    assert (await both.tells(both.signed(body), body)).status_code == 200
    await both.near.sends(ADMIN, LISTED)
    assert head(both.near.last(ADMIN)) == words("proposal")


async def test_a_changed_bit_and_a_call_six_minutes_old_are_refused_with_one_clear_line(
    both: Neighbours, clock: TownClock
) -> None:
    body = json.dumps({"event": "removed", "name": LISTED}).encode()
    headers = both.signed(body)
    changed = body[:-4] + bytes([body[-4] ^ 1]) + body[-3:]
    refused = await both.tells(headers, changed)
    assert (await both.tells(headers, body)).status_code == 200
    await clock.advance(6 * MINUTE)
    late = await both.tells(headers, body)
    assert [refused.status_code, late.status_code] == [401, 401]
    assert "does not fit" in refused.json()["detail"]
    assert "too old" in late.json()["detail"]
    reasons = [line["details"]["reason"] for line in both.log.events("webhook.refused")]
    assert reasons == [refused.json()["detail"], late.json()["detail"]]


async def test_while_the_gallery_is_down_for_a_minute_known_sets_answer_and_unknown_ones_are_not_guessed(
    ground: Ground, clock: TownClock
) -> None:
    async with ground.hubs(STICKERSET_CACHE_TTL_DAYS=BRIEF) as both:
        near = both.near
        await both.far.lists(LISTED)
        await near.sends(ADMIN, LISTED)
        await both.wire.cut()
        for _ in range(3):
            await clock.advance(MINUTE / 3)
            known = await near.sends(BORIS, LISTED, GROUP)
            assert near.reaction(known) == "👌"
            await near.sends(ADMIN, LISTED)
            assert head(near.last(ADMIN)) == words("listed")
            await near.sends(ADMIN, UNLISTED)
            assert near.last(ADMIN).text == words("error-gallery-unavailable")
            unknown = await near.sends(BORIS, UNLISTED, GROUP)
            assert near.reaction(unknown) is None
        assert near.sent(GROUP) == []
        stats = near.switchboard.hub.cache.regions["stickerset"].get_stats()
        assert stats.stale_served == len(both.log.events("gallery.stale")) == 6
        assert (await near.faults())["gallery.unavailable"] == 6
        assert both.complaints() == ["GALLERY_API_URL cannot be reached: All connection attempts failed"]

        await both.wire.join()
        await clock.advance(MINUTE / 2)
        await near.sends(ADMIN, UNLISTED)
        assert head(near.last(ADMIN)) == words("proposal")
        assert len(both.log.events("gallery.back")) == 1


async def test_a_press_while_the_gallery_is_down_says_so_and_works_later(
    both: Neighbours, clock: TownClock
) -> None:
    await both.near.sends(CHEN, UNLISTED)
    offer = both.near.last(CHEN)
    (button,) = press_buttons(offer)
    await both.wire.cut()
    answer = await both.near.presses(CHEN, offer)
    assert answer
    assert (answer.text, answer.show_alert) == (words("error-gallery-unavailable"), True)
    await both.near.says(ADMIN, "/stats")
    assert words("stats-gallery-away") in both.near.last(ADMIN).text

    await both.wire.join()
    await clock.advance(MINUTE)
    await both.near.presses(CHEN, offer, button)
    assert head(both.near.last(CHEN)) == words("added")
    assert await both.far.rows("SELECT name, added_by FROM sticker_sets") == [(UNLISTED, CHEN)]


HTML = b"<!doctype html><title>Welcome</title>"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(HTML), HTML)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"GALLERY_API_URL": "{far}/nowhere"},
            "GALLERY_API_URL answers 404: there is no gallery at this address",
        ),
        ({"GALLERY_API_URL": "{page}"}, "GALLERY_API_URL answers HTML, not a gallery"),
        ({"GALLERY_API_KEY": "x" * 32}, "the gallery refuses GALLERY_API_KEY (401)"),
    ],
)
async def test_a_gallery_that_is_none_is_told_in_one_clear_line_to_people_and_operators(
    ground: Ground, settings: dict[str, str], line: str
) -> None:
    async with serving(PAGE) as page, ground.far.hub() as far:
        variables: dict[str, Any] = {"GALLERY_API_URL": far.address, "GALLERY_API_KEY": API_KEY}
        filled = {name: value.format(far=far.address, page=page) for name, value in settings.items()}
        async with ground.near.hub(**variables | filled) as near:
            for _ in range(2):
                await near.sends(ADMIN, LISTED)
                assert near.last(ADMIN).text == words("error-gallery-unavailable")
            reasons = [each["details"]["reason"] for each in ground.log.events("gallery.unavailable")]
            assert reasons == [line]
            found = await near.switchboard.hub.health.look()
            assert {each.name: each.reason for each in found}["gallery"] == line
            told = dict(await near.switchboard.hub.health.examine())["gallery"]
            assert (told.level, line in told.what) == ("failed", True)
            assert "GALLERY_API_URL" in told.hint
