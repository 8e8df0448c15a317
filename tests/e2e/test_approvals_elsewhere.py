"""Decisions about a gallery that is elsewhere, and away: what was approved is late and never lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Log
from tests.e2e.council import button, journal
from tests.e2e.neighbours import Neighbours, new_ground
from tests.e2e.operating import answer, confirm, steps
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, CHEN, LISTED, UNLISTED, Town, TownClock

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
    await until_given_up(near, clock)
    [(topic, attempts)] = await near.rows("SELECT topic, attempts FROM jobs WHERE state = 'dead'")
    assert (topic, attempts) == ("decisions", 10)
    told = [each.text for each in near.sent(ADMIN) if "Moon Dogs" in each.text]
    assert told[-1].startswith("⚠ “Moon Dogs” was approved but could not be added: gallery: ")


async def test_who_asked_for_what_could_not_be_added_is_told_so_and_when_it_was_after_all(
    both: Neighbours, clock: TownClock
) -> None:
    await approved_while_away(both)
    near = both.near
    card = next(each for each in near.sent(ADMIN) if each.text.startswith("✅"))
    await until_given_up(near, clock)
    proposal, told = near.sent(CHEN)
    assert proposal.text == words("proposal-failed", title="Moon Dogs")
    assert told.text == words("approved-failed", title="Moon Dogs")
    assert words("approval-given-up") in card.text
    await both.wire.join()
    await clock.leap(HOUR)
    await near.settle()
    [(number,)] = await near.rows("SELECT id FROM jobs WHERE state = 'dead'")
    await confirm(near, answer(near, await near.says(ADMIN, f"/retry {number}")))
    await steps(near, 4)
    assert await both.far.scalar("SELECT count(*) FROM sticker_sets") == 1
    assert proposal.text == words("proposal-added", name="Chen", title="Moon Dogs")
    assert head(near.last(CHEN)) == words("approved", name="Alice")
    assert words("approval-given-up") not in card.text


async def test_each_time_it_is_given_up_the_admins_hear_of_it_and_who_asked_only_once(
    both: Neighbours, clock: TownClock
) -> None:
    await approved_while_away(both)
    near = both.near
    await until_given_up(near, clock)
    [(number,)] = await near.rows("SELECT id FROM jobs WHERE state = 'dead'")
    await confirm(near, answer(near, await near.says(ADMIN, f"/retry {number}")))
    await until_given_up(near, clock)
    failed = [each for each in near.sent(ADMIN) if f"/retry {number} " in each.text]
    assert len(failed) == 2
    assert len(near.sent(CHEN)) == 2


async def until_given_up(town: Town, clock: TownClock) -> None:
    """Let the days pass until the hub tries no more."""
    for _ in range(80):
        await clock.leap(HOUR)
        await town.settle()
        if await town.scalar("SELECT count(*) FROM jobs WHERE state = 'dead'"):
            return


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


async def test_a_removal_that_broke_off_once_the_other_gallery_had_done_it_is_finished_however_late(
    both: Neighbours, clock: TownClock, log: Log
) -> None:
    """The press came at the last moment; the second try comes when the question's minute is over."""
    log.may_hold_errors = True
    near = both.near
    await near.lists(UNLISTED, ADMIN)
    await near.says(ADMIN, f"/remove {UNLISTED}")
    question = near.last(ADMIN)
    await write(
        near,
        "CREATE TRIGGER broken BEFORE INSERT ON journal WHEN NEW.action = 'remove'"
        " BEGIN SELECT RAISE(ABORT, 'broke off'); END",
    )
    await clock.leap(59.9)
    await near.presses(ADMIN, question, press_buttons(question)[0])
    assert await both.far.scalar("SELECT count(*) FROM sticker_sets") == 0
    await write(near, "DROP TRIGGER broken")
    await clock.leap(30.0)
    await near.settle()
    assert question.text == words("removed", name="Alice", title="Moon Dogs")
    assert await near.rows("SELECT actor FROM journal WHERE action = 'remove'") == [(f"user:{ADMIN}",)]
    await near.sends(CHEN, UNLISTED)
    assert head(near.last(CHEN)) == words("proposal")  # no cache says otherwise


async def write(town: Town, statement: str) -> None:
    """Change a hub's database behind its back."""
    await town.switchboard.hub.database.write(lambda tx: tx.exec_driver_sql(statement))
