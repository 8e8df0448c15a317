"""Deals of a partner's portal on their way into the home portal, and the events that tell of them."""

from functools import partial
from math import nan
from random import Random
from statistics import quantiles
from time import perf_counter

from bench.caches import OURS
from bench.deals_process import Terms
from bench.deals_side import Between, between
from bench.portal_side import BURST, RATE, REFUSED, REQUESTS
from bench.rounds import Goal, Heading, Ran, Scale, Table, compare_runs

STATED = "what such platforms state"
DOUBLED, AT_PARTNER = "twins doubled", "requests to the partner"
LATENCY, COMMAND = 0.05, 0.04  # seconds
CONTACTS = 100

_ABOUT = """Deals an hour, from the first event of {count:,} new deals to the last twin that is read back and
linked. Both portals take {burst} requests at once and then {rate:.0f} a second, refuse what is more, and need
{latency:.0f} ms for a request and {command:.0f} ms for each command in it; stand-ins in another process. Each
deal has a contact that both know. Every event comes through the hub's HTTP door; the hub runs on SQLite with
its default settings."""


async def deals_transferred(scale: Scale, random: Random) -> Table:
    """New deals, as many as the portals let through."""
    about = _ABOUT.format(
        count=scale.deals, burst=BURST, rate=RATE, latency=LATENCY * 1000, command=COMMAND * 1000
    )
    goals = (
        Goal("deals through both portals: ≥ 60,000 an hour", OURS, least=60_000),
        Goal("deals through both portals: none doubled", OURS, most=0, column=DOUBLED),
    )
    heading = Heading("Deals: through both portals' limits", "deals an hour", about, STATED, goals)
    runs = {STATED: partial(_stated), OURS: partial(_transferred, scale)}
    return await compare_runs(heading, runs, 1, random)


async def _stated() -> Ran:
    return Ran(5_000, dict.fromkeys((REQUESTS, AT_PARTNER, REFUSED, DOUBLED), nan))


async def _transferred(scale: Scale) -> Ran:
    known = min(CONTACTS, scale.deals)
    terms = Terms(
        LATENCY * scale.slowness,
        COMMAND * scale.slowness,
        RATE if scale.slowness else None,
        deals=scale.deals + known,
        contacts=known,
    )
    async with between(terms) as there:
        await _told(there, range(1, known + 1), known)  # their contacts are known from now on
        before = await there.home(), await there.partner()
        begun = perf_counter()
        await _told(there, range(known + 1, known + scale.deals + 1), known + scale.deals)
        seconds = perf_counter() - begun
        home, partner = await there.home(), await there.partner()
    return Ran(
        scale.deals * 3600 / seconds,
        {
            REQUESTS: home.requests - before[0].requests,
            AT_PARTNER: partner.requests - before[1].requests,
            REFUSED: home.refused + partner.refused,
            DOUBLED: home.deals - known - scale.deals,
        },
    )


async def _told(there: Between, numbers: range, linked: int) -> None:
    await there.tell_all(numbers)
    await there.done(linked)


FAILED, BEHIND, UNLIKE = "events not accepted", "seconds behind at the end", "deals unlike their twins"
EDITED = 1_000  # deals
_ABOUT_EVENTS = """The 99th percentile of the milliseconds in which the hub answers an event, when a partner's
people make {rate:.0f} edits a second for {seconds:.0f} s to {deals:,} deals, chosen at random, and its portal
tells of each at once. The portals have no limits and answer as quickly as they can; who edits, who tells and
the hub are three processes. Behind: how long after the last event the hub has looked at everything."""


async def events_answered(scale: Scale, random: Random) -> Table:
    """Events all the time, while their deals are brought home."""
    terms = Terms(rate=None, deals=min(EDITED, scale.deals), edits=scale.edits)
    seconds = terms.edits / terms.edits_a_second
    about = _ABOUT_EVENTS.format(rate=terms.edits_a_second, seconds=seconds, deals=terms.deals)
    goals = (
        Goal("events: p99 of the answer < 50 ms", OURS, most=50),
        Goal("events: all accepted", OURS, most=0, column=FAILED),
        Goal("events: ≤ 10 s behind at the end", OURS, most=10, column=BEHIND),
        Goal("events: every twin equal at the end", OURS, most=0, column=UNLIKE),
    )
    heading = Heading("Deals: events", "ms, 99th percentile", about, STATED, goals, digits=1)
    return await compare_runs(
        heading, {STATED: partial(_stated_answer), OURS: partial(_answered, terms)}, 1, random
    )


async def _stated_answer() -> Ran:
    return Ran(500, dict.fromkeys((REQUESTS, FAILED, BEHIND, UNLIKE), nan))


async def _answered(terms: Terms) -> Ran:
    async with between(terms, BITRIX24_RATE_PER_SECOND="100", BITRIX24_BURST="1000") as there:
        await _told(there, range(1, terms.deals + 1), terms.deals)
        before = await there.home()
        told = await there.edited()
        ended = perf_counter()
        await there.done(terms.deals)
        behind = perf_counter() - ended
        requests = (await there.home()).requests - before.requests
        unlike = await _unlike(there)
    p99 = quantiles(told.seconds, n=100)[98] * 1000
    return Ran(p99, {REQUESTS: requests, FAILED: told.refused, BEHIND: behind, UNLIKE: unlike})


async def _unlike(there: Between) -> int:
    """Deals whose twins have another title or amount, or which have none."""
    fields = ("TITLE", "OPPORTUNITY")
    partner = await there.rows(there.listening.partner, *fields)
    twins = {
        row["ORIGIN_ID"]: row
        for row in (await there.rows(there.listening.home, *fields, "ORIGIN_ID")).values()
    }
    alike = [
        number
        for number, row in partner.items()
        if _same(row, twins.get(f"partner1.bitrix24.ru:{number}"), fields)
    ]
    return len(partner) - len(alike)


def _same(row: dict[str, object], twin: dict[str, object] | None, fields: tuple[str, ...]) -> bool:
    return twin is not None and all(row[name] == twin[name] for name in fields)
