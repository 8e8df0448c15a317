"""The row that is accepted: what one Telegram update becomes, about a kilobyte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bench.clients import Accept
from services.engine.clock import SystemClock
from services.engine.failpoints import NoFailpoints
from services.engine.inbox import DAY, Inbox, Topic
from services.engine.observability import new_correlation_id
from services.engine.retry import TELEGRAM
from services.engine.work import Work
from storage.database import Database
from storage.records import Job

TOPIC = "telegram"
BYTES = 1_000
CHATS = 1_000

_FILLER = "x" * BYTES


def key_of(number: int) -> str:
    """Jobs come from many chats."""
    return f"chat:{number % CHATS}"


def payload_of(number: int) -> str:
    """JSON of about a kilobyte, no two alike."""
    return msgspec.json.encode({"update_id": number, "message": {"text": _FILLER}}).decode()


def inbox_on(database: Database) -> Inbox:
    """Our inbox with one topic that nobody works."""
    inbox = Inbox(database, SystemClock(), NoFailpoints())
    inbox.register(Topic(TOPIC, _unworked, 1, TELEGRAM))
    return inbox


@asynccontextmanager
async def accepting(database: Database) -> AsyncIterator[Accept]:
    """Our inbox on a database that is opened for the block."""
    await database.open()
    inbox = inbox_on(database)

    async def accept(number: int) -> None:
        await inbox.accept(TOPIC, key_of(number), f"1:{number}", payload_of(number))

    try:
        yield accept
    finally:
        await database.close()


def values_of(number: int) -> dict[str, Any]:
    """The columns of `jobs` that accepting fills, for peers that write the same row themselves."""
    now = datetime.now(UTC)
    return {
        "topic": TOPIC,
        "key": key_of(number),
        "dedup_id": f"1:{number}",
        "dedup_until": now + timedelta(seconds=30 * DAY),
        "payload": payload_of(number),
        "state": "waiting",
        "due_at": now,
        "correlation_id": new_correlation_id(),
        "accepted_at": now,
    }


async def _unworked(_job: Job, _work: Work) -> None:
    return None
