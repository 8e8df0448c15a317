"""The portal's programs at a twentieth of their size: what is counted, never how long anything took."""

from random import Random

from bench import poll_forms, portal_adds, portal_list, portal_operating
from bench.caches import OURS
from bench.portal_adds import CREATED, IDS, RESTARTED
from bench.portal_list import READ
from bench.portal_operating import CUT
from bench.portal_side import REFUSED, REQUESTS, ran_to_its_end
from bench.rounds import TINY
from tests.bench.counting import counted


async def test_contacts_are_added_once_by_every_client_and_by_ours_in_full_batches() -> None:
    table = await portal_adds.adds_at_50(TINY, Random(1))
    assert not table.failures
    assert counted(table, IDS) == dict.fromkeys(table.figures, TINY.contacts)
    assert counted(table, REFUSED) == dict.fromkeys(table.figures, 0)
    assert counted(table, CREATED)[OURS] == TINY.contacts
    assert counted(table, CREATED)[RESTARTED] >= TINY.contacts  # what was on its way is added twice
    assert counted(table, REQUESTS)[OURS] <= 6  # one to learn from, then four of fifty; one may be cut in two


async def test_a_list_is_read_whole_by_every_client_and_by_ours_in_two_requests() -> None:
    table = await portal_list.list_at_0(TINY, Random(1))
    assert not table.failures
    assert counted(table, READ) == dict.fromkeys(table.figures, TINY.deals)
    assert counted(table, REQUESTS)[OURS] == 2


async def test_a_poll_form_takes_two_requests_cold_one_warm_and_ten_without_the_hub() -> None:
    table = await poll_forms.poll_forms(TINY, Random(1))
    requests = counted(table, REQUESTS)
    assert requests[poll_forms.COLD] <= 2
    assert requests[poll_forms.WARM] == 1
    assert requests[poll_forms.NAIVE] == 10
    assert counted(table, poll_forms.DEALS) == dict.fromkeys(table.figures, 3)


async def test_slow_commands_are_kept_going_in_virtual_time() -> None:
    table = await portal_operating.operating_time(TINY, Random(1))
    assert all(table.meets(goal) for goal in table.heading.goals)
    assert counted(table, CUT)[OURS] == 0


async def test_a_client_that_fails_is_told_by_its_errors_class() -> None:
    async def fail() -> None:
        raise ExceptionGroup("several", [ConnectionResetError()])

    result, seconds, failure = await ran_to_its_end(fail())
    assert (result, failure) == (None, "ConnectionResetError")
    assert seconds >= 0
