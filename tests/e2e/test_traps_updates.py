"""Updates of any kind, shape and number, and a long poll that nothing ends."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.telegram.faults import FaultKind
from services.version import VERSION
from tests.e2e.wording import head, press_buttons, words
from tests.town import CHEN, GROUP, UNLISTED, Outside, Town, TownClock

DAY = 86_400
VERSION_LINE = words("version", version=VERSION)
FIRST_ID = 310000001  # the stand-in's first update_id
PERSON = {"id": CHEN, "is_bot": False, "first_name": "Chen"}
PRIVATE = {"id": CHEN, "first_name": "Chen", "type": "private"}
MESSAGE = {"message_id": 9001, "from": PERSON, "chat": PRIVATE, "date": 1768478400}


def nested(levels: int, inside: Any) -> Any:
    """Lists in lists."""
    for _ in range(levels):
        inside = [inside]
    return inside


def replies(levels: int) -> dict[str, Any]:
    """A reply to a reply to a reply …"""
    message: dict[str, Any] = MESSAGE | {"text": "deep"}
    for _ in range(levels):
        message = MESSAGE | {"text": "deep", "reply_to_message": message}
    return message


UNKNOWN: list[dict[str, Any]] = [
    {"inline_query": {"id": "1", "from": PERSON, "query": "cats", "offset": ""}},
    {"channel_post": MESSAGE | {"text": "/version"}},
    {"kind_of_next_year": {"chat": PRIVATE, "from": PERSON, "text": "/version"}},
    {"kind_without_a_body": None},
    {"kind_of_a_number": 7},
]
MALFORMED: list[dict[str, Any]] = [
    {"message": {"message_id": 9001, "from": PERSON, "date": 1768478400, "text": "no chat"}},
    {"message": MESSAGE | {"chat": None, "text": "/version"}},
    {"message": MESSAGE | {"chat": "here", "text": "/version"}},
    {"message": MESSAGE | {"date": "yesterday", "text": "/version"}},
    {"message": MESSAGE | {"from": {"id": "me"}, "text": "/version"}},
    {"message": MESSAGE | {"entities": "all", "text": "/version"}},
    {"message": MESSAGE | {"sticker": []}},
    {"message": MESSAGE | {"sticker": {"set_name": 5}}},
    {"message": "hello"},
    {"message": []},
    {"message": None},
    {"message": nested(150, MESSAGE)},
    {"message": replies(100)},
    {"callback_query": {"id": 5}},
    {"callback_query": {"id": "5", "from": PERSON, "chat_instance": "1"}},
    {"message_reaction": {"chat": PRIVATE, "message_id": 1, "date": 1, "old_reaction": 1, "new_reaction": 2}},
    {"my_chat_member": {"chat": PRIVATE, "from": PERSON, "date": 1}},
    {"edited_message": {}},
    {},
]


def inject_malformed(town: Town, update: dict[str, Any]) -> None:
    """What Telegram would never send, and no library could read."""
    town.injected.append(town.world.inject(update))
    town.world.updates.emitted.pop()


@pytest.fixture
async def lenient(outside: Outside) -> AsyncIterator[Town]:
    """A town where jobs may die."""
    async with outside.hub() as town:
        yield town


async def test_unknown_kinds_are_counted_and_later_updates_go_on(town: Town) -> None:
    for update in UNKNOWN:
        await town.gets(update)
    assert await town.faults() == {"telegram.unknown_update": len(UNKNOWN)}
    assert not town.world.sent(CHEN)
    await town.says(CHEN, "/version")
    assert town.last(CHEN).text == VERSION_LINE


async def test_malformed_updates_hold_up_nobody(lenient: Town, clock: TownClock) -> None:
    for number, update in enumerate(MALFORMED, 1):
        inject_malformed(lenient, update)
        lenient.world.send_text(CHEN, CHEN, "/version")
        await clock.advance(5)  # one that only a handler finds out gets its three attempts
        answers = [message for message in lenient.sent(CHEN) if message.text == VERSION_LINE]
        assert len(answers) == number, update


async def test_malformed_updates_are_counted_and_tried_once(lenient: Town) -> None:
    refused = [MALFORMED[0], MALFORMED[1], MALFORMED[2], MALFORMED[8], MALFORMED[10]]
    for update in refused:
        inject_malformed(lenient, update)
    await lenient.settle()
    assert await lenient.faults() == {"job.telegram.Refused": len(refused)}
    assert await lenient.rows("SELECT DISTINCT state, attempts FROM jobs WHERE topic = 'telegram'") == [
        ("dead", 1)
    ]


async def test_an_update_delivered_again_after_a_restart_has_one_effect(outside: Outside) -> None:
    world = outside.world
    async with outside.hub() as town:
        await town.sends(CHEN, UNLISTED)
        await town.presses(CHEN, town.last(CHEN))
        await town.says(CHEN, "/version")
    before = [message.text for message in world.sent(CHEN)]
    for update in list(world.updates.emitted):
        world.updates.repeat(update["update_id"])
    async with outside.hub() as town:
        await town.settle()
        assert [message.text for message in town.sent(CHEN)] == before
        assert await town.scalar("SELECT count(*) FROM sticker_sets") == 1
        assert await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'telegram'") == 3
        await town.says(CHEN, "/version")
        assert len(town.sent(CHEN)) == len(before) + 1


@pytest.mark.parametrize("next_id", [7, FIRST_ID])
async def test_update_ids_that_start_again_lower_are_new_updates(
    town: Town, clock: TownClock, next_id: int
) -> None:
    for _ in range(3):
        await town.says(CHEN, "/version")
    await clock.leap(8 * DAY)  # after a quiet week Telegram goes on with any number
    town.world.updates._next_id = next_id
    for number in range(3):
        await town.says(CHEN, "/version")
        assert len(town.sent(CHEN)) == 4 + number


@pytest.mark.parametrize("kind", ["429", "500", "502", "lost_answer", "refused"])
async def test_the_long_poll_survives_failures(town: Town, clock: TownClock, kind: FaultKind) -> None:
    await town.says(CHEN, "/version")
    town.world.faults.add(kind, "getUpdates", times=3, retry_after=2)
    town.world.send_text(CHEN, CHEN, "/version")  # brought by the poll that waits already
    await town.rest()
    town.world.send_text(CHEN, CHEN, "/whoami")
    await clock.run_until(lambda: len(town.sent(CHEN)) == 3, limit=60)
    assert [head(message) for message in town.sent(CHEN)] == [VERSION_LINE, VERSION_LINE, "Chen"]
    counted = await town.faults()
    assert sum(count for kind, count in counted.items() if kind.startswith("telegram.polling.")) == 3


async def test_a_rival_that_polls_with_the_same_token_is_outlived_and_counted(
    town: Town, clock: TownClock
) -> None:
    url = f"{town.api_url}/bot{town.world.token}/getUpdates"
    async with httpx.AsyncClient() as rival:
        for _ in range(3):
            assert (await rival.post(url)).json() == {"ok": True, "result": []}
            await clock.advance(3)
    await town.says(CHEN, "/version")
    assert len(town.sent(CHEN)) == 1
    assert await town.faults() == {"telegram.polling.Conflict": 3}


async def test_while_a_webhook_is_set_by_somebody_else_polling_waits_for_its_end(
    town: Town, clock: TownClock
) -> None:
    api = f"{town.api_url}/bot{town.world.token}"
    async with httpx.AsyncClient() as rival:
        await rival.post(f"{api}/setWebhook", data={"url": "http://127.0.0.1:9/nobody"})
        await clock.advance(20)
        await rival.post(f"{api}/deleteWebhook")
    town.world.send_text(CHEN, CHEN, "/version")
    await clock.run_until(lambda: bool(town.sent(CHEN)), limit=60)
    assert set(await town.faults()) == {"telegram.polling.Conflict"}


async def test_a_thumb_on_a_message_that_is_no_proposal_adds_nothing_and_is_no_fault(town: Town) -> None:
    sticker = await town.sends(CHEN, UNLISTED, GROUP)
    await town.reacts(CHEN, sticker, "👍")
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 0
    assert len(town.sent(GROUP)) == 1
    assert await town.faults() == {}


async def test_a_press_without_data_or_message_disturbs_nobody(lenient: Town) -> None:
    await lenient.sends(CHEN, UNLISTED)
    proposal = lenient.last(CHEN)
    query = {"id": "77", "from": PERSON, "chat_instance": "1"}
    for more in (
        {"message": proposal.api(), "game_short_name": "chess"},
        {"inline_message_id": "AAAA", "data": press_buttons(proposal)[0]},
    ):
        await lenient.gets({"callback_query": query | more})
    assert await lenient.scalar("SELECT count(*) FROM sticker_sets") == 0
    assert await lenient.scalar("SELECT count(*) FROM jobs WHERE state = 'dead'") == 0
    await lenient.presses(CHEN, proposal)
    assert await lenient.scalar("SELECT count(*) FROM sticker_sets") == 1
