"""People, faults, the journal and invalidations."""

import asyncio
from functools import partial

from storage import faults, invalidations, journal, people
from storage.faults import Occurrence
from storage.invalidations import Invalidation
from storage.journal import Subject
from storage.records import Fault, JournalEntry, Person
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, at


async def test_a_chosen_language_stays_when_a_person_is_renamed(database: WatchedDatabase) -> None:
    await database.write(lambda tx: people.note(tx, 5, name="Ann", username="ann", at=NOON))
    await database.write(lambda tx: people.choose_language(tx, 5, "ru", name="Ann", at=NOON))
    await database.write(lambda tx: people.note(tx, 5, name="Anna", username=None, at=at(1)))
    assert await database.read(lambda tx: people.by_id(tx, 5)) == Person(5, "Anna", None, "ru")


async def test_a_language_can_be_chosen_by_somebody_never_seen_before(database: WatchedDatabase) -> None:
    await database.write(lambda tx: people.choose_language(tx, 5, "en", name="Ann", at=NOON))
    assert await database.read(lambda tx: people.by_id(tx, 5)) == Person(5, "Ann", None, "en")
    assert await database.read(lambda tx: people.by_id(tx, 6)) is None


async def test_faults_of_a_kind_are_one_row_with_a_count_and_the_newest_sample(
    database: WatchedDatabase,
) -> None:
    for number in range(3):
        row = Occurrence("poller.Timeout", f"sample {number}", f"c{number}", at(number))
        await database.write_row(faults.record, row)
    await database.write_row(faults.record, Occurrence("other", "x", None, at(10)))
    assert await database.read(lambda tx: faults.newest(tx, most=5)) == [
        Fault(2, "other", 1, at(10), at(10), "x", None),
        Fault(1, "poller.Timeout", 3, NOON, at(2), "sample 2", "c2"),
    ]
    assert await database.read(lambda tx: faults.newest(tx, most=0)) == []
    assert await database.read(faults.totals) == {"poller.Timeout": 3, "other": 1}
    assert await database.read(faults.total) == 4


async def test_no_fault_is_none(database: WatchedDatabase) -> None:
    assert await database.read(faults.total) == 0
    assert await database.read(faults.totals) == {}


async def test_faults_recorded_at_once_are_all_counted(database: WatchedDatabase) -> None:
    row = Occurrence("kind", "x", None, NOON)
    await asyncio.gather(*(database.write_row(faults.record, row) for _ in range(50)))
    assert await database.read(faults.total) == 50


async def test_the_journal_tells_an_items_story_in_order(database: WatchedDatabase) -> None:
    for moment, key, after in (
        (NOON, "Cats", {"count": 1}),
        (at(1), "Dogs", None),
        (at(2), "Cats", {"count": 2}),
    ):
        await database.write(
            partial(
                journal.add,
                at=moment,
                actor="user:5",
                action="add",
                kind="stickerset",
                key=key,
                after=after,
                job_id=3,
            )
        )
    assert await database.read(lambda tx: journal.of_item(tx, "stickerset", "Cats")) == [
        JournalEntry(1, NOON, "user:5", "add", "stickerset", "Cats", None, {"count": 1}, 3, None),
        JournalEntry(3, at(2), "user:5", "add", "stickerset", "Cats", None, {"count": 2}, 3, None),
    ]


async def test_a_story_is_found_by_its_name_in_any_case_also_outside_ascii(database: WatchedDatabase) -> None:
    entries = [("programme", name) for name in ("Курс Ёлка", "КУРС ЁЛКА", "курс ёлка", "Курс Ель", "Cats")]
    for kind, key in [*entries, ("poll", "Курс Ёлка")]:
        await database.write(partial(journal.add, at=NOON, actor="user:5", action="add", kind=kind, key=key))
    for name, ids in (("курс Ёлка", [1, 2, 3]), ("КУРС ЕЛЬ", [4]), ("CATS", [5]), ("Курс", [])):
        of = Subject("programme", name)
        told = await database.read(partial(journal.story, of=of, most=10))
        assert [entry.id for entry in told] == ids
        assert await database.read(partial(journal.length, of=of)) == len(ids)


async def test_invalidations_are_numbered_and_read_from_a_number_or_a_moment_on(
    database: WatchedDatabase,
) -> None:
    assert await database.read(invalidations.last) == 0
    await database.write(lambda tx: invalidations.add(tx, "stickerset", "cats", at=NOON))
    await database.write(lambda tx: invalidations.add(tx, "stickerset", None, at=at(5)))
    everything = [Invalidation(1, "stickerset", "cats"), Invalidation(2, "stickerset", None)]
    assert await database.read(lambda tx: invalidations.newer(tx, 0, at(60))) == everything
    assert await database.read(lambda tx: invalidations.newer(tx, 1, at(60))) == everything[1:]
    assert await database.read(lambda tx: invalidations.newer(tx, 2, NOON)) == everything[1:]
    assert await database.read(lambda tx: invalidations.newer(tx, 2, at(-1))) == everything
    assert await database.read(invalidations.last) == 2


async def test_what_a_persons_telegram_speaks_stays_until_it_tells_another(database: WatchedDatabase) -> None:
    for said in ("en", None):
        await database.write(partial(people.note, user_id=5, name="A", username=None, at=NOON, spoken=said))
    assert await database.read(lambda tx: people.by_id(tx, 5)) == Person(5, "A", None, None, None, "en")
    await database.write(lambda tx: people.note(tx, 5, name="A", username=None, at=NOON, spoken="ru"))
    assert await database.read(lambda tx: people.by_id(tx, 5)) == Person(5, "A", None, None, None, "ru")
