"""What the watch takes for a cause, and what it cannot tell."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from services.deals.remedies import portal_of
from services.flow.cache_signs import CacheSigns
from services.flow.job_signs import JobSigns, WaitingSign
from services.flow.key_signs import KeySigns
from services.flow.watch import Cause, Findings
from storage import accepting, keys, notices, samples, switches
from storage.database import Transaction
from storage.records import Notice
from storage.samples import Sample
from storage.switches import Switch
from storage.tables import jobs
from tests.services.flow.conftest import House
from tests.storage.rows import NOON, new_job

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NONE: Mapping[str, Notice] = {}


def opened(*subjects: str) -> dict[str, Notice]:
    """Open notices of these subjects."""
    return {each: Notice(1, "k", each, "open", 1, {}, NOON, 0, None, 0) for each in subjects}


async def sampled(house: House, **figures: tuple[int, ...]) -> None:
    """Samples of `deal`, a number a sample, the newest last and just taken."""
    now = house.clock.now()
    rows = [
        Sample(now - (len(values) - 1 - place) * 5 * MINUTE, "p", series, "deal", value)
        for series, values in figures.items()
        for place, value in enumerate(values)
    ]
    await house.database.write(lambda tx: samples.put(tx, rows))


@pytest.fixture
def cache(house: House) -> CacheSigns:
    return CacheSigns(house.database, house.clock, enabled=True)


@pytest.mark.parametrize(
    ("hits", "misses", "causes"),
    [
        ((49,), (51,), [Cause("deal", 100, {"region": "deal", "percent": 49})]),
        ((50,), (50,), []),
        ((0,), (99,), []),
        ((0, 0), (60, 60), [Cause("deal", 120, {"region": "deal", "percent": 0})]),
    ],
)
async def test_less_than_half_of_a_hundred_look_ups_or_more_is_a_low_rate(
    house: House, cache: CacheSigns, hits: tuple[int, ...], misses: tuple[int, ...], causes: list[Cause]
) -> None:
    await sampled(house, hits=hits, misses=misses)
    assert (await cache.hit_rate(NONE)).causes == causes


async def test_a_rate_of_few_look_ups_leaves_what_is_told_as_it_is(house: House, cache: CacheSigns) -> None:
    await sampled(house, hits=(90, *[0] * 12), misses=(60, *[5] * 12))
    assert await cache.hit_rate(opened("deal")) == Findings([], frozenset({"deal"}))
    await sampled(house, hits=(95,), misses=(5,))
    assert await cache.hit_rate(opened("deal")) == Findings([], frozenset())


async def test_a_region_of_which_nobody_could_tell_for_a_day_is_told_of_no_more(
    house: House, cache: CacheSigns
) -> None:
    await sampled(house, misses=(200,), entries=(0,))
    await house.clock.advance(23 * 3600)
    assert await cache.hit_rate(opened("deal")) == Findings([], frozenset({"deal"}))
    assert await cache.empty(opened("deal")) == Findings([], frozenset({"deal"}))
    await house.clock.advance(3600)
    lapsed = Findings([], frozenset(), frozenset({"deal"}))
    assert await cache.hit_rate(opened("deal")) == lapsed
    assert await cache.empty(opened("deal")) == lapsed


async def test_a_cache_that_was_switched_off_is_told_of_no_more(house: House) -> None:
    await sampled(house, misses=(200,), entries=(0,))
    off = CacheSigns(house.database, house.clock, enabled=False)
    for sign in (off.hit_rate, off.empty):
        assert (await sign(opened("deal"))).lapsed == {"deal"}


async def test_look_ups_of_more_than_an_hour_ago_do_not_matter(house: House, cache: CacheSigns) -> None:
    await sampled(house, misses=(500, *[1] * 12))
    assert await cache.hit_rate(NONE) == Findings([], frozenset())


@pytest.mark.parametrize(
    ("entries", "misses", "is_empty"),
    [((0, 0), (10, 10), True), ((0,), (20,), False), ((0, 1), (10, 10), False), ((0, 0), (10, 9), False)],
)
async def test_a_region_is_empty_when_it_kept_nothing_of_what_it_was_asked(
    house: House, cache: CacheSigns, entries: tuple[int, ...], misses: tuple[int, ...], is_empty: bool
) -> None:
    await sampled(house, entries=entries, misses=misses)
    assert bool((await cache.empty(NONE)).causes) == is_empty


async def test_an_empty_region_that_nobody_asks_stays_told_until_it_keeps_something(
    house: House, cache: CacheSigns
) -> None:
    await sampled(house, entries=(0, 0, 0))
    assert (await cache.empty(opened("deal"))).unclear == {"deal"}
    await sampled(house, entries=(0, 0, 5))
    assert await cache.empty(opened("deal")) == Findings([], frozenset())


async def put_job(house: House, topic: str, **values: Any) -> None:
    now = house.clock.now()

    def unit(tx: Transaction) -> None:
        ((number, _),) = accepting.accept(tx, [new_job(topic=topic, now=now)])
        if values:
            tx.execute(update(jobs).where(jobs.c.id == number).values(values))

    await house.database.write(unit)


def signs(house: House, *, backup_every: float = 0) -> JobSigns:
    return JobSigns(house.database, house.clock, house.hub.excerpt, backup_every=backup_every)


async def test_work_that_a_pause_held_up_has_ten_minutes_to_be_done(house: House) -> None:
    jobs_ = signs(house)
    await put_job(house, "portal")
    await house.clock.advance(HOUR.total_seconds())
    assert [each.subject for each in (await jobs_.aged(NONE)).causes] == ["portal"]
    for is_on, minutes, told in ((True, 60, False), (False, 9, False), (False, 2, True)):
        switch = Switch("paused", is_on, "user:1", "A", None, house.clock.now())
        await house.database.write(lambda tx, switch=switch: switches.turn(tx, switch))  # type: ignore[misc]
        await house.clock.advance(60 * minutes)
        found = await jobs_.aged(opened("portal"))
        assert (bool(found.causes), found.unclear == {"portal"}) == (told, not told)


async def test_what_waits_for_the_outside_is_one_cause_and_unclear_while_work_is_paused(house: House) -> None:
    rooms = (house.database, house.clock, house.hub.excerpt)
    sign = WaitingSign(*rooms, "deals", house.hub.remedies.against, portal_of)
    for reason in (
        "Refused: the secret",
        "bitrix24: left alone, it failed",
        "bitrix24: left alone, it failed",
    ):
        await put_job(house, "deals", key="deal:a.ru:1", reason=reason)
    began = house.clock.now()
    await house.clock.advance(599)
    assert await sign.look(opened("")) == Findings(unclear=frozenset({""}))
    await house.clock.advance(2)
    told = {
        "where": "a.ru (3)",
        "why": {"text": "why-portal-away"},
        "reason": "bitrix24: left alone, it failed",
    }
    assert await sign.look(NONE) == Findings([Cause("", 3, told | {"began": began.isoformat()})])
    switch = Switch("paused", True, "user:1", "A", None, house.clock.now())
    await house.database.write(lambda tx: switches.turn(tx, switch))
    assert await sign.look(opened("")) == Findings(unclear=frozenset({""}))


async def test_a_hub_that_just_began_has_ten_minutes_to_do_what_waits(house: House) -> None:
    await put_job(house, "portal")
    await house.clock.advance(HOUR.total_seconds())
    jobs_ = signs(house)
    assert (await jobs_.aged(opened("portal"))).unclear == {"portal"}
    await house.clock.advance(601)
    assert (await jobs_.aged(NONE)).causes


async def test_jobs_that_died_before_the_last_day_are_not_told_by_the_first_notice(house: House) -> None:
    await put_job(house, "old", state="dead", finished_at=house.clock.now())
    await house.clock.advance(24 * 3600 + 1)
    assert not (await signs(house).dead(NONE)).causes


async def keep_dead(house: House, signs_: JobSigns) -> int:
    """What the watch does with the dead jobs each minute; how many a cause counts."""
    causes = (await signs_.dead(NONE)).causes
    now = house.clock.now()

    def unit(tx: Transaction) -> None:
        for each in causes:
            notices.tell(
                tx, "dead-jobs", "", count=each.count, params=each.params, at=now, again_within=0 * MINUTE
            )
        if not causes:
            notices.close(tx, "dead-jobs", "", at=now)

    await house.database.write(unit)
    return causes[0].count if causes else 0


async def test_jobs_that_died_long_before_a_start_are_told_for_an_hour(house: House) -> None:
    for _ in range(2):
        await put_job(house, "a", state="dead", finished_at=house.clock.now())
        await house.clock.advance(23 * 3600)  # and the hub is down
        [cause] = (await signs(house).dead(NONE)).causes
        assert cause.count == 1
        told = [await keep_dead(house, signs(house))]
        for _ in range(4):
            await house.clock.advance(1300)
            told.append(await keep_dead(house, signs(house)))
        assert told == [1, 1, 1, 0, 0]


async def test_jobs_that_die_for_more_than_a_day_are_all_counted_since_the_first(house: House) -> None:
    began = house.clock.now()
    for number in range(60):
        await put_job(house, "a", state="dead", finished_at=house.clock.now())
        await house.clock.advance(1800)
        assert await keep_dead(house, signs(house)) == number + 1
    [cause] = (await signs(house).dead(NONE)).causes
    assert cause.params["began"] == began.isoformat()


async def test_topics_are_named_by_how_many_jobs_they_lost(house: House) -> None:
    for topic in ("d", "c", "b", "b", "a"):
        await put_job(house, topic, state="dead", finished_at=house.clock.now())
    [cause] = (await signs(house).dead(NONE)).causes
    assert (cause.count, cause.params["topics"]) == (5, "b (2), a (1), c (1), …")


async def test_what_an_earlier_notice_told_is_not_told_again(house: House) -> None:
    await put_job(house, "a", state="dead", finished_at=house.clock.now())
    [cause] = (await signs(house).dead(NONE)).causes

    def unit(tx: Transaction) -> None:
        notices.tell(
            tx, "dead-jobs", "", count=1, params=cause.params, at=house.clock.now(), again_within=MINUTE
        )
        notices.close(tx, "dead-jobs", "", at=house.clock.now())

    await house.database.write(unit)
    assert not (await signs(house).dead(NONE)).causes
    await house.clock.advance(60)
    await put_job(house, "b", state="dead", finished_at=house.clock.now())
    [later] = (await signs(house).dead(NONE)).causes
    assert (later.count, later.params["topics"]) == (1, "b (1)")


@pytest.mark.parametrize(
    ("every", "again"),
    [(86400.0, {"moment": "2026-01-16T00:00:00+00:00"}), (0.0, {"text": "notice-backup-unplanned"})],
)
async def test_a_backup_given_up_is_tried_with_the_next_regular_one(
    house: House, every: float, again: dict[str, str]
) -> None:
    now = house.clock.now()
    await put_job(
        house, "backup", state="dead", finished_at=now, attempts=8, reason="the secret disk is full"
    )
    [cause] = (await signs(house, backup_every=every).backup(NONE)).causes
    assert cause == Cause("", 8, {"reason": "the *** disk is full", "next": again})


async def test_keys_are_named_and_many_are_not_all_named(house: House) -> None:
    old = NOON - timedelta(days=31)

    def unit(tx: Transaction) -> None:
        for number in range(5):
            keys.add(tx, name=f"key{number}", hint="swb_", digest=f"{number}", scope="read", at=old)
        keys.add(tx, name="young", hint="swb_", digest="young", scope="read", at=NOON)
        keys.revoke(tx, 5, at=NOON)

    await house.database.write(unit)
    [cause] = (await KeySigns(house.database, house.clock).old(NONE)).causes
    assert cause == Cause("4", 4, {"names": "key0 (1), key1 (2), key2 (3), …"})
