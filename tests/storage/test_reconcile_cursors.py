"""How far portals have been compared, and how several jobs stand."""

from storage import job_states, jobs, reconcile_cursors
from storage.reconcile_cursors import Cursor
from storage.records import NewJob
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, at

PARTNER, OTHER = "partner1.bitrix24.ru", "partner2.bitrix24.ru"


async def test_a_cursor_moves_only_when_a_pass_is_complete(database: WatchedDatabase) -> None:
    assert await database.read(lambda tx: reconcile_cursors.by_domain(tx, PARTNER)) is None
    await database.write(lambda tx: reconcile_cursors.keep(tx, PARTNER, NOON, "1"))
    await database.write(lambda tx: reconcile_cursors.keep(tx, PARTNER, at(9), "2"))
    kept = Cursor(PARTNER, NOON, "2")
    assert await database.read(lambda tx: reconcile_cursors.by_domain(tx, PARTNER)) == kept
    await database.write(lambda tx: reconcile_cursors.finish(tx, PARTNER, at(5), None, at=at(6)))
    await database.write(lambda tx: reconcile_cursors.finish(tx, OTHER, at(7), "3", at=at(8)))
    assert await database.read(reconcile_cursors.every) == [
        Cursor(PARTNER, at(5), None, None, at(6)),
        Cursor(OTHER, at(7), "3", None, at(8)),
    ]


async def test_several_jobs_are_looked_at_together(database: WatchedDatabase) -> None:
    rows = [NewJob("deals", f"deal:{n}", "{}", "c", NOON, NOON) for n in range(3)]
    stored = await database.write(lambda tx: jobs.accept(tx, rows))
    first, second, _ = (number for number, _ in stored)
    found = await database.read(lambda tx: job_states.of(tx, [first, second, 10_000]))
    assert {number: (one.topic, one.state) for number, one in found.items()} == {
        first: ("deals", "waiting"),
        second: ("deals", "waiting"),
    }
    assert await database.read(lambda tx: job_states.of(tx, [])) == {}
