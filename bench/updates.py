"""From the bytes of a Telegram update to its handler, beside bare python-telegram-bot."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from telegram import Update

from bench.rounds import Contender, Goal, Heading, Scale, Table, compare
from bench.telegram_side import bare_application, our_application, stand_in, updates
from bot.application import HubApplication, UpdateJobs
from bot.updates import TOPIC, Intake
from services.engine.clock import SystemClock
from services.engine.failpoints import NoFailpoints
from services.engine.inbox import Inbox, Receipt, Topic
from services.engine.observability import Counters, Redactor, new_correlation_id
from services.engine.retry import TELEGRAM
from services.engine.supervisor import Supervisor
from services.engine.work import Work
from services.engine.workers import Workers
from services.flow.faults import Faults
from services.flow.messages import Messages
from services.flow.people import People
from settings.groups import DEFAULT_CONCURRENCY
from storage.records import Job
from storage.sqlite import SqliteDatabase

BARE = "python-telegram-bot, bare"
DISPATCH = "ours: accept, dedup, dispatch"
CYCLE = "ours: the whole cycle"
REPEATS = "ours: repeats, known by their number"
AT_ONCE = 100  # updates of one answer of getUpdates

_ABOUT = """Stickers in private chats as bytes, {count} a cell, 100 at once as one answer of getUpdates brings
them, from 1,000 chats; 30 handlers that do nothing, the sticker's the last.

- Bare: msgspec's JSON decoder (in a second row Python's, as the library's own webhook has it),
  `Update.de_json`, `process_update`, one after another. Nothing is stored, nothing is known again.
- Accept, dedup, dispatch: look at the bytes, store the update durably (SQLite, synchronous=FULL) under its
  number, then decode and `process_update` by the job's handler while the next hundred is stored.
- The whole cycle: stored, claimed by the workers ({concurrency} at a time, JOB_CONCURRENCY's default),
  handled and finished, each finish durable.
- Repeats: the same updates once more, each recognised."""
_WHY_DISPATCH = (
    "Bare has only `de_json` and `process_update`. Ours has them too, and besides looks at the bytes, has a "
    "task for each update, and stores the row. SQLite's own work goes beside the decoding, on another core; "
    "what is Python of it, in the writer's thread and in the loop, waits for the one interpreter lock."
)
_WHY_CYCLE = (
    "To what accepting costs come two more writes, the claim and the finish, each in a commit that only as "
    "many jobs share as are worked at once. A job moves through five indexes on its way; the finish runs in "
    "a savepoint of its own, so that one job's failure undoes nothing of another. What is Python of it waits "
    "for the same interpreter lock as the decoding."
)
_GOALS = (
    Goal(
        "accept + dedup + dispatch ≥ 0.8× bare python-telegram-bot",
        DISPATCH,
        BARE,
        least=0.8,
        reason=_WHY_DISPATCH,
    ),
    Goal("the whole cycle ≥ 0.4× bare python-telegram-bot", CYCLE, BARE, least=0.4, reason=_WHY_CYCLE),
)


async def updates_to_handlers(scale: Scale, random: Random) -> Table:
    """Updates a second."""
    numbers = count(1, scale.updates)
    async with AsyncExitStack() as stack:
        api_url, token = await stack.enter_async_context(stand_in())
        bare = await stack.enter_async_context(bare_application(api_url, token))
        ours = await stack.enter_async_context(our_application(api_url, token))
        runs: dict[str, Run] = {
            BARE: partial(_bare, bare, msgspec.json.decode),
            f"{BARE}, json module": partial(_bare, bare, json.loads),
            DISPATCH: partial(_in_room, ours, _dispatched),
            CYCLE: partial(_in_room, ours, _cycled),
            REPEATS: partial(_in_room, ours, _repeated),
        }
        contenders = [
            Contender(name, partial(_rate, run, numbers, scale.updates, random)) for name, run in runs.items()
        ]
        about = _ABOUT.format(count=f"{scale.updates:,}", concurrency=DEFAULT_CONCURRENCY)
        heading = Heading("Telegram: from bytes to the handler", "updates a second", about, BARE, _GOALS)
        return await compare(heading, contenders, scale.rounds, random)


Batches = Sequence[Sequence[bytes]]
Run = Callable[[Batches], Awaitable[float]]  # gives the seconds it took


async def _rate(run: Run, numbers: "count[int]", most: int, random: Random) -> float:
    raw = updates(most, next(numbers), random)
    return most / await run([raw[start : start + AT_ONCE] for start in range(0, most, AT_ONCE)])


async def _bare(application: Any, decode: Callable[[bytes], Any], batches: Batches) -> float:
    started = perf_counter()
    for batch in batches:
        for raw in batch:
            await application.process_update(Update.de_json(decode(raw), application.bot))
    return perf_counter() - started


@dataclass(slots=True)
class Room:
    """Ours from intake to finish, on a new file."""

    intake: Intake
    jobs: UpdateJobs
    workers: Workers
    topic: Topic
    finished: "Finished"


@dataclass(slots=True)
class Finished:
    """Counts finishes, and tells when all have come."""

    wanted: int = 0
    all: asyncio.Event = field(default_factory=asyncio.Event)

    def one(self) -> None:
        """One more is durable."""
        self.wanted -= 1
        if self.wanted == 0:
            self.all.set()


async def _in_room(
    application: HubApplication, run: Callable[[Room, Batches], Awaitable[float]], batches: Batches
) -> float:
    async with _room(application) as room:
        return await run(room, batches)


async def _dispatched(room: Room, batches: Batches) -> float:
    started = perf_counter()
    async with asyncio.TaskGroup() as handling:
        for batch in batches:
            receipts = await room.intake.accept_all(batch)
            for receipt, raw in zip(receipts, batch, strict=True):
                if isinstance(receipt, Receipt) and receipt.new:
                    handling.create_task(_handled(room, receipt, raw))
    return perf_counter() - started


async def _handled(room: Room, receipt: Receipt, raw: bytes) -> None:
    job = _claimed(receipt.job_id, raw)
    await room.jobs.handle(job, Work(job))


def _claimed(job_id: int, raw: bytes) -> Job:
    """The job as a claim would return it."""
    return Job(
        id=job_id,
        topic=TOPIC,
        key="",
        payload=raw.decode(),
        attempts=1,
        lapses=0,
        owner="",
        first_failed_at=None,
        accepted_at=SystemClock().now(),
        correlation_id=new_correlation_id(),
    )


async def _cycled(room: Room, batches: Batches) -> float:
    room.finished.wanted = sum(map(len, batches))
    room.workers.start(room.topic)
    started = perf_counter()
    await _accept_all(room, batches)
    await room.finished.all.wait()
    return perf_counter() - started


async def _repeated(room: Room, batches: Batches) -> float:
    await _accept_all(room, batches)
    started = perf_counter()
    await _accept_all(room, batches)
    return perf_counter() - started


async def _accept_all(room: Room, batches: Batches) -> None:
    for batch in batches:
        await room.intake.accept_all(batch)


@asynccontextmanager
async def _room(application: HubApplication) -> AsyncIterator[Room]:
    clock, failpoints, finished = SystemClock(), NoFailpoints(), Finished()
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "hub.db")
        await database.open()
        supervisor, inbox = Supervisor(clock), Inbox(database, clock, failpoints)
        faults = Faults(database, clock, Redactor(()).text)
        people = People(database, clock, language="en")
        jobs = UpdateJobs(application, Messages(clock), faults, people)
        topic = Topic(TOPIC, jobs.handle, DEFAULT_CONCURRENCY, TELEGRAM)
        inbox.register(topic)
        workers = Workers(
            inbox,
            database,
            clock=clock,
            random=Random(1),
            supervisor=supervisor,
            failpoints=failpoints,
            faults=faults,
            finished=finished.one,
        )
        try:
            yield Room(Intake(inbox, Counters(CollectorRegistry()), 1), jobs, workers, topic, finished)
        finally:
            await supervisor.stop(0)
            await database.close()
