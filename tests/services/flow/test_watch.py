"""The look at all signs: what one of them does wrong touches no other."""

from collections.abc import Mapping

from services.flow.notice_kinds import GALLERY, NoticeKind
from services.flow.watch import Cause, Findings
from storage.records import Notice
from tests.services.flow.conftest import House
from tests.storage.files import rows


async def test_a_sign_that_breaks_is_counted_and_silences_no_other(house: House) -> None:
    looks: list[dict[str, int]] = []

    async def frail(opened: Mapping[str, Notice]) -> Findings:
        if looks:
            raise ValueError("what the secret gallery said is no JSON")
        return Findings([Cause("told")])

    async def fine(opened: Mapping[str, Notice]) -> Findings:
        return Findings([Cause("told")] if looks else [])

    house.hub.watch.on(NoticeKind("frail"), frail)
    house.hub.watch.on(NoticeKind("fine"), fine)
    for _ in range(2):
        work = house.work()
        looks.append(await house.hub.watch.look(work.job, work))
        await house.finish(work)
    assert looks == [{"frail": 1}, {"fine": 1}]
    query = "SELECT kind, state FROM notices ORDER BY kind"
    assert await rows(house.database, query) == [("fine", "open"), ("frail", "open")]
    [fault] = await house.hub.faults.newest()
    told = ("notices.frail.ValueError", "what the *** gallery said is no JSON")
    assert (fault.kind, fault.sample) == told


async def test_what_lapsed_ends_without_a_word(house: House) -> None:
    lapsed = False

    async def sign(opened: Mapping[str, Notice]) -> Findings:
        return Findings([], frozenset(), frozenset(opened)) if lapsed else Findings([Cause("told")])

    house.hub.watch.on(GALLERY, sign)
    for lapsed in (False, True):  # noqa: B007 - the sign reads it
        work = house.work()
        await house.hub.watch.look(work.job, work)
        await house.finish(work)
    assert await rows(house.database, "SELECT state FROM notices") == [("told",)]
