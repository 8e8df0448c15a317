"""What the bot lacks in a group: said once, and shown by the doctor."""

from collections.abc import AsyncIterator

import pytest

from services.engine.health import Told
from tests.e2e.wording import words
from tests.town import ADMIN, BORIS, CHEN, GROUP, Outside, Town

NEW = -1001900000008


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    """A hub that is not in the new group yet; Boris created it."""
    outside.world.add_group("New group", [BORIS, CHEN], chat_id=NEW, bot="left")
    async with outside.hub() as town:
        await town.settle()
        yield town


async def probed(town: Town, name: str) -> list[Told]:
    return [told for each, told in await town.switchboard.hub.health.examine() if each == name]


def said(town: Town) -> list[str]:
    return [message.text for message in town.sent(NEW)]


async def test_added_without_rights_it_says_so_once_in_the_inviters_language(town: Town) -> None:
    town.world.add_bot(NEW, by=BORIS)
    await town.settle()
    assert said(town) == [words("rights-stickers", "ru")]
    town.world.kick_bot(NEW, by=BORIS)
    await town.settle()
    town.world.add_bot(NEW, by=CHEN)
    await town.settle()
    assert len(said(town)) == 1


async def test_with_privacy_mode_off_it_lacks_reactions_only(outside: Outside) -> None:
    outside.world.privacy = False
    outside.world.add_group("New group", [CHEN], chat_id=NEW, bot="left")
    async with outside.hub() as town:
        await town.settle()
        town.world.add_bot(NEW, by=CHEN)
        await town.settle()
        assert said(town) == [words("rights-reactions")]


async def test_an_administrator_lacks_nothing_and_says_nothing(town: Town) -> None:
    town.world.promote_bot(NEW, by=CHEN)
    await town.settle()
    assert said(town) == []


async def test_it_speaks_again_only_when_it_lost_what_it_had(town: Town) -> None:
    town.world.add_bot(NEW, by=CHEN)
    town.world.promote_bot(NEW, by=CHEN)
    town.world.promote_bot(NEW, by=CHEN, rights=["can_pin_messages"])
    await town.settle()
    assert len(said(town)) == 1
    town.world.demote_bot(NEW, by=CHEN)
    await town.settle()
    assert said(town) == [words("rights-stickers")] * 2


async def test_a_restart_repeats_nothing(outside: Outside) -> None:
    outside.world.add_group("New group", [CHEN], chat_id=NEW, bot="left")
    async with outside.hub() as town:
        town.world.add_bot(NEW, by=CHEN)
        await town.settle()
    async with outside.hub() as town:
        town.world.demote_bot(NEW, by=CHEN)  # a member it was before
        await town.settle()
        assert len(said(town)) == 1


async def test_in_the_admin_chat_it_says_what_else_that_means(outside: Outside) -> None:
    outside.world.add_group("New group", [CHEN], chat_id=NEW, bot="left")
    async with outside.hub(ADMIN_CHAT_ID=str(NEW)) as town:
        await town.settle()
        town.world.add_bot(NEW, by=CHEN)
        await town.settle()
        assert said(town) == [f"{words('rights-stickers')}\n{words('rights-deciding')}"]
        [told] = await probed(town, "admin chat")
        assert (told.level, "ADMIN_CHAT_ID" in told.what) == ("warning", True)
        town.world.promote_bot(NEW, by=CHEN)
        await town.settle()
        [told] = await probed(town, "admin chat")
        assert told.level == "ok"
        town.world.kick_bot(NEW, by=CHEN)
        await town.settle()
        [told] = await probed(town, "admin chat")
        assert told.level == "failed"


async def test_blocking_and_unblocking_the_bot_in_private_says_nothing(town: Town) -> None:
    town.world.block(CHEN)
    town.world.unblock(CHEN)
    await town.settle()
    assert not town.sent(CHEN)


async def test_the_doctor_names_the_groups_that_show_the_bot_less_than_it_needs(town: Town) -> None:
    await town.says(CHEN, f"/version@{town.world.bot.username}", GROUP)
    assert await probed(town, "groups") == [Told("ok", "1")]
    town.world.add_bot(NEW, by=CHEN)
    await town.settle()
    [told] = await probed(town, "groups")
    assert (told.level, told.what) == ("warning", "New group: no stickers and no reactions")
    assert "administrator" in told.hint


async def test_of_many_such_groups_ten_are_named(town: Town) -> None:
    for number in range(12):
        group = town.world.add_group(f"Group {number:02}", [CHEN], bot="left")
        town.world.add_bot(group.id, by=CHEN)
    await town.settle()
    [told] = await probed(town, "groups")
    assert told.what.count("no stickers") == 10
    assert told.what.endswith("and 2 more")


async def test_while_telegram_is_away_the_groups_are_no_finding(town: Town) -> None:
    town.world.add_bot(NEW, by=CHEN)
    await town.settle()
    town.world.faults.add("500", "getMe", times=10)
    assert await probed(town, "groups") == []


async def test_the_doctor_counts_admins_however_they_became_it(outside: Outside) -> None:
    async with outside.hub(ADMIN_IDS="") as town:
        await town.settle()
        [told] = await probed(town, "admins")
        assert (told.level, "/start" in told.hint) == ("warning", True)
    outside.world.add_group("Crew", [BORIS, CHEN], chat_id=-1001900000009)
    async with outside.hub(ADMIN_IDS=str(ADMIN), ADMIN_CHAT_ID="-1001900000009") as town:
        await town.settle()
        assert await probed(town, "admins") == [Told("ok", "2")]
