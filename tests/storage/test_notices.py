"""Causes and who was told of them, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

from storage import messages, notices, retention
from storage.database import Transaction
from storage.records import Notice
from tests.storage.files import WatchedDatabase, opened, rows, scalar
from tests.storage.rows import NOON, at, new_message

WITHIN = timedelta(minutes=10)
DAYS = timedelta(days=1)


async def tell(
    database: WatchedDatabase,
    seconds: float,
    *,
    kind: str = "gallery",
    subject: str = "",
    count: int = 1,
    **params: Any,
) -> None:
    await database.write(
        lambda tx: notices.tell(
            tx, kind, subject, count=count, params=params, at=at(seconds), again_within=WITHIN
        )
    )


async def close(database: WatchedDatabase, seconds: float, kind: str = "gallery") -> bool:
    return await database.write(lambda tx: notices.close(tx, kind, "", at=at(seconds)))


async def unsettled(database: WatchedDatabase) -> list[Notice]:
    return await database.read(notices.unsettled)


async def told(database: WatchedDatabase, notice: Notice, chat_id: int = 1) -> int:
    """The chat gets a message about it; its row."""

    def unit(tx: Transaction) -> int:
        row = messages.put(tx, new_message(chat_id=chat_id))
        assert row
        notices.show(tx, notice, chat_id, "en", row=row, at=NOON)
        return row

    return await database.write(unit)


async def test_a_cause_opens_one_notice_and_keeps_it_up_to_date(database: WatchedDatabase) -> None:
    await tell(database, 0, count=1, reason="a")
    await tell(database, 60, count=1, reason="a")
    [notice] = await unsettled(database)
    assert (notice.count, notice.params, notice.since, notice.changes) == (1, {"reason": "a"}, NOON, 0)
    await tell(database, 120, count=2, reason="b")
    [notice] = await unsettled(database)
    assert (notice.count, notice.params, notice.since, notice.changes) == (2, {"reason": "b"}, NOON, 1)


async def test_a_closed_one_goes_on_within_ten_minutes_and_later_a_new_one_begins(
    database: WatchedDatabase,
) -> None:
    await tell(database, 0)
    assert await close(database, 60)
    assert not await close(database, 61)
    await tell(database, 659)
    [notice] = await unsettled(database)
    assert (notice.state, notice.since, notice.returns, notice.closed_at) == ("open", NOON, 1, None)
    await close(database, 700)
    await database.write(lambda tx: notices.settle(tx, notice.id))
    assert await unsettled(database) == []
    await tell(database, 1300)
    [later] = await unsettled(database)
    assert later.id > notice.id
    assert (later.since, later.returns) == (at(1300), 0)


async def test_an_open_notice_cannot_be_settled(database: WatchedDatabase) -> None:
    await tell(database, 0)
    [notice] = await unsettled(database)
    await database.write(lambda tx: notices.settle(tx, notice.id))
    assert [each.state for each in await unsettled(database)] == ["open"]


async def test_two_processes_that_find_a_cause_at_once_open_one_notice(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as other:
        for number in range(20):
            subject = f"portal-{number}"
            await asyncio.gather(*(tell(each, 0, subject=subject) for each in (one, other) for _ in range(3)))
        assert await scalar(one, "SELECT count(*) FROM notices") == 20


async def test_a_chat_is_told_by_one_message_at_a_time(database: WatchedDatabase) -> None:
    await tell(database, 0)
    [notice] = await unsettled(database)
    await told(database, notice)
    again = await told(database, notice)
    [shown] = await database.read(lambda tx: notices.shown(tx, notice.id))
    assert (shown.shown_row, shown.over_row) == (again, None)
    await database.write(lambda tx: notices.end_shown(tx, shown.id, row=again))
    [shown] = await database.read(lambda tx: notices.shown(tx, notice.id))
    assert shown.over_row == again


async def test_only_what_surely_waits_is_taken_back(database: WatchedDatabase) -> None:
    await tell(database, 0)
    [notice] = await unsettled(database)
    waiting, doubtful, sent = [await told(database, notice, chat) for chat in (1, 2, 3)]

    def unit(tx: Transaction) -> list[bool]:
        tx.exec_driver_sql(f"UPDATE messages SET doubts = 1 WHERE id = {doubtful}")
        messages.end(tx, sent, "sent", at=NOON, sent_id=5)
        return [notices.withdraw(tx, row) for row in (waiting, doubtful, sent)]

    assert await database.write(unit) == [True, False, False]
    states = await rows(database, "SELECT state FROM messages ORDER BY id")
    assert [state for (state,) in states] == ["dropped", "waiting", "sent"]


async def test_an_edit_that_waits_is_seen_and_one_that_went_is_not(database: WatchedDatabase) -> None:
    await tell(database, 0)
    [notice] = await unsettled(database)
    row = await told(database, notice)
    assert not await database.read(lambda tx: notices.edit_waits(tx, 1, row))
    edit = new_message(kind="edit", chat_id=1, target_row=row)
    number = await database.write(lambda tx: messages.put(tx, edit))
    assert await database.read(lambda tx: notices.edit_waits(tx, 1, row))
    assert not await database.read(lambda tx: notices.edit_waits(tx, 1, row + 1))
    await database.write(lambda tx: messages.end(tx, number or 0, "sent", at=NOON))
    assert not await database.read(lambda tx: notices.edit_waits(tx, 1, row))


async def test_the_language_last_spoken_is_known(database: WatchedDatabase) -> None:
    assert await database.read(lambda tx: notices.language_spoken(tx, 1)) is None
    for number, (chat, language) in enumerate([(1, "en"), (1, "ru"), (2, "en")]):
        row = new_message(chat_id=chat, language=language)

        def unit(tx: Transaction, row: Any = row, number: int = number) -> None:
            messages.end(tx, messages.put(tx, row) or 0, "sent", at=NOON, sent_id=number)

        await database.write(unit)
    await database.write(lambda tx: messages.put(tx, new_message(chat_id=1, language="en")))  # not sent yet
    assert await database.read(lambda tx: notices.language_spoken(tx, 1)) == "ru"


async def test_old_notices_go_with_their_messages_but_the_newest_of_each_kind(
    database: WatchedDatabase,
) -> None:
    for number, kind in enumerate(("gallery", "gallery", "dead-jobs", "backup")):
        await tell(database, number * 3600, kind=kind, subject=str(number))
        [notice] = await unsettled(database)
        row = await told(database, notice)

        def unit(tx: Transaction, notice: Notice = notice, row: int = row) -> None:
            messages.end(tx, row, "sent", at=NOON, sent_id=row)
            if notice.kind != "backup":
                notices.close(tx, notice.kind, notice.subject, at=at(5))
                notices.settle(tx, notice.id)

        await database.write(unit)
    before = NOON + DAYS
    for old in (*retention.ended_notices(before), *retention.ended_messages(before)):
        keys = await database.read(lambda tx, old=old: old.find(tx, 100))  # type: ignore[misc]
        await database.write(lambda tx, old=old, keys=keys: old.drop(tx, keys))  # type: ignore[misc]
    kept = await rows(database, "SELECT kind, subject FROM notices ORDER BY id")
    assert kept == [("gallery", "1"), ("dead-jobs", "2"), ("backup", "3")]
    assert await scalar(database, "SELECT count(*) FROM messages") == 3


async def test_the_newest_of_a_kind_is_known_whatever_its_state(database: WatchedDatabase) -> None:
    assert await database.read(lambda tx: notices.last(tx, "gallery")) is None
    await tell(database, 0, count=7)
    await close(database, 5)
    last = await database.read(lambda tx: notices.last(tx, "gallery"))
    assert last
    assert (last.count, last.state) == (7, "closed")
