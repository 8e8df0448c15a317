"""A sticker in a private chat: one test a row of the contract's table."""

import pytest

from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, LISTED, UNLISTED, Town, TownClock


async def test_a_listed_set_is_answered_with_words_and_a_link_button(town: Town) -> None:
    await town.lists(LISTED, ADMIN)
    sticker = await town.sends(CHEN, LISTED)
    [answer] = town.sent(CHEN)
    assert head(answer) == words("listed")
    assert "<b>Cats & Co</b>" in answer.text
    assert link_buttons(answer) == [f"https://t.me/addstickers/{LISTED}"]
    assert not press_buttons(answer)
    assert answer.reply_to is sticker
    assert town.reaction(sticker) is None


async def test_an_unlisted_set_is_proposed_with_an_add_button(town: Town) -> None:
    sticker = await town.sends(ADMIN, UNLISTED)
    [proposal] = town.sent(ADMIN)
    assert head(proposal) == words("proposal")
    assert "Moon Dogs" in proposal.text
    assert words("fact-count", count=5) in proposal.text
    assert [button["text"] for row in proposal.buttons for button in row] == [words("button-add")]
    assert proposal.reply_to is sticker
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 0


async def test_the_same_unlisted_set_is_proposed_again_each_time_it_is_asked_about(town: Town) -> None:
    await town.sends(ADMIN, UNLISTED)
    await town.sends(ADMIN, UNLISTED)
    assert [head(message) for message in town.sent(ADMIN)] == [words("proposal")] * 2


async def test_a_proposal_in_a_private_chat_stays_when_nobody_presses(town: Town, clock: TownClock) -> None:
    await town.sends(ADMIN, UNLISTED)
    await clock.leap(25 * 3600)
    await town.settle()
    [proposal] = town.sent(ADMIN)
    answer = await town.presses(ADMIN, proposal)
    assert answer is not None
    assert answer.text == words("added")


async def test_a_sticker_without_a_set_is_explained(town: Town) -> None:
    loose = town.world.library.add_loose("🐟")
    town.world.send_sticker(ADMIN, ADMIN, loose)
    await town.settle()
    [answer] = town.sent(ADMIN)
    assert answer.text == words("sticker-without-set")
    assert not town.world.ledger.of("getStickerSet")


@pytest.mark.parametrize("kind", ["500", "502", "429", "refused"])
async def test_while_the_gallery_is_unreachable_a_clear_error_asks_to_try_again(
    town: Town, kind: str
) -> None:
    town.world.faults.add(kind, "getStickerSet", retry_after=600)  # type: ignore[arg-type]
    await town.sends(ADMIN, UNLISTED)
    [answer] = town.sent(ADMIN)
    assert answer.text == words("error-gallery-unavailable")
    assert (await town.faults())["telegram.unavailable"] == 1


@pytest.mark.parametrize(("who", "language"), [(ADMIN, "en"), (BORIS, "ru")])
async def test_a_deleted_set_is_named_as_such_in_one_line(town: Town, who: int, language: str) -> None:
    town.world.delete_set(UNLISTED)
    await town.sends(who, UNLISTED)
    [answer] = town.sent(who)
    assert answer.text == words("error-no-such-set", language)
    assert "\n" not in answer.text
    assert await town.faults() == {}


async def test_a_set_deleted_after_it_was_listed_is_still_in_the_gallery(town: Town) -> None:
    await town.lists(LISTED)
    town.world.delete_set(LISTED)
    await town.sends(ADMIN, LISTED)
    assert head(town.last(ADMIN)) == words("listed")


@pytest.mark.parametrize(
    ("sticker_type", "address"),
    [("regular", "addstickers"), ("mask", "addstickers"), ("custom_emoji", "addemoji")],
)
async def test_the_link_button_fits_the_kind_of_the_set(town: Town, sticker_type: str, address: str) -> None:
    town.world.add_set("Odd_Ones", "Odd ones", sticker_type=sticker_type)
    await town.says(ADMIN, "/check Odd_Ones")
    await town.presses(ADMIN, town.last(ADMIN))
    assert link_buttons(town.last(ADMIN)) == [f"https://t.me/{address}/Odd_Ones"]


async def test_a_russian_reader_gets_russian_words(town: Town) -> None:
    await town.sends(BORIS, UNLISTED)
    assert head(town.last(BORIS)) == words("proposal", "ru")
    assert "5 стикеров" in town.last(BORIS).text


async def test_forwarded_animated_and_video_stickers_are_stickers_too(town: Town) -> None:
    for number, sticker_format in enumerate(("animated", "video")):
        name = f"Moving_{number}"
        town.world.add_set(name, sticker_format=sticker_format)
        sticker = town.world.library.sets[name.lower()].stickers[0]
        town.world.send_sticker(ADMIN, ADMIN, sticker, forwarded_from="Somebody")
    await town.settle()
    assert [head(message) for message in town.sent(ADMIN)] == [words("proposal")] * 2
