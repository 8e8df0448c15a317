"""Telegram away while the hub has much to say: all of it arrives once, at the pace Telegram allows."""

import pytest

from bot.pacing import DOCUMENTED
from sandbox.telegram.ledger import Call
from sandbox.telegram.limits import Pace
from sandbox.telegram.people import Person
from sandbox.telegram.world import World
from services.flow.notice_kinds import GALLERY
from storage import chat_notices
from storage.database import Transaction
from storage.records import Job
from tests.e2e.posting import Post, line, post, work
from tests.e2e.wire import new_wire
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, Outside, Town, TownClock

OUTAGE = 120.0  # virtual seconds
LOOK = 60.0  # virtual seconds between two looks at what to tell
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


async def tell(town: Town, causes: range, *, count: int = 0) -> None:
    """Whatever notices so many causes tells of them; the gallery of a town is its own, so no sign does."""
    notices = town.switchboard.hub.notices

    def unit(tx: Transaction, job: Job) -> None:
        for number in causes:
            about = {"reason": f"cause {number}.", "before": 0}
            notices.tell(tx, GALLERY, f"gallery {number}", count=count, **about)

    await work(town, unit)


async def make_readers(town: Town) -> None:
    """Each person says a word, and for each group the notices are switched on; then all is quiet again."""
    for person in (ADMIN, BORIS, CHEN, *GUESTS):
        await town.says(person, "/version")
    for group in (GROUP, FORUM, CLUB):
        await town.says(ADMIN, "/notices", group)

    def unit(tx: Transaction, job: Job) -> None:  # /notices offers no kind that nothing here gives a sign of
        for group in (GROUP, FORUM, CLUB):
            chat_notices.switch(tx, group, GALLERY.name, wanted=True)

    await work(town, unit)


def told(world: World, method: str, since: int) -> list[tuple[int, str]]:
    """(chat, cause) of each message about a cause after so many calls, in the order they were taken."""
    calls = world.ledger.of(method, applied=True)[since:]
    return [
        (int(call.params["chat_id"]), call.params["text"].split("cause ")[1].split(".")[0])
        for call in calls
        if "cause " in call.params["text"]
    ]


async def noticed_in_an_outage(outside: Outside, clock: TownClock, causes: int) -> tuple[float, float]:
    """Half of the causes are noticed as the wire is cut and change meanwhile, half as it is joined again.

    Returns the virtual seconds from the end of the outage to the last notice or edit, and how many it takes
    at least. The look each minute counts into that: the second half are written by the next one, and so are
    the edits, one for each of the first half, which Telegram counts like texts.
    """
    people_more(outside.world)
    half, admins = causes // 2, ",".join(map(str, (ADMIN, BORIS, CHEN, *GUESTS)))
    async with (
        new_wire(outside.api_url) as wire,
        outside.hub(pace=DOCUMENTED, TELEGRAM_API_URL=wire.address, ADMIN_IDS=admins) as town,
    ):
        world = town.world
        await make_readers(town)
        await clock.advance(seconds_to_look(clock) + 1.5 * LOOK)  # halfway between two looks
        before = len(applied(world))
        await wire.cut()
        await tell(town, range(half))
        await clock.advance(OUTAGE - 1)
        await tell(town, range(half), count=7)
        await tell(town, range(half, causes))
        await clock.advance(1)
        assert len(applied(world)) == before
        await wire.join()
        began, wanted = clock.monotonic(), (causes + half) * len(CHATS)
        look = seconds_to_look(clock)
        await clock.run_until(
            lambda: len(told(world, "sendMessage", before) + told(world, "editMessageText", 0)) >= wanted,
            limit=3600,
        )
        took = clock.monotonic() - began
        await clock.advance(3 * LOOK)
        everything = sorted((chat, str(number)) for chat in CHATS for number in range(causes))
        assert sorted(told(world, "sendMessage", before)) == everything
        edited = [each for each in everything if int(each[1]) < half]
        assert sorted(told(world, "editMessageText", 0)) == edited
        assert {call.status for call in world.ledger.of("sendMessage")} == {200}
        lost = await town.rows("SELECT state, doubts FROM messages WHERE state != 'sent' OR doubts > 0")
        assert lost == []
    return took, max(least_seconds(causes + half), look + least_seconds(causes))


def seconds_to_look(clock: TownClock) -> float:
    """Until the next look at what to tell, by the grid all looks are on."""
    return LOOK - clock.now().timestamp() % LOOK


async def test_two_hundred_notices_of_ten_causes_reach_twenty_readers_once(
    outside: Outside, clock: TownClock
) -> None:
    took, least = await noticed_in_an_outage(outside, clock, 10)
    report(10, took, least)
    assert least <= took <= 1.2 * least


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_two_hundred_causes_reach_twenty_readers_once(outside: Outside, clock: TownClock) -> None:
    took, least = await noticed_in_an_outage(outside, clock, 200)
    report(200, took, least)
    assert least <= took <= 1.2 * least
