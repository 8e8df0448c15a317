"""HTTP's door for tests: a real hub on a real SQLite file behind it; of the outside nothing."""

import json
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
from fastapi import FastAPI

from bot.updates import TOPIC, Intake
from services.engine.clock import Clock, SystemClock
from services.engine.errors import NoSuchItem
from services.engine.failpoints import NoFailpoints
from services.engine.inbox import Topic
from services.engine.observability import Redactor
from services.engine.retry import TELEGRAM
from services.engine.work import Work
from services.flow.keys import KeyRegister, NewKey, Scope
from services.gallery.model import StickerSetFacts
from services.hub import Hub, Ports, Terms, build_hub
from settings import Settings, load_settings
from storage import sticker_sets
from storage.records import Job, StickerSet
from tests.members import Nobody
from tests.storage.files import WatchedDatabase, new_file, opened
from web.application import UpdateIntake, build_web
from web.routes.deals import DealDoor
from web.routes.poll_forms import PollFormIntake

KEY = "the-first-key-of-these-tests-0123456789"
SECOND_KEY = "the-second-key-of-these-tests-987654321"
SECRET = "secret-of-the-webhook"
SECRET_HEADER = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
WEBHOOK = "/telegram/webhook"
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


class NoStickerSets:
    """Telegram knows no set."""

    async def sticker_set(self, name: str) -> StickerSetFacts:
        raise NoSuchItem(name)


@dataclass
class FakeIntake:
    """Takes every body; raises `failure`, when there is one, instead."""

    failure: Exception | None = None
    taken: list[bytes] = field(default_factory=list)

    async def accept(self, raw: bytes) -> object:
        if self.failure:
            raise self.failure
        self.taken.append(raw)
        return None


@dataclass
class Door:
    """The application, a caller without any key, and the hub behind it."""

    app: FastAPI
    hub: Hub
    settings: Settings
    database: WatchedDatabase
    file: Path
    caller: httpx.AsyncClient
    register: KeyRegister

    async def key(self, scope: str = "read", name: str = "a program") -> NewKey:
        """A new stored key of that scope."""
        return await self.register.create(name, Scope.parse(scope), actor="test")

    async def get(self, address: str, **params: Any) -> httpx.Response:
        """Ask with a good key."""
        return await self.caller.get(address, params=params, headers={"X-API-Key": KEY})

    async def post_update(self, body: bytes, secret: dict[str, str] | None = None) -> httpx.Response:
        """Do as Telegram does."""
        headers = SECRET_HEADER if secret is None else secret
        return await self.caller.post(WEBHOOK, content=body, headers=headers)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """A look into the file, past the hub."""
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(query).fetchall()

    async def list_sets(self, *rows: StickerSet) -> None:
        """Put sets into the gallery."""
        await self.hub.database.write(lambda tx: [sticker_sets.add(tx, row) for row in rows])


async def _never_worked(job: Job, work: Work) -> None:
    raise AssertionError("no worker runs here")


def settings_for(folder: Path, **more: str) -> Settings:
    """Settings as the environment would give them."""
    variables = {
        "API_KEYS": f"{KEY},{SECOND_KEY}",
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/hub.db",
        "HTTP_PORT": "0",
    }
    return load_settings(variables | more, None)


@asynccontextmanager
async def open_door(
    folder: Path,
    *,
    clock: Clock | None = None,
    intake: UpdateIntake | None = None,
    secret: str | None = SECRET,
    gallery: httpx.AsyncClient | None = None,
    portal: httpx.AsyncClient | None = None,
    sources: dict[str, httpx.AsyncClient] | None = None,
    poll_forms: PollFormIntake | None = None,
    **more: str,
) -> AsyncIterator[Door]:
    """A door for the block; without an `intake` the bot's own, which fills the inbox.

    `gallery` leads to a gallery elsewhere, `portal` to the home portal, `sources` to others by domain.
    `poll_forms` stand in for the hub's own.
    """
    settings, time = settings_for(folder, **more), clock or SystemClock()
    file = new_file(folder)
    async with opened(file) as database:
        hub = build_hub(
            settings,
            Ports(NoStickerSets(), Nobody(), gallery, portal, sources or {}),
            database,
            Terms(time, Random(1), NoFailpoints(), Redactor(settings.secrets()).text),
        )
        hub.inbox.register(Topic(TOPIC, _never_worked, 1, TELEGRAM))
        app = build_web(
            http=settings.http,
            clock=time,
            health=hub.health,
            statistics=hub.statistics,
            cache=hub.cache,
            sticker_sets=hub.gallery.sets,
            gallery_secrets=[each.get_secret_value() for each in settings.gallery.webhook_secrets],
            faults=hub.faults,
            intake=intake or Intake(hub.inbox, hub.counters, bot_id=77),
            webhook_secret=secret,
            stored_keys=hub.keys,
            metrics=hub.metrics,
            deals=DealDoor(hub.deal_gate, hub.deal_intake, hub.event_counts, time),
            poll_forms=poll_forms or (hub.programmes.forms if hub.programmes else None),
        )
        async with caller_of(app) as caller:
            register = KeyRegister(database, time, Random(7))
            yield Door(app, hub, settings, database, file, caller, register)
        await hub.supervisor.stop(1.0)


def caller_of(app: FastAPI) -> httpx.AsyncClient:
    """A client that talks to the application without a socket."""
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://hub.test")


def a_set(name: str, title: str, *, minutes: int = 0, **more: Any) -> StickerSet:
    """A row of the gallery, added so many minutes after noon."""
    values: dict[str, Any] = {"kind": "regular", "count": 3, "added_by": 500, "added_in": None}
    return StickerSet(name=name, title=title, added_at=NOON + timedelta(minutes=minutes), **(values | more))


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The answer is a problem document of that status; returns the document."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(response.content)
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["status"] == status
    assert document["detail"]
    assert uuid.UUID(document["correlation_id"]).version == 7
    assert response.headers["x-correlation-id"] == document["correlation_id"]
    return document
