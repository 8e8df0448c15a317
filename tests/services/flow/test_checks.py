"""Check → propose, in the manner of the place."""

import pytest

from services.engine.errors import NoSuchItem, Unavailable
from services.flow.items import Recognised
from services.flow.places import Asker, Place
from tests.services.flow.conftest import ANN, GROUP, PRIVATE, House

ANN_ASKS = Asker(ANN, "Ann")
CATS = Recognised("stickerset", "Cats_by_bot")


async def check(house: House, place: Place, wanted: Recognised = CATS) -> None:
    work = house.work()
    await house.hub.checks.check(wanted, ANN_ASKS, place, work)
    await house.finish(work)


async def list_cats(house: House) -> None:
    row = (
        "INSERT INTO sticker_sets (name_key, name, title, kind, count, added_at) VALUES"
        " ('cats_by_bot', 'Cats_by_bot', 'Cats', 'regular', 3, '2026-01-15T12:00:00.000000Z')"
    )
    await house.database.write(lambda tx: tx.exec_driver_sql(row))


async def test_in_private_a_listed_set_is_shown_with_its_link(house: House) -> None:
    await list_cats(house)
    await check(house, PRIVATE)
    (text,) = await house.outbox()
    assert (text.kind, text.keys, text.reply_to) == ("text", ["listed"], 10)
    assert text.shown.card
    assert text.shown.card.title == "Cats"
    assert [link.url for link in text.shown.links] == ["https://t.me/addstickers/Cats_by_bot"]


async def test_in_a_group_a_listed_set_is_only_a_reaction(house: House) -> None:
    await list_cats(house)
    await check(house, GROUP)
    (reaction,) = await house.outbox()
    assert (reaction.kind, reaction.target, reaction.content) == ("reaction", 10, {"purpose": "exists"})


@pytest.mark.parametrize("place", [PRIVATE, GROUP])
async def test_what_is_not_listed_is_proposed(house: House, place: Place) -> None:
    house.telegram.names.add("Cats_by_bot")
    await check(house, place)
    first = (await house.outbox())[0]
    assert (first.kind, first.keys) == ("text", ["proposal"])


async def test_a_group_that_has_seen_the_proposal_today_is_left_in_peace(house: House) -> None:
    house.telegram.names.add("Cats_by_bot")
    await check(house, GROUP)
    before = await house.outbox()
    house.telegram.names.clear()  # nobody even asks Telegram again
    await check(house, GROUP)
    assert await house.outbox() == before


async def test_what_telegram_does_not_know_is_told_by_an_error(house: House) -> None:
    with pytest.raises(NoSuchItem):
        await check(house, PRIVATE)
    assert await house.outbox() == []


async def test_a_gallery_that_is_away_never_leads_to_a_proposal(house: House) -> None:
    house.telegram.names.add("Cats_by_bot")
    house.database.away = True
    for place in (PRIVATE, GROUP):
        with pytest.raises(Unavailable):
            await house.hub.checks.check(CATS, ANN_ASKS, place, house.work())
    house.database.away = False
    assert await house.outbox() == []
