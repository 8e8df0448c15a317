"""A gallery on a real database and virtual time, with a scripted Telegram behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.engine.cache import Cache
from services.engine.call_times import CallTimes
from services.engine.errors import NoSuchItem
from services.engine.failpoints import NoFailpoints
from services.engine.inbox import Inbox
from services.engine.observability import Counters
from services.engine.supervisor import Supervisor
from services.engine.work import Work
from services.flow.items import Addition, Item
from services.gallery import Gallery, build_gallery
from services.gallery.model import StickerSetFacts
from services.gallery.wire import GalleryWire
from settings import Settings, load_settings
from storage.records import Job
from tests.clock import HandClock
from tests.storage.files import WatchedDatabase, new_file, opened
from tests.storage.rows import NOON

JOB = Job(1, "telegram", "chat:1", "{}", 1, 0, "p.1", None, NOON, "c")


@dataclass
class Known:
    """Telegram's own sets, by name in lower case."""

    sets: dict[str, StickerSetFacts] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    failure: Exception | None = None

    async def sticker_set(self, name: str) -> StickerSetFacts:
        self.asked.append(name)
        if self.failure:
            raise self.failure
        if name.lower() not in self.sets:
            raise NoSuchItem(name, user_text="error-no-such-set")
        return self.sets[name.lower()]


@dataclass
class Room:
    """The gallery and what is around it."""

    gallery: Gallery
    database: WatchedDatabase
    clock: HandClock
    telegram: Known
    inbox: Inbox

    async def add(
        self,
        name: str,
        title: str = "A set",
        *,
        by: int = 5,
        kind: str = "regular",
        proposed_at: datetime | None = None,
    ) -> tuple[Item, bool]:
        """Add as a job does: outside first, a unit in a transaction, then what follows it."""
        work = Work(JOB)
        details = {"name": name, "title": title, "kind": kind, "count": 3}
        addition = Addition(name, details, by, -7, proposed_at or self.clock.now())
        addition = await self.gallery.kind.carry_out(addition)
        added = await self.database.write(lambda tx: self.gallery.kind.add(tx, work, addition))
        work.settled()
        return added


def _settings() -> Settings:
    return load_settings({"TELEGRAM_BOT_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"}, None)


@asynccontextmanager
async def new_room(folder: Path, client: httpx.AsyncClient | None = None) -> AsyncIterator[Room]:
    """A gallery for the block: its own, or with a `client` one that is elsewhere."""
    async with opened(new_file(folder)) as database:
        clock, telegram = HandClock(), Known()
        clock.in_flight = lambda: database.in_flight
        supervisor = Supervisor(clock)
        times = CallTimes(Counters(CollectorRegistry()), clock)
        inbox = Inbox(database, clock, NoFailpoints())
        gallery = build_gallery(
            _settings().cache,
            database,
            clock,
            Cache(clock, Random(1), supervisor),
            telegram,
            inbox=inbox,
            elsewhere=GalleryWire(client, clock, times) if client else None,
        )
        yield Room(gallery, database, clock, telegram, inbox)
        await supervisor.stop(0)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with new_room(tmp_path) as made:
        yield made
