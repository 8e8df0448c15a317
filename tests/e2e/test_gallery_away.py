"""getStickerSet away while everything else works: nothing is taken for "not found"."""

from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, GROUP, LISTED, UNLISTED, Town, TownClock


async def test_while_getstickerset_fails_listed_sets_answer_and_nothing_is_remembered(
    town: Town, clock: TownClock
) -> None:
    await town.lists(LISTED)
    town.world.faults.add("500", "getStickerSet", seconds=60)
    listed = await town.sends(BORIS, LISTED, GROUP)
    assert town.reaction(listed) == "👌"
    await town.sends(ADMIN, LISTED)
    assert head(town.last(ADMIN)) == words("listed")
    await town.sends(ADMIN, UNLISTED)
    assert town.last(ADMIN).text == words("error-gallery-unavailable")
    await clock.advance(59)
    await town.sends(ADMIN, UNLISTED)
    assert town.last(ADMIN).text == words("error-gallery-unavailable")
    await clock.advance(2)
    await town.sends(ADMIN, UNLISTED)
    assert head(town.last(ADMIN)) == words("proposal")
    await town.sends(BORIS, UNLISTED, GROUP)
    assert head(town.last(GROUP)) == words("proposal", "ru")


async def test_a_set_that_appears_a_moment_after_it_was_not_found_is_found(town: Town) -> None:
    await town.says(ADMIN, "/check Brand_New")
    assert town.last(ADMIN).text == words("error-no-such-set")
    town.world.add_set("Brand_New")
    await town.says(ADMIN, "/check Brand_New")
    assert head(town.last(ADMIN)) == words("proposal")


async def test_a_lost_answer_of_getstickerset_is_an_outage_like_any_other(town: Town) -> None:
    town.world.faults.add("lost_answer", "getStickerSet", times=1)
    await town.sends(ADMIN, UNLISTED)
    assert town.last(ADMIN).text == words("error-gallery-unavailable")
    await town.sends(ADMIN, UNLISTED)
    assert head(town.last(ADMIN)) == words("proposal")
