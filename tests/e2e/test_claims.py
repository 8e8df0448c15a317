"""The first admin: a code in the log, said to the bot by /start."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from io import StringIO

import pytest

from services.engine.observability import configure_logging
from tests.e2e.conftest import Log
from tests.e2e.wording import press_buttons, words
from tests.town import ADMIN, API_KEY, BORIS, CHEN, GROUP, Outside, Town, TownClock

CREW = -1001900000009


@asynccontextmanager
async def nobody_rules(outside: Outside, admin_chat: str = "") -> AsyncIterator[Town]:
    """A hub that nobody is named an admin of."""
    async with outside.hub(ADMIN_IDS="", ADMIN_CHAT_ID=admin_chat) as town:
        await town.settle()
        yield town


def codes(log: Log) -> list[str]:
    """Every code told so far."""
    return [line["details"]["say"].removeprefix("/start ") for line in log.events("admin.none_yet")]


async def is_admin(town: Town, who: int) -> bool:
    return who in await town.switchboard.hub.roles.admins()


async def test_who_says_the_code_of_the_log_is_an_admin_with_the_admins_menu(
    outside: Outside, log: Log
) -> None:
    async with nobody_rules(outside) as town:
        [code] = codes(log)
        await town.says(CHEN, f"/start {code}")
        assert town.last(CHEN).text == words("claimed")
        assert press_buttons(town.last(CHEN)) == ["v1:menu:help", "v1:menu:lang"]
        assert await is_admin(town, CHEN)
        await town.says(CHEN, "/stats")
        assert town.last(CHEN).text != words("error-not-allowed")
        menu = [each["command"] for each in town.world.commands_for(CHEN, CHEN)]
        assert {"check", "staff"} <= set(menu)
        journal = "SELECT actor, action, kind, key FROM journal"
        assert await town.rows(journal) == [(f"user:{CHEN}", "claim", "user", str(CHEN))]


async def test_the_log_has_a_link_that_opens_the_bot_with_the_code(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside) as town:
        [line] = log.events("admin.none_yet")
        assert line["details"]["link"] == f"https://t.me/{town.world.bot.username}?start={codes(log)[0]}"
        assert re.fullmatch(
            r"[A-Za-z0-9_-]{1,64}", codes(log)[0]
        )  # core.telegram.org/bots/features#deep-linking


async def test_a_console_shows_the_code_as_it_is(outside: Outside) -> None:
    stream = StringIO()
    configure_logging("WARNING", "console", [outside.world.token, API_KEY], stream)
    async with nobody_rules(outside) as town:
        line = next(line for line in stream.getvalue().splitlines() if "admin.none_yet" in line)
        code = line.split("say=/start ")[1].split(" ")[0]
        await town.says(CHEN, f"/start {code}")
        assert await is_admin(town, CHEN)


async def test_the_code_itself_is_not_stored(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside) as town:
        [(digest,)] = await town.rows("SELECT digest FROM claims")
        assert codes(log)[0] not in str(digest)
        assert len(str(digest)) == 64


@pytest.mark.parametrize("said", ["wrong", "{code}x", "{code} {code}", "а-б-в", "💥", "' OR 1=1 --"])
async def test_a_wrong_code_gets_the_usual_greeting_and_a_line(outside: Outside, log: Log, said: str) -> None:
    async with nobody_rules(outside) as town:
        await town.says(CHEN, "/start " + said.format(code=codes(log)[0]))
        assert town.last(CHEN).text == f"{words('start')}\n{words('claim-refused')}"
        assert not await is_admin(town, CHEN)


@pytest.mark.parametrize("payload", ["ref123", "from-our-site-today", "abcde-abcde-abcde"])
async def test_what_another_link_to_the_bot_carries_is_greeted_as_ever(town: Town, payload: str) -> None:
    await town.says(CHEN, f"/start {payload}")
    assert town.last(CHEN).text == words("start")


async def test_capitals_in_a_code_do_not_matter(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside) as town:
        await town.says(CHEN, f"/start {codes(log)[0].upper()}")
        assert await is_admin(town, CHEN)


async def test_a_code_is_good_for_a_day(outside: Outside, log: Log, clock: TownClock) -> None:
    async with nobody_rules(outside) as town:
        await clock.leap(timedelta(hours=24, seconds=1).total_seconds())
        await town.says(CHEN, f"/start {codes(log)[0]}")
        assert town.last(CHEN).text.endswith(words("claim-refused"))
        assert not await is_admin(town, CHEN)


async def test_one_use_burns_every_code(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside):
        pass
    async with nobody_rules(outside) as town:
        first, second = codes(log)
        await town.says(BORIS, f"/start {first}")
        await town.says(CHEN, f"/start {second}")
        await town.says(CHEN, f"/start {first}")
        assert await town.switchboard.hub.roles.admins() == {BORIS}
        assert await town.scalar("SELECT count(*) FROM claims WHERE used_at IS NULL") == 0


async def test_of_two_who_say_it_at_once_one_is_an_admin(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside) as town:
        for who in (BORIS, CHEN):
            town.world.send_text(who, who, f"/start {codes(log)[0]}")
        await town.settle()
        assert len(await town.switchboard.hub.roles.admins()) == 1
        answers = [town.last(who).text for who in (BORIS, CHEN)]
        welcomed = [words("claimed", "ru"), words("claimed")]
        assert sum(answer in welcomed for answer in answers) == 1


async def test_in_a_group_a_code_does_nothing(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside) as town:
        await town.says(CHEN, f"/start@{town.world.bot.username} {codes(log)[0]}", GROUP)
        assert town.last(GROUP).text == words("start")
        assert not await is_admin(town, CHEN)
        assert await town.scalar("SELECT count(*) FROM claims WHERE used_at IS NULL") == 1


async def test_with_an_admin_in_the_settings_there_is_no_code(outside: Outside, log: Log) -> None:
    async with outside.hub(ADMIN_IDS=str(ADMIN)) as town:
        await town.settle()
        assert not codes(log)


async def test_a_code_of_before_an_admin_was_named_does_nothing(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside):
        pass
    async with outside.hub(ADMIN_IDS=str(ADMIN)) as town:
        await town.says(CHEN, f"/start {codes(log)[0]}")
        assert town.last(CHEN).text.endswith(words("claim-refused"))
        assert not await is_admin(town, CHEN)
        await town.says(ADMIN, f"/start {codes(log)[0]}")
        assert town.last(ADMIN).text == words("start")


async def test_after_a_claim_the_next_start_offers_no_code(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside) as town:
        await town.says(CHEN, f"/start {codes(log)[0]}")
    async with nobody_rules(outside) as town:
        assert len(codes(log)) == 1
        assert await is_admin(town, CHEN)


async def test_with_an_admin_chat_there_is_a_code_only_when_nobody_administers_it(
    outside: Outside, log: Log
) -> None:
    outside.world.add_group("Crew", [BORIS], chat_id=CREW)
    async with nobody_rules(outside, admin_chat=str(CREW)):
        assert not codes(log)
    outside.world.kick_bot(CREW)
    async with nobody_rules(outside, admin_chat=str(CREW)) as town:
        assert len(codes(log)) == 1
        [line] = log.events("admin_chat.rights")
        assert "ADMIN_CHAT_ID" in line["details"]["what"]
        await town.says(CHEN, f"/start {codes(log)[0]}")
        assert await is_admin(town, CHEN)


async def test_a_repeated_update_does_not_claim_twice(outside: Outside, log: Log) -> None:
    async with nobody_rules(outside) as town:
        await town.says(CHEN, f"/start {codes(log)[0]}")
        await asyncio.sleep(0)
        town.world.updates.repeat(town.world.updates.emitted[-1]["update_id"])
        await town.settle()
        assert [message.text for message in town.sent(CHEN)] == [words("claimed")]


async def test_of_two_hubs_on_one_database_each_prints_a_code_and_one_use_burns_both(
    outside: Outside, log: Log, postgres_url: str
) -> None:
    more = {"ADMIN_IDS": "", "DATABASE_URL": postgres_url}
    async with outside.hub(**more) as first, outside.hub(**more):  # type: ignore[arg-type]
        await first.settle()
        codes_of_both = codes(log)
        assert len(set(codes_of_both)) == 2
        for who, code in zip((BORIS, CHEN), codes_of_both, strict=True):
            first.world.send_text(who, who, f"/start {code}")
        await first.settle()
        assert len(await first.switchboard.hub.roles.admins()) == 1
        assert await first.scalar("SELECT count(*) FROM claims WHERE used_at IS NULL") == 0
