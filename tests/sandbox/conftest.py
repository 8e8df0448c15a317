"""A small world, a bot that talks to it as a bot does, and a judge over everything that was said."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.server import build_sandbox
from sandbox.telegram.people import Chat, Person
from sandbox.telegram.world import World
from sandbox.transport import LoopbackTransport
from tests.clock import HandClock
from tests.telegram_oracle import check_ledger

ALICE = Person(500100200, "Alice", "Example", "alice_example", "en", started=True)
BORIS = Person(500100201, "Борис", language_code="ru", is_premium=True)


class Bot:
    """Calls methods the way python-telegram-bot does: a form with nested values as JSON."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, method: str, **params: Any) -> httpx.Response:
        data = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
            if value is not None
        }
        return await self.client.post(f"/{method}", data=data)

    async def ok(self, method: str, **params: Any) -> Any:
        """The result of a call that must succeed."""
        answer = (await self.call(method, **params)).json()
        assert answer["ok"] is True, answer
        return answer["result"]

    async def refused(self, method: str, **params: Any) -> str:
        """The description of a call that must fail; its code is that of the HTTP answer."""
        response = await self.call(method, **params)
        body = response.json()
        assert body["ok"] is False, body
        assert body["error_code"] == response.status_code
        description: str = body["description"]
        return description

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """getUpdates, confirming nothing unless told to."""
        result: list[dict[str, Any]] = await self.ok("getUpdates", **params)
        return result


@dataclass
class Groups:
    """A group the bot administers, one where it is an ordinary member, a forum, and a basic group."""

    admin: Chat
    member: Chat
    forum: Chat
    basic: Chat


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def injected() -> list[int]:
    """update_ids of updates put in by hand, which the judge shall not hold against the stand-in."""
    return []


@pytest.fixture
def world(clock: HandClock, injected: list[int]) -> Iterator[World]:
    """Alice has started the bot, Boris has not. Everything emitted and called is judged at the end."""
    world = World(clock)
    world.add_person(Person(ALICE.id, "Alice", "Example", "alice_example", "en", started=True))
    world.add_person(Person(BORIS.id, "Борис", language_code="ru", is_premium=True))
    yield world
    check_ledger(world, injected=injected)


@pytest.fixture
def groups(world: World) -> Groups:
    both = [ALICE.id, BORIS.id]
    return Groups(
        admin=world.add_group("Admins", both),
        member=world.add_group("Members", both, bot="member"),
        forum=world.add_group("Forum", both, is_forum=True),
        basic=world.add_group("Basic", both, chat_type="group"),
    )


@pytest.fixture
def app(world: World, clock: HandClock) -> Starlette:
    return build_sandbox(clock, world=world)


@pytest.fixture
async def bot(app: Starlette, world: World, clock: HandClock) -> AsyncIterator[Bot]:
    base = f"http://sandbox.test/telegram/bot{world.token}"
    async with httpx.AsyncClient(
        transport=LoopbackTransport(app, clock), base_url=base, timeout=None
    ) as client:
        yield Bot(client)


@pytest.fixture
async def page(app: Starlette, clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    base = "http://sandbox.test/telegram/page"
    async with httpx.AsyncClient(transport=LoopbackTransport(app, clock), base_url=base) as client:
        yield client
