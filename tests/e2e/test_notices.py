"""What admins are told without asking, as they see it in the chat: each cause made to happen for real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.telegram.messages import Message
from services.engine.errors import Unavailable
from services.engine.inbox import Topic
from services.engine.retry import TELEGRAM
from services.engine.work import Work
from services.flow.keys import KeyRegister, Scope
from storage.records import Job
from tests.clock import DAY
from tests.e2e.conftest import Log
from tests.e2e.operating import plant, steps
from tests.e2e.wire import Wire, new_wire
from tests.e2e.wording import head, press_buttons
from tests.town import ADMIN, API_KEY, BORIS, CHEN, GROUP, Outside, Town, TownClock, new_outside

MINUTE, HOUR = 60.0, 3600.0
_numbers = count()


@asynccontextmanager
async def known(outside: Outside, **more: Any) -> AsyncIterator[Town]:
    """A hub whose admin has spoken with the bot."""
    async with outside.hub(**more) as town:
        await town.says(ADMIN, "/version")
        yield town


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    """The same on SQLite. Jobs may die here."""
    async with known(outside) as town_with_hub:
        yield town_with_hub


def notices(town: Town, chat: int = ADMIN) -> list[Message]:
    """What the bot said by itself: it begins with a light."""
    return [each for each in town.sent(chat) if each.text[0] in "🔴🟡🟢"]


async def passes(town: Town, seconds: float) -> None:
    """Time goes on minute by minute, and everything that waits is worked and sent on the way."""
    for _ in range(int(seconds / MINUTE)):
        await steps(town, MINUTE)


async def look_up(town: Town, times: int) -> None:
    """So many questions about sets of which nobody asked before."""
    for _ in range(times):
        await town.switchboard.hub.gallery.kind.find(f"Never_{next(_numbers)}_by_bot")


# Jobs that were given up


async def test_a_job_that_is_given_up_is_told_within_a_minute(town: Town) -> None:
    await town.gets({"message": {"chat": {"id": BORIS, "type": "private"}}})
    await passes(town, MINUTE)
    [notice] = notices(town)
    assert head(notice) == "🔴 1 job was given up since 15:00: telegram (1)"
    assert press_buttons(notice) == ["v1:show:failed"]
    await town.presses(ADMIN, notice)
    assert "malformed update" in town.last(ADMIN).text


async def test_jobs_that_die_one_after_the_other_are_one_notice_and_later_ones_another(
    town: Town, clock: TownClock
) -> None:
    await plant(town, BORIS)
    await passes(town, 2 * MINUTE)
    for topic in ("telegram", "portal", "portal"):
        await plant(town, BORIS, topic=topic)
        await passes(town, 2 * MINUTE)
    [notice] = notices(town)
    assert head(notice) == "🔴 4 jobs were given up since 15:00: portal (2), telegram (2)"
    await clock.leap(2 * HOUR)
    await passes(town, MINUTE)
    await plant(town, BORIS, topic="portal")
    await passes(town, 2 * MINUTE)
    _, later = notices(town)
    assert head(later) == "🔴 1 job was given up since 17:09: portal (1)"
    await clock.leap(2 * HOUR)
    await passes(town, MINUTE)
    assert len(notices(town)) == 2  # that nothing died is no news


async def test_a_restart_tells_nothing_twice(outside: Outside) -> None:
    async with known(outside) as town:
        await plant(town, BORIS)
        await passes(town, MINUTE)
        assert len(notices(town)) == 1
    async with outside.hub() as town:
        await passes(town, 5 * MINUTE)
        assert len(notices(town)) == 1


# Jobs that wait


@asynccontextmanager
async def standstill(town: Town, jobs: int) -> AsyncIterator[asyncio.Event]:
    """One of so many jobs is in hand and does not get on before the event, the others wait for it."""
    hub, goes_on = town.switchboard.hub, asyncio.Event()

    async def handle(job: Job, work: Work) -> None:
        await goes_on.wait()

    topic = Topic("portal", handle, 1, TELEGRAM)
    hub.inbox.register(topic)
    hub.workers.start(topic)
    for number in range(jobs):
        await hub.inbox.accept(topic.name, f"deal:{number}", None, "{}")
    try:
        yield goes_on
    finally:
        goes_on.set()


async def test_work_that_nobody_takes_is_told_after_ten_minutes_and_so_is_its_end(
    town: Town, clock: TownClock
) -> None:
    await clock.advance(10 * MINUTE)  # a hub that was down gets as long to catch up
    due = clock.now()
    async with standstill(town, 3) as goes_on:
        await clock.advance(10 * MINUTE)
        assert notices(town) == []
        await clock.advance(MINUTE)
        [notice] = notices(town)
        assert head(notice) == "🔴 2 jobs wait too long since 15:21: portal"
        assert f"The oldest was due {due + timedelta(hours=3):%-d Jan 2026, %H:%M}." in notice.text
        assert press_buttons(notice) == ["v1:run:doctor"]
        goes_on.set()
        await clock.advance(5 * MINUTE)
        _, over = notices(town)
        assert head(over) == "🟢 Jobs are worked in time again since 15:22: portal"
        assert over.reply_to is notice


async def test_a_pause_is_no_cause_and_neither_is_what_it_held_up(town: Town, clock: TownClock) -> None:
    await town.says(ADMIN, "/pause")
    await town.presses(ADMIN, town.last(ADMIN), press_buttons(town.last(ADMIN))[0])
    town.world.send_text(BORIS, BORIS, "/version")
    await clock.leap(15 * MINUTE)
    await clock.advance(MINUTE)
    await town.says(ADMIN, "/resume")
    await clock.advance(3 * MINUTE)
    assert notices(town) == []


# The cache


async def test_a_cache_that_knows_little_is_told_and_so_is_that_it_helps_again(
    town: Town, clock: TownClock
) -> None:
    await look_up(town, 99)
    await clock.advance(10 * MINUTE)
    assert notices(town) == []  # too few to say anything
    await look_up(town, 21)
    await clock.advance(6 * MINUTE)
    [notice] = notices(town)
    assert head(notice) == "🟡 The cache stickerset helps little since 15:15"
    assert "0 % of 120 answers" in notice.text
    assert press_buttons(notice) == ["v1:show:stats"]
    for _ in range(150):
        await town.switchboard.hub.gallery.kind.find("Cats_by_bot")
    await clock.advance(10 * MINUTE)
    _, over = notices(town)
    assert head(over).startswith("🟢 The cache stickerset helps again")


async def test_a_cache_that_is_switched_off_is_not_told_to_be_useless(
    outside: Outside, clock: TownClock
) -> None:
    async with known(outside, CACHE_ENABLED="false") as town:
        await look_up(town, 200)
        for _ in range(3):
            await clock.leap(5 * MINUTE)
        await passes(town, MINUTE)
        assert notices(town) == []


# The gallery elsewhere


@dataclass
class Neighbours:
    """`near` asks the gallery of a hub elsewhere, through the wire."""

    near: Town
    wire: Wire


@pytest.fixture
async def both(tmp_path: Path, clock: TownClock, template: Path) -> AsyncIterator[Neighbours]:
    clock._patience = 0.002  # what is on its way between the two is in nobody's hands
    async with AsyncExitStack() as stack:
        places = []
        for name in ("far", "near"):
            (tmp_path / name).mkdir()
            place = new_outside(tmp_path / name, clock=clock, template=template)
            places.append(await stack.enter_async_context(place))
        clock.in_flight = lambda: sum(place.under_way() for place in places)
        far = await stack.enter_async_context(places[0].hub())
        wire = await stack.enter_async_context(new_wire(far.address))
        settings = {"GALLERY_API_URL": wire.address, "GALLERY_API_KEY": API_KEY}
        yield Neighbours(await stack.enter_async_context(known(places[1], **settings)), wire)


async def test_a_gallery_that_is_away_is_told_with_what_went_unanswered_and_so_is_that_it_is_back(
    both: Neighbours,
) -> None:
    near = both.near
    await both.wire.cut()
    await near.says(BORIS, "/check Owls_by_bot")
    await passes(near, MINUTE)
    [notice] = notices(near)
    assert head(notice) == "🔴 The gallery cannot be reached since 15:01"
    assert "All connection attempts failed" in notice.text
    assert "0 questions went unanswered" in notice.text
    assert press_buttons(notice) == ["v1:run:doctor"]
    for _ in range(2):
        await near.says(CHEN, "/check Owls_by_bot")
    await passes(near, 2 * MINUTE)
    assert "2 questions went unanswered so far" in notice.text
    await both.wire.join()
    await passes(near, 4 * MINUTE)
    _, over = notices(near)
    assert head(over) == "🟢 The gallery is back since 15:04"
    assert "2 questions went unanswered." in over.text
    assert over.reply_to is notice


async def test_one_call_that_failed_is_nothing_to_tell(both: Neighbours) -> None:
    await both.wire.cut()
    await both.near.says(BORIS, "/check Owls_by_bot")
    await both.wire.join()
    await passes(both.near, 3 * MINUTE)
    assert notices(both.near) == []


async def test_a_cache_that_stays_empty_is_told_and_so_is_that_it_fills(
    both: Neighbours, clock: TownClock
) -> None:
    await both.wire.cut()
    for _ in range(25):
        with pytest.raises(Unavailable):
            await look_up(both.near, 1)
    for _ in range(2):
        await clock.leap(5 * MINUTE)
        await passes(both.near, MINUTE)
    empty = notices(both.near)[-1]
    assert head(empty).startswith("🟡 The cache stickerset stays empty since 15:1")
    assert "asked 25 times in 15 minutes" in empty.text
    await both.wire.join()
    await passes(both.near, MINUTE)
    await look_up(both.near, 1)
    await clock.leap(5 * MINUTE)
    await passes(both.near, 4 * MINUTE)
    over = notices(both.near)[-1]
    assert head(over).startswith("🟢 The cache stickerset fills again since 15:1")
    assert over.reply_to is empty


# Keys


async def test_keys_older_than_thirty_days_are_told_once(town: Town, clock: TownClock) -> None:
    register = KeyRegister(town.switchboard.hub.database, clock, Random(1))
    old = await register.create("shop", Scope.READ, actor="test")
    await register.create("gone", Scope.READ, actor="test")
    await register.revoke(2, actor="test")
    await clock.leap(29 * DAY)
    await passes(town, 2 * MINUTE)
    assert notices(town) == []
    await clock.leap(DAY)
    await passes(town, 5 * MINUTE)
    [notice] = notices(town)
    assert head(notice) == f"🟡 1 API key is older than 30 days: shop ({old.key.id})"
    assert old.text not in notice.text
    await register.revoke(old.key.id, actor="test")
    await passes(town, 3 * MINUTE)
    assert len(notices(town)) == 1  # whoever revoked it knows


# Backups


async def test_a_backup_that_fails_is_told_and_so_is_that_it_works_again(
    outside: Outside, clock: TownClock, log: Log, tmp_path: Path
) -> None:
    log.may_hold_errors = True
    obstacle = tmp_path / "backups-here"
    obstacle.write_text("a file where the folder should be")
    async with known(outside, BACKUP_DIR=str(obstacle), BACKUP_INTERVAL_HOURS="1") as town:
        await passes(town, 2 * MINUTE)
        [notice] = notices(town)
        assert head(notice).startswith("🔴 The backup fails since 15:0")
        assert "Next try: 15 Jan 2026, 15:0" in notice.text
        assert press_buttons(notice) == ["v1:run:backup"]
        obstacle.unlink()
        await town.presses(ADMIN, notice)
        await passes(town, 4 * MINUTE)
        assert [head(each)[:24] for each in notices(town)][1:] == ["🟢 The backup works again"[:24]]
        assert list(obstacle.glob("switchboard-*.backup"))


# Where


async def test_two_hubs_on_one_database_tell_once(
    outside: Outside, postgres_url: str, clock: TownClock
) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        town = await first.enter_async_context(known(outside, DATABASE_URL=postgres_url))
        other = await stack.enter_async_context(outside.hub(DATABASE_URL=postgres_url))
        for _ in range(3):
            await plant(town, BORIS)
            await passes(town, MINUTE)
        [notice] = notices(town)
        assert "3 jobs were given up" in notice.text
        await first.aclose()
        await clock.advance(30)
        await plant(other, BORIS)
        await passes(other, 3 * MINUTE)
        [notice] = notices(other)
        assert "4 jobs were given up" in notice.text


async def test_an_admins_group_gets_them_instead_of_each_admin(outside: Outside) -> None:
    async with known(outside, ADMIN_CHAT_ID=str(GROUP)) as town:
        await plant(town, BORIS)
        await passes(town, 2 * MINUTE)
        assert notices(town) == []
        [notice] = notices(town, GROUP)
        assert head(notice) == "🔴 1 job was given up since 15:00: telegram (1)"
