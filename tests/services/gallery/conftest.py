"""A gallery on a real database and virtual time, with a scripted Telegram behind it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from services.engine.cache import Cache
from services.engine.errors import NoSuchItem
from services.engine.supervisor import Supervisor
from services.engine.work import Work
from services.flow.items import Addition, Item
from services.gallery import Gallery, build_gallery
from services.gallery.model import StickerSetFacts
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

    async def sticker_set(self, name: str) -> StickerSetFacts:
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

    async def add(
        self, name: str, title: str = "A set", *, by: int = 5, kind: str = "regular"
    ) -> tuple[Item, bool]:
        """Add as a job does: a unit in a transaction, then what follows it."""
        work = Work(JOB)
        details = {"name": name, "title": title, "kind": kind, "count": 3}
        addition = Addition(name, details, by, -7)
        added = await self.database.write(lambda tx: self.gallery.kind.add(tx, work, addition))
        work.settled()
        return added


def _settings() -> Settings:
    return load_settings({"TELEGRAM_BOT_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"}, None)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with opened(new_file(tmp_path)) as database:
        clock, telegram = HandClock(), Known()
        clock.in_flight = lambda: database.in_flight
        supervisor = Supervisor(clock)
        cache = Cache(clock, Random(1), supervisor)
        gallery = build_gallery(_settings().cache, database, clock, cache, telegram)
        yield Room(gallery, database, clock, telegram)
        await supervisor.stop(0)
