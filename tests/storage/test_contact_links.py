"""Links of contacts and companies."""

from storage import contact_links
from storage.contact_links import Kind
from tests.storage.files import WatchedDatabase, rows
from tests.storage.rows import NOON, at

PARTNER, OTHER = "partner1.bitrix24.ru", "partner2.bitrix24.ru"


async def known(database: WatchedDatabase, kind: Kind, *ids: int, domain: str = PARTNER) -> dict[int, int]:
    return await database.read(lambda tx: contact_links.of_source(tx, domain, kind, ids))


async def test_links_are_kept_by_portal_and_kind(database: WatchedDatabase) -> None:
    await database.write(lambda tx: contact_links.put(tx, PARTNER, "contact", {1: 10, 2: 20}, NOON))
    await database.write(lambda tx: contact_links.put(tx, PARTNER, "company", {1: 11}, NOON))
    await database.write(lambda tx: contact_links.put(tx, OTHER, "contact", {1: 12}, NOON))
    assert await known(database, "contact", 1, 2, 3) == {1: 10, 2: 20}
    assert await known(database, "company", 1, 2) == {1: 11}
    assert await known(database, "contact", 1, domain=OTHER) == {1: 12}
    assert await known(database, "contact") == {}


async def test_a_newer_link_takes_the_place_of_the_older(database: WatchedDatabase) -> None:
    await database.write(lambda tx: contact_links.put(tx, PARTNER, "contact", {1: 10}, NOON))
    await database.write(lambda tx: contact_links.put(tx, PARTNER, "contact", {1: 15}, at(5)))
    assert await known(database, "contact", 1) == {1: 15}
    assert await rows(database, "SELECT count(*) FROM contact_links") == [(1,)]
