"""Telegram away while the hub has much to say: all of it arrives once, at the pace Telegram allows."""

import pytest

from bot.pacing import DOCUMENTED
from sandbox.telegram.ledger import Call
from sandbox.telegram.limits import Pace
from sandbox.telegram.people import Person
from sandbox.telegram.world import World
from tests.e2e.posting import Post, line, post
from tests.e2e.wire import new_wire
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, Outside, TownClock

OUTAGE = 120.0  # virtual seconds
CLUB = -1001900000004
GUESTS = range(500100300, 500100314)
CHATS = (ADMIN, BORIS, CHEN, *GUESTS, GROUP, FORUM, CLUB)
LIMITS = Pace()


def people_more(world: World) -> None:
    """Fourteen people and a group besides those of the town."""
    for number in GUESTS:
        world.add_person(Person(number, f"Guest {number}", language_code="en", started=True))
    world.add_group("Notices", [ADMIN], chat_id=CLUB)
    world.limit(LIMITS)


def least_seconds(texts: int) -> float:
    """How long it takes at least to send so many texts to each chat, by each of Telegram's limits."""
    to_a_chat = (texts - LIMITS.chat_burst) / LIMITS.chat_per_second
    minutes, rest = divmod(texts - 1, LIMITS.group_per_minute)
    to_a_group = 60.0 * minutes + max((rest + 1 - LIMITS.chat_burst) / LIMITS.chat_per_second, 0.0)
    to_everybody = (len(CHATS) * texts - 1) // LIMITS.overall_per_second
    return max(to_a_chat, to_a_group, to_everybody)


def applied(world: World) -> list[Call]:
    return world.ledger.of("sendMessage", applied=True)


async def said_in_an_outage(outside: Outside, clock: TownClock, texts: int) -> float:
    """Write `texts` for each chat with the wire cut; the virtual seconds from its end to the last text."""
    people_more(outside.world)
    async with (
        new_wire(outside.api_url) as wire,
        outside.hub(pace=DOCUMENTED, TELEGRAM_API_URL=wire.address) as town,
    ):
        await clock.advance(1)
        await wire.cut()
        causes = [(chat, f"cause {number} of {chat}") for number in range(texts) for chat in CHATS]
        await post(town, [Post(chat, line(cause)) for chat, cause in causes])
        await clock.advance(OUTAGE)
        assert not applied(town.world)
        await wire.join()
        began, wanted = clock.monotonic(), len(causes)
        await clock.run_until(lambda: len(applied(town.world)) >= wanted, limit=3600)
        took = clock.monotonic() - began
        await clock.advance(120)
        assert await town.rows("SELECT state, doubts, count(*) FROM messages GROUP BY state, doubts") == [
            ("sent", 0, wanted)
        ]
        for chat in CHATS:
            expected = [f"• {cause}" for to, cause in causes if to == chat]
            assert [message.text for message in town.sent(chat)] == expected
        assert [call.status for call in town.world.ledger.of("sendMessage")] == [200] * wanted
    return took


def report(texts: int, took: float, least: float) -> None:
    print(
        f"{texts * len(CHATS)} texts for {len(CHATS)} chats after {OUTAGE:.0f} s without Telegram: "
        f"{took:.2f} s, at least {least:.2f} s by its limits ({took / least - 1:+.1%})"
    )


async def test_two_hundred_notices_of_an_outage_arrive_once_at_telegrams_pace(
    outside: Outside, clock: TownClock
) -> None:
    took, least = await said_in_an_outage(outside, clock, 10), least_seconds(10)
    report(10, took, least)
    assert took <= 1.2 * least


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_four_thousand_notices_of_an_outage_arrive_once_at_telegrams_pace(
    outside: Outside, clock: TownClock
) -> None:
    took, least = await said_in_an_outage(outside, clock, 200), least_seconds(200)
    report(200, took, least)
    assert took <= 1.2 * least
