"""People: which language they read, who is an admin; and which chats are known."""

from functools import partial

import pytest

from tests.services.flow.conftest import ANN, House
from tests.storage.files import rows


@pytest.mark.parametrize(
    ("telegram_says", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("EN", "en"), ("de", "en"), ("", "en"), (None, "en"), ("rus", "en")],
)
async def test_without_a_choice_the_language_of_telegram_counts_if_we_have_it(
    house: House, telegram_says: str | None, language: str
) -> None:
    assert await house.hub.people.language(ANN, telegram_says) == language
    assert await house.hub.people.language(None, telegram_says) == language


async def test_a_chosen_language_goes_before_everything_and_stays_when_one_is_renamed(house: House) -> None:
    people = house.hub.people
    await house.database.write(lambda tx: people.choose_language(tx, ANN, "Ann", "ru"))
    await house.database.write(lambda tx: people.meet(tx, ANN, "Anna", "anna"))
    assert await people.language(ANN, "en") == "ru"
    assert await people.language(ANN + 1, "en") == "en"
    assert await rows(house.database, "SELECT name, username FROM people") == [("Anna", "anna")]


async def test_a_chat_is_entered_left_and_moved(house: House) -> None:
    people = house.hub.people
    await house.database.write(lambda tx: people.enter(tx, -100, "group", "Fans"))
    await house.database.write(
        lambda tx: people.membership(tx, -100, "group", "Fans", status="kicked", active=False)
    )
    chat = await people.chat(-100)
    assert chat
    assert (chat.active, chat.bot_status) == (False, "kicked")
    await house.database.write(lambda tx: people.move(tx, -100, -1000))
    chat = await people.chat(-100)
    assert chat
    assert chat.moved_to == -1000
    assert await people.chat(404) is None


async def test_messages_passed_over_are_told_once(house: House) -> None:
    people = house.hub.people
    await house.database.write(lambda tx: people.enter(tx, ANN, "private", "Ann"))
    for _ in range(3):
        await house.database.write(lambda tx: people.skip(tx, ANN))
    assert await house.database.write(lambda tx: people.take_skipped(tx, ANN)) == 3
    assert await house.database.write(lambda tx: people.take_skipped(tx, ANN)) == 0


async def test_who_is_written_to_first_reads_what_their_telegram_spoke_last(house: House) -> None:
    people = house.hub.people
    for says, language in (("ru-RU", "ru"), (None, "ru"), ("en", "en"), ("ru", "ru"), ("pt-br", "en")):
        await house.database.write(
            partial(people.meet, user_id=ANN, name="Ann", username=None, telegram_says=says)
        )
        assert await people.language(ANN, None, ANN) == language
    await house.database.write(lambda tx: people.choose_language(tx, ANN, "Ann", "ru"))
    assert await people.language(ANN, None, ANN) == "ru"
