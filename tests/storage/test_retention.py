"""What may go and what has to stay, on both databases."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from storage import accepting, chats, invalidations, messages, proposals, retention
from storage.database import Transaction
from storage.retention import Old
from tests.storage.files import WatchedDatabase, rows, scalar
from tests.storage.rows import NOON, new_job, new_message, proposal

DAYS = timedelta(days=1)
LIMIT = NOON - 30 * DAYS
OLD, YOUNG = LIMIT - timedelta(seconds=1), LIMIT


async def put_job(
    database: WatchedDatabase,
    state: str = "done",
    finished: datetime = OLD,
    *,
    dedup_until: datetime | None = None,
    topic: str = "telegram",
) -> int:
    def unit(tx: Transaction) -> int:
        dedup_id = "known" if dedup_until else None
        row = new_job(now=finished, topic=topic, dedup_id=dedup_id, dedup_until=dedup_until)
        ((number, new),) = accepting.accept(tx, [row])
        assert new
        tx.execute(
            text("UPDATE jobs SET state = :state, finished_at = due_at WHERE id = :id"),
            {"state": state, "id": number},
        )
        return number

    return await database.write(unit)


async def put_message(
    database: WatchedDatabase,
    state: str = "sent",
    ended: datetime | None = OLD,
    *,
    created: datetime = OLD,
    target_row: int | None = None,
) -> int:
    def unit(tx: Transaction) -> int:
        number = messages.put(tx, new_message(created_at=created, target_row=target_row))
        assert number
        if state != "waiting":
            messages.end(tx, number, state, at=ended or NOON)
        if ended is None:
            tx.execute(text("UPDATE messages SET sent_at = NULL WHERE id = :id"), {"id": number})
        return number

    return await database.write(unit)


async def put_proposal(database: WatchedDatabase, token: str, shown: int, **more: Any) -> None:
    await database.write(lambda tx: proposals.put(tx, proposal(token, **more), shown_row=shown))


async def go(database: WatchedDatabase, *old: Old) -> int:
    """All that may go is found, and goes."""
    gone = 0
    for each in old:
        keys = await database.read(lambda tx, each=each: each.find(tx, 100))  # type: ignore[misc]
        dropped = await database.write(lambda tx, each=each, keys=keys: each.drop(tx, keys))  # type: ignore[misc]
        assert dropped == len(keys)
        gone += dropped
    return gone


async def kept(database: WatchedDatabase, table: str, key: str = "id") -> list[Any]:
    return [row[0] for row in await rows(database, f"SELECT {key} FROM {table} ORDER BY 1")]


async def test_done_jobs_go_and_younger_dead_waiting_and_claimed_ones_stay(database: WatchedDatabase) -> None:
    old = await put_job(database)
    staying = [await put_job(database, finished=YOUNG)]
    for state in ("dead", "waiting"):
        staying.append(await put_job(database, state))
    assert await go(database, retention.done_jobs(LIMIT, now=NOON)) == 1
    assert await kept(database, "jobs") == staying
    assert old not in staying


@pytest.mark.parametrize(("seconds", "goes"), [(1, False), (0, True)])
async def test_a_job_whose_dedup_id_is_still_known_stays_however_old(
    database: WatchedDatabase, seconds: float, *, goes: bool
) -> None:
    await put_job(database, finished=NOON - 400 * DAYS, dedup_until=NOON + timedelta(seconds=seconds))
    assert await go(database, retention.done_jobs(LIMIT, now=NOON)) == goes


async def test_jobs_of_certain_topics_can_go_sooner(database: WatchedDatabase) -> None:
    await put_job(database, topic="sweep")
    other = await put_job(database, topic="telegram")
    assert await go(database, retention.done_jobs(LIMIT, now=NOON, topics=["sweep", "heartbeat"])) == 1
    assert await kept(database, "jobs") == [other]
    assert await go(database, retention.done_jobs(LIMIT, now=NOON, topics=[])) == 0


async def test_a_job_taken_up_again_after_it_was_found_stays(database: WatchedDatabase) -> None:
    number = await put_job(database)
    old = retention.done_jobs(LIMIT, now=NOON)
    keys = await database.read(lambda tx: old.find(tx, 9))
    await database.write(lambda tx: tx.execute(text("UPDATE jobs SET state = 'waiting'")))
    assert keys == [number]
    assert await database.write(lambda tx: old.drop(tx, keys)) == 0


@pytest.mark.parametrize("state", ["sent", "failed", "dropped", "unknown"])
async def test_messages_go_a_while_after_they_ended_however(database: WatchedDatabase, state: str) -> None:
    await put_message(database, state)
    young = await put_message(database, state, YOUNG)
    assert await go(database, *retention.ended_messages(LIMIT)) == 1
    assert await kept(database, "messages") == [young]


async def test_a_message_that_was_taken_back_goes_by_when_it_was_written(database: WatchedDatabase) -> None:
    await put_message(database, "dropped", None)
    young = await put_message(database, "dropped", None, created=YOUNG)
    assert await go(database, *retention.ended_messages(LIMIT)) == 1
    assert await kept(database, "messages") == [young]


async def test_what_waits_to_be_sent_stays_with_what_it_points_at(database: WatchedDatabase) -> None:
    shown = await put_message(database)
    deletion = await put_message(database, "waiting", None, target_row=shown)
    assert await go(database, *retention.ended_messages(LIMIT)) == 0
    await database.write(lambda tx: messages.end(tx, deletion, "sent", at=OLD))
    assert await go(database, *retention.ended_messages(LIMIT)) == 2


async def test_closed_proposals_go_and_then_the_messages_that_showed_them(database: WatchedDatabase) -> None:
    shown = {name: await put_message(database) for name in ("added", "expired", "open", "young")}
    await put_proposal(database, "open", shown["open"], expires_at=OLD)
    await put_proposal(database, "added", shown["added"], state="added", decided_at=OLD)
    await put_proposal(database, "expired", shown["expired"], state="expired", expires_at=OLD)
    await put_proposal(database, "young", shown["young"], state="added", decided_at=YOUNG, expires_at=OLD)
    assert await go(database, *retention.ended_messages(LIMIT)) == 0
    assert await go(database, retention.closed_proposals(LIMIT)) == 2
    assert await kept(database, "proposals", "token") == ["open", "young"]
    assert await go(database, *retention.ended_messages(LIMIT)) == 2
    assert await kept(database, "messages") == sorted([shown["open"], shown["young"]])


async def test_open_proposals_that_ran_out_are_closed_a_few_at_a_time(database: WatchedDatabase) -> None:
    shown = await put_message(database)
    for number in range(5):
        await put_proposal(database, f"over{number}", shown, expires_at=NOON)
    await put_proposal(database, "open", shown, expires_at=NOON + timedelta(seconds=1))
    await put_proposal(database, "added", shown, state="added", expires_at=NOON)

    async def expire() -> int:
        return await database.write(lambda tx: retention.expire_proposals(tx, NOON, most=3))

    assert [await expire() for _ in range(3)] == [3, 2, 0]
    states = dict(await rows(database, "SELECT token, state FROM proposals"))
    assert states.pop("open") == "open"
    assert states.pop("added") == "added"
    assert set(states.values()) == {"expired"}


async def test_invalidations_go_a_few_at_a_time_and_numbers_go_on(database: WatchedDatabase) -> None:
    for moment in (OLD, OLD, OLD, YOUNG):
        await database.write(lambda tx, at=moment: invalidations.add(tx, "stickerset", None, at=at))  # type: ignore[misc]

    async def drop(before: datetime) -> int:
        return await database.write(lambda tx: retention.drop_invalidations(tx, before, most=2))

    assert [await drop(LIMIT) for _ in range(3)] == [2, 1, 0]
    assert await drop(NOON) == 1
    await database.write(lambda tx: invalidations.add(tx, "stickerset", None, at=NOON))
    assert await scalar(database, "SELECT max(id) FROM invalidations") == 5


async def test_reactions_learnt_long_ago_are_forgotten(database: WatchedDatabase) -> None:
    await database.write(lambda tx: chats.remember_reaction(tx, -1, "✅", "👌", at=OLD))
    await database.write(lambda tx: chats.remember_reaction(tx, -2, "✅", "👌", at=YOUNG))
    assert await database.write(lambda tx: retention.forget_reactions(tx, LIMIT)) == 1
    assert await kept(database, "chat_reactions", "chat_id") == [-2]


@pytest.mark.parametrize(
    ("old", "index"),
    [
        (retention.done_jobs(LIMIT, now=NOON), "ix_jobs_done"),
        *((old, "ix_messages_ended") for old in retention.ended_messages(LIMIT)),
    ],
)
async def test_looking_for_old_rows_reads_an_index_and_not_the_table(
    database: WatchedDatabase, old: Old, index: str
) -> None:
    def plan(tx: Transaction) -> str:
        query = str(
            old.query(10).compile(
                tx.engine, compile_kwargs={"literal_binds": True, "render_postcompile": True}
            )
        )
        if tx.dialect.name == "postgresql":
            tx.exec_driver_sql("SET enable_seqscan = off")
            return str(tx.exec_driver_sql(f"EXPLAIN {query}").all())
        return str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all())

    assert index in await database.read(plan)
