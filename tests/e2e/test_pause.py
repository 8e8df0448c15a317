"""/pause and /resume: all is accepted, nothing is begun but what keeps the house, and nothing is lost."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.gallery.recheck import EVERY as RECHECK_EVERY
from services.version import VERSION
from tests.e2e.conftest import Log
from tests.e2e.operating import answer, confirm
from tests.e2e.test_claims import codes
from tests.e2e.wording import words
from tests.town import ADMIN, BORIS, CHEN, GROUP, Outside, Town, TownClock

HEALTH = "/api/v1/integration/health"
VERSION_LINE = f"Switchboard {VERSION}"


async def pause(town: Town, who: int = ADMIN, chat: int | None = None) -> None:
    question = answer(town, await town.says(who, "/pause", chat))
    assert question.text == words("pause-question")
    await confirm(town, question, who)
    assert question.text == words("pause-begun", name="Alice")


async def resume(town: Town, chat: int | None = None) -> str:
    asked = town.world.send_text(chat or ADMIN, ADMIN, "/resume")
    await town.rest()
    await town.settle()
    return answer(town, asked).text


async def waiting(town: Town) -> object:
    return await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'telegram' AND state = 'waiting'")


async def test_others_wait_and_are_answered_in_order_after_resume(town: Town) -> None:
    await pause(town)
    for command in ("/version", "/whoami", "/version"):
        town.world.send_text(CHEN, CHEN, command)
    town.world.send_text(GROUP, BORIS, f"/version@{town.world.bot.username}")
    await town.rest()
    assert town.sent(CHEN) == town.sent(GROUP) == []
    assert await waiting(town) == 4
    assert (await resume(town)).startswith(words("resumed", name="Alice", since="x").split("x")[0])
    texts = [message.text for message in town.sent(CHEN)]
    assert [text == VERSION_LINE for text in texts] == [True, False, True]
    assert town.last(GROUP).text == VERSION_LINE


async def test_the_operators_own_chats_are_answered_meanwhile(town: Town) -> None:
    await pause(town)
    asked = town.world.send_text(ADMIN, ADMIN, "/version")
    await town.rest()
    assert answer(town, asked).text == VERSION_LINE


async def test_where_it_was_paused_people_are_answered_too(town: Town) -> None:
    await pause(town, ADMIN, GROUP)
    asked = town.world.send_text(GROUP, BORIS, f"/version@{town.world.bot.username}")
    elsewhere = town.world.send_text(BORIS, BORIS, "/version")
    await town.rest()
    assert answer(town, asked).text == VERSION_LINE
    assert [each for each in town.sent(BORIS) if each.reply_to is elsewhere] == []


async def test_only_an_admin_pauses_or_resumes(town: Town) -> None:
    await town.says(BORIS, "/pause")
    assert town.last(BORIS).text == words("error-not-allowed", "ru")
    await pause(town)
    town.world.send_text(BORIS, BORIS, "/resume")
    await town.rest()
    assert await town.scalar("SELECT is_on FROM switches WHERE name = 'paused'")


async def test_who_paused_is_told_to_whoever_pauses_again_and_in_health(town: Town) -> None:
    asked = await town.says(ADMIN, "/resume")
    assert answer(town, asked).text == words("not-paused")
    await pause(town)
    again = town.world.send_text(ADMIN, ADMIN, "/pause")
    await town.rest()
    assert answer(town, again).text.startswith(words("pause-already", name="Alice", since="x").split("x")[0])
    async with httpx.AsyncClient(base_url=town.address) as client:
        health = (await client.get(HEALTH)).json()
        assert health["status"] == "degraded"
        [work] = [check["reason"] for check in health["checks"] if check["name"] == "work"]
        assert work == "paused by an administrator since 2026-01-15 12:00 UTC; /resume goes on"
        assert (await client.get("/health/ready")).status_code == 200


async def test_the_journal_says_who_paused_and_who_resumed(town: Town) -> None:
    await pause(town)
    await resume(town)
    found = await town.rows("SELECT actor, action, kind, key FROM journal WHERE kind = 'switch' ORDER BY id")
    actor = f"user:{ADMIN}"
    assert found == [(actor, "pause", "switch", "paused"), (actor, "resume", "switch", "paused")]


async def test_a_restart_changes_nothing(outside: Outside) -> None:
    async with outside.hub() as town:
        await pause(town)
    outside.world.send_text(CHEN, CHEN, "/version")
    async with outside.hub() as town:
        await town.rest()
        assert town.sent(CHEN) == []
        assert await waiting(town) == 1
        await resume(town)
        assert town.last(CHEN).text == VERSION_LINE


async def test_whom_the_settings_name_after_a_restart_resumes(outside: Outside) -> None:
    async with outside.hub() as town:
        await pause(town)
    for person in (CHEN, BORIS):
        outside.world.send_text(person, person, "/version")
    async with outside.hub(ADMIN_IDS=str(BORIS)) as town:
        await town.rest()
        assert town.sent(CHEN) == []
        assert town.last(BORIS).text == VERSION_LINE
        town.world.send_text(BORIS, BORIS, "/resume")
        await town.rest()
        await town.settle()
        assert town.last(CHEN).text == VERSION_LINE


async def test_what_keeps_the_house_goes_on_and_no_ticks_pile_up(town: Town, clock: TownClock) -> None:
    await pause(town)
    rounds = await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'gallery.recheck'")
    swept = await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'sweep' AND state = 'done'")
    for _ in range(3):
        await clock.leap(RECHECK_EVERY)
        await clock.advance(61)
    assert await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'gallery.recheck'") == rounds
    more = await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'sweep' AND state = 'done'")
    assert int(str(more)) > int(str(swept)) + 2
    await resume(town)
    await clock.advance(61)
    await town.settle()
    after = await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'gallery.recheck'")
    assert int(str(after)) == int(str(rounds)) + 1


async def test_when_no_admin_is_left_everybody_is_heard_and_the_code_makes_one(
    outside: Outside, log: Log, clock: TownClock
) -> None:
    async with outside.hub() as town:
        await pause(town)
    async with outside.hub(ADMIN_IDS="") as town:
        await clock.advance(1)
        [code] = codes(log)
        asked = town.world.send_text(CHEN, CHEN, f"/start {code}")
        await town.rest()
        assert answer(town, asked).text == words("claimed")
        await clock.advance(2)
        town.world.send_text(BORIS, BORIS, "/version")
        await clock.advance(2)
        assert town.sent(BORIS) == [], "from now on others wait"
        resumed = town.world.send_text(CHEN, CHEN, "/resume")
        await town.rest()
        await town.settle()
        assert answer(town, resumed).text
        assert town.last(BORIS).text == VERSION_LINE


async def test_who_became_an_admin_meanwhile_is_heard(town: Town, clock: TownClock) -> None:
    await pause(town)
    asked = town.world.send_text(CHEN, CHEN, "/version")
    await clock.advance(2)
    assert town.sent(CHEN) == []
    await town.switchboard.hub.database.write(
        lambda tx: tx.exec_driver_sql(
            "INSERT INTO people (user_id, name, seen_at, role) "
            f"VALUES ({CHEN}, 'Chen', '2026-01-15T12:00:00.000000Z', 'admin')"
        )
    )
    await clock.advance(3)
    assert answer(town, asked).text == VERSION_LINE


@pytest.fixture
async def two(outside: Outside, postgres_url: str) -> AsyncIterator[tuple[Town, Town]]:
    """Two hubs on one database."""
    async with (
        outside.hub(DATABASE_URL=postgres_url, JOB_CONCURRENCY="2") as one,
        outside.hub(DATABASE_URL=postgres_url, JOB_CONCURRENCY="2") as other,
    ):
        await one.settle()
        yield one, other


async def test_every_process_stands_still_within_two_seconds(
    two: tuple[Town, Town], clock: TownClock
) -> None:
    one, other = two
    await pause(one)
    await clock.advance(2)
    assert all(town.switchboard.hub.pause.state is not None for town in two)
    for number in range(20):
        one.world.send_text((CHEN, BORIS)[number % 2], (CHEN, BORIS)[number % 2], "/version")
    await clock.advance(10)
    assert one.sent(CHEN) == one.sent(BORIS) == []
    await resume(one)
    await clock.advance(2)
    await one.settle()
    assert [message.text for message in one.sent(CHEN)] == [VERSION_LINE] * 10
    assert other.switchboard.hub.pause.state is None
