"""New deals without end, between portals whose commands are slow, in virtual time."""

import tempfile
from functools import partial
from math import ceil, nan
from pathlib import Path
from random import Random

from bench.caches import OURS
from bench.deals import DOUBLED
from bench.portal_operating import BLOCKED, CEILING, COMMAND, CUT, LATENCY, LIMIT, WINDOW
from bench.portal_side import RATE, REFUSED, REQUESTS
from bench.rounds import Goal, Heading, Ran, Scale, Table, compare_runs
from sandbox.bitrix24.portal import Portal
from tests.e2e.partner import exchanging, new_partner
from tests.town import Town, TownClock, new_outside

A_MINUTE = 100  # new deals: more than the limit lets through
STEP = 5.0  # virtual seconds

_ABOUT = """Seconds of work that new deals cost the home portal's `crm.deal.add` in {minutes} minutes, when
{deals} a minute are new at a partner's portal; a deal with two twins counts once. Each command costs either
portal {command} s; both take two requests a second, cut one that lasts 60 s, and block a method that has
worked {limit:.0f} s within ten minutes. Hub, portals and Telegram share one loop and a clock of virtual time.
The limit itself: as much as it allows in each ten minutes, begun ones too. No other method of either portal
is called more often."""


async def deals_at_the_limit(scale: Scale, random: Random) -> Table:
    """How much of the allowed work gets done."""
    allowed = LIMIT * ceil(scale.minutes / WINDOW)
    about = _ABOUT.format(minutes=scale.minutes, deals=A_MINUTE, command=COMMAND, limit=LIMIT)
    goals = (
        Goal("deals under the operating limit: ≥ 90 % of what it allows", OURS, CEILING, least=0.9),
        Goal("deals under the operating limit: no request cut", OURS, most=0, column=CUT),
        Goal("deals under the operating limit: none doubled", OURS, most=0, column=DOUBLED),
    )
    title = f"Deals: commands of {COMMAND} s for {scale.minutes} minutes"
    heading = Heading(title, "seconds of work", about, CEILING, goals)
    runs = {OURS: partial(_ours, scale.minutes), CEILING: partial(_ceiling, allowed)}
    return await compare_runs(heading, runs, 1, random)


async def _ceiling(allowed: float) -> Ran:
    return Ran(allowed, dict.fromkeys((REQUESTS, REFUSED, BLOCKED, CUT, DOUBLED), nan))


async def _ours(minutes: int) -> Ran:
    clock = TownClock()
    with tempfile.TemporaryDirectory() as folder:
        async with new_outside(Path(folder), clock=clock) as outside:
            partner = new_partner(outside)
            _limit(outside.portal, partner)
            async with exchanging(outside, partner, DEALS_SYNC_INTERVAL="86400") as town:
                await _go_on(town, partner, minutes)
                outside.bitrix24.close()  # what the portals still work at is nobody's any more
            ledgers = [outside.portal.ledger, partner.ledger]
            twins = [str(deal["ORIGIN_ID"]) for deal in outside.portal.deals.values()]
    counted: dict[str, float] = {
        REQUESTS: sum(each.requests for each in ledgers),
        REFUSED: sum(each.rejections for each in ledgers),
        BLOCKED: sum(each.blocked for each in ledgers),
        CUT: sum(each.cut for each in ledgers),
        DOUBLED: len(twins) - len(set(twins)),
    }
    return Ran(len(set(twins)) * COMMAND, counted)


def _limit(*portals: Portal) -> None:
    for portal in portals:
        portal.latency, portal.command_latency = LATENCY, COMMAND
        portal.bucket.rate, portal.operating.limit = RATE, LIMIT


async def _go_on(town: Town, partner: Portal, minutes: int) -> None:
    assert isinstance(town.clock, TownClock)
    end = town.clock.monotonic() + minutes * 60.0
    while town.clock.monotonic() < end:
        for number in range(round(A_MINUTE * STEP / 60.0)):
            partner.add_deal(TITLE=f"Сделка {number}", CATEGORY_ID=1, STAGE_ID="C1:NEW")
        await town.clock.advance(STEP)
