"""API keys and the inbox's figures, as rows."""

from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from storage import inbox_figures, jobs, keys
from storage.inbox_figures import _BACKLOG
from storage.records import Backlog, Key
from tests.storage.files import WatchedDatabase, opened, rows
from tests.storage.rows import LEASE, NOON, at, new_job


async def _add(
    database: WatchedDatabase, name: str = "ci", digest: str = "d" * 64, scope: str = "read"
) -> Key:
    values = {"name": name, "hint": "swb_abcd", "digest": digest, "scope": scope}
    return await database.write(lambda tx: keys.add(tx, **values, at=NOON))


async def test_a_key_is_found_by_its_digest_until_it_is_revoked(database: WatchedDatabase) -> None:
    key = await _add(database, scope="enterprise:0367")
    assert key == Key(1, "ci", "swb_abcd", "enterprise:0367", NOON, None, None)
    assert await database.read(lambda tx: keys.by_digest(tx, "d" * 64)) == key
    assert await database.read(lambda tx: keys.by_digest(tx, "e" * 64)) is None

    assert await database.write(lambda tx: keys.revoke(tx, key.id, at=at(5))) == "d" * 64
    assert await database.read(lambda tx: keys.by_digest(tx, "d" * 64)) is None
    revoked = await database.read(lambda tx: keys.by_id(tx, key.id))
    assert revoked == Key(1, "ci", "swb_abcd", "enterprise:0367", NOON, None, at(5))


async def test_only_a_good_key_can_be_revoked(database: WatchedDatabase) -> None:
    key = await _add(database)
    await database.write(lambda tx: keys.revoke(tx, key.id, at=at(5)))

    assert await database.write(lambda tx: keys.revoke(tx, key.id, at=at(9))) is None
    assert await database.write(lambda tx: keys.revoke(tx, 99, at=at(9))) is None
    revoked = await database.read(lambda tx: keys.by_id(tx, key.id))
    assert revoked
    assert revoked.revoked_at == at(5)


async def test_keys_are_listed_with_the_revoked_ones_oldest_first(database: WatchedDatabase) -> None:
    for number in range(3):
        await _add(database, f"key {number}", str(number) * 64)
    await database.write(lambda tx: keys.revoke(tx, 2, at=at(5)))

    assert [(key.id, key.name) for key in await database.read(keys.everything)] == [
        (1, "key 0"),
        (2, "key 1"),
        (3, "key 2"),
    ]


async def test_two_keys_never_share_a_digest(database: WatchedDatabase) -> None:
    await _add(database)
    with pytest.raises(IntegrityError):
        await _add(database, "another")


async def test_a_last_use_only_moves_on(database: WatchedDatabase) -> None:
    first, second = await _add(database), await _add(database, "b", "b" * 64)

    async def use(moments: dict[int, datetime]) -> list[datetime | None]:
        await database.write(lambda tx: keys.used(tx, moments))
        return [key.used_at for key in await database.read(keys.everything)]

    assert await use({first.id: at(10)}) == [at(10), None]
    assert await use({first.id: at(5), second.id: at(20)}) == [at(10), at(20)]
    assert await use({first.id: at(30), 99: at(30)}) == [at(30), at(20)]
    assert await use({}) == [at(30), at(20)]


async def test_the_backlog_counts_by_topic_and_state_and_leaves_out_what_is_done(
    database: WatchedDatabase,
) -> None:
    told = [new_job(f"k{number}", due=at(number)) for number in range(5)]
    await database.write(lambda tx: jobs.accept(tx, [*told, new_job("late", topic="sync", due=at(900))]))
    claim = partial(jobs.claim, topic="telegram", owner="p.1", now=at(60), lease_until=at(60) + LEASE, most=3)
    done, dead, _ = await database.write(claim)
    await database.write(lambda tx: jobs.finish(tx, done, at=at(61)))
    await database.write(lambda tx: jobs.bury(tx, dead, at=at(61), reason="x"))

    found = await database.read(inbox_figures.backlog)

    assert sorted(found, key=lambda row: (row.topic, row.state)) == [
        Backlog("sync", "waiting", 1, at(900)),
        Backlog("telegram", "claimed", 1, None),
        Backlog("telegram", "dead", 1, None),
        Backlog("telegram", "waiting", 2, at(3)),
    ]


async def test_an_empty_inbox_has_no_backlog(database: WatchedDatabase) -> None:
    assert await database.read(inbox_figures.backlog) == []


async def test_the_backlog_is_read_from_the_partial_indexes_alone(path: Path) -> None:
    """However many finished jobs there are, none is looked at: no part of the plan scans the table."""
    shown = f"EXPLAIN QUERY PLAN {_BACKLOG.compile()}"
    async with opened(path) as file:
        plan = [str(row[-1]) for row in await rows(file, shown)]

    looks = [line for line in plan if line.startswith(("SCAN", "SEARCH"))]
    assert len(looks) == 3
    assert all(" USING " in line and "INDEX ix_jobs_" in line for line in looks), looks
