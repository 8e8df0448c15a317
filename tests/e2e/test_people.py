"""Who may do what: roles from the settings, from the chat, and from ADMIN_CHAT_ID."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.telegram.people import Person
from sandbox.telegram.world import World
from services.flow.members import BELIEVED, TRUSTED
from tests.e2e.conftest import Log
from tests.e2e.wording import words
from tests.town import ADMIN, BORIS, CHEN, STRANGER, Outside, Town, TownClock

CREW = -1001900000009  # the group of ADMIN_CHAT_ID: Boris created it, the bot administers it
MINUTE = BELIEVED.total_seconds() + 1


def found(world: World, *members: int, bot: str = "administrator", **more: object) -> None:
    """The group comes into being."""
    world.add_group("Crew", members or [BORIS], chat_id=CREW, bot=bot, **more)  # type: ignore[arg-type]


@pytest.fixture
async def crewed(outside: Outside) -> AsyncIterator[Town]:
    """A hub without ADMIN_IDS: all its admins are those of a group."""
    found(outside.world)
    async with outside.hub(ADMIN_IDS="", ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        yield town


async def role(town: Town, who: int) -> str:
    """What /whoami tells somebody."""
    await town.says(who, "/whoami")
    answer = town.last(who).text
    language = "ru" if who == BORIS else "en"
    return next(each for each in ("admin", "staff", "everyone") if words(f"role-{each}", language) in answer)


async def may_change(town: Town, who: int) -> bool:
    """Whether a decision of theirs would count: /staff add asks Telegram afresh."""
    await town.says(who, "/staff add 1")
    return town.last(who).text not in {words("error-not-allowed"), words("error-not-allowed", "ru")}


async def test_administrators_of_the_admin_chat_are_admins_and_its_members_staff(crewed: Town) -> None:
    crewed.world.join(CREW, CHEN)
    await crewed.settle()
    assert [await role(crewed, who) for who in (BORIS, CHEN, ADMIN)] == ["admin", "staff", "everyone"]


async def test_who_is_promoted_demoted_or_gone_has_the_new_role_at_once(crewed: Town) -> None:
    world, seen = crewed.world, []
    for deed in (world.join, world.promote, world.demote, world.promote, world.kick):
        deed(CREW, CHEN)
        await crewed.settle()
        seen.append(await role(crewed, CHEN))
    assert seen == ["staff", "admin", "staff", "admin", "everyone"]
    asked = [call for call in world.ledger.calls if call.method == "getChatMember"]
    assert len(asked) <= 1  # that the bot administers the group; people's standing was told


async def test_when_no_update_tells_it_the_role_is_gone_within_a_minute(crewed: Town) -> None:
    assert await role(crewed, BORIS) == "admin"
    crewed.world.chat(CREW).members[BORIS] = "left"
    assert await role(crewed, BORIS) == "admin"
    assert not await may_change(crewed, BORIS)  # decisions ask afresh
    assert await role(crewed, BORIS) == "everyone"  # and what they learn counts from then on


async def test_a_role_that_nobody_asked_about_afresh_lasts_a_minute_at_most(
    crewed: Town, clock: TownClock
) -> None:
    assert await role(crewed, BORIS) == "admin"
    crewed.world.chat(CREW).members[BORIS] = "left"
    await clock.leap(MINUTE)
    assert await role(crewed, BORIS) == "everyone"


async def test_while_telegram_does_not_tell_reads_go_by_the_last_word_and_decisions_wait(
    crewed: Town, clock: TownClock
) -> None:
    assert await role(crewed, BORIS) == "admin"
    await clock.leap(MINUTE)
    crewed.world.faults.add("500", "getChatMember", times=100)
    await crewed.says(BORIS, "/staff")
    assert crewed.last(BORIS).text.startswith(words("staff-admin", "ru"))
    await crewed.says(BORIS, f"/staff add {CHEN}")
    assert crewed.last(BORIS).text == words("error-unavailable", "ru")
    assert await crewed.scalar("SELECT count(*) FROM people WHERE role IS NOT NULL") == 0
    await crewed.says(CHEN, "/stats")  # of whom Telegram never said anything
    assert crewed.last(CHEN).text == words("error-unavailable")
    await crewed.says(CHEN, "/help")
    assert "/stats" not in crewed.last(CHEN).text


async def test_the_last_word_is_made_do_with_for_an_hour(crewed: Town, clock: TownClock) -> None:
    assert await role(crewed, BORIS) == "admin"
    crewed.world.faults.add("500", "getChatMember", times=1000)
    crewed.world.faults.add("500", "getChatAdministrators", times=1000)
    await clock.leap(TRUSTED.total_seconds())
    assert await role(crewed, BORIS) == "admin"
    await clock.leap(1)
    assert await role(crewed, BORIS) == "everyone"
    await crewed.says(BORIS, "/staff")
    assert crewed.last(BORIS).text == words("error-unavailable", "ru")


async def test_a_bot_without_rights_in_the_admin_chat_knows_its_admins_and_no_staff(outside: Outside) -> None:
    found(outside.world, BORIS, CHEN, bot="member")
    async with outside.hub(ADMIN_IDS="", ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        assert [await role(town, who) for who in (BORIS, CHEN)] == ["admin", "everyone"]


async def test_a_bot_outside_the_admin_chat_gives_nobody_a_role_by_it(outside: Outside) -> None:
    found(outside.world, bot="kicked")
    async with outside.hub(ADMIN_IDS="", ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        assert await role(town, BORIS) == "everyone"


async def test_an_admin_chat_that_becomes_a_supergroup_stays_one(outside: Outside) -> None:
    found(outside.world, chat_type="group")
    async with outside.hub(ADMIN_IDS="", ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        await town.says(BORIS, "hello", CREW)
        new = town.world.migrate(CREW).id
        await town.settle()
        assert await town.switchboard.hub.roles.admins() == {BORIS}
        town.world.join(new, CHEN)
        await town.settle()
        assert [await role(town, who) for who in (BORIS, CHEN)] == ["admin", "staff"]


async def test_an_admin_chat_that_moved_while_nobody_listened_is_found_again(outside: Outside) -> None:
    found(outside.world, chat_type="group")
    new = outside.world.migrate(CREW).id
    outside.world.updates.clear()
    async with outside.hub(ADMIN_IDS="", ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        assert await town.switchboard.hub.roles.admin_chat() == new
        assert await town.switchboard.hub.roles.admins() == {BORIS}


async def test_administrators_are_known_by_name_from_the_start_and_looked_for_every_ten_minutes(
    crewed: Town, clock: TownClock
) -> None:
    roles = crewed.switchboard.hub.roles
    assert await roles.admins() == {BORIS}
    crewed.world.chat(CREW).members.update({BORIS: "left", CHEN: "administrator"})
    await clock.leap(timedelta(minutes=11).total_seconds())
    await crewed.settle()
    assert await roles.admins() == {CHEN}


async def test_administrators_of_another_group_get_no_role_by_it(town: Town) -> None:
    town.world.add_group("Elsewhere", [CHEN])
    await town.settle()
    assert await role(town, CHEN) == "everyone"


async def test_what_telegram_tells_of_other_groups_is_not_kept(town: Town) -> None:
    town.world.add_person(Person(STRANGER, "Dana"))
    group = town.world.add_group("Elsewhere", [CHEN])
    town.world.join(group.id, STRANGER)
    await town.settle()
    assert await town.scalar("SELECT count(*) FROM members") == 0
    assert await town.scalar("SELECT count(*) FROM people WHERE user_id = :who", who=STRANGER) == 1


async def test_in_the_admin_chat_the_nameless_may_read_and_not_change(crewed: Town) -> None:
    at = f"@{crewed.world.bot.username}"
    await crewed.says(BORIS, f"/staff{at}", CREW, anonymous=True)
    assert crewed.last(CREW).text.startswith(words("staff-admin"))
    await crewed.says(BORIS, f"/staff{at} add {CHEN}", CREW, anonymous=True)
    assert crewed.last(CREW).text == words("error-anonymous")
    assert await crewed.scalar("SELECT count(*) FROM people WHERE role IS NOT NULL") == 0


async def test_on_postgres_two_hubs_agree_on_who_is_what(outside: Outside, postgres_url: str) -> None:
    found(outside.world)
    more = {"ADMIN_IDS": "", "ADMIN_CHAT_ID": str(CREW), "DATABASE_URL": postgres_url}
    async with outside.hub(**more) as first, outside.hub(**more) as second:  # type: ignore[arg-type]
        await first.settle()
        for deed, expected in (("join", "staff"), ("promote", "admin"), ("kick", "everyone")):
            getattr(outside.world, deed)(CREW, CHEN)
            await first.settle()
            for town in (first, second):
                assert await town.switchboard.hub.roles.of(CHEN) == expected
        assert await second.switchboard.hub.roles.admins() == {BORIS}
        assert await first.scalar("SELECT count(*) FROM jobs WHERE state = 'dead'") == 0


async def test_an_outage_at_the_start_only_delays_learning_who_administers(
    outside: Outside, clock: TownClock, log: Log
) -> None:
    found(outside.world)
    outside.world.faults.add("500", "getChatAdministrators", times=2)
    async with outside.hub(ADMIN_IDS="", ADMIN_CHAT_ID=str(CREW)) as town:
        await town.settle()
        await clock.advance(61)
        await town.settle()
        assert await town.switchboard.hub.roles.admins() == {BORIS}
        assert log.events("admin_chat.not_known")
        assert not log.events("admin.none_yet")  # while nobody knows, no code is handed out
