"""The programs about deals at a twentieth of their size: what is counted, never how long anything took."""

from random import Random

from bench import deals, deals_operating
from bench.caches import OURS
from bench.portal_operating import CUT
from bench.portal_side import REFUSED
from bench.rounds import TINY
from tests.bench.counting import counted


async def test_deals_come_home_once_each_without_a_request_too_many() -> None:
    table = await deals.deals_transferred(TINY, Random(1))
    assert not table.failures
    assert counted(table, deals.DOUBLED)[OURS] == 0
    assert counted(table, REFUSED)[OURS] == 0


async def test_every_event_is_accepted_and_every_twin_equal_in_the_end() -> None:
    table = await deals.events_answered(TINY, Random(1))
    assert not table.failures
    assert counted(table, deals.FAILED)[OURS] == 0
    assert counted(table, deals.UNLIKE)[OURS] == 0


async def test_new_deals_keep_slow_portals_going_in_virtual_time() -> None:
    table = await deals_operating.deals_at_the_limit(TINY, Random(1))
    assert counted(table, CUT)[OURS] == 0
    assert counted(table, REFUSED)[OURS] == 0
    assert counted(table, deals.DOUBLED)[OURS] == 0
    assert table.figures[OURS][0] > 0
