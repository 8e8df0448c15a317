"""Transfers while portals fail and hubs die: never a second twin, and all is equal in the end."""

import asyncio

import pytest

from sandbox.bitrix24.faults import FaultKind
from sandbox.bitrix24.portal import Portal
from tests.e2e.partner import edit, exchanging, looked_at, new_partner, transferred
from tests.e2e.poll_forms import sound
from tests.e2e.test_programmes_faults import PASSING
from tests.town import Outside, TownClock

TELLING = frozenset({"lost_answer", "skipped", "operating", "timeout"})  # the others come with --chaos
LONG = pytest.mark.chaos
WRITTEN = [
    pytest.param(kind, "crm.deal.add", marks=() if kind in TELLING else LONG, id=f"{kind}-deal")
    for kind in PASSING
]
WRITTEN += [
    pytest.param(kind, "crm.contact.add", marks=() if kind == "lost_answer" else LONG, id=f"{kind}-contact")
    for kind in ("lost_answer", "skipped", "operating")
]


class Crash(Exception):
    """The hub fails where a test wants it to."""


class Failing:
    """Fails at a named point, so many times."""

    def __init__(self, name: str, times: int) -> None:
        self.left = times
        self._name = name

    def hit(self, name: str) -> None:
        if name == self._name and self.left:
            self.left -= 1
            raise Crash(name)


def a_deal(partner: Portal) -> int:
    contact = partner.add_contact(NAME="Анна", PHONE="+7 916 123-45-67", EMAIL="anna@example.com")
    return partner.add_deal(TITLE="Курс", OPPORTUNITY="100", CONTACT_ID=contact)


def equal(outside: Outside, partner: Portal) -> bool:
    """Each deal of the partner has one twin that is like it."""
    home = outside.portal
    twins = {deal["ORIGIN_ID"]: (deal["TITLE"], deal["OPPORTUNITY"]) for deal in home.deals.values()}
    deals = {f"{partner.domain}:{number}": deal for number, deal in partner.deals.items()}
    assert len(home.deals) == len(deals)
    return sound(home) and twins == {
        origin: (deal["TITLE"], deal["OPPORTUNITY"]) for origin, deal in deals.items()
    }


async def test_a_hub_that_fails_between_the_twin_and_its_link_makes_no_second_one(outside: Outside) -> None:
    partner = new_partner(outside)
    failing = Failing("deal added", 1)
    async with exchanging(outside, partner, failpoints=failing) as town:
        a_deal(partner)
        await transferred(town)
        assert failing.left == 0
        assert equal(outside, partner)
        assert len(outside.portal.ledger.of("crm.deal.add")) == 1
        [(target, deal)] = await town.rows("SELECT target_deal_id, source_deal_id FROM deal_links")
        assert (target, deal) == (1, 1)
        edit(partner, 1, TITLE="Другой")
        await transferred(town)
        assert equal(outside, partner)


async def test_a_hub_that_dies_while_the_portal_makes_the_twin_makes_no_second_one(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        home.durations = {"crm.deal.add": 30.0}
        number = a_deal(partner)
        while not await town.scalar("SELECT count(*) FROM leases WHERE name LIKE 'deal:%'"):
            await town.rest()
            await asyncio.sleep(0.01)
        assert isinstance(town.clock, TownClock)
        await town.clock.advance(10.0)  # the portal is at work
    home.durations = {}
    async with exchanging(outside, partner) as town:
        await transferred(town)
        assert equal(outside, partner)
        assert (await looked_at(town, number)).action == "unchanged"


@pytest.mark.parametrize(("kind", "method"), WRITTEN)
async def test_a_write_that_goes_wrong_is_made_good_once(
    outside: Outside, kind: FaultKind, method: str
) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        outside.portal.faults.plan(kind, method=method, inside=kind == "skipped", times=2)
        a_deal(partner)
        await transferred(town)
        assert equal(outside, partner)
        assert len(outside.portal.contacts) == 1


@pytest.mark.parametrize(
    "kind",
    [
        "lost_answer",
        "skipped",
        *(pytest.param(kind, marks=LONG) for kind in ("internal", "html_applied", "timeout")),
    ],
)
async def test_an_update_that_goes_wrong_is_made_good(outside: Outside, kind: FaultKind) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        number = a_deal(partner)
        await transferred(town)
        outside.portal.faults.plan(kind, method="crm.deal.update", inside=True)
        edit(partner, number, TITLE="Другой", OPPORTUNITY="7")
        await transferred(town)
        assert equal(outside, partner)


@pytest.mark.parametrize(
    "kind",
    ["html", "operating", *(pytest.param(kind, marks=LONG) for kind in ("reset", "malformed", "timeout"))],
)
async def test_a_source_that_gives_no_answer_is_read_later(outside: Outside, kind: FaultKind) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        partner.faults.plan(kind, method="crm.deal.get", times=4)
        a_deal(partner)
        await transferred(town)
        assert equal(outside, partner)


async def test_a_database_that_lost_its_links_finds_the_twins_again(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        number = a_deal(partner)
        await transferred(town)
        for table in ("deal_links", "contact_links"):
            await town.switchboard.hub.database.write(
                lambda tx, table=table: tx.exec_driver_sql(f"DELETE FROM {table}")  # type: ignore[misc]
            )
        edit(partner, number, OPPORTUNITY="5")
        await transferred(town)
        assert equal(outside, partner)
        assert len(outside.portal.contacts) == 1


async def test_an_unknown_filter_that_finds_everybody_finds_no_twin(outside: Outside) -> None:
    """A portal drops a filter that it does not know in silence."""
    partner, home = new_partner(outside), outside.portal
    other = home.add_deal(TITLE="Чужая сделка")
    for name in ("ORIGIN_ID", "ORIGINATOR_ID"):
        home.deals[other][name] = "somebody-else"
    async with exchanging(outside, partner) as town:
        await transferred(town)
        partner.add_deal(TITLE="Курс")
        await transferred(town)
        assert {deal["TITLE"] for deal in home.deals.values()} == {"Чужая сделка", "Курс"}
