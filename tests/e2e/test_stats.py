"""/stats, drawn with letters: what admins see of a day."""

from datetime import timedelta

from storage import samples
from storage.samples import Sample
from tests.e2e.operating import confirm
from tests.e2e.wording import head, words
from tests.town import ADMIN, BORIS, CHEN, LISTED, Town, TownClock

WIDEST = 34  # columns that a phone of 390 pixels shows of monospaced text
HOURLY = [5, 3, 2, 2, 3, 8, 20, 45, 60, 80, 90, 95, 88, 92, 97, 100, 93, 85, 70, 60, 40, 30, 20, 10]
BLOCKS = "▁▂▃▄▅▆▇█·"


async def a_day(town: Town, clock: TownClock) -> None:
    """Samples as a busy day leaves them, of two processes and of the leader. It is half past three then."""
    await clock.leap(30 * 60)
    now = clock.now()
    begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    rows = []
    for hour, busy in enumerate(HOURLY):
        at = begin + timedelta(hours=hour, minutes=30)
        for process in ("one", "two"):
            rows.append(Sample(at, process, "hits", "stickerset", busy * busy // 20))
            rows.append(Sample(at, process, "misses", "stickerset", busy))
        rows.append(Sample(at, "", "jobs", "telegram", busy * 7))
    await town.switchboard.hub.database.write(lambda tx: samples.put(tx, rows))


def drawn(text: str) -> list[str]:
    """The lines of a message that are a chart's."""
    return [line for line in text.splitlines() if line.strip() and not line.strip(BLOCKS + " ")]


async def test_a_hub_that_just_began_shows_what_there_is(town: Town) -> None:
    await town.says(ADMIN, "/stats")
    shown = town.last(ADMIN).text
    assert head(town.last(ADMIN)).startswith("Switchboard ")
    assert drawn(shown) == ["·" * 24, "▁" * 22 + "█▁"]  # it is three sharp: the hour before is over
    assert "stickerset               –      –" in shown
    assert "1 job done in 24 hours, at most 1 an hour" in shown  # the menus


async def test_jobs_count_before_any_sample_of_them_and_once_with_it(town: Town, clock: TownClock) -> None:
    await clock.advance(301)  # the first sample: the menus
    for _ in range(3):
        await town.says(CHEN, "/version")
    await town.says(ADMIN, "/stats")
    shown = town.last(ADMIN).text
    assert "4 jobs done in 24 hours, at most 4 an hour" in shown
    assert drawn(shown)[-1] == "▁" * 23 + "█"
    await clock.advance(301)  # the next one, and the job that told the figures
    await town.settle()
    await town.says(ADMIN, "/stats")
    assert "5 jobs done in 24 hours, at most 5 an hour" in town.last(ADMIN).text


async def test_what_no_sample_holds_yet_is_shown_at_once(town: Town, clock: TownClock) -> None:
    await clock.leap(30 * 60)
    await town.lists(LISTED)
    await town.sends(CHEN, LISTED)
    await town.says(ADMIN, "/stats")
    [rates, _] = drawn(town.last(ADMIN).text)
    assert rates[:-1] == "·" * 23
    assert rates[-1] in "▁▂▃▄▅▆▇█"


async def test_a_day_is_drawn_by_the_hour_and_fits_a_phone(town: Town, clock: TownClock) -> None:
    await a_day(town, clock)
    await town.says(ADMIN, "/stats")
    shown = town.last(ADMIN).text
    assert drawn(shown) == ["▁▁▁▁▁▂▄▆▆▆▇▇▇▇▇▇▇▆▆▆▅▅▄▃", "▁▁▁▁▁▁▂▄▅▆▇█▇▇██▇▇▆▅▃▂▂▁"]
    assert "16    22    04    10" in shown  # hours by the clock in Moscow
    assert "stickerset            33 %   79 %" in shown
    assert "8,386 jobs done in 24 hours, at most 700 an hour" in shown
    blocks = [e for e in town.last(ADMIN).content["entities"] if e["type"] == "pre"]
    assert len(blocks) == 2
    for entity in blocks:
        block = shown[entity["offset"] : entity["offset"] + entity["length"]]
        assert max(map(len, block.splitlines())) <= WIDEST


async def test_one_region_is_told_in_detail(town: Town, clock: TownClock) -> None:
    await a_day(town, clock)
    await town.sends(BORIS, LISTED)
    await town.says(ADMIN, "/stats StickerSet")
    shown = town.last(ADMIN).text
    assert head(town.last(ADMIN)) == "Cache stickerset"
    assert "Entries: 1 of 5,000" in shown
    assert "misses 1 " in shown
    asked = 1 + sum(2 * (busy * busy // 20 + busy) for busy in HOURLY)
    assert f"{asked:,} look-ups in 24 hours, at most 1,200 an hour" in shown
    assert len(drawn(shown)) == 8


async def test_an_unknown_region_is_answered_with_those_there_are(town: Town) -> None:
    await town.says(ADMIN, "/stats <b>stickers</b>")
    expected = words("stats-unknown-region", region="<b>stickers</b>", regions="stickerset")
    assert town.last(ADMIN).text.replace("<b>", "").replace("</b>", "") == expected


async def test_numbers_are_written_as_the_reader_writes_them(town: Town, clock: TownClock) -> None:
    await a_day(town, clock)
    await town.says(ADMIN, "/lang ru")
    await town.says(ADMIN, "/stats")
    assert "8\N{NO-BREAK SPACE}387 задач выполнено за 24 часа, до 700 в час" in town.last(ADMIN).text
    await town.says(ADMIN, "/stats stickerset")
    assert "Записей: 0 из 5\N{NO-BREAK SPACE}000" in town.last(ADMIN).text


async def test_who_is_no_admin_sees_no_figures(town: Town) -> None:
    await town.says(CHEN, "/stats")
    assert town.last(CHEN).text == words("error-not-allowed")


async def test_a_pause_is_shown(town: Town) -> None:
    await town.says(ADMIN, "/pause")
    await confirm(town, town.last(ADMIN))
    await town.says(ADMIN, "/stats")
    assert "⏸ Paused by Alice, 15 Jan 2026, 15:00; /resume goes on" in town.last(ADMIN).text


async def test_jobs_are_counted_as_they_are_done_and_those_of_the_clock_are_not(
    town: Town, clock: TownClock
) -> None:
    for _ in range(3):
        await town.says(BORIS, "/version")
    await clock.advance(300)
    counted = await town.rows("SELECT label, value FROM samples WHERE series = 'jobs' ORDER BY label")
    assert counted == [("telegram", 3), ("telegram.menus", 1)]
    await town.says(ADMIN, "/stats")
    assert "4 jobs done in 24 hours, at most 4 an hour" in town.last(ADMIN).text
