"""Events that are lost and a hub that was down: one pass of the reconcile finds it all by few requests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from random import Random

import pytest

from sandbox.bitrix24.portal import Portal
from tests.e2e.diary import edit
from tests.e2e.likeness import Fields, differing, with_more_rules
from tests.e2e.partner import exchanging, move, new_partner, transferred
from tests.e2e.poll_forms import sound
from tests.e2e.reconciling import passes
from tests.town import Outside, Town, TownClock

SEED = 20260917
DROPPED = 20  # percent of the events
LATENCY = 0.5  # seconds of a request: meanwhile others gather that share the next one
DOWN = timedelta(minutes=30)
FUNNELS = {"1": "0", "2": "7"}
STAGES = {"C1:NEW": "NEW", "C1:EXECUTING": "EXECUTING", "C2:NEW": "C7:NEW", "C2:EXECUTING": "C7:EXECUTING"}
CAMP = """
[[funnels]]
source = 2
home = 7

[funnels.stages]
"C2:NEW" = "C7:NEW"
"C2:EXECUTING" = "C7:EXECUTING"
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Deals at the start, edits while events are lost, and changes while the hub is down."""

    deals: int
    edits: int
    changes: int


LONG, SHORT = Size(600, 1000, 500), Size(80, 25, 200)


def wanted(deal: Fields) -> Fields:
    """A twin of that deal."""
    copied = {name: deal[name] for name in ("TITLE", "OPPORTUNITY")}
    return copied | {"CATEGORY_ID": FUNNELS[deal["CATEGORY_ID"]], "STAGE_ID": STAGES[deal["STAGE_ID"]]}


def changing(partner: Portal, random: Random, size: Size) -> Iterator[None]:
    """Each step is a change of another deal: three in five are new ones, the rest edits and moves."""
    old = random.sample(list(partner.deals), size.changes * 2 // 5)
    kinds = ["new"] * (size.changes - len(old)) + ["old"] * len(old)
    random.shuffle(kinds)
    for number, kind in enumerate(kinds):
        if kind == "new":
            phone = f"+7916{number:07}"
            contact = partner.add_contact(NAME=f"Анна {number}", PHONE=phone) if number % 2 else 0
            partner.add_deal(TITLE=f"Новая {number}", CATEGORY_ID=1, CONTACT_ID=contact)
        elif len(old) % 3:
            edit(partner, old.pop(), TITLE=f"Курс {number}", OPPORTUNITY=str(number))
        else:
            deal = old.pop()
            funnel = "2" if partner.deals[deal]["CATEGORY_ID"] == "1" else "1"
            move(partner, deal, CATEGORY_ID=funnel, STAGE_ID=f"C{funnel}:EXECUTING")
        yield


async def _lose_events(town: Town, partner: Portal, random: Random, size: Size) -> None:
    """People edit deals in both portals, and a part of what the portals tell is lost."""
    assert isinstance(town.clock, TownClock)
    for portal in (partner, town.portal):
        portal.events.drop_percent = DROPPED
    for number in range(size.edits):
        portal = town.portal if number % 10 == 0 else partner
        edit(
            portal,
            random.choice(list(portal.deals)),
            TITLE=f"№ {number}",
            OPPORTUNITY=str(random.randrange(999)),
        )
        await town.clock.advance(random.expovariate(1.0))


async def _next_pass(town: Town) -> None:
    assert isinstance(town.clock, TownClock)
    done = len(await passes(town))
    while len(await passes(town)) == done:
        await town.clock.advance(1.0)


async def _last_pass(town: Town) -> datetime:
    newest = await town.scalar(
        "SELECT max(finished_at) FROM jobs WHERE topic = 'reconcile' AND state = 'done'"
    )
    return datetime.fromisoformat(str(newest)).replace(tzinfo=UTC)


async def _play(outside: Outside, folder: Path, size: Size) -> None:
    home, partner, random = outside.portal, new_partner(outside), Random(SEED)
    home.latency = partner.latency = LATENCY
    partner.dictionaries.add_funnel(2, "Лагерь")
    home.dictionaries.add_funnel(7, "Лагерь дома")
    more = {"MAPPING_FILE": with_more_rules(folder, CAMP)}
    for number in range(size.deals):
        partner.add_deal(TITLE=f"№ {number}", CATEGORY_ID=1)
    async with exchanging(outside, partner, **more) as town:
        for number in partner.deals:
            edit(partner, number, OPPORTUNITY="1")
        await transferred(town)
        await _next_pass(town)
        await _lose_events(town, partner, random, size)
        passed = await _last_pass(town)
        lost = len(differing(home, partner, wanted))
        assert lost
    assert isinstance(outside.clock, TownClock)
    for _ in changing(partner, random, size):
        await outside.clock.leap(DOWN.total_seconds() / size.changes)
    for portal in (home, partner):
        portal.events.drop_percent = 0
    partner.ledger.clear()
    async with exchanging(outside, partner, **more) as town:
        await _next_pass(town)
        _check(home, partner, passed, lost)
    assert sound(home)


def _check(home: Portal, partner: Portal, passed: datetime, lost: int) -> None:
    changed = sum(datetime.fromisoformat(deal["DATE_MODIFY"]) > passed for deal in partner.deals.values())
    most = 1.2 * (ceil(changed / 50) + 2 * ceil(changed / 20))
    left = differing(home, partner, wanted)
    print(
        f"{changed} deals changed, {lost} fields lost by then: "
        f"{len(left)} differ after a pass, {partner.ledger.requests} requests of {most:.0f} at most"
    )
    assert left == []
    assert partner.ledger.requests <= most
    assert len(home.deals) == len(partner.deals)


async def test_what_events_did_not_tell_is_found_by_the_next_pass(outside: Outside, tmp_path: Path) -> None:
    await _play(outside, tmp_path, SHORT)


@pytest.mark.chaos
@pytest.mark.timeout(1200)
async def test_half_an_hour_without_a_hub_is_made_good_by_few_requests(
    outside: Outside, tmp_path: Path
) -> None:
    await _play(outside, tmp_path, LONG)
