"""Questions before what is dangerous: bound to who was asked, where and for how long, and good for once."""

import pytest

from tests.e2e.operating import answer, confirm, plant, steps
from tests.e2e.wording import press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, Outside, Town, TownClock


async def is_paused(town: Town) -> bool:
    return bool(await town.scalar("SELECT count(*) FROM switches WHERE is_on"))


async def test_another_persons_press_is_refused_and_the_question_stays(outside: Outside) -> None:
    async with outside.hub(ADMIN_IDS=f"{ADMIN},{CHEN}") as town:
        question = answer(town, await town.says(ADMIN, f"/pause@{town.world.bot.username}", GROUP))
        for who in (CHEN, BORIS):
            told = await confirm(town, question, who)
            assert told is not None
            assert told.text in {words("error-not-yours"), words("error-not-yours", "ru")}
            assert told.show_alert
            assert not await is_paused(town)
        await confirm(town, question)
        assert await is_paused(town)


@pytest.mark.parametrize(("seconds", "holds"), [(59, True), (61, False)])
async def test_a_question_is_good_for_a_minute(town: Town, seconds: float, holds: bool) -> None:
    question = answer(town, await town.says(ADMIN, "/pause"))
    await steps(town, seconds)
    told = await confirm(town, question)
    assert await is_paused(town) is holds
    assert told is not None
    assert told.text == (None if holds else words("error-stale-confirmation"))


@pytest.mark.parametrize(("seconds", "holds"), [(55, True), (65, False)])
async def test_the_minute_of_a_question_that_was_late_begins_when_it_is_shown(
    town: Town, clock: TownClock, seconds: float, holds: bool
) -> None:
    town.world.faults.add("429", "sendMessage", times=1, retry_after=90)
    asked = town.world.send_text(ADMIN, ADMIN, "/pause")
    await clock.run_until(lambda: len(town.sent(ADMIN)) > 0)
    question = answer(town, asked)
    await steps(town, seconds)
    await confirm(town, question)
    assert await is_paused(town) is holds


async def test_a_question_is_good_for_once(town: Town) -> None:
    question = answer(town, await town.says(ADMIN, "/pause"))
    yes = press_buttons(question)[0]
    await confirm(town, question)
    await town.says(ADMIN, "/resume")
    town.world.press_forged(ADMIN, question.message_id, ADMIN, yes)
    await town.settle()
    assert not await is_paused(town)


async def test_no_is_no_for_good(town: Town) -> None:
    question = answer(town, await town.says(ADMIN, "/pause"))
    yes, no = press_buttons(question)
    await town.presses(ADMIN, question, no)
    assert question.text == words("cancelled")
    assert question.buttons == []
    town.world.press_forged(ADMIN, question.message_id, ADMIN, yes)
    await town.settle()
    assert not await is_paused(town)


async def test_a_button_on_another_message_does_nothing(town: Town) -> None:
    question = answer(town, await town.says(ADMIN, "/pause"))
    yes = press_buttons(question)[0]
    another = answer(town, await town.says(ADMIN, "/version"))
    there = await town.says(ADMIN, f"/version@{town.world.bot.username}", GROUP)
    for chat, message in ((ADMIN, another), (GROUP, answer(town, there))):
        town.world.press_forged(chat, message.message_id, ADMIN, yes)
        await town.settle()
        assert not await is_paused(town)


async def test_a_forwarded_copy_does_nothing(town: Town) -> None:
    question = answer(town, await town.says(ADMIN, "/pause"))
    copy = town.world.forward(ADMIN, question.message_id, GROUP, ADMIN)
    await town.settle()
    town.world.press_forged(GROUP, copy.message_id, ADMIN, press_buttons(question)[0])
    await town.settle()
    assert not await is_paused(town)


async def test_an_update_that_comes_again_replays_nothing_again(outside: Outside) -> None:
    async with outside.hub() as town:
        number = await plant(town, CHEN)
        question = answer(town, await town.says(ADMIN, f"/retry {number}"))
        await confirm(town, question)
        await steps(town, 4)
        pressed = await town.scalar("SELECT payload FROM jobs WHERE payload LIKE '%callback_query%'")
        await town.switchboard.hub.inbox.accept("telegram", f"chat:{ADMIN}", None, str(pressed))
        await town.settle()
        assert await town.rows("SELECT replays FROM jobs WHERE id = :id", id=number) == [(1,)]


async def test_an_edited_command_does_not_run_again(town: Town) -> None:
    asked = await town.says(ADMIN, "/version")
    before = len(town.sent(ADMIN))
    for words_now in ("/pause", "/resume", "/backup", "/retry all", "/invalidate"):
        town.world.edit(ADMIN, asked.message_id, words_now)
        await town.settle()
    assert len(town.sent(ADMIN)) == before
    assert await town.scalar("SELECT count(*) FROM confirmations") == 0


async def test_who_is_no_admin_any_more_cannot_say_yes(outside: Outside) -> None:
    async with outside.hub() as town:
        await town.switchboard.hub.database.write(
            lambda tx: tx.exec_driver_sql(
                "INSERT INTO people (user_id, name, seen_at, role) "
                f"VALUES ({CHEN}, 'Chen', '2026-01-15T12:00:00.000000Z', 'admin')"
            )
        )
        question = answer(town, await town.says(CHEN, "/pause"))
        await town.switchboard.hub.database.write(
            lambda tx: tx.exec_driver_sql("UPDATE people SET role = NULL")
        )
        told = await confirm(town, question, CHEN)
        assert told is not None
        assert told.text == words("error-not-allowed")
        assert not await is_paused(town)
