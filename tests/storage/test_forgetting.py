"""Forgetting a person: on both databases nothing names them any more, and nobody else changes."""

import pytest
from sqlalchemy import JSON, BigInteger, String, select

from services.flow.forgetting import Nobody
from storage import forgetting
from storage.tables import metadata, people
from tests.storage.files import WatchedDatabase
from tests.storage.forgetting_rows import ANN, OTHER, PHONE, SPELLINGS, dump, forget, left, plant, put, room
from tests.storage.rows import NOON

# Numbers that are no person: whoever adds a column says here or in storage/forgetting.py what its number is.
NUMBERS = {
    "id",
    "job_id",
    "contact_id",
    "deal_id",
    "poll_id",
    "source_id",
    "target_id",
    "source_deal_id",
    "target_deal_id",
    "shown_row",
    "over_row",
    "row",
    "target_row",
    "target",
    "reply_to",
    "sent_id",
    "thread_id",
    "message_id",
    "source_message",
    "notice",
    "count",
    "value",
    "moved_to",
}


async def test_a_person_who_is_known_by_number_and_by_phone_is_found_nowhere_afterwards(
    database: WatchedDatabase,
) -> None:
    await plant(database)
    before = await dump(database)
    for words in (str(ANN), SPELLINGS[1]):
        known = await room(database).known(words)
        counted = await room(database).count(known)
        done = await room(database).forget(known, "command line")
        assert counted
        assert (set(done.changed) - {"leases"}, done.busy) == (set(counted), 0)
    after = await dump(database)
    assert left(before)
    assert left(after) == []
    assert "Анна" not in str([after[name] for name in ("jobs", "journal", "messages", "approvals")])
    told = {name: len(rows) for name, rows in before.items()}
    assert {name: len(rows) for name, rows in after.items()} == told | {
        "journal": 4,
        "invalidations": 9,
        "leases": 0,
        "submission_programmes": 1,
    }


async def test_twice_is_once(database: WatchedDatabase) -> None:
    await plant(database)
    await forget(database, SPELLINGS[0])
    once = await dump(database)
    again = await room(database).known(SPELLINGS[0])
    assert not await room(database).count(again)
    assert not (await room(database).forget(again, "command line")).changed
    assert await dump(database) == once


async def test_counting_changes_nothing(database: WatchedDatabase) -> None:
    await plant(database)
    before = await dump(database)
    counted = await room(database).count(await room(database).known("@Ann_Petrova"))
    assert (counted["people"], counted["jobs"], counted["chats"]) == (2, 2, 1)
    assert await dump(database) == before


async def test_what_is_of_others_stays_as_it_is(database: WatchedDatabase) -> None:
    await plant(database)
    before = await dump(database)
    await forget(database, f"id:{ANN}", f"+{PHONE}")
    after = await dump(database)
    for table, trace in (
        ("submissions", "Ким"),
        ("jobs", f"deal:p.bitrix24.ru:{OTHER}"),
        ("chats", "Группа"),
    ):
        [row] = [row for row in before[table] if trace in row]
        assert row in after[table]
    assert any("'Анна'" in row and str(OTHER) in row for row in after["people"])


async def test_rows_of_one_person_still_show_that_they_are_of_one(database: WatchedDatabase) -> None:
    await plant(database)
    await forget(database, str(ANN))
    number = await database.read(lambda tx: tx.execute(select(people.c.user_id, people.c.name)).all())
    [(new, name)] = [row for row in number if row.user_id != OTHER]
    assert new >= 2**52
    assert name.startswith("forgotten-")
    after = await dump(database)
    for table in ("members", "journal", "approvals", "jobs", "messages"):
        assert any(str(new) in row for row in after[table])


@pytest.mark.parametrize("words", ["", "nobody", "@", "id:x", "12 34", "+7 916", "123-45-67", "9161112233"])
async def test_words_that_mean_nobody_are_refused(database: WatchedDatabase, words: str) -> None:
    with pytest.raises(Nobody):
        await room(database).known(words)


async def test_digits_alone_are_whoever_leaves_no_doubt(database: WatchedDatabase) -> None:
    await plant(database)
    assert (await room(database).known(str(ANN))).user_id == ANN
    assert (await room(database).known(SPELLINGS[2])).phones == {PHONE}
    await put(database, (people, {"user_id": int(SPELLINGS[2]), "name": "Ким", "seen_at": NOON}))
    with pytest.raises(Nobody, match=r"\+79161234567, a Telegram id as id:123456789"):
        await room(database).known(SPELLINGS[2])
    assert (await room(database).known("id:123")).user_id == 123
    assert (await room(database).known("8 (495) 111-22-33")).phones == {"74951112233"}


def test_every_number_and_text_of_every_table_is_a_person_a_text_or_known_to_be_neither() -> None:
    columns = {column.name: column.type for table in metadata.sorted_tables for column in table.columns}
    numbers = {name for name, type_ in columns.items() if isinstance(type_, BigInteger)}
    assert numbers - NUMBERS - forgetting.PERSONS == set()
    texts = {name for name, type_ in columns.items() if isinstance(type_, String | JSON)}
    assert forgetting.UNSAID - texts == set(), "what no table has"
    assert metadata.tables.keys() >= forgetting.IMPERSONAL
