"""The hub on PostgreSQL: the rows that matter most, a restart, and two hubs on one database."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from storage.errors import StorageUnavailable
from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock


@pytest.fixture
async def town(outside: Outside, postgres_url: str) -> AsyncIterator[Town]:
    """A polling hub on PostgreSQL, in virtual time."""
    async with outside.hub(DATABASE_URL=postgres_url) as town_with_hub:
        await town_with_hub.rest()
        yield town_with_hub
        assert not await town_with_hub.rows("SELECT topic, payload, reason FROM jobs WHERE state = 'dead'")


async def test_a_sticker_is_proposed_pressed_and_found_again(town: Town) -> None:
    sticker = await town.sends(ADMIN, LISTED)
    [proposal] = town.sent(ADMIN)
    await town.presses(ADMIN, proposal)
    assert head(town.last(ADMIN)) == words("added")
    assert town.reaction(sticker) == "👍"
    again = await town.sends(BORIS, LISTED, GROUP)
    assert town.reaction(again) == "👌"
    assert town.sent(GROUP) == []


async def test_titles_are_searched_in_any_case(town: Town) -> None:
    town.world.add_set("Psy_by_bot", "ЛУННЫЕ Псы", count=2)
    await town.lists("Psy_by_bot")
    await town.says(CHEN, "/search лунные ПСЫ")
    assert "ЛУННЫЕ Псы" in town.last(CHEN).text


async def test_admins_see_figures_and_nothing_went_wrong(town: Town) -> None:
    await town.lists(UNLISTED)
    await town.says(ADMIN, "/stats")
    assert "1" in town.last(ADMIN).text
    await town.says(ADMIN, "/errors")
    assert head(town.last(ADMIN)) == words("errors-none")


async def test_a_restart_finds_everything(outside: Outside, postgres_url: str) -> None:
    async with outside.hub(DATABASE_URL=postgres_url) as town:
        await town.lists(LISTED)
    outside.world.send_text(BORIS, BORIS, f"https://t.me/addstickers/{LISTED}")
    async with outside.hub(DATABASE_URL=postgres_url) as town:
        await town.settle()
        assert head(town.last(BORIS)) == words("listed", "ru")


class Counted:
    """Failpoints that only count how often the hub came by."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()

    def hit(self, point: str) -> None:
        self.hits[point] += 1


async def test_two_hubs_on_one_database_share_the_work_and_do_each_job_once(
    outside: Outside, postgres_url: str
) -> None:
    points = [Counted(), Counted()]
    async with (
        outside.hub(DATABASE_URL=postgres_url, failpoints=points[0], JOB_CONCURRENCY="2") as town,
        outside.hub(DATABASE_URL=postgres_url, failpoints=points[1], JOB_CONCURRENCY="2"),
    ):
        await town.settle()
        people = [ADMIN, BORIS, CHEN]
        for number in range(30):
            outside.world.send_text(people[number % 3], people[number % 3], f"{UNLISTED}_{number}_by_bot")
        await town.settle()
        assert [len(town.sent(person)) for person in people] == [10, 10, 10]
        assert all(point.hits["handling"] > 0 for point in points)
        assert sum(point.hits["finish"] for point in points) == await town.scalar("SELECT count(*) FROM jobs")
        assert not [kind for kind in await town.faults() if "Conflict" in kind]  # one of them polls
        assert points[0].hits["sending"] == 30  # and the same one sends
        assert points[1].hits["sending"] == 0


async def test_when_the_leader_leaves_the_other_polls_and_sends(
    outside: Outside, postgres_url: str, clock: TownClock
) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        await first.enter_async_context(outside.hub(DATABASE_URL=postgres_url))
        town = await stack.enter_async_context(outside.hub(DATABASE_URL=postgres_url))
        await town.lists(LISTED)
        led = [town.switchboard.hub.leadership.is_leader]
        await first.aclose()
        outside.world.send_text(BORIS, BORIS, f"https://t.me/addstickers/{LISTED}")
        await clock.run_until(lambda: bool(outside.world.sent(BORIS)), limit=10)
        led.append(town.switchboard.hub.leadership.is_leader)
        assert led == [False, True]
        assert head(town.last(BORIS)) == words("listed", "ru")


async def test_what_one_hub_adds_the_other_knows_within_two_seconds(
    outside: Outside, postgres_url: str, clock: TownClock
) -> None:
    async with (
        outside.hub(DATABASE_URL=postgres_url) as town,
        outside.hub(DATABASE_URL=postgres_url) as other,
    ):
        await town.settle()
        region = other.switchboard.hub.gallery.region
        assert await other.switchboard.hub.gallery.kind.find(LISTED) is None
        assert region.get_stats().entries == 1  # that it is absent is remembered
        await town.lists(LISTED)
        await clock.advance(2)
        assert await other.switchboard.hub.gallery.kind.find(LISTED)


async def test_a_text_whose_beginning_got_no_answer_is_sent_all_the_same(
    outside: Outside, postgres_url: str, clock: TownClock
) -> None:
    async with outside.hub(DATABASE_URL=postgres_url) as town:
        await town.settle()
        sender = town.switchboard.bot.sender
        database = sender._database
        told: list[str] = []

        class Ambiguous:
            """The database; the first answer to a beginning gets lost."""

            def __getattr__(self, name: str) -> Any:
                return getattr(database, name)

            async def write(self, unit: Any) -> Any:
                done = await database.write(unit)
                if "begin" in unit.__code__.co_names and not told:
                    told.append("begin")
                    raise StorageUnavailable("the commit got no answer")
                return done

        sender._database = Ambiguous()
        outside.world.send_text(CHEN, CHEN, "/version")
        await clock.run_until(lambda: bool(town.sent(CHEN)), limit=10)
        await town.settle()
        assert told
        assert len(town.sent(CHEN)) == 1
        assert await town.rows("SELECT state, doubts FROM messages") == [("sent", 0)]
