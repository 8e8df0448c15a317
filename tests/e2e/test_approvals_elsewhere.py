"""Decisions about a gallery that is elsewhere, and away: what was approved is late and never lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Log
from tests.e2e.council import button, journal
from tests.e2e.neighbours import Neighbours, new_ground
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, CHEN, LISTED, UNLISTED, TownClock

HOUR = 3600.0


@pytest.fixture
async def both(
    tmp_path: Path, clock: TownClock, template: Path, methods_used: set[str], log: Log
) -> AsyncIterator[Neighbours]:
    async with (
        new_ground(tmp_path, clock, template, methods_used, log) as ground,
        ground.hubs(GALLERY_APPROVAL="auto") as neighbours,
    ):
        yield neighbours


async def approved_while_away(both: Neighbours) -> None:
    """Chen asks, the gallery goes away, Alice says yes."""
    near = both.near
    await near.sends(CHEN, UNLISTED)
    offer = near.last(CHEN)
    await both.wire.cut()
    await near.presses(CHEN, offer)
    assert near.last(CHEN).text == words("proposal-asked", name="Chen", title="Moon Dogs")
    card = near.last(ADMIN)
    await near.presses(ADMIN, card, button(card, "yes"))
    assert head(card).startswith(words("approval-approved", name="Alice", at=""))


async def test_a_gallery_that_is_away_delays_what_was_approved_and_loses_nothing(
    both: Neighbours, clock: TownClock
) -> None:
    await approved_while_away(both)
    near = both.near
    assert near.last(CHEN).text == words("proposal-asked", name="Chen", title="Moon Dogs")
    for _ in range(3):
        await clock.leap(HOUR)
        await near.settle()
    await both.wire.join()
    for _ in range(24):
        await clock.leap(HOUR)
        await near.settle()
    assert await both.far.rows("SELECT name, added_by FROM sticker_sets") == [(UNLISTED, CHEN)]
    assert head(near.last(CHEN)) == words("approved", name="Alice")
    assert (await journal(near))[-1] == (f"user:{ADMIN}", "add")
    assert near.sent(CHEN)[0].text == words("proposal-added", name="Chen", title="Moon Dogs")


async def test_one_that_stays_away_for_days_is_told_to_the_admins(both: Neighbours, clock: TownClock) -> None:
    await approved_while_away(both)
    near = both.near
    for _ in range(80):
        await clock.leap(HOUR)
        await near.settle()
        if await near.scalar("SELECT count(*) FROM jobs WHERE state = 'dead'"):
            break
    [(topic, attempts)] = await near.rows("SELECT topic, attempts FROM jobs WHERE state = 'dead'")
    assert (topic, attempts) == ("decisions", 10)
    told = [each.text for each in near.sent(ADMIN) if "Moon Dogs" in each.text]
    assert told[-1].startswith("⚠ “Moon Dogs” was approved but could not be added: gallery: ")


async def test_a_set_is_removed_there_and_the_journal_here_tells_what_it_was(both: Neighbours) -> None:
    near = both.near
    await near.lists(LISTED, ADMIN)
    await near.says(ADMIN, f"/remove {LISTED}")
    question = near.last(ADMIN)
    await near.presses(ADMIN, question, press_buttons(question)[0])
    assert await both.far.scalar("SELECT count(*) FROM sticker_sets") == 0
    [(actor, before)] = await near.rows("SELECT actor, before FROM journal WHERE action = 'remove'")
    assert actor == f"user:{ADMIN}"
    assert "Cats & Co" in str(before)
    await near.sends(CHEN, LISTED)
    assert head(near.last(CHEN)) == words("proposal")
