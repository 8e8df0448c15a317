"""Listed sets that Telegram deletes or renames: the gallery notices by itself, and says so."""

from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, GROUP, LISTED, UNLISTED, Town, TownClock

SIX_HOURS = 6 * 3600.0


async def pass_time(town: Town, clock: TownClock, seconds: float) -> None:
    """Let the next tick come and what it stored be worked."""
    await clock.leap(seconds)
    await clock.advance(90)
    await town.settle()


async def test_a_deleted_set_stays_listed_and_answers_with_that_remark(town: Town, clock: TownClock) -> None:
    await town.lists(LISTED)
    await town.lists(UNLISTED)
    town.world.delete_set(LISTED)
    await pass_time(town, clock, SIX_HOURS)

    for person, language in ((ADMIN, "en"), (BORIS, "ru")):
        await town.says(person, f"/check {LISTED}")
        assert head(town.last(person)) == words("listed", language)
        remark = words("fact-dead", language, value="\0").split("\0", maxsplit=1)[0]
        assert remark in town.last(person).text
    await town.says(ADMIN, f"/check {UNLISTED}")
    assert "⚠" not in town.last(ADMIN).text
    asked = await town.says(BORIS, f"/check {LISTED}", GROUP)
    assert town.reaction(asked) == "👌"
    dead = await town.rows("SELECT actor, action, key FROM journal WHERE action != 'add'")
    assert dead == [("recheck", "dead", LISTED)]


async def test_sets_are_asked_about_once_a_day_however_often_the_tick_comes(
    town: Town, clock: TownClock
) -> None:
    await town.lists(LISTED)

    def asked() -> int:
        return sum(call.method == "getStickerSet" for call in town.world.ledger.calls)

    before = asked()
    for _ in range(4):
        await pass_time(town, clock, SIX_HOURS)
    assert asked() == before + 1
    await pass_time(town, clock, SIX_HOURS)
    assert asked() == before + 2
    ticks = await town.rows("SELECT id FROM jobs WHERE topic = 'gallery.recheck'")
    assert len(ticks) >= 5
