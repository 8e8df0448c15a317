"""Pushing updates to a webhook."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.telegram.delivery import retry_delay
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups

URL = "http://hub.test:8020/hook"


@dataclass
class Receiver:
    """A hub that only takes updates; `answers` are used up first, then everything is taken."""

    clock: HandClock
    answers: list[Response] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    gate: asyncio.Event | None = None
    broken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.started = self.clock.monotonic()

    async def take(self, request: Request) -> Response:
        update = json.loads(await request.body())
        self.updates.append(update)
        self.headers.append(dict(request.headers))
        self.times.append(round(self.clock.monotonic() - self.started, 3))
        if self.gate is not None:
            await self.gate.wait()
        if update.get("message", {}).get("text") in self.broken:
            return Response(status_code=500)
        return self.answers.pop(0) if self.answers else Response()

    @property
    def kinds(self) -> list[str]:
        return [next(name for name in update if name != "update_id") for update in self.updates]

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates if "message" in update]


@pytest.fixture
def receiver(clock: HandClock) -> Receiver:
    return Receiver(clock)


@pytest.fixture
async def pushing(app: Starlette, receiver: Receiver) -> AsyncIterator[None]:
    """The pusher runs, and hub.test is the receiver."""
    hub = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(hub)) as client:
        pusher = asyncio.get_running_loop().create_task(app.state.telegram.delivery.run(client))
        yield
        pusher.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pusher


async def _set(bot: Bot, **more: Any) -> str:
    response = (await bot.call("setWebhook", **({"url": URL} | more))).json()
    assert response["ok"], response
    description: str = response["description"]
    return description


@pytest.mark.usefixtures("pushing")
async def test_updates_are_pushed_with_the_secret_and_confirmed_by_any_2xx(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot, secret_token="Example_secret-1")
    receiver.answers = [Response(status_code=204)]
    world.send_text(ALICE.id, ALICE.id, "hello")
    await clock.settle()
    assert receiver.texts == ["hello"]
    assert receiver.headers[0]["x-telegram-bot-api-secret-token"] == "Example_secret-1"
    assert receiver.headers[0]["content-type"] == "application/json"
    assert (await bot.ok("getWebhookInfo"))["pending_update_count"] == 0


@pytest.mark.usefixtures("pushing")
async def test_a_failed_push_is_repeated_at_once_then_after_2_4_8_seconds(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot)
    receiver.answers = [Response(status_code=500) for _ in range(4)]
    world.send_text(ALICE.id, ALICE.id, "hello")
    await clock.advance(20)
    assert receiver.times == [0, 0, 2, 6, 14]
    assert len({update["update_id"] for update in receiver.updates}) == 1
    info = await bot.ok("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert info["pending_update_count"] == 0


def test_the_delay_is_capped_at_one_to_two_minutes() -> None:
    delays = [retry_delay(failures, Random(3)) for failures in range(1, 12)]
    assert delays[:6] == [0, 2, 4, 8, 16, 32]
    assert all(60 <= delay <= 120 for delay in delays[7:])


@pytest.mark.usefixtures("pushing")
async def test_a_retry_after_of_the_receiver_is_honoured(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot)
    receiver.answers = [Response(status_code=503, headers={"Retry-After": "30"})]
    world.send_text(ALICE.id, ALICE.id, "hello")
    await clock.advance(40)
    assert receiver.times == [0, 30]


@pytest.mark.usefixtures("pushing")
async def test_a_receiver_that_does_not_answer_in_60_seconds_gets_it_again(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot)
    receiver.gate = asyncio.Event()
    world.send_text(ALICE.id, ALICE.id, "hello")
    await clock.advance(59)
    assert world.traffic.pushing == 1
    assert len(receiver.updates) == 1
    await clock.advance(1)
    assert len(receiver.updates) == 2
    receiver.gate.set()
    await clock.settle()
    assert (await bot.ok("getWebhookInfo"))["last_error_message"] == "Read timeout expired"


@pytest.mark.usefixtures("pushing")
async def test_one_update_of_a_queue_is_in_flight_and_others_do_not_wait_for_it(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock, groups: Groups
) -> None:
    await _set(bot, allowed_updates=["message", "edited_message", "message_reaction"])
    receiver.gate = asyncio.Event()
    chat = groups.admin.id
    first = world.send_text(chat, ALICE.id, "first")
    await clock.settle()
    world.edit(chat, first.message_id, "edited")
    await clock.settle()
    world.send_text(chat, ALICE.id, "second")
    await clock.settle()
    assert receiver.kinds == ["message"]
    world.react(chat, first.message_id, BORIS.id, ["👍"])
    world.send_text(ALICE.id, ALICE.id, "elsewhere")
    await clock.settle()
    assert sorted(receiver.kinds) == ["message", "message", "message_reaction"]
    receiver.gate.set()
    await clock.settle()
    assert receiver.kinds[3:] == ["edited_message", "message"]
    assert receiver.texts[-1] == "second"


@pytest.mark.usefixtures("pushing")
async def test_a_poisoned_update_holds_up_its_own_queue_until_it_expires(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock, groups: Groups
) -> None:
    await _set(bot)
    receiver.broken = {"poison"}
    for text in ("poison", "behind"):
        world.send_text(ALICE.id, ALICE.id, text)
    world.send_text(groups.admin.id, ALICE.id, "elsewhere")
    await clock.advance(1000)
    assert "behind" not in receiver.texts
    assert "elsewhere" in receiver.texts
    world.updates.webhook.max_connections = 1
    await clock.advance(86400)
    assert (await bot.ok("getWebhookInfo"))["pending_update_count"] == 0


@pytest.mark.usefixtures("pushing")
async def test_max_connections_limits_what_is_in_flight(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot, max_connections=2)
    receiver.gate = asyncio.Event()
    for person in [world.add_person() for _ in range(5)]:
        world.send_text(person.id, person.id, "hello")
    await clock.settle()
    assert world.traffic.pushing == 2
    receiver.gate.set()
    await clock.settle()
    assert len(receiver.updates) == 5


@pytest.mark.usefixtures("pushing")
async def test_an_answer_that_names_a_method_is_a_call(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot)
    receiver.answers = [JSONResponse({"method": "sendMessage", "chat_id": ALICE.id, "text": "by the way"})]
    world.send_text(ALICE.id, ALICE.id, "hello")
    await clock.settle()
    assert [message.text for message in world.sent(ALICE.id)] == ["by the way"]
    assert world.ledger.of("sendMessage", applied=True)


@pytest.mark.usefixtures("pushing")
async def test_what_waited_is_pushed_once_a_webhook_is_there_and_a_new_address_starts_afresh(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    world.send_text(ALICE.id, ALICE.id, "early")
    await _set(bot, url="http://hub.test/nowhere")
    await clock.advance(100)
    assert receiver.updates == []
    await _set(bot)
    await clock.settle()
    assert receiver.texts == ["early"]


@pytest.mark.usefixtures("pushing")
async def test_deleting_the_webhook_stops_the_pushes_and_keeps_what_is_pending(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot)
    receiver.answers = [Response(status_code=500) for _ in range(3)]
    world.send_text(ALICE.id, ALICE.id, "hello")
    await clock.settle()
    pushes = len(receiver.updates)
    assert (await bot.call("deleteWebhook")).json()["description"] == "Webhook was deleted"
    await clock.advance(600)
    assert len(receiver.updates) == pushes
    assert len(await bot.updates()) == 1


@pytest.mark.usefixtures("pushing")
async def test_a_receiver_that_is_gone_for_a_day_loses_its_webhook(
    bot: Bot, world: World, receiver: Receiver, clock: HandClock
) -> None:
    await _set(bot)
    receiver.answers = [Response(status_code=410) for _ in range(2000)]
    world.send_text(ALICE.id, ALICE.id, "hello")
    await clock.advance(22 * 3600)
    assert (await bot.ok("getWebhookInfo"))["url"] == URL
    await clock.advance(1.2 * 3600)
    assert (await bot.ok("getWebhookInfo"))["url"] == ""


async def test_the_same_webhook_again_changes_nothing_but_the_allowed_kinds(bot: Bot, world: World) -> None:
    assert await _set(bot, secret_token="a") == "Webhook was set"
    version = world.updates.webhook.version
    assert await _set(bot, secret_token="a", allowed_updates=["message"]) == "Webhook is already set"
    assert world.updates.webhook.version == version
    assert (await bot.ok("getWebhookInfo"))["allowed_updates"] == ["message"]
    assert await _set(bot, secret_token="b") == "Webhook was set"
    info = await bot.ok("getWebhookInfo")
    assert (info["url"], info["max_connections"], info["allowed_updates"]) == (URL, 40, ["message"])


async def test_deleting_no_webhook_and_dropping_what_is_pending(bot: Bot, world: World) -> None:
    assert (await bot.call("deleteWebhook")).json()["description"] == "Webhook is already deleted"
    world.send_text(ALICE.id, ALICE.id, "hello")
    await bot.ok("deleteWebhook", drop_pending_updates=True)
    assert await bot.updates() == []
    world.send_text(ALICE.id, ALICE.id, "hello")
    await _set(bot, drop_pending_updates=True)
    assert (await bot.ok("getWebhookInfo"))["pending_update_count"] == 0


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"secret_token": "has space"}, "secret token contains unallowed characters"),
        ({"secret_token": "x" * 257}, "secret token is too long"),
        ({"url": "ftp://hub.test/hook"}, "bad webhook: invalid webhook URL specified"),
        ({"url": "hub.test/hook"}, "bad webhook: invalid webhook URL specified"),
        ({"url": "http://hub.test:99999/"}, "bad webhook: invalid port specified"),
    ],
)
async def test_webhooks_telegram_does_not_take(bot: Bot, params: dict[str, str], reason: str) -> None:
    assert await bot.refused("setWebhook", **({"url": URL} | params)) == f"Bad Request: {reason}"


async def test_an_empty_address_deletes_and_connections_are_clamped(bot: Bot) -> None:
    await _set(bot, max_connections=0)
    assert (await bot.ok("getWebhookInfo"))["max_connections"] == 1
    assert await _set(bot, url="") == "Webhook was deleted"
    assert (await bot.ok("getWebhookInfo")) == {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": 0,
    }
