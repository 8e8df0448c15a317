"""Texts that careless bots stumble over: long names, other alphabets, markup in titles, edits."""

import pytest

from sandbox.telegram.people import Person
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, GROUP, LISTED, STRANGER, UNLISTED, Town

LONGEST = "Long_" + "x" * 52 + "_by_bot"  # 64 characters, the most there are
CALLBACK_DATA = 64  # bytes
TITLES = [
    "<b>Cats & Co</b>",
    "<script>alert('1')</script>",
    "a < b && c > d",
    "&lt;i&gt; &amp; &#60;",
    '"quoted" <a href="https://t.me/x">link</a>',
    "Коты 🐈 и <u>собаки</u>",
    "{count} {name} %s {0}",
    "</b></a><tg-spoiler>",
    "Ж" * 64,
]


@pytest.mark.parametrize("chat", [CHEN, GROUP])
async def test_a_set_with_the_longest_name_is_proposed_and_added(town: Town, chat: int) -> None:
    assert len(LONGEST) == 64
    town.world.add_set(LONGEST, "Long name")
    await town.sends(CHEN, LONGEST, chat)
    [data] = press_buttons(town.last(chat))
    assert len(data.encode()) <= CALLBACK_DATA
    answer = await town.presses(CHEN, town.last(chat))
    assert answer is not None
    assert answer.text == words("added")
    assert await town.rows("SELECT name FROM sticker_sets") == [(LONGEST,)]


@pytest.mark.parametrize("title", TITLES, ids=range(len(TITLES)))
async def test_a_title_is_shown_letter_by_letter(town: Town, title: str) -> None:
    town.world.add_set("Odd_Title", title)
    await town.sends(CHEN, "Odd_Title")
    await town.sends(CHEN, "Odd_Title", GROUP)
    for chat in (CHEN, GROUP):
        proposal = town.last(chat)
        assert title in proposal.text
        await town.presses(CHEN, proposal)
        assert title in proposal.text  # by now it says who added what
        assert title in town.last(chat).text
    await town.says(ADMIN, "/check Odd_Title")
    assert head(town.last(ADMIN)) == words("listed")
    assert title in town.last(ADMIN).text
    assert not [call for call in town.world.ledger.calls if call.status == 400]


@pytest.mark.parametrize("name", ["<i>Eve</i> & {co}", "</b> Ёлка 🎄"], ids=range(2))
async def test_a_persons_name_is_shown_letter_by_letter(town: Town, name: str) -> None:
    town.world.add_person(Person(STRANGER, name, language_code="en", started=True))
    town.world.chat(GROUP).members[STRANGER] = "member"
    await town.sends(CHEN, UNLISTED, GROUP)
    proposal = town.last(GROUP)
    data = press_buttons(proposal)[0]
    await town.presses(STRANGER, proposal)
    assert proposal.text == words("proposal-added", title="Moon Dogs", name="NAME").replace("NAME", name)
    late = town.world.press_forged(GROUP, proposal.message_id, CHEN, data)
    await town.settle()
    told = town.world.queries.answer_of(late)
    assert told is not None
    assert told.text == words("added-by", name="NAME").replace("NAME", name)
    await town.says(STRANGER, "/whoami")
    assert name in town.last(STRANGER).text


async def test_a_cyrillic_text_is_no_name_and_gets_one_line(town: Town) -> None:
    for text in ("котики", "/check котики", "Привет, как дела? 🐈", "/check ＡＢＣ", "９"):
        await town.says(BORIS, text)
        assert town.last(BORIS).text in {words("unrecognised", "ru"), words("error-not-recognised", "ru")}
    assert len(town.sent(BORIS)) == 5
    assert not town.world.ledger.of("getStickerSet")


async def test_a_link_and_a_mention_are_found_behind_letters_of_two_units(town: Town) -> None:
    await town.lists(LISTED)
    bot = town.world.bot.username
    said = f"Смотри 🐈🐈 👉 @{bot} — вот: https://t.me/addstickers/{LISTED} 🎉"
    message = await town.says(BORIS, said, GROUP)
    assert town.reaction(message) == "👌"
    assert not town.sent(GROUP)


async def test_an_edited_message_asks_nothing_again(town: Town) -> None:
    edits = {
        f"/check {UNLISTED}": f"/check {UNLISTED} ",
        "/version": "/whoami",
        "/nothing_known": "/version",
        "hello": f"https://t.me/addstickers/{UNLISTED}",
        f"/check {LISTED}": f"/check {UNLISTED}",
    }
    written = [await town.says(CHEN, text) for text in edits]
    answers = [each.text for each in town.sent(CHEN)]
    assert len(answers) == len(edits)
    for message, edited in zip(written, edits.values(), strict=True):
        town.world.edit(CHEN, message.message_id, edited)
    await town.settle()
    assert [each.text for each in town.sent(CHEN)] == answers
    assert await town.faults() == {}


async def test_an_edit_that_carries_a_sticker_asks_nothing_again(town: Town) -> None:
    await town.lists(LISTED)
    sticker = await town.sends(BORIS, UNLISTED, GROUP)
    listed = await town.sends(BORIS, LISTED, GROUP)
    calls = len(town.world.ledger.of("setMessageReaction"))
    for message in (sticker, listed):
        await town.gets({"edited_message": message.api() | {"edit_date": message.date + 5}})
    assert len(town.sent(GROUP)) == 1
    assert len(town.world.ledger.of("setMessageReaction")) == calls
