"""The outbox's writer: once per job and name, in the transaction of what is told."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from services.flow.messages import Answer, Content, Text
from storage.database import Transaction
from tests.services.engine.regions import start
from tests.services.flow.conftest import GROUP, House
from tests.storage.files import rows, scalar

HELLO = Content((Text("start"),))


async def test_a_text_is_a_reply_in_its_topic_with_the_language_of_the_place(house: House) -> None:
    work = house.work()
    row = await house.database.write(lambda tx: house.hub.messages.text(tx, work.job, GROUP, HELLO))
    query = (
        "SELECT id, kind, chat_id, thread_id, reply_to, language, job_id, correlation_id, state FROM messages"
    )
    assert await rows(house.database, query) == [(row, "text", -100, 3, 10, "en", 1, "c1", "waiting")]


async def test_a_job_says_each_thing_once_however_often_it_is_worked(house: House) -> None:
    job = house.work().job

    def unit(tx: Transaction) -> list[int | None]:
        messages = house.hub.messages
        first = messages.text(tx, job, GROUP, HELLO)
        messages.react(tx, job, GROUP, "added", message_id=10)
        messages.answer(tx, job, GROUP, Answer("p1"))
        messages.edit_shown(tx, job, GROUP, HELLO)
        messages.edit(tx, job, GROUP, HELLO, row=first or 1)
        return [first]

    first = await house.database.write(unit)
    assert await house.database.write(unit) == [None]
    assert first[0] is not None
    kinds = [row.kind for row in await house.outbox()]
    assert kinds == ["text", "reaction", "answer", "edit", "edit"]


async def test_different_names_and_different_jobs_are_different_messages(house: House) -> None:
    one, two = house.work().job, house.work().job
    for job, name in ((one, "a"), (one, "b"), (two, "a")):
        await house.database.write(
            partial(house.hub.messages.text, job=job, place=GROUP, content=HELLO, name=name)
        )
    assert await scalar(house.database, "SELECT count(*) FROM messages") == 3


async def test_a_job_that_is_worked_anew_after_its_end_speaks_anew(house: House) -> None:
    job = house.work().job
    for replays in (0, 1, 1, 2):
        life = replace(job, replays=replays)
        await house.database.write(partial(house.hub.messages.text, job=life, place=GROUP, content=HELLO))
    assert await scalar(house.database, "SELECT count(*) FROM messages") == 3


async def test_of_edits_of_one_message_that_wait_the_newest_stays(house: House) -> None:
    messages, put = house.hub.messages, house.database.write
    jobs = [house.work().job for _ in range(3)]
    for job in (*jobs, jobs[0]):  # the first is worked twice
        await put(partial(messages.edit, job=job, place=GROUP, content=HELLO, row=5))
    await put(partial(messages.edit, job=jobs[0], place=GROUP, content=HELLO, row=6))
    await put(partial(messages.edit, job=jobs[0], place=replace(GROUP, chat_id=-7), content=HELLO, row=7))
    await put(partial(messages.edit_shown, job=jobs[0], place=GROUP, content=HELLO))
    await put(partial(messages.react, job=jobs[0], place=GROUP, purpose="added", message_id=10))
    waiting = await rows(house.database, "SELECT id FROM messages WHERE state = 'waiting' ORDER BY id")
    assert [number for (number,) in waiting] == [3, 4, 5, 6, 7]
    dropped = await rows(house.database, "SELECT id, reason FROM messages WHERE state = 'dropped'")
    assert dropped == [(1, "a newer edit"), (2, "a newer edit")]


async def test_a_unit_that_fails_says_nothing(house: House) -> None:
    work = house.work()
    work.write(lambda tx: house.hub.messages.text(tx, work.job, GROUP, HELLO))
    work.write(lambda tx: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await house.finish(work)
    assert await house.outbox() == []


async def test_a_deletion_waits_for_its_time_and_can_be_taken_back_until_then(house: House) -> None:
    job = house.work().job

    def delete(tx: Transaction, name: str) -> None:
        house.hub.messages.delete_later(
            tx, job, GROUP, row=5, after=timedelta(hours=24), dedup_id=f"expire:{name}"
        )

    for name in ("a", "b"):
        await house.database.write(partial(delete, name=name))
    await house.database.write(lambda tx: house.hub.messages.cancel(tx, "expire:a"))
    assert await rows(house.database, "SELECT state, due_at, target_row FROM messages ORDER BY id") == [
        ("dropped", "2026-01-16T12:00:00.000000Z", 5),
        ("waiting", "2026-01-16T12:00:00.000000Z", 5),
    ]


async def test_whoever_sends_is_woken_by_a_hint_or_by_the_time(house: House) -> None:
    messages, clock = house.hub.messages, house.clock
    waiting = start(messages.until_woken(5))
    await clock.settle()
    assert not waiting.done()
    messages.wake()
    await waiting
    assert clock.monotonic() == pytest.approx(1000)
    await clock.run(messages.until_woken(5))  # the hint was spent
    assert clock.monotonic() == pytest.approx(1005)
    messages.wake()
    await messages.until_woken(5)  # one that came before anybody waited is not lost
    assert clock.monotonic() == pytest.approx(1005)
