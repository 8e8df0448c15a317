"""Check → propose, in the manner of the place."""

import pytest

from services.engine.errors import NoSuchItem, Unavailable
from services.flow.items import Recognised
from services.flow.places import Asker, Place
from tests.services.flow.conftest import ANN, GROUP, PRIVATE, House
from tests.storage.files import rows

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


# Several at once

NAMES = ["Cats_by_bot", "Dogs", "Owls"]


async def check_many(house: House, place: Place, names: list[str]) -> None:
    work = house.work()
    await house.hub.checks.check_many("stickerset", names, ANN_ASKS, place, work)
    await house.finish(work)


async def test_in_private_a_batch_is_one_text_with_a_proposal_for_each_that_can_be_added(
    house: House,
) -> None:
    await list_cats(house)
    house.telegram.names.add("Dogs")
    await check_many(house, PRIVATE, NAMES)
    (text,) = await house.outbox()
    assert (text.kind, text.reply_to) == ("text", 10)
    assert text.keys == [
        *("batch-listed", "line", "batch-missing", "line"),
        *("batch-unknown", "line-plain"),
    ]
    [(key, state, shown_row)] = await rows(house.database, "SELECT key, state, shown_row FROM proposals")
    assert (key, state, shown_row) == ("Dogs", "open", text.id)


async def test_nothing_of_a_batch_is_written_when_one_of_it_cannot_be_told(house: House) -> None:
    house.telegram.names |= set(NAMES)
    house.database.away = True
    for place in (PRIVATE, GROUP):
        with pytest.raises(Unavailable):
            await house.hub.checks.check_many("stickerset", NAMES, ANN_ASKS, place, house.work())
    house.database.away = False
    assert await house.outbox() == []


async def test_a_group_that_filled_up_meanwhile_is_not_shown_the_batch(house: House) -> None:
    house.telegram.names |= set(NAMES)
    work = house.work()
    await house.hub.checks.check_many("stickerset", NAMES, ANN_ASKS, GROUP, work)
    for number in range(5):
        assert await house.propose(f"Other_{number}")
    before = await house.outbox()
    await house.finish(work)
    assert await house.outbox() == before


async def test_telegram_is_asked_for_no_more_than_one_message_can_offer(house: House) -> None:
    names = [f"Set_{number}" for number in range(50)]
    house.telegram.names |= set(names[10:])
    await check_many(house, PRIVATE, names)
    (text,) = await house.outbox()
    offered = [action.params["title"] for action in text.shown.actions]
    assert offered == [f"Title of {name}" for name in names[10:18]]
    assert text.keys.count("line-plain") == 10 + 32  # unknown ones, and those for another time
