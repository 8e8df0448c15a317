"""A gallery elsewhere: asked briefly, believed only when it answers as a gallery does."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.engine.errors import BreakerOpen, Refused, Unavailable
from services.gallery.source import Listing
from storage import journal
from storage.errors import StorageUnavailable
from tests.services.gallery.conftest import Room, new_room
from tests.services.gallery.elsewhere import KEY, Elsewhere, item
from tests.storage.files import rows

CATS = Listing("Cats", "regular", 3, 5)
FOUND = {"found": {"Cats": item("Cats")}, "missing": []}


@pytest.fixture
def far() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
async def room(tmp_path: Path, far: Elsewhere) -> AsyncIterator[Room]:
    async with far.client() as client, new_room(tmp_path, client) as made:
        yield made


async def refusal(room: Room, name: str = "Cats") -> str:
    with pytest.raises(Unavailable) as outage:
        await room.gallery.kind.find(name)
    assert outage.value.user_text == "error-gallery-unavailable"
    return str(outage.value)


# Asking


async def test_sets_are_found_there_with_one_question(room: Room, far: Elsewhere) -> None:
    far.lists(item("Cats", title="Котики"), item("Faces", kind="custom_emoji", count=None, added_by=None))
    found = await room.gallery.kind.find_many(["CATS", "faces", "Dogs"])
    assert {name: each and each.key for name, each in found.items()} == {
        "CATS": "Cats",
        "faces": "Faces",
        "Dogs": None,
    }
    (request,) = far.requests
    assert (request.method, request.url.path) == ("GET", "/base/gallery/sets")
    assert dict(request.url.params) == {"names": "cats,faces,dogs"}
    assert request.headers["x-api-key"] == KEY
    await room.gallery.kind.find("Cats")
    assert len(far.requests) == 1


async def test_the_list_is_searched_there(room: Room, far: Elsewhere) -> None:
    far.lists(item("Cats"), item("Dogs"))
    found, total = await room.gallery.sets.search("д%&=", limit=2, offset=4)
    assert ([each.name for each in found], total) == (["Cats", "Dogs"], 2)
    assert dict(far.requests[0].url.params) == {"q": "д%&=", "limit": "2", "offset": "4"}
    assert await room.gallery.sets.figures() == {"sets": 2}
    far.says(500)
    assert await room.gallery.sets.figures() == {"sets": 2, "away": True}


Answer = tuple[int, bytes | str, dict[str, str], str]  # status, body, headers; what shall be said of it
ODD: dict[str, dict[str, Any]] = {  # what no gallery tells of a set
    "before the calendar": {"added_at": "0001-01-01T00:00:00+01:00"},
    "after the calendar": {"added_at": "9999-12-31T23:59:59-01:00"},
    "no moment": {"added_at": "0001-01-01T00:00:00Z"},
    "before our time": {"added_at": "1969-12-31T23:59:59Z"},
    "after our time": {"added_at": "9001-01-01T00:00:00Z"},
    "cut title": {"title": "a\x00b"},
    "crowd": {"count": 2**31},
}
WRONG: dict[str, Answer] = {
    "html": (200, "<html>Welcome</html>", {"content-type": "text/html; charset=utf-8"}, "answers HTML"),
    "no json": (200, "Welcome", {"content-type": "text/plain"}, "answers no JSON"),
    "cut json": (200, json.dumps(FOUND)[:-9], {}, "answers no JSON"),
    "no text": (200, b"\xff\xfe", {}, "answers no JSON"),
    "deep": (200, '{"found":' * 9999, {}, "answers no JSON"),
    "list": (200, "[]", {}, "another shape"),
    "page": (200, json.dumps({"items": [], "total": 0}), {}, "another shape"),
    "bad item": (200, json.dumps({"found": {"Cats": {"name": "Cats"}}, "missing": []}), {}, "another shape"),
    "bad kind": (
        200,
        json.dumps({"found": {"Cats": item("Cats", kind="new")}, "missing": []}),
        {},
        "another shape",
    ),
    "bad name": (200, json.dumps({"found": {"Cats": item("../x")}, "missing": []}), {}, "another shape"),
    "no zone": (
        200,
        json.dumps({"found": {"Cats": item("Cats", added_at="2026-01-15T12:00:00")}, "missing": []}),
        {},
        "another shape",
    ),
    **{
        what: (200, json.dumps({"found": {"Cats": item("Cats", **told)}, "missing": []}), {}, "another shape")
        for what, told in ODD.items()
    },
    "other set": (200, json.dumps({"found": {"Cats": item("Dogs")}, "missing": []}), {}, "other sets"),
    "silence": (200, json.dumps({"found": {}, "missing": []}), {}, "other sets"),
    "nothing": (204, "", {}, "answers no JSON"),
    "key": (401, "", {}, "the gallery refuses GALLERY_API_KEY (401)"),
    "scope": (403, "", {}, "the gallery refuses GALLERY_API_KEY (403)"),
    "address": (404, "{}", {}, "answers 404: there is no gallery at this address"),
    "redirect": (302, "", {"location": "http://gallery.test/base/gallery/sets"}, "redirect (302)"),
    "malformed": (422, "{}", {}, "answers 422"),
    "busy": (429, "{}", {"retry-after": "7"}, "answers 429"),
    "failed": (500, "<html>", {"content-type": "text/html"}, "answers 500"),
    "gone": (503, "", {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, "answers 503"),
    "huge": (200, b" " * (2 * 1024 * 1024 + 1), {}, "answers more than"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_whatever_is_no_answer_of_a_gallery_is_an_outage_with_one_clear_line(
    room: Room, far: Elsewhere, logged: StringIO, case: str
) -> None:
    status, content, headers, reason = WRONG[case]
    far.says(status, content, **headers)
    assert reason in await refusal(room)
    await refusal(room)
    warnings = [
        line for line in map(json.loads, logged.getvalue().splitlines()) if line["level"] == "warning"
    ]
    (line,) = warnings  # the second time tells nothing new
    assert line["event"] == "gallery.unavailable"
    assert reason in line["details"]["reason"]
    assert "\n" not in line["details"]["reason"]
    assert len(far.requests) == 2  # no redirect was followed, no answer asked for again
    assert KEY not in logged.getvalue()
    assert KEY not in str(far.requests[0].url)


async def test_what_is_wrong_is_told_to_the_health_checks_until_it_is_over(
    room: Room, far: Elsewhere, logged: StringIO
) -> None:
    remote = room.gallery.remote
    assert remote
    assert await remote.check() is None
    far.says(401)
    await refusal(room)
    assert await remote.check() == "the gallery refuses GALLERY_API_KEY (401)"
    far.instead = None
    (told,) = await remote.probe()
    assert (told.level, told.what) == ("ok", "0 sets listed")
    assert await remote.check() is None
    assert '"gallery.back"' in logged.getvalue()


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("")])
async def test_a_connection_that_fails_is_tried_once_more(
    room: Room, far: Elsewhere, error: Exception
) -> None:
    far.lists(item("Cats"))
    far.breaks(error, times=1)
    assert await room.gallery.kind.find("Cats")
    assert len(far.requests) == 2
    far.breaks(error)
    assert "GALLERY_API_URL cannot be reached" in await refusal(room, "Dogs")
    assert len(far.requests) == 4


@pytest.mark.parametrize(
    "error", [httpx.ReadError("reset"), httpx.RemoteProtocolError("cut"), httpx.ReadTimeout("")]
)
async def test_what_may_have_been_sent_is_not_sent_again(
    room: Room, far: Elsewhere, error: Exception
) -> None:
    far.breaks(error)
    assert "GALLERY_API_URL" in await refusal(room)
    assert len(far.requests) == 1


async def test_an_answer_that_does_not_come_is_given_up_after_five_seconds(
    room: Room, far: Elsewhere
) -> None:
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    far.instead = never
    begun = room.clock.monotonic()
    assert "gives no answer in 5 s" in await room.clock.run(refusal(room))
    assert room.clock.monotonic() - begun == pytest.approx(5)


# Outages


async def test_after_five_failures_it_is_left_alone_and_then_tried_by_one(room: Room, far: Elsewhere) -> None:
    far.says(500)
    for number in range(5):
        await refusal(room, f"Set{number}")
    with pytest.raises(BreakerOpen) as left_alone:
        await room.gallery.kind.find("Cats")
    assert left_alone.value.user_text == "error-gallery-unavailable"
    assert len(far.requests) == 5
    await room.clock.advance(5)
    far.instead = None
    far.lists(item("Cats"))
    assert await room.gallery.kind.find("Cats")
    assert len(far.requests) == 6


async def test_what_is_known_still_answers_and_is_marked_stale(
    room: Room, far: Elsewhere, logged: StringIO
) -> None:
    far.lists(item("Cats"))
    assert await room.gallery.kind.find("Cats")
    await room.clock.advance(7 * 86400 + 1)
    far.breaks(httpx.ConnectError("refused"))
    for _ in range(7):  # also while it is left alone
        assert await room.gallery.kind.find("Cats")
        assert (await room.gallery.kind.find_many(["cats"]))["cats"]
    assert room.gallery.region.get_stats().stale_served == 14
    assert logged.getvalue().count('"gallery.stale"') == 14
    await refusal(room, "Dogs")


# Writing


async def test_a_set_put_or_removed_is_so_there_and_in_the_journal_here(room: Room, far: Elsewhere) -> None:
    assert await room.gallery.kind.find("Cats") is None
    stored, new = await room.gallery.sets.put("Cats", CATS, "key:1")
    assert (stored.title, new) == ("Cats", True)
    assert await room.gallery.kind.find("Cats")  # the belief in its absence is over
    assert json.loads(far.requests[1].content) == {
        "title": "Cats",
        "kind": "regular",
        "count": 3,
        "added_by": 5,
    }
    assert not (await room.gallery.sets.put("cats", CATS, "key:2"))[1]
    assert await room.gallery.sets.remove("CATS", "key:1")
    assert not await room.gallery.sets.remove("CATS", "key:1")
    assert await room.gallery.kind.find("Cats") is None
    journal = await rows(room.database, "SELECT actor, action, lower(key) FROM journal")
    assert journal == [("key:1", "add", "cats"), ("key:2", "change", "cats"), ("key:1", "remove", "cats")]
    assert await rows(room.database, "SELECT count(*) FROM sticker_sets") == [(0,)]
    assert len(await rows(room.database, "SELECT region, key FROM invalidations")) == 4


async def written(room: Room, write: str) -> None:
    sets = room.gallery.sets
    await (sets.put("Cats", CATS, "key:1") if write == "put" else sets.remove("Cats", "key:1"))


async def outdated(room: Room) -> list[tuple[Any, ...]]:
    """What every process was told to forget."""
    return await rows(room.database, "SELECT region, key FROM invalidations")


@pytest.mark.parametrize("write", ["put", "remove"])
async def test_a_write_that_ends_in_doubt_is_forgotten_by_every_process(
    room: Room, far: Elsewhere, write: str
) -> None:
    far.lists(item("Cats", title="Old"))
    assert await room.gallery.kind.find("Cats")
    far.loses_answers = True
    with pytest.raises(Unavailable):
        await written(room, write)
    assert await outdated(room) == [("stickerset", "cats")]
    found = await room.gallery.kind.find("Cats")  # here too
    assert (found and found.card.title) == ("Cats" if write == "put" else None)
    assert await rows(room.database, "SELECT count(*) FROM journal") == [(0,)]


async def test_a_removal_of_what_is_gone_already_is_told_to_every_process(room: Room, far: Elsewhere) -> None:
    far.lists(item("Cats"))
    assert await room.gallery.kind.find("Cats")
    far.sets.clear()
    assert not await room.gallery.sets.remove("Cats", "key:1")
    assert await outdated(room) == [("stickerset", "cats")]
    assert await rows(room.database, "SELECT count(*) FROM journal") == [(0,)]


async def test_what_was_never_sent_is_not_in_doubt(room: Room, far: Elsewhere) -> None:
    far.says(500)
    for number in range(5):
        await refusal(room, f"Set{number}")
    with pytest.raises(BreakerOpen):
        await room.gallery.sets.remove("Cats", "key:1")
    assert await outdated(room) == []


@pytest.mark.parametrize("write", ["put", "remove"])
async def test_this_process_forgets_the_set_even_when_the_journal_cannot_be_written(
    room: Room, far: Elsewhere, write: str
) -> None:
    far.lists(item("Cats", title="Old"))
    assert await room.gallery.kind.find("Cats")
    room.database.away = True
    with pytest.raises(StorageUnavailable):
        await written(room, write)
    found = await room.gallery.kind.find("Cats")
    assert (found and found.card.title) == ("Cats" if write == "put" else None)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_may_not_write_is_refused_for_good_and_reading_goes_on(
    room: Room, far: Elsewhere, logged: StringIO, status: int
) -> None:
    far.lists(item("Cats"))
    remote = room.gallery.remote
    assert remote
    far.says(status)
    for _ in range(6):
        with pytest.raises(Refused, match=rf"the gallery refuses GALLERY_API_KEY \({status}\)"):
            await room.gallery.sets.put("Dogs", CATS, "key:1")
        with pytest.raises(Refused, match=rf"the gallery refuses GALLERY_API_KEY \({status}\)"):
            await room.gallery.sets.remove("Cats", "key:1")
    assert (remote.breaker.state, await remote.check()) == ("closed", None)
    assert logged.getvalue().count('"gallery.refused"') == 12
    assert await outdated(room) == []
    far.instead = None
    assert await room.gallery.kind.find("Cats")


@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_a_write_that_is_wrong_in_itself_is_refused_for_good(
    room: Room, far: Elsewhere, status: int
) -> None:
    far.says(status, "{}")
    with pytest.raises(Refused):
        await room.gallery.sets.put("Cats", CATS, "key:1")
    assert await rows(room.database, "SELECT count(*) FROM journal") == [(0,)]


async def test_a_put_to_an_address_without_a_gallery_is_an_outage(room: Room, far: Elsewhere) -> None:
    far.says(404)
    with pytest.raises(Unavailable, match="no gallery at this address"):
        await room.gallery.sets.put("Cats", CATS, "key:1")


# Adding


async def test_a_set_is_added_there_and_known_here_at_once(room: Room, far: Elsewhere) -> None:
    added, new = await room.add("Cats", "Котики", by=7)
    assert (added.key, new) == ("Cats", True)
    assert far.sets["cats"]["added_by"] == 7
    asked = len(far.requests)
    assert await room.gallery.kind.find("cats") == added
    assert len(far.requests) == asked
    assert await rows(room.database, "SELECT count(*) FROM sticker_sets") == [(0,)]


async def test_a_set_that_is_listed_there_stays_as_it_is(room: Room, far: Elsewhere) -> None:
    far.lists(item("Cats", title="Old", added_by=9))
    added, new = await room.add("Cats", "New", by=7)
    assert (added.card.title, new) == ("Old", False)
    assert {request.method for request in far.requests} == {"GET"}


async def test_an_addition_whose_answer_was_lost_is_new_when_it_is_tried_again_and_only_once(
    room: Room, far: Elsewhere
) -> None:
    """Nobody was told of the first try, so the second has to say that it is added."""
    proposed = room.clock.now()
    await room.clock.advance(2)
    far.now = room.clock.now
    far.loses_answers = True
    with pytest.raises(Unavailable):
        await room.add("Cats", by=7, proposed_at=proposed)
    assert far.sets["cats"]["added_by"] == 7
    far.loses_answers = False
    added, new = await room.add("Cats", by=7, proposed_at=proposed)
    assert (added.key, new) == ("Cats", True)
    author: dict[str, Any] = {"at": room.clock.now(), "actor": "user:7", "action": "add"}
    await room.database.write(lambda tx: journal.add(tx, kind="stickerset", key="Cats", **author))
    assert not (await room.add("Cats", by=7, proposed_at=proposed))[1]
    assert [request.method for request in far.requests].count("PUT") == 1


@pytest.mark.parametrize(
    ("by", "minutes"), [(8, 1), (None, 1), (7, -2)], ids=["somebody else", "nobody known", "long before"]
)
async def test_what_others_or_earlier_days_added_is_not_new(
    room: Room, far: Elsewhere, by: Any, minutes: int
) -> None:
    proposed = room.clock.now()
    far.lists(item("Cats", added_by=by, added_at=(proposed + timedelta(minutes=minutes)).isoformat()))
    assert not (await room.add("Cats", by=7, proposed_at=proposed))[1]


async def test_an_outage_while_adding_writes_nothing_here(room: Room, far: Elsewhere) -> None:
    far.breaks(httpx.ReadError("cut"))
    with pytest.raises(Unavailable):
        await room.add("Cats")
    assert await rows(room.database, "SELECT count(*) FROM invalidations") == [(0,)]
