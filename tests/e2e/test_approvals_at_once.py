"""Outcomes of one message's proposals at the same moment, and messages whose numbers meet others'."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sandbox.telegram.messages import Message
from services.flow.items import Addition
from tests.e2e.council import OFFICE, asked, button, council
from tests.town import ADMIN, BORIS, CHEN, Outside, Town

PAIRS = 4


class Both:
    """What is elsewhere answers two questions together, when both are put."""

    def __init__(self) -> None:
        self._waiting = asyncio.Barrier(2)

    async def wait(self) -> None:
        """Until the other one is there."""
        await self._waiting.wait()


async def test_of_two_decisions_at_once_the_message_tells_both(
    outside: Outside, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2 * PAIRS):
        outside.world.add_set(f"Set{number}_by_x")
    async with council(outside, DATABASE_URL=postgres_url) as town:
        kind, both = town.switchboard.hub.items.kind("stickerset"), Both()
        at_once = kind.carry_out

        async def together(addition: Addition) -> Addition:
            await both.wait()
            return await at_once(addition)

        monkeypatch.setattr(kind, "carry_out", together)
        for pair in range(PAIRS):
            names = (f"Set{2 * pair}_by_x", f"Set{2 * pair + 1}_by_x")
            await town.says(CHEN, " ".join(f"https://t.me/addstickers/{name}" for name in names))
            offer = town.last(CHEN)
            await town.reacts(CHEN, offer, "👍")
            for who, card in zip((ADMIN, BORIS), town.sent(OFFICE)[-2:], strict=True):
                town.world.press(OFFICE, card.message_id, who, button(card, "yes"))
            await town.settle()
            assert "⏳" not in offer.text


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    async with council(outside) as town_with_admins:
        yield town_with_admins


async def test_an_outcome_leaves_the_message_alone_that_has_the_old_number_in_the_new_group(
    town: Town,
) -> None:
    plain = town.world.add_group("Old Friends", [CHEN, ADMIN], chat_type="group")
    for _ in range(3):
        await town.says(CHEN, "hello", plain.id)
    card = await asked(town, CHEN, plain.id)
    old = town.sent(plain.id)[0]
    there = town.world.migrate(plain.id)
    await town.settle()
    same = await said_as(town, there.id, old.message_id)
    before = same.text
    await town.presses(ADMIN, card, button(card, "yes"))
    assert same.text == before


async def said_as(town: Town, chat: int, number: int) -> Message:
    """The bot's message of that number in a chat: people write until it comes to it."""
    while True:
        message = await town.says(CHEN, "hello", chat)
        assert message.message_id < number
        if message.message_id >= number - 2:
            break
    await town.says(CHEN, f"/help@{town.world.bot.username}", chat)
    [found] = [each for each in town.sent(chat) if each.message_id == number]
    return found
