"""Links of deals: one twin for each, and what both were last seen to hold."""

from dataclasses import replace
from typing import Any

from storage import deal_links
from storage.deal_links import DealLink
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, at

PARTNER, OTHER = "partner1.bitrix24.ru", "partner2.bitrix24.ru"


def a_link(deal_id: int = 12, **more: Any) -> DealLink:
    link = DealLink(
        source_domain=PARTNER,
        source_deal_id=deal_id,
        target_deal_id=700 + deal_id,
        source_values={"TITLE": "Курс", "OPPORTUNITY": "100.00"},
        source_fingerprint="a" * 64,
        target_values={"TITLE": "Курс", "OPPORTUNITY": "100.00", "STAGE_ID": None},
        target_fingerprint="b" * 64,
        mapping_version="default-1",
        writes=1,
        writes_since=NOON,
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(link, **more)


async def put(database: WatchedDatabase, *links: DealLink) -> None:
    for link in links:
        await database.write(lambda tx, link=link: deal_links.put(tx, link))  # type: ignore[misc]


async def known(database: WatchedDatabase, deal_id: int = 12, domain: str = PARTNER) -> DealLink | None:
    return await database.read(lambda tx: deal_links.of_source(tx, domain, deal_id))


async def test_a_link_is_found_from_both_sides_as_it_was_stored(database: WatchedDatabase) -> None:
    other = a_link(12, source_domain=OTHER, target_deal_id=900)
    await put(database, a_link(), a_link(13), other)
    assert await known(database) == a_link()
    assert await known(database, 12, OTHER) == other
    assert await known(database, 14) is None
    assert await database.read(lambda tx: deal_links.of_target(tx, 713)) == a_link(13)
    assert await database.read(lambda tx: deal_links.of_target(tx, 999)) is None
    found = await database.read(lambda tx: deal_links.of_sources(tx, PARTNER, [12, 13, 14]))
    assert found == {12: a_link(), 13: a_link(13)}


async def test_a_newer_one_takes_its_place_and_keeps_when_it_was_made(database: WatchedDatabase) -> None:
    newer = a_link(source_values={"TITLE": "Другой"}, created_at=at(5), updated_at=at(5), writes=2)
    await put(database, a_link(), newer)
    assert await known(database) == replace(newer, created_at=NOON)


async def test_a_twin_belongs_to_one_deal(database: WatchedDatabase) -> None:
    await put(database, a_link(12, target_deal_id=5), a_link(13, target_deal_id=5))
    assert await known(database, 12) is None
    found = await database.read(lambda tx: deal_links.of_target(tx, 5))
    assert found == a_link(13, target_deal_id=5)


async def test_a_deal_is_gone_once(database: WatchedDatabase) -> None:
    await put(database, a_link(), a_link(13))
    marks = [
        await database.write(lambda tx, n=n: deal_links.mark_deleted(tx, PARTNER, n, at(7)))  # type: ignore[misc]
        for n in (12, 12, 99)
    ]
    assert marks == [True, False, False]
    assert await known(database) == a_link(deleted_at=at(7))
    assert await known(database, 13) == a_link(13)


async def test_a_sources_links_are_paged_by_their_deals_numbers(database: WatchedDatabase) -> None:
    links = [a_link(number, source_values={"LEFT_OUT": [["STAGE_ID", str(number)]]}) for number in (3, 1, 2)]
    await put(database, *links, a_link(9, source_domain=OTHER))
    first = await database.read(lambda tx: deal_links.page(tx, PARTNER, after=0, limit=2))
    assert first == [(number, {"LEFT_OUT": [["STAGE_ID", str(number)]]}) for number in (1, 2)]
    rest = await database.read(lambda tx: deal_links.page(tx, PARTNER, after=2, limit=2))
    assert [number for number, _ in rest] == [3]
    assert await database.read(lambda tx: deal_links.page(tx, PARTNER, after=3, limit=2)) == []


async def test_only_a_lost_twin_is_left_lost(database: WatchedDatabase) -> None:
    await put(database, a_link(1, target_fingerprint=deal_links.LOST), a_link(2))
    for number in (1, 2):
        await database.write(lambda tx, number=number: deal_links.leave_lost(tx, PARTNER, number))  # type: ignore[misc]
    lost, there = await known(database, 1), await known(database, 2)
    assert lost
    assert there
    assert (lost.target_fingerprint, lost.is_lost) == (deal_links.LEFT, True)
    assert (there.target_fingerprint, there.is_lost) == ("b" * 64, False)
