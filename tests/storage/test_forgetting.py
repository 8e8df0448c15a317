"""Forgetting a person: on both databases nothing names them any more, and nobody else changes."""

import json
from random import Random
from typing import Any

import pytest
from sqlalchemy import JSON, BigInteger, String, insert, select

from commands.forget import PARTS
from services.engine.clock import SystemClock
from services.flow.forgetting import Forgetting, Nobody
from storage import forgetting
from storage.database import Database, Transaction
from storage.tables import (
    approvals,
    chats,
    deal_links,
    faults,
    invalidations,
    jobs,
    journal,
    leases,
    members,
    messages,
    metadata,
    notices,
    people,
    submission_programmes,
    submissions,
    switches,
)
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON

ANN, OTHER = 700_200_300, 700_200_301
PHONE, EMAIL = "79161234567", "anna.petrova@example.org"
SPELLINGS = (
    "+7 916 123-45-67",
    "8 (916) 123 45 67",
    "89161234567",
    "9161234567",
    "+79161234567",
    "007 916 123.45.67",
    "%2B7%20916%20123-45-67",
)
# How it would show if anything were left: in whatever spelling, the digits at the end of the number.
LEFT = ("1234567", "123-45-67", "123 45 67", "123.45.67", "petrova", "Петрова", "ann_petrova", str(ANN))

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


def update_of(user: int, words: str, **more: Any) -> str:
    """An update as Telegram sends it."""
    person = {
        "id": user,
        "is_bot": False,
        "first_name": "Анна",
        "last_name": "Петрова",
        "username": "ann_petrova",
    }
    chat = {"id": user, "type": "private", "first_name": "Анна"}
    message = {"message_id": 5, "from": person, "chat": chat, "text": words, "entities": [{"offset": 0}]}
    return json.dumps({"update_id": 7, "message": message | more})


def a_job(key: str, payload: str, topic: str = "telegram", **more: Any) -> dict[str, Any]:
    row = {"topic": topic, "key": key, "payload": payload, "state": "done", "due_at": NOON}
    return {**row, "correlation_id": "c", "accepted_at": NOON, "finished_at": NOON, **more}


def a_submission(number: str, phone: str, email: str, **more: Any) -> dict[str, Any]:
    row = {"id": number, "digest": "d" * 64, "poll_id": 17, "name": "Анна", "last_name": "Петрова"}
    said = {"phone": phone, "email": email, "comments": f"Звонить: {phone}", "job_id": 1, "in_doubt": False}
    return {**row, **said, "accepted_at": NOON, **more}


async def plant(database: Database) -> None:
    """Somebody who was everywhere, and somebody else of the same first name."""
    spelled = " ; ".join(SPELLINGS)

    def unit(tx: Transaction) -> None:
        def put(table: Any, *rows: dict[str, Any]) -> None:
            for row in rows:
                tx.execute(insert(table).values(row))

        put(
            people,
            {
                "user_id": ANN,
                "name": "Анна Петрова",
                "username": "ann_petrova",
                "role": "staff",
                "seen_at": NOON,
            },
        )
        put(people, {"user_id": OTHER, "name": "Анна", "seen_at": NOON, "role_by": ANN})
        for chat_id, title in ((ANN, "Анна Петрова"), (-100, "Группа")):
            put(chats, {"chat_id": chat_id, "type": "x", "title": title, "active": True, "seen_at": NOON})
        put(members, {"chat_id": -100, "user_id": ANN, "status": "member", "checked_at": NOON})
        put(jobs, a_job(f"chat:{ANN}", update_of(ANN, f"мой телефон {SPELLINGS[0]}")))
        put(jobs, a_job("chat:-100", update_of(ANN, "/check x", chat={"id": -100, "type": "group"})))
        put(jobs, a_job(f"chat:{OTHER}", json.dumps({"update_id": 8, "message": {"text": spelled}})))
        put(jobs, a_job("x:1", json.dumps({"phone": int(PHONE), "NAME": "Анна", "mail": EMAIL.upper()}), "x"))
        put(
            jobs,
            a_job(
                "submission:s-1", '{"submission":"s-1"}', "submissions", state="dead", reason=f"no {EMAIL}"
            ),
        )
        shown = {
            "texts": [
                {"key": "k", "params": {"name": "Анна Петрова", "note": f"@ann_petrova {SPELLINGS[1]}"}}
            ]
        }
        sent = {"language": "en", "content": shown, "correlation_id": "c", "created_at": NOON, "due_at": NOON}
        put(messages, {"kind": "text", "chat_id": ANN, "state": "waiting", "dedup_id": f"a.{ANN}.1", **sent})
        put(messages, {"kind": "text", "chat_id": -100, "state": "sent", **sent})
        asked: dict[str, Any] = {
            "action": "add",
            "kind": "stickerset",
            "key": "k",
            "card": {},
            "details": {},
            "state": "approved",
        }
        asked |= {
            "asker": ANN,
            "asker_name": "Анна Петрова",
            "decided_by": f"user:{ANN}",
            "decided_name": "ann_petrova",
        }
        moments = dict.fromkeys(("proposed_at", "created_at", "expires_at"), NOON)
        put(approvals, {"token": "t", "chat_id": ANN, "reason": f"пишите на {EMAIL}", **asked, **moments})
        entry = {"at": NOON, "action": "add", "kind": "contact", "key": "12"}
        new = {
            "NAME": "Анна",
            "LAST_NAME": "Петрова",
            "PHONE": [{"VALUE": SPELLINGS[2]}],
            "EMAIL": [{"VALUE": EMAIL}],
        }
        put(journal, {**entry, "actor": f"user:{ANN}", "after": new})
        put(
            journal,
            {
                **entry,
                "actor": "transfer",
                "kind": "user",
                "key": str(ANN),
                "before": {"who": "Анна Петрова"},
            },
        )
        put(submissions, a_submission("s-1", SPELLINGS[0], EMAIL, contact_id=12))
        put(submissions, a_submission(f"by-{EMAIL}", "", EMAIL.upper()))
        put(submissions, a_submission("s-3", "+7 495 000-00-00", "other@example.org", last_name="Ким"))
        for key, deal_id in (("физика", 31), ("химия", None)):
            put(
                submission_programmes,
                {"submission_id": "s-1", "key": key, "title": key, "position": 1, "deal_id": deal_id},
            )
        link = {
            "source_domain": "p.bitrix24.ru",
            "source_deal_id": ANN,
            "target_deal_id": 5,
            "source_fingerprint": "f",
        }
        link |= {
            "source_values": {"TITLE": f"Петрова Анна {PHONE}"},
            "target_values": {},
            "target_fingerprint": "f",
        }
        put(deal_links, {**link, "mapping_version": "1", "created_at": NOON, "updated_at": NOON})
        put(
            jobs,
            a_job(
                f"deal:p.bitrix24.ru:{OTHER}", json.dumps({"domain": "p.bitrix24.ru", "id": OTHER}), "deals"
            ),
        )
        put(
            faults,
            {"kind": "k", "count": 1, "first_at": NOON, "last_at": NOON, "sample": f"user {ANN}: {EMAIL}"},
        )
        put(
            notices,
            {
                "kind": "k",
                "subject": "",
                "state": "told",
                "count": 1,
                "since": NOON,
                "params": {"x": spelled},
            },
        )
        put(invalidations, {"region": "contact", "key": PHONE, "at": NOON})
        put(leases, {"name": f"contact:{EMAIL}", "owner": "o", "until": NOON})
        put(
            switches,
            {"name": "paused", "is_on": False, "by": f"user:{ANN}", "by_name": "Анна Петрова", "at": NOON},
        )

    await database.write(unit)


async def dump(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as text."""

    def read(tx: Transaction) -> dict[str, list[str]]:
        return {
            table.name: [str([str(value) for value in row]) for row in tx.execute(select(table))]
            for table in metadata.sorted_tables
        }

    return await database.read(read)


def left(dumped: dict[str, list[str]]) -> list[tuple[str, str]]:
    """What still names the person; a deal that bears the same number as the person is no person."""
    rows = [(name, row) for name, found in dumped.items() for row in found]
    of_deals = {("deal_links", str(ANN))}
    return [
        (name, row)
        for name, row in rows
        for trace in LEFT
        if trace.casefold() in row.casefold() and (name, trace) not in of_deals
    ]


def room(database: Database) -> Forgetting:
    return Forgetting(database, SystemClock(), Random(1), PARTS)


async def test_a_person_who_is_known_by_number_and_by_phone_is_found_nowhere_afterwards(
    database: WatchedDatabase,
) -> None:
    await plant(database)
    before = await dump(database)
    for words in (str(ANN), SPELLINGS[1]):
        known = await room(database).known(words)
        assert await room(database).count(known)
        assert await room(database).forget(known, "command line")
    after = await dump(database)
    assert left(before)
    assert left(after) == []
    assert "Анна" not in str([after[name] for name in ("jobs", "journal", "messages", "approvals")])
    told = {name: len(rows) for name, rows in before.items()}
    assert {name: len(rows) for name, rows in after.items()} == told | {
        "journal": 4,
        "invalidations": 5,
        "submission_programmes": 1,
    }


async def test_twice_is_once(database: WatchedDatabase) -> None:
    await plant(database)
    known = await room(database).known(SPELLINGS[3])
    await room(database).forget(known, "command line")
    once = await dump(database)
    again = await room(database).known(SPELLINGS[3])
    assert not await room(database).count(again)
    assert not await room(database).forget(again, "command line")
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
    for words in (str(ANN), PHONE):
        await room(database).forget(await room(database).known(words), "command line")
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
    await room(database).forget(await room(database).known(str(ANN)), "command line")
    number = await database.read(lambda tx: tx.execute(select(people.c.user_id, people.c.name)).all())
    [(new, name)] = [row for row in number if row.user_id != OTHER]
    assert new >= 2**52
    assert name.startswith("forgotten-")
    after = await dump(database)
    for table in ("members", "journal", "approvals", "jobs", "messages"):
        assert any(str(new) in row for row in after[table])


@pytest.mark.parametrize("words", ["", "nobody", "@nobody", "12 34", "+7 916"])
async def test_words_that_mean_nobody_are_refused(database: WatchedDatabase, words: str) -> None:
    with pytest.raises(Nobody):
        await room(database).known(words)


async def test_digits_are_a_number_of_telegram_where_somebody_has_it_and_a_phone_elsewhere(
    database: WatchedDatabase,
) -> None:
    await plant(database)
    assert (await room(database).known(str(ANN))).user_id == ANN
    assert (await room(database).known("4951112233")).phones == {"74951112233"}
    assert (await room(database).known("123")).user_id == 123


def test_every_number_and_text_of_every_table_is_a_person_a_text_or_known_to_be_neither() -> None:
    columns = {column.name: column.type for table in metadata.sorted_tables for column in table.columns}
    numbers = {name for name, type_ in columns.items() if isinstance(type_, BigInteger)}
    assert numbers - NUMBERS - forgetting.PERSONS == set()
    texts = {name for name, type_ in columns.items() if isinstance(type_, String | JSON)}
    assert forgetting.UNSAID - texts == set(), "what no table has"
    assert metadata.tables.keys() >= forgetting.IMPERSONAL
