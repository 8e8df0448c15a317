"""/invalidate: a key at once, a region and everything after a question, in every process."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.operating import answer, confirm
from tests.e2e.wording import words
from tests.town import ADMIN, CHEN, LISTED, Outside, Town, TownClock

REGION = "stickerset"


def remembered(town: Town) -> int:
    return town.switchboard.hub.cache.get_stats().regions[REGION].entries


@pytest.fixture
async def two(outside: Outside, postgres_url: str) -> AsyncIterator[tuple[Town, Town]]:
    """Two hubs on one database."""
    async with (
        outside.hub(DATABASE_URL=postgres_url) as one,
        outside.hub(DATABASE_URL=postgres_url) as other,
    ):
        await one.settle()
        yield one, other


async def test_one_key_is_dropped_at_once_in_any_case(town: Town) -> None:
    await town.lists(LISTED)
    await town.sends(CHEN, LISTED)
    assert remembered(town) == 1
    told = answer(town, await town.says(ADMIN, f"/invalidate {REGION} {LISTED}"))
    assert told.text == words("invalidated-key", region=REGION, key=LISTED)
    assert remembered(town) == 0
    found = await town.rows("SELECT actor, action, kind, key FROM journal WHERE action = 'invalidate'")
    assert found == [(f"user:{ADMIN}", "invalidate", "region", REGION)]


async def test_a_key_that_is_not_remembered_is_told(town: Town) -> None:
    told = answer(town, await town.says(ADMIN, f"/invalidate {REGION} {'x' * 300}"))
    assert told.text == words("invalidated-absent", region=REGION, key="x" * 200)


@pytest.mark.parametrize("wanted", ["", f" {REGION}"])
async def test_more_than_a_key_is_asked_about(town: Town, wanted: str) -> None:
    await town.lists(LISTED)
    await town.sends(CHEN, LISTED)
    question = answer(town, await town.says(ADMIN, f"/invalidate{wanted}"))
    key = "invalidate-question" if wanted else "invalidate-question-all"
    assert question.text == words(key, region=REGION, count=1)
    assert remembered(town) == 1
    await confirm(town, question)
    assert remembered(town) == 0
    assert question.text.startswith(words("invalidated", count=1))
    assert words("invalidated-line", region=REGION, number=1) in question.text


async def test_an_unknown_region_is_answered_with_those_there_are(town: Town) -> None:
    told = answer(town, await town.says(ADMIN, "/invalidate keys x"))
    assert told.text == words("invalidate-unknown", region="keys", regions=REGION)


async def test_every_process_forgets(two: tuple[Town, Town], clock: TownClock) -> None:
    one, _ = two
    await one.lists(LISTED)
    for town in two:
        await town.switchboard.hub.gallery.kind.find(LISTED)
    await clock.advance(5)
    for town in two:
        await town.switchboard.hub.gallery.kind.find(LISTED)
    assert [remembered(town) for town in two] == [1, 1]
    await confirm(one, answer(one, await one.says(ADMIN, f"/invalidate {REGION}")))
    await clock.advance(2)
    assert [remembered(town) for town in two] == [0, 0]
