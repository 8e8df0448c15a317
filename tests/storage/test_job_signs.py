"""What the watch asks about jobs, on both databases."""

from typing import Any

from sqlalchemy import update

from storage import accepting, job_signs
from storage.database import Transaction
from storage.job_signs import HeldUp
from storage.tables import jobs
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, at, new_job

AWAY = "PortalUnavailable: bitrix24: no answer"


async def put(database: WatchedDatabase, key: str, topic: str = "deals", **values: Any) -> None:
    def unit(tx: Transaction) -> None:
        ((number, _),) = accepting.accept(tx, [new_job(key, topic=topic)])
        if values:
            tx.execute(update(jobs).where(jobs.c.id == number).values(values))

    await database.write(unit)


async def test_what_waits_after_a_failure_is_counted_by_portal_and_reason(database: WatchedDatabase) -> None:
    for number, seconds in ((1, 30), (22, 10), (333, 20)):
        await put(database, f"deal:a.ru:{number}", reason=AWAY, first_failed_at=at(seconds))
    await put(database, "deal:b.ru:1", reason="left alone")  # put off: no attempt, so since it came
    await put(database, "deal:a.ru:4")  # just waits
    await put(database, "deal:a.ru:5", reason=AWAY, first_failed_at=at(61))  # not for long enough
    await put(database, "deal:a.ru:44", reason=AWAY, first_failed_at=at(15), state="claimed")
    await put(database, "deal:a.ru:6", reason=AWAY, first_failed_at=at(1), state="dead")
    await put(database, "other:a.ru:7", "other", reason=AWAY, first_failed_at=at(1))
    found = await database.read(lambda tx: job_signs.held_up(tx, "deals", at(60)))
    assert found == [HeldUp("deal:a.ru:", AWAY, 4, at(10)), HeldUp("deal:b.ru:", "left alone", 1, NOON)]
