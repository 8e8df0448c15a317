"""Two hubs, each with its own chats, one keeping the gallery of both; they talk over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Log
from tests.e2e.neighbours import Ground, Neighbours, new_ground
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, API_KEY, BORIS, CHEN, GROUP, LISTED, UNLISTED, TownClock

BRIEF = str(10 / 86400)  # days: sets are past their time after ten seconds
MINUTE = 60.0


@pytest.fixture
async def ground(
    tmp_path: Path, clock: TownClock, template: Path, methods_used: set[str], log: Log
) -> AsyncIterator[Ground]:
    async with new_ground(tmp_path, clock, template, methods_used, log) as two_worlds:
        yield two_worlds


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
                await near.sends(CHEN, LISTED)
                assert near.last(CHEN).text == words("error-gallery-unavailable")
            reasons = [each["details"]["reason"] for each in ground.log.events("gallery.unavailable")]
            assert reasons == [line]
            found = await near.switchboard.hub.health.look()
            assert {each.name: each.reason for each in found}["gallery"] == line
            told = dict(await near.switchboard.hub.health.examine())["gallery"]
            assert (told.level, line in told.what) == ("failed", True)
            assert "GALLERY_API_URL" in told.hint
