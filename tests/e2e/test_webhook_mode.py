"""The same rows when Telegram calls the hub instead of being asked."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.e2e.wording import head, link_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

SECRET = "a-secret-that-Telegram-sends-along"


def webhook_settings() -> dict[str, Any]:
    """For a hub on a port that is known before it starts."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return {
        "HTTP_PORT": str(port),
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/webhook",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }


@pytest.fixture
async def pushed(outside: Outside) -> AsyncIterator[Town]:
    """A hub that Telegram calls."""
    async with outside.hub(**webhook_settings()) as town:
        await town.rest()
        yield town
        assert not town.world.ledger.of("getUpdates")
        assert not await town.rows("SELECT reason FROM jobs WHERE state = 'dead'")


async def test_the_webhook_is_set_with_its_secret_and_every_kind_of_update(pushed: Town) -> None:
    [call] = pushed.world.ledger.of("setWebhook")
    assert call.params["secret_token"] == SECRET
    assert call.params["url"] == f"{pushed.address}/telegram/webhook"
    assert set(call.params["allowed_updates"]) >= {"message", "callback_query", "message_reaction"}


async def test_a_listed_set_in_a_group_gets_a_reaction_and_no_words(pushed: Town) -> None:
    await pushed.lists(LISTED)
    sticker = await pushed.sends(BORIS, LISTED, GROUP)
    assert pushed.reaction(sticker) == "👌"
    assert not pushed.sent(GROUP)


async def test_an_unlisted_set_is_proposed_in_private(pushed: Town) -> None:
    sticker = await pushed.sends(ADMIN, UNLISTED)
    [proposal] = pushed.sent(ADMIN)
    assert head(proposal) == words("proposal")
    assert proposal.reply_to is sticker


@pytest.mark.parametrize("door", ["button", "reaction"])
async def test_a_press_or_a_thumb_up_adds_with_a_link_button_and_a_thumb_up(pushed: Town, door: str) -> None:
    sticker = await pushed.sends(BORIS, UNLISTED, GROUP)
    [proposal] = pushed.sent(GROUP)
    if door == "button":
        answer = await pushed.presses(CHEN, proposal)
        assert answer is not None
        assert answer.text == words("added")
    else:
        await pushed.reacts(CHEN, proposal, "👍")
    assert link_buttons(pushed.last(GROUP)) == [f"https://t.me/addstickers/{UNLISTED}"]
    assert pushed.reaction(sticker) == "👍"
    assert await pushed.rows("SELECT added_by FROM sticker_sets") == [(CHEN,)]


async def test_an_update_pushed_again_after_a_lost_answer_has_one_effect(pushed: Town) -> None:
    await pushed.sends(ADMIN, UNLISTED)
    pushed.world.updates.repeat(pushed.world.updates.emitted[-1]["update_id"])
    await pushed.settle()
    assert len(pushed.sent(ADMIN)) == 1


async def test_telegram_down_at_start_does_not_keep_the_hub_from_storing(outside: Outside) -> None:
    outside.world.faults.add("502", seconds=30)
    async with outside.hub(**webhook_settings()) as town:
        update = {"update_id": 77, "message": {"chat": {"id": BORIS}, "text": "/version"}}
        async with httpx.AsyncClient() as client:
            headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
            answer = await client.post(f"{town.address}/telegram/webhook", json=update, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert await town.rows("SELECT state, dedup_id FROM jobs WHERE topic = 'telegram'") == [
            ("waiting", f"{town.world.bot.id}:77")
        ]


async def test_changing_the_mode_loses_nothing_that_was_pending(outside: Outside, clock: TownClock) -> None:
    async with outside.hub() as town:
        await town.says(ADMIN, "/version")
    outside.world.send_text(ADMIN, ADMIN, "/start")
    async with outside.hub(**webhook_settings()) as town:
        await town.settle()
        assert len(town.sent(ADMIN)) == 2
    outside.world.send_text(ADMIN, ADMIN, "/help")
    async with outside.hub() as town:
        await clock.run_until(lambda: len(town.sent(ADMIN)) == 3, limit=10)
        [call] = town.world.ledger.of("deleteWebhook")
        assert call.params.get("drop_pending_updates", False) is False
