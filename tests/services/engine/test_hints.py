"""Hints of other processes reach whoever waits, and never matter for more than haste."""

import asyncio

from services.engine.hints import Hints
from tests.services.engine.workshop import Workshop, nothing


async def test_a_hint_wakes_its_topic_and_no_other(shop: Workshop) -> None:
    shop.topic(nothing, name="telegram", started=False)
    shop.topic(nothing, name="backup", started=False)
    hints = Hints(shop.database, shop.inbox)
    hints.hear("jobs.backup")
    before = shop.clock.monotonic()
    await shop.clock.run(shop.inbox.until_woken("backup", 60))
    assert shop.clock.monotonic() == before
    await shop.clock.run(shop.inbox.until_woken("telegram", 60))
    assert shop.clock.monotonic() == before + 60


async def test_a_table_wakes_whoever_registered_for_it(shop: Workshop) -> None:
    hints, woken = Hints(shop.database, shop.inbox), asyncio.Event()
    hints.on("messages", woken.set)
    hints.hear("invalidations")
    assert not woken.is_set()
    hints.hear("messages")
    assert woken.is_set()


async def test_words_of_another_version_are_passed_over(shop: Workshop) -> None:
    hints = Hints(shop.database, shop.inbox)
    for word in ("", "jobs.", "jobs.unheard-of", "something else"):
        hints.hear(word)


async def test_everybody_looks_once_when_the_listening_begins(shop: Workshop) -> None:
    hints, woken = Hints(shop.database, shop.inbox), asyncio.Event()
    hints.on("messages", woken.set)
    listening = asyncio.ensure_future(hints.follow())
    await shop.settle()
    assert woken.is_set()
    listening.cancel()
