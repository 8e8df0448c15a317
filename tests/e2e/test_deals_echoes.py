"""A home portal that tells of every write and spells in its own way: no write calls for the next one."""

import html
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.fields import Field
from sandbox.bitrix24.portal import Portal
from tests.e2e.diary import Change, Diary, edit
from tests.e2e.likeness import Fields, as_text, differing, with_more_rules
from tests.e2e.partner import exchanging, new_partner, story, transferred
from tests.e2e.poll_forms import sound
from tests.town import Outside, Town, TownClock

SEED = 20260831
LATENCY = 0.2  # seconds of a request: time in which people go on working
# Of the home values that are overwritten this part may have been read by nobody, and so be told nowhere:
# somebody gave the field a value while a write to it was on its way. Of the time in which people work that is
# two requests (0.4 s) at most for each of a deal's 40 writes in 24 minutes, or of its 8 in 70 seconds.
UNREAD = 0.05
QUIET = 5.0  # seconds after the last edit was told of
STAGES = {
    "C1:NEW": "NEW",
    "C1:PREPARATION": "PREPARATION",
    "C1:EXECUTING": "EXECUTING",
    "C1:WON": "WON",
}
HOME_STAGES = ("PREPAYMENT", "FINAL", "LOSE")
COPIED = ("TITLE", "OPPORTUNITY", "CURRENCY_ID", "COMMENTS", "CLOSEDATE")
MAPPED = (*COPIED, "STAGE_ID")
MORE_RULES = '[fields.COMMENTS]\nsource = "COMMENTS"\n\n[fields.CLOSEDATE]\nsource = "CLOSEDATE"\n'


@dataclass(frozen=True, slots=True)
class Size:
    """How many deals, and how many edits of them on either side."""

    deals: int
    at_source: int
    at_home: int


LONG, SHORT = Size(40, 2000, 500), Size(10, 100, 25)


def spelled(known: Field, value: Any) -> Any:
    """What this home portal makes of a value; dates come back as moments anyway."""
    if not isinstance(value, str):
        return value
    ways: dict[str, Callable[[], str]] = {
        "TITLE": lambda: " ".join(value.split())[:40],
        "OPPORTUNITY": lambda: f"{float(value):.0f}",
        "CURRENCY_ID": value.upper,
        "COMMENTS": lambda: html.escape(value.strip()),
    }
    return ways[known.name]() if known.name in ways else value


def drawn(random: Random, side: str, name: str, number: int) -> str:
    """A value that somebody may give a field on that side, and nobody on the other one.

    `number` tells this edit from all others.
    """
    is_home = side == "home"
    year = (2040 if is_home else 2020) + random.randrange(20)
    ways = {
        "TITLE": lambda: f"  Курс  «Право & 1 < 2» № {number} {'!' * random.randrange(40)} ",
        "OPPORTUNITY": lambda: f"{2 * random.randrange(10**6) + is_home}.{random.randrange(50):02}",
        "CURRENCY_ID": lambda: random.choice(["gbp", "CNY"] if is_home else ["rub", "USD", "Eur"]),
        "COMMENTS": lambda: f"<b>{number}</b> & \"так\"\r\nи 'так' ",
        "CLOSEDATE": lambda: f"{1 + number % 28:02}.{1 + random.randrange(12):02}.{year}",
        "STAGE_ID": lambda: random.choice(HOME_STAGES if is_home else list(STAGES)),
    }
    return ways[name]()


class History:
    """Edits on both sides, in random order and at random moments."""

    def __init__(self, outside: Outside, partner: Portal, diary: Diary, seed: int) -> None:
        self._home = outside.portal
        self._clock = outside.clock
        self._partner = partner
        self._diary = diary
        self._random = Random(seed)
        self.is_over = False

    async def play(self, size: Size) -> None:
        assert isinstance(self._clock, TownClock)
        sides = ["source"] * size.at_source + ["home"] * size.at_home
        self._random.shuffle(sides)
        for number, side in enumerate(sides):
            if self._random.random() < 0.7:  # else at the same moment
                await self._clock.advance(self._random.expovariate(1.2))
            self._edit(side, number)

    def _edit(self, side: str, number: int) -> None:
        name = self._random.choice(MAPPED)
        portal = self._partner if side == "source" else self._home
        deal = self._random.choice(list(portal.deals))
        edit(portal, deal, **{name: drawn(self._random, side, name, number)})


def wanted(home: Portal) -> Callable[[Fields], Fields]:
    """What this home portal makes of a source's values."""
    known = home.entities[DEAL].fields

    def made(deal: Fields) -> Fields:
        copied = {name: spelled(known[name], deal[name]) for name in COPIED}
        return copied | {"STAGE_ID": STAGES[deal["STAGE_ID"]]}

    return made


Value = tuple[str, str, str]  # a deal's number, a field's name, and what stood there


async def _untold(town: Town, seen: list[tuple[Change, Change]]) -> Counter[Value]:
    """Of the home values that were read and then overwritten those that the journal has less often."""
    links = await town.rows("SELECT target_deal_id, source_deal_id FROM deal_links")
    sources = {target: str(source) for target, source in links}
    told = Counter(
        (key.rpartition("/")[2], name, as_text(value))
        for _, key, before, _ in await story(town, "overwrite")
        for name, value in before.items()
    )
    return Counter((sources[edited.deal], edited.field, as_text(edited.after)) for edited, _ in seen) - told


async def _play(outside: Outside, folder: Path, size: Size) -> None:
    home, partner = outside.portal, new_partner(outside)
    home.spelling, home.latency, partner.latency = spelled, LATENCY, LATENCY
    more = {"MAPPING_FILE": with_more_rules(folder, MORE_RULES), "DEALS_SYNC_INTERVAL": "86400"}
    for number in range(size.deals):
        partner.add_deal(TITLE=f"№ {number}", CATEGORY_ID=1)
    async with exchanging(outside, partner, **more) as town:
        for number in partner.deals:
            edit(partner, number, OPPORTUNITY="1")
        await transferred(town)
        for portal in (home, partner):
            portal.events.delay, portal.events.spread, portal.events.repeat_percent = 0.3, 2.0, 20
        diary = Diary(home, MAPPED)
        await History(outside, partner, diary, SEED).play(size)
        await _check(town, partner, diary, size)
    assert sound(home)


async def _check(town: Town, partner: Portal, diary: Diary, size: Size) -> None:
    assert isinstance(town.clock, TownClock)
    home, edits = town.portal, size.at_source + size.at_home
    await town.clock.advance(partner.events.delay + partner.events.spread)
    told = town.clock.now().timestamp()
    await town.clock.advance(QUIET)
    waiting = await town.rows("SELECT key FROM jobs WHERE topic = 'deals' AND state NOT IN ('done', 'dead')")
    await town.clock.advance(60.0)
    overwritten = diary.overwritten()
    seen = [pair for pair in overwritten if diary.was_read(*pair)]
    unread = len(overwritten) - len(seen)
    print(
        f"{edits} edits of {size.deals} deals: {len(diary.writes)} writes, the last "
        f"{max(diary.writes) - told:.1f} s after the last edit was told of; "
        f"{len(overwritten)} home values overwritten, {unread} of them read by nobody"
    )
    assert waiting == []
    assert differing(home, partner, wanted(home)) == []
    assert len(diary.writes) <= edits
    assert max(diary.writes) <= told + QUIET
    assert len(home.deals) == size.deals
    assert not await _untold(town, seen)
    assert unread <= UNREAD * len(overwritten)
    assert len(seen) >= size.at_home / 2


async def test_an_edit_at_home_between_the_read_and_the_write_is_no_value_of_ours(outside: Outside) -> None:
    """What is read back after a write holds it, too; it is overwritten and told like any other edit."""
    home, partner = outside.portal, new_partner(outside)
    async with exchanging(outside, partner, DEALS_SYNC_INTERVAL="86400") as town:
        assert isinstance(town.clock, TownClock)
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="100", CATEGORY_ID=1)
        await transferred(town)
        [twin] = home.deals
        home.latency = 2.0
        edit(partner, number, TITLE="Другой курс")
        await town.clock.advance(1.5)  # the twin was read
        edit(home, twin, OPPORTUNITY="7")
        await transferred(town)
        assert (home.deals[twin]["TITLE"], home.deals[twin]["OPPORTUNITY"]) == ("Другой курс", "100.00")
        told = [before for _, _, before, _ in await story(town, "overwrite")]
        assert told == [{"OPPORTUNITY": "7"}]


async def test_edits_on_both_sides_are_one_write_each_at_most(outside: Outside, tmp_path: Path) -> None:
    await _play(outside, tmp_path, SHORT)


@pytest.mark.chaos
@pytest.mark.timeout(1200)
async def test_thousands_of_edits_on_both_sides_are_one_write_each_at_most(
    outside: Outside, tmp_path: Path
) -> None:
    await _play(outside, tmp_path, LONG)
