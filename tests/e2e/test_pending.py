"""/pending: what waits, a page at a time; an entry's button sends its card anew."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.council import OFFICE, asked, button, council, listed, states
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, UNLISTED, Outside, Town, TownClock


@pytest.fixture
async def town(outside: Outside) -> AsyncIterator[Town]:
    async with council(outside) as town_with_admins:
        yield town_with_admins


async def test_nothing_waits_at_first(town: Town) -> None:
    await town.says(ADMIN, "/pending")
    assert town.last(ADMIN).text == words("pending-none")


async def test_each_entry_tells_what_who_and_how_long_and_sends_its_card_here(
    town: Town, clock: TownClock
) -> None:
    card = await asked(town)
    await clock.leap(3 * 3600)
    await town.says(ADMIN, "/pending")
    shown = town.last(ADMIN)
    assert shown.text == "\n".join(
        [
            words("pending-found", count=1),
            words("pending-line", title="Moon Dogs", name="Chen", age="3 hours"),
        ]
    )
    await town.presses(ADMIN, shown)
    copy = town.last(ADMIN)
    assert copy.text == card.text
    await town.presses(ADMIN, copy, button(copy, "yes"))
    assert await listed(town) == [UNLISTED]
    assert not card.buttons  # each shows the outcome
    assert not copy.buttons
    assert card.text == copy.text


async def test_it_is_turned_page_by_page_the_longest_waiting_first(town: Town, clock: TownClock) -> None:
    for number in range(7):
        town.world.add_set(f"Set{number}_by_bot", f"Title {number}")
        await asked(town, CHEN, CHEN, f"Set{number}_by_bot")
        await clock.advance(60)
    await town.says(ADMIN, "/pending", OFFICE)
    shown = town.last(OFFICE)
    assert words("page", page=1, pages=2) in shown.text
    assert [f"Title {number}" in shown.text for number in range(7)] == [True] * 5 + [False] * 2
    await town.presses(BORIS, shown, "v1:pending:2")
    assert [f"Title {number}" in shown.text for number in range(7)] == [False] * 5 + [True] * 2
    assert press_buttons(shown)[-1] == "v1:pending:1"


async def test_an_entry_decided_meanwhile_shows_what_became_of_it(town: Town) -> None:
    card = await asked(town)
    await town.says(ADMIN, "/pending")
    shown = town.last(ADMIN)
    await town.presses(BORIS, card, button(card, "no"))
    await town.presses(ADMIN, shown)
    assert head(town.last(ADMIN)).startswith(words("approval-rejected", name="Борис", at=""))
    assert not town.last(ADMIN).buttons
    assert await states(town) == ["rejected"]


async def test_it_is_for_admins_and_in_their_group_for_the_nameless_too(town: Town) -> None:
    await asked(town)
    await town.says(CHEN, "/pending")
    assert town.last(CHEN).text == words("error-not-allowed")
    await town.says(ADMIN, "/pending", OFFICE, anonymous=True)
    assert "Moon Dogs" in town.last(OFFICE).text
