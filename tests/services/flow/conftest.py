"""All rooms of a hub on a real database and virtual time; jobs are made up, no worker runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from services.engine.errors import NoSuchItem
from services.engine.failpoints import NoFailpoints
from services.engine.work import Work
from services.flow.items import Proposal
from services.flow.messages import Content
from services.flow.places import Asker, Place
from services.gallery.model import StickerSetFacts
from services.hub import Hub, Ports, Terms, build_hub
from settings import load_settings
from storage import messages
from storage.records import Job
from tests.clock import HandClock
from tests.members import Nobody
from tests.storage.files import WatchedDatabase, new_file, opened, rows
from tests.storage.rows import NOON

ADMIN, ANN, BORIS = 500, 501, 502
PRIVATE = Place(ANN, private=True, language="en", message_id=10)
GROUP = Place(-100, private=False, language="en", thread_id=3, message_id=10)


@dataclass
class Known:
    """Telegram's own sets."""

    names: set[str] = field(default_factory=set)

    async def sticker_set(self, name: str) -> StickerSetFacts:
        if name not in self.names:
            raise NoSuchItem(name, user_text="error-no-such-set")
        return StickerSetFacts(name, f"Title of {name}", "regular", 3)


@dataclass
class Row:
    """A message as it waits in the outbox."""

    id: int
    kind: str
    chat_id: int
    thread_id: int | None
    reply_to: int | None
    target: int | None
    target_row: int | None
    content: Any

    @property
    def shown(self) -> Content:
        """What a text or an edit shows."""
        return msgspec.convert(self.content, Content)

    @property
    def keys(self) -> list[str]:
        """Which texts it shows."""
        return [text.key for text in self.shown.texts]


@dataclass
class House:
    """The hub's rooms, and how a job goes through them."""

    hub: Hub
    database: WatchedDatabase
    clock: HandClock
    telegram: Known
    numbers: Any = field(default_factory=lambda: count(1))

    def work(self) -> Work:
        """A job in hand."""
        number = next(self.numbers)
        return Work(Job(number, "telegram", "chat:1", "{}", 1, 0, "p.1", None, NOON, f"c{number}"))

    async def finish(self, work: Work) -> None:
        """What the inbox does in the end."""
        await self.database.write(work.apply)
        work.settled()

    async def outbox(self) -> list[Row]:
        """Every message that waits, oldest first."""
        names = ("id", "kind", "chat_id", "thread_id", "reply_to", "target", "target_row", "content")
        query = f"SELECT {', '.join(names)} FROM messages WHERE state = 'waiting' ORDER BY id"
        found = [dict(zip(names, row, strict=True)) for row in await rows(self.database, query)]
        return [Row(**row | {"content": msgspec.json.decode(row["content"])}) for row in found]

    async def propose(self, name: str = "Cats_by_bot", place: Place = GROUP) -> tuple[str, int] | None:
        """Show a proposal and have its message sent: (token, the chat's number of it), or None."""
        self.telegram.names.add(name)
        before = {token for (token,) in await rows(self.database, "SELECT token FROM proposals")}
        work = self.work()
        asker = Asker(ANN, "Ann")
        proposal: Proposal = await self.hub.gallery.kind.propose(name, asker, place)
        work.write(lambda tx: self.hub.proposals.show(tx, work, proposal, asker, place))
        await self.finish(work)
        shown = [
            row
            for row in await rows(self.database, "SELECT token, shown_row FROM proposals")
            if row[0] not in before
        ]
        if not shown:
            return None
        token, row = shown[0]
        sent_id = 1000 + row
        at = self.clock.now()
        await self.database.write(lambda tx: messages.end(tx, row, "sent", at=at, sent_id=sent_id))
        return token, sent_id


@asynccontextmanager
async def new_house(folder: Path, **more: str) -> AsyncIterator[House]:
    """A house for the block; `more` are variables as the environment would hold them."""
    variables = {
        "TELEGRAM_BOT_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
        "ADMIN_IDS": str(ADMIN),
        "DEFAULT_LANGUAGE": "en",
        "GALLERY_APPROVAL": "direct",
    }
    async with opened(new_file(folder)) as database:
        clock, telegram = HandClock(), Known()
        clock.in_flight = lambda: database.in_flight
        hub = build_hub(
            load_settings(variables | more, None),
            Ports(telegram, Nobody()),
            database,
            Terms(clock, Random(1), NoFailpoints(), lambda text: text.replace("secret", "***")),
        )
        yield House(hub, database, clock, telegram)
        await hub.supervisor.stop(0)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with new_house(tmp_path) as built:
        yield built
