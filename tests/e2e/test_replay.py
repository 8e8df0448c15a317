"""/failed and /retry: what was given up is shown, counted, and worked anew once."""

import json
from collections.abc import AsyncIterator
from functools import partial

import pytest
from sqlalchemy import update

from services.version import VERSION
from storage.database import Transaction
from storage.tables import jobs
from tests.e2e.operating import answer, confirm, plant, steps
from tests.e2e.wording import press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, Outside, Town, TownClock


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    """A hub that may have dead jobs in the end."""
    async with outside.hub() as hub:
        await hub.rest()
        yield hub


async def states(town: Town) -> list[tuple[int, str]]:
    found = await town.rows("SELECT id, state FROM jobs WHERE dedup_id LIKE 'planted:%' ORDER BY id")
    return [(int(str(number)), str(state)) for number, state in found]


async def test_failed_shows_what_failed_by_topic_and_reason(town: Town) -> None:
    first = await plant(town, CHEN)
    second = await plant(town, BORIS)
    other = await plant(town, BORIS, reason="Unavailable: gallery", topic="decisions")
    asked = await town.says(ADMIN, "/failed")
    shown = answer(town, asked)
    why = words("why-unforeseen")
    head = words("failed-group", index=2, topic="telegram", count=2, why=why, reason="x").split("\n")[0]
    assert head in shown.text
    for number in (first, second, other):
        assert f"№ {number} " in shown.text
    assert "the cable was cut" in shown.text
    assert press_buttons(shown) == [
        f"v1:{name}:{number}" for number in (other, second) for name in ("retry", "dead-job")
    ]


async def test_retry_of_one_asks_and_then_works_it_anew(town: Town) -> None:
    number = await plant(town, CHEN)
    untouched = await plant(town, BORIS)
    question = answer(town, await town.says(ADMIN, f"/retry {number}"))
    assert words("replay-question", count=1) in question.text
    assert await states(town) == [(number, "dead"), (untouched, "dead")]
    await confirm(town, question)
    assert town.last(CHEN).text == f"Switchboard {VERSION}"
    await steps(town, 4)
    assert await states(town) == [(number, "done"), (untouched, "dead")]
    assert question.text == words("replay-over", count=1, total=1, done=1, dead=0, waiting=0)
    assert await town.rows("SELECT replays FROM jobs WHERE id = :id", id=number) == [(1,)]
    journal = await town.rows("SELECT actor, action, kind, key FROM journal WHERE kind = 'job'")
    assert journal == [(f"user:{ADMIN}", "replay", "job", str(number))]


async def test_a_groups_button_retries_all_of_it_and_nothing_else(town: Town) -> None:
    mine = [await plant(town, who) for who in (CHEN, BORIS)]
    other = await plant(town, CHEN, reason="another")
    listed = answer(town, await town.says(ADMIN, "/failed"))
    await town.presses(ADMIN, listed, f"v1:retry:{mine[1]}")
    question = town.last(ADMIN)
    assert words("replay-question", count=2) in question.text
    await confirm(town, question)
    await steps(town, 4)
    assert dict(await states(town)) == {mine[0]: "done", mine[1]: "done", other: "dead"}


async def test_what_fails_again_is_told_and_stays(town: Town) -> None:
    number = await plant(town, CHEN, payload='{"update_id": 5, "message": {}}')
    question = answer(town, await town.says(ADMIN, "/retry all"))
    await confirm(town, question)
    await steps(town, 4)
    assert await states(town) == [(number, "dead")]
    assert question.text == words("replay-over", count=1, total=1, done=0, dead=1, waiting=0)


async def test_whoever_asked_is_told_each_time_it_fails_again(town: Town) -> None:
    chat = {"id": CHEN, "type": "private"}
    payload = json.dumps({"update_id": 5, "message": {"chat": chat, "message_id": "x"}})
    number = await plant(town, CHEN, payload=payload)
    for count in (1, 2):
        await confirm(town, answer(town, await town.says(ADMIN, "/retry all")))
        await steps(town, 8)
        assert await town.rows("SELECT state, replays FROM jobs WHERE id = :id", id=number) == [
            ("dead", count)
        ]
        assert len(town.sent(CHEN)) == count


@pytest.mark.parametrize("wanted", ["99999999999999999999", "0", "-1", "+7", "12345"])
async def test_a_number_that_no_job_has_is_told(town: Town, wanted: str) -> None:
    planted = await plant(town, CHEN)
    told = answer(town, await town.says(ADMIN, f"/retry {wanted}"))
    assert told.text == words("retry-no-such", number=wanted)
    assert await states(town) == [(planted, "dead")]


@pytest.mark.parametrize("wanted", ["", " Abc!", " 1.5", " ١٢", " all 12", " " + "9" * 3000])
async def test_what_is_no_number_is_answered_with_the_usage(town: Town, wanted: str) -> None:
    told = answer(town, await town.says(ADMIN, f"/retry{wanted}"))
    assert told.text in {words("retry-usage"), words("retry-no-such", number="9" * 40)}


@pytest.mark.parametrize("part", ['""', "''", "“”", "%", "\u200b", "- -"])
@pytest.mark.parametrize("of", ["telegram", "all telegram"])
async def test_a_text_that_names_nothing_is_answered_with_the_usage(town: Town, of: str, part: str) -> None:
    planted = await plant(town, CHEN, reason=f"Refused: {part}")
    told = answer(town, await town.says(ADMIN, f"/retry {of} {part}"))
    assert told.text == words("retry-usage")
    assert await states(town) == [(planted, "dead")]


async def test_a_job_that_has_not_failed_is_left_alone(town: Town) -> None:
    await town.says(CHEN, "/version")
    done = await town.scalar("SELECT max(id) FROM jobs WHERE state = 'done' AND topic = 'telegram'")
    told = answer(town, await town.says(ADMIN, f"/retry {done}"))
    assert told.text == words("retry-not-dead", number=done, state=words("job-done"))


async def test_of_one_topic_only_its_jobs_are_replayed(town: Town) -> None:
    mine, other = await plant(town, CHEN), await plant(town, BORIS, topic="elsewhere")
    nothing = answer(town, await town.says(ADMIN, "/retry all unheard"))
    assert nothing.text == words("retry-none-of", topic="unheard")
    await confirm(town, answer(town, await town.says(ADMIN, "/retry all telegram")))
    await steps(town, 4)
    assert dict(await states(town)) == {mine: "done", other: "dead"}


async def test_two_who_replay_the_same_have_each_job_worked_once(town: Town) -> None:
    for _ in range(3):
        await plant(town, CHEN)
    questions = [answer(town, await town.says(ADMIN, "/retry all")) for _ in range(2)]
    for question in questions:
        town.world.press(ADMIN, question.message_id, ADMIN, press_buttons(question)[0])
    await town.settle()
    await steps(town, 4)
    assert await town.rows("SELECT DISTINCT replays, state FROM jobs WHERE dedup_id LIKE 'planted:%'") == [
        (1, "done")
    ]
    assert sum(message.text == f"Switchboard {VERSION}" for message in town.sent(CHEN)) == 3


async def test_what_died_after_the_question_is_not_meant_by_it(town: Town) -> None:
    await plant(town, CHEN)
    question = answer(town, await town.says(ADMIN, "/retry all"))
    await steps(town, 1)
    late = await plant(town, BORIS)
    await confirm(town, question)
    await steps(town, 4)
    assert (late, "dead") in await states(town)


async def test_an_old_message_that_is_replayed_is_answered_all_the_same(town: Town) -> None:
    await plant(town, CHEN, age=7200)
    await confirm(town, answer(town, await town.says(ADMIN, "/retry all")))
    assert town.last(CHEN).text == f"Switchboard {VERSION}"


async def test_many_are_put_back_in_order_and_told_in_one_message(town: Town) -> None:
    numbers = [await plant(town, CHEN) for _ in range(210)]
    before = len(town.sent(ADMIN))
    question = answer(town, await town.says(ADMIN, "/retry all"))
    await confirm(town, question)
    for _ in range(4):
        await steps(town, 3)
    assert question.text == words("replay-over", count=210, total=210, done=210, dead=0, waiting=0)
    done = await town.rows("SELECT id FROM jobs WHERE dedup_id LIKE 'planted:%' ORDER BY finished_at, id")
    assert [number for (number,) in done] == numbers
    assert len([m for m in town.sent(ADMIN)[before:] if "210" in m.text and m is not question]) <= 1


async def edits(town: Town, chat: int) -> object:
    query = "SELECT count(*) FROM messages WHERE kind = 'edit' AND chat_id = :chat"
    return await town.scalar(query, chat=chat)


@pytest.mark.parametrize("chat", [ADMIN, GROUP])
async def test_what_has_not_changed_is_not_told_again(town: Town, clock: TownClock, chat: int) -> None:
    number = await plant(town, CHEN, topic="unworked")
    question = answer(town, await town.says(ADMIN, "/retry all", chat))
    town.world.press(chat, question.message_id, ADMIN, press_buttons(question)[0])
    await clock.advance(400)
    assert question.text == words("replay-progress", count=1, total=1, done=0, dead=0, waiting=1)
    assert await edits(town, chat) == 2, "that it began, and how it stands"
    looks = await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'replay'")
    assert int(str(looks)) < 60, "less often as it lasts"
    await town.switchboard.hub.database.write(partial(_finish, number=number))
    await clock.advance(60)
    assert question.text == words("replay-over", count=1, total=1, done=1, dead=0, waiting=0)
    assert await edits(town, chat) == 3


async def test_in_a_group_it_is_told_every_fifteen_seconds_at_most(town: Town, clock: TownClock) -> None:
    numbers = [await plant(town, CHEN, topic="unworked") for _ in range(50)]
    question = answer(town, await town.says(ADMIN, "/retry all", GROUP))
    town.world.press(GROUP, question.message_id, ADMIN, press_buttons(question)[0])
    for number in numbers:
        await clock.advance(1)
        await town.switchboard.hub.database.write(partial(_finish, number=number))
    assert await edits(town, GROUP) in {4, 5}, "it began, at once, and three times in 50 seconds"


def _finish(tx: Transaction, number: int) -> None:
    tx.execute(update(jobs).where(jobs.c.id == number).values(state="done"))


async def test_begun_while_work_is_paused_it_is_watched_from_when_it_goes_on(
    town: Town, clock: TownClock
) -> None:
    await plant(town, CHEN)
    await confirm(town, answer(town, await town.says(ADMIN, "/pause")))
    asked = town.world.send_text(ADMIN, ADMIN, "/retry all")
    await town.rest()
    question = answer(town, asked)
    town.world.press(ADMIN, question.message_id, ADMIN, press_buttons(question)[0])
    await town.rest()
    assert question.text == "\n".join((words("replay-begun", count=1), words("replay-paused")))
    await clock.advance(900)
    town.world.send_text(ADMIN, ADMIN, "/resume")
    await town.rest()
    await steps(town, 4)
    assert question.text == words("replay-over", count=1, total=1, done=1, dead=0, waiting=0)


async def test_a_page_that_is_gone_is_the_last_there_is(town: Town) -> None:
    numbers = [await plant(town, CHEN, reason=f"reason {number}", topic="unworked") for number in range(9)]
    listed = answer(town, await town.says(ADMIN, "/failed"))
    await town.presses(ADMIN, listed, "v1:dead:2")
    for number in numbers[:4]:
        await town.switchboard.hub.database.write(partial(_finish, number=number))
    await town.presses(ADMIN, listed, "v1:dead:3")
    assert words("page", page=2, pages=2) in listed.text
    assert "reason 4" in listed.text
    assert press_buttons(listed)[-1] == "v1:dead:1"


async def test_a_stop_in_the_middle_of_a_replay_ends_none(outside: Outside) -> None:
    async with outside.hub() as town:
        await plant(town, CHEN)
        question = answer(town, await town.says(ADMIN, "/retry all"))
        await confirm(town, question)
    async with outside.hub() as town:
        await steps(town, 4)
        assert question.text == words("replay-over", count=1, total=1, done=1, dead=0, waiting=0)


async def test_ten_minutes_are_watched_and_what_waits_then_is_told(town: Town, clock: TownClock) -> None:
    await plant(town, CHEN, topic="unworked")
    question = answer(town, await town.says(ADMIN, "/retry all"))
    town.world.press(ADMIN, question.message_id, ADMIN, press_buttons(question)[0])
    await clock.advance(300)
    assert question.text == words("replay-progress", count=1, total=1, done=0, dead=0, waiting=1)
    await clock.advance(310)
    assert question.text == words("replay-over", count=1, total=1, done=0, dead=0, waiting=1)
