"""Forgetting a person with care: interrupted, beside working jobs, and with nobody else's data in reach."""

import asyncio
import json
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import select, update

from commands.forget import tell
from services.deals.mapping.canonical import fingerprint
from storage.database import Transaction
from storage.deal_links import DealLink, of_source
from storage.errors import StorageUnavailable
from storage.forgotten_links import FORGOTTEN
from storage.tables import deal_links, jobs, journal, keys, people, sticker_sets, submissions
from tests.clock import HandClock
from tests.storage.files import WatchedDatabase
from tests.storage.forgetting_rows import (
    ANN,
    EMAIL,
    OTHER,
    PHONE,
    a_job,
    a_link,
    a_submission,
    dump,
    forget,
    left,
    plant,
    put,
    room,
)
from tests.storage.rows import NOON

BORIS = {"user_id": ANN, "name": "Борис", "username": "boris", "seen_at": NOON}


async def column(database: WatchedDatabase, of: Any) -> list[Any]:
    """All values of a column, in the order of its table."""
    return await database.read(
        lambda tx: list(tx.execute(select(of).order_by(*of.table.primary_key)).scalars())
    )


async def test_what_was_interrupted_anywhere_is_completed_by_running_it_again(
    database: WatchedDatabase,
) -> None:
    await plant(database)
    for words in (f"id:{ANN}", f"+{PHONE}"):
        stopped = 0
        for writes in range(1, 20):
            known, write = await room(database).known(words), database.write
            left_over = iter([True] * writes)

            async def failing(unit: Any, write: Any = write, left_over: Any = left_over) -> Any:
                if not next(left_over, False):
                    raise StorageUnavailable("away")
                return await write(unit)

            database.write = failing  # type: ignore[method-assign]
            try:
                await room(database).forget(known, "command line")
            except StorageUnavailable:
                stopped += 1
            finally:
                database.write = write  # type: ignore[method-assign]
        assert stopped > 3
        await forget(database, words)
    assert left(await dump(database)) == []


async def test_a_job_that_is_worked_is_waited_for_and_what_it_wrote_is_rewritten(
    database: WatchedDatabase,
) -> None:
    await plant(database)
    clock = HandClock(in_flight=lambda: database.in_flight, patience=0.005)
    await put(database, (jobs, a_job(f"chat:{ANN}", "{}", state="claimed", finished_at=None)))
    known = await room(database, clock).known(f"id:{ANN}")
    forgetting = asyncio.create_task(room(database, clock).forget(known, "command line"))
    await clock.advance(10)
    assert not forgetting.done()
    assert ANN in await column(database, people.c.user_id), "it could not be run again otherwise"

    def done(tx: Transaction) -> None:
        tx.execute(
            update(jobs).where(jobs.c.state == "claimed").values(state="done", result={"user_id": ANN})
        )

    await database.write(done)
    await clock.advance(10)
    assert (await forgetting).busy == 0
    assert ANN not in await column(database, people.c.user_id)
    assert str(ANN) not in str((await dump(database))["jobs"])


async def test_a_job_that_does_not_end_is_told_and_the_person_is_found_again(
    database: WatchedDatabase,
) -> None:
    await plant(database)
    clock = HandClock(in_flight=lambda: database.in_flight, patience=0.005)
    await put(database, (jobs, a_job(f"chat:{ANN}", "{}", state="claimed", finished_at=None)))
    known = await room(database, clock).known("@ann_petrova")
    forgetting = asyncio.create_task(room(database, clock).forget(known, "command line"))
    await clock.advance(70)
    assert (await forgetting).busy == 1
    assert (await room(database, clock).known("@ann_petrova")).user_id == ANN


async def test_the_command_fails_while_a_job_of_the_person_does_not_end(database: WatchedDatabase) -> None:
    await plant(database)
    clock, out = HandClock(in_flight=lambda: database.in_flight, patience=0.005), StringIO()
    await put(database, (jobs, a_job(f"chat:{ANN}", "{}", state="claimed", finished_at=None)))
    asked = tell(room(database, clock), "@ann_petrova", StringIO(), out, dry_run=False)
    assert await clock.run(asked) == 1
    assert out.getvalue().endswith("still being worked (1): run this again, with the same words\n")


async def test_a_name_of_one_word_counts_only_beside_the_person(database: WatchedDatabase) -> None:
    named = {"name": "Борис"}
    entry = {"at": NOON, "action": "add", "kind": "k", "key": "1"}
    pack = {"name_key": "boris", "name": "boris", "title": "B", "kind": "regular", "added_by": ANN}
    await put(
        database,
        (people, BORIS),
        (submissions, a_submission("s-9", "+7 495 000-00-00", "", name="Борис")),
        (keys, {"name": "boris", "hint": "h", "digest": "d", "scope": "read", "created_at": NOON}),
        (sticker_sets, {**pack, "added_at": NOON}),
        (journal, {**entry, "actor": f"user:{OTHER}", "after": named}),
        (journal, {**entry, "actor": f"user:{ANN}", "after": named}),
    )
    await forget(database, f"id:{ANN}")
    assert await column(database, submissions.c.name) == ["Борис"]
    assert await column(database, keys.c.name) == ["boris"]
    assert await column(database, sticker_sets.c.name) == ["boris"]
    others, theirs, _ = await column(database, journal.c.after)
    assert others == named
    assert theirs["name"].startswith("forgotten-")


async def test_who_shares_an_e_mail_keeps_their_form(database: WatchedDatabase) -> None:
    mother = a_submission("s-2", "+7 495 111-22-33", EMAIL, name="Ольга", comments="")
    payload = json.dumps({"phone": "+7 495 111-22-33", "name": "Ольга", "email": EMAIL}, ensure_ascii=False)
    await put(
        database,
        (submissions, a_submission("s-1", PHONE, EMAIL)),
        (submissions, mother),
        (jobs, a_job("x:2", payload, "x")),
    )
    await forget(database, f"+{PHONE}")
    rows = await database.read(lambda tx: tx.execute(select(submissions)).all())
    [kept] = [row for row in rows if row.id == "s-2"]
    assert (kept.name, kept.phone, kept.email) == ("Ольга", mother["phone"], EMAIL)
    assert await column(database, jobs.c.payload) == [payload]


async def test_objects_without_numbers_stay_as_they_are(database: WatchedDatabase) -> None:
    payload = json.dumps({"type": "x", "title": "T", "sub": {"type": "y", "id": None}})
    await put(database, (jobs, a_job("x:1", payload, "x", reason=f"+{PHONE}")))
    await forget(database, f"+{PHONE}")
    assert await column(database, jobs.c.payload) == [payload]


@pytest.mark.parametrize("number", ["1234567", "9161234567"])
async def test_numbers_of_deals_and_jobs_are_no_phones(database: WatchedDatabase, number: str) -> None:
    said = f"deal:p.bitrix24.ru:{number}, p.bitrix24.ru/{number}, job:{number}, 55{number}, {number}99"
    alone = json.dumps({"id": int(number), "deal_id": int(number)})
    phone = "+1234567" if number == "1234567" else f"+7{number}"
    form = a_submission("s-1", phone, "", comments="")
    await put(database, (submissions, form), (jobs, a_job("x:1", alone, "x", reason=said)))
    await forget(database, phone)
    assert await column(database, jobs.c.reason) == [said]
    assert await column(database, jobs.c.payload) == [alone]
    assert await column(database, submissions.c.phone) == [""]


async def test_what_a_deal_held_of_the_person_is_not_known_any_more(database: WatchedDatabase) -> None:
    source, target = {"TITLE": f"Анна {PHONE}", "STAGE": "NEW"}, {"TITLE": f"А. {PHONE}", "STAGE": "NEW"}
    await put(database, a_link(source, target, 7), a_link({"STAGE": "NEW"}, {"STAGE": "NEW"}, 8))
    await forget(database, f"+{PHONE}")

    async def link(number: int) -> DealLink:
        found = await database.read(lambda tx: of_source(tx, "p.bitrix24.ru", number))
        assert found
        return found

    held, other = await link(7), await link(8)
    assert held.source_values == {"STAGE": "NEW"}
    assert held.target_values == {"STAGE": "NEW", FORGOTTEN: ["TITLE"]}
    assert held.source_fingerprint not in ("f", fingerprint(source), fingerprint(held.source_values))
    assert held.target_fingerprint != "f"
    assert not held.is_lost
    assert (other.source_fingerprint, other.target_fingerprint) == ("f", "f")
    assert await column(database, deal_links.c.target_deal_id) == [12, 13]


async def test_ids_of_forms_that_are_made_of_a_person_change_with_what_hangs_on_them(
    database: WatchedDatabase,
) -> None:
    from_other = a_submission(
        f"for:{EMAIL}", "+7 495 111-22-33", "", name="Ольга", last_name="Ким", comments=""
    )
    await put(database, (submissions, a_submission("s-1", PHONE, EMAIL)), (submissions, from_other))
    await forget(database, f"+{PHONE}")
    rows = await database.read(lambda tx: tx.execute(select(submissions)).all())
    assert EMAIL not in str(rows)
    assert [row.phone for row in rows if row.name == "Ольга"] == ["+7 495 111-22-33"]
