"""Several sets asked about in one message: one answer, or one proposal, for all of them."""

import pytest

from bot.rendering import isolated
from sandbox.telegram.messages import Message
from tests.e2e.shelf import fill
from tests.e2e.wording import head, link_buttons, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, FORUM, GROUP, LISTED, UNLISTED, Outside, Town, TownClock

SUN = "SunCats"
DAY = 86400


def links(*names: str) -> str:
    return " and ".join(f"https://t.me/addstickers/{name}" for name in names)


def labels(message: Message) -> list[str]:
    return [button["text"] for row in message.buttons for button in row]


def lines(message: Message) -> list[str]:
    return message.text.split("\n")


def addresses(message: Message) -> list[str]:
    """Where the links inside a message's text lead."""
    return [each["url"] for each in message.content.get("entities", []) if each["type"] == "text_link"]


def add_sets(town: Town, count: int, name: str = "Set") -> list[str]:
    """New sets that exist at Telegram, by name."""
    names = [f"{name}_{number}" for number in range(count)]
    for each in names:
        town.world.add_set(each, f"Title of {each}")
    return names


def calls(town: Town, name: str) -> int:
    return len(town.world.ledger.of(name))


async def test_one_answer_tells_which_are_listed_and_offers_the_others(town: Town) -> None:
    town.world.add_set(SUN, "Sun Cats")
    await town.lists(LISTED)
    asked = await town.says(ADMIN, links(LISTED, UNLISTED, SUN, "Never_Was"))
    [answer] = town.sent(ADMIN)
    assert lines(answer) == [
        words("batch-listed", count=1),
        "• <b>Cats & Co</b>",
        words("batch-missing", count=2),
        "• Moon Dogs",
        "• Sun Cats",
        words("batch-unknown", count=1),
        "• Never_Was",
    ]
    assert addresses(answer) == [f"https://t.me/addstickers/{name}" for name in (LISTED, UNLISTED, SUN)]
    assert labels(answer) == ["➕ Moon Dogs", "➕ Sun Cats"]
    assert answer.reply_to is asked


async def test_each_button_adds_its_own_set_and_goes(town: Town) -> None:
    town.world.add_set(SUN, "Sun Cats")
    asked = await town.says(ADMIN, links(UNLISTED, SUN))
    [answer] = town.sent(ADMIN)
    moon, sun = press_buttons(answer)
    toast = await town.presses(ADMIN, answer, sun)
    assert toast is not None
    assert toast.text == words("added")
    assert await town.rows("SELECT name, added_by FROM sticker_sets") == [(SUN, ADMIN)]
    assert lines(answer)[1:] == ["• Moon Dogs", "✓ Sun Cats – added by Alice"]
    assert press_buttons(answer) == [moon]
    assert head(town.last(ADMIN)) == words("added")
    assert link_buttons(town.last(ADMIN)) == [f"https://t.me/addstickers/{SUN}"]
    assert town.reaction(asked) == "👍"
    await town.presses(ADMIN, answer, moon)
    assert lines(answer)[1:] == ["✓ Moon Dogs – added by Alice", "✓ Sun Cats – added by Alice"]
    assert not answer.buttons
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 2
    assert await town.scalar("SELECT count(*) FROM journal") == 2


async def test_when_all_are_listed_there_is_nothing_to_press(town: Town) -> None:
    await town.lists(LISTED)
    await town.lists(UNLISTED)
    await town.says(ADMIN, links(LISTED, UNLISTED))
    [answer] = town.sent(ADMIN)
    assert lines(answer) == [words("batch-listed", count=2), "• <b>Cats & Co</b>", "• Moon Dogs"]
    assert not answer.buttons


@pytest.mark.parametrize(
    "said",
    [
        f"t.me/addstickers/{UNLISTED} t.me/addemoji/{LISTED}",
        f"tg://addstickers?set={UNLISTED}\ntg://addemoji?set={LISTED}",
        f"/check {UNLISTED} {LISTED}",
        f"/check {UNLISTED.upper()}, {LISTED}",
        f"/check {UNLISTED}\n{LISTED};{UNLISTED}",
        f"/check {UNLISTED} https://t.me/addstickers/{LISTED}",
        f"/check посмотри t.me/addstickers/{UNLISTED} и t.me/addstickers/{LISTED}",
        f"{LISTED} Sun_by_bot t.me/addstickers/{UNLISTED}",
    ],
)
async def test_every_way_to_write_several_is_understood(town: Town, said: str) -> None:
    town.world.add_set("Sun_by_bot", "Sun")
    await town.says(ADMIN, said)
    [answer] = town.sent(ADMIN)
    assert "• Moon Dogs" in lines(answer)
    assert "• <b>Cats & Co</b>" in lines(answer)
    assert ("• Sun" in lines(answer)) == ("Sun_by_bot" in said)


async def test_links_hidden_behind_words_are_found_and_the_words_are_no_names(town: Town) -> None:
    text = "these those"
    hidden = [
        {"type": "text_link", "offset": 6 * at, "length": 5, "url": f"https://t.me/addstickers/{name}"}
        for at, name in enumerate((UNLISTED, LISTED))
    ]
    town.world.send_raw(ADMIN, ADMIN, {"text": text, "entities": hidden})
    await town.settle()
    assert lines(town.last(ADMIN))[1:] == ["• Moon Dogs", "• <b>Cats & Co</b>"]


async def test_names_that_differ_in_case_alone_are_one_set(town: Town) -> None:
    await town.says(ADMIN, links(UNLISTED, UNLISTED.lower(), UNLISTED.upper()))
    [answer] = town.sent(ADMIN)
    assert head(answer) == words("proposal")
    assert "Moon Dogs" in answer.text


async def test_check_in_reply_to_a_message_with_several_links_checks_them_all(town: Town) -> None:
    message = await town.says(BORIS, links(UNLISTED, LISTED), GROUP)
    assert not town.sent(GROUP)
    await town.says(ADMIN, f"/check@{town.world.bot.username}", GROUP, reply_to=message.message_id)
    [answer] = town.sent(GROUP)
    assert answer.reply_to is message
    assert labels(answer) == ["➕ Moon Dogs", "➕ <b>Cats & Co</b>"]


async def test_eight_can_be_added_at_once_and_the_rest_is_named(town: Town) -> None:
    names = add_sets(town, 11)
    await town.says(ADMIN, "/check " + " ".join(names))
    [answer] = town.sent(ADMIN)
    assert len(press_buttons(answer)) == 8
    assert lines(answer)[9:] == [words("batch-rest", count=3), "• Set_8", "• Set_9", "• Set_10"]
    await town.says(ADMIN, "/check " + " ".join(names[8:]))
    assert labels(town.last(ADMIN)) == [f"➕ Title of {name}" for name in names[8:]]


async def test_of_more_than_a_hundred_the_first_hundred_are_looked_at(town: Town) -> None:
    names = add_sets(town, 103)
    await town.says(ADMIN, "/check " + ",".join(names))
    [answer] = town.sent(ADMIN)
    assert words("batch-left-out", most=100) in lines(answer)
    assert "• Set_99" in lines(answer)
    assert "Set_100" not in answer.text


async def test_a_hundred_sets_with_the_longest_titles_are_all_linked_in_one_answer(town: Town) -> None:
    names = await fill(town, 100, "<&>😼" * 16)
    await town.says(ADMIN, "/check " + " ".join(names))
    [answer] = town.sent(ADMIN)
    assert len(answer.text.encode("utf-16-le")) // 2 <= 4096
    assert addresses(answer) == [f"https://t.me/addstickers/{name}" for name in names]
    assert len(town.world.ledger.of("sendMessage")) == 1


async def test_the_longest_names_and_titles_break_no_button(town: Town) -> None:
    names = [f"{'N' * 60}_{number:03}" for number in range(50)]
    for name in names[:20]:
        town.world.add_set(name, "<&>😼" * 16)
    await town.says(ADMIN, "/check " + " ".join(names))
    [answer] = town.sent(ADMIN)
    assert len(press_buttons(answer)) == 8
    await town.presses(ADMIN, answer)
    assert len(press_buttons(answer)) == 7
    refused = [call.method for call in town.world.ledger.calls if call.status == 400]
    assert set(refused) <= {"getStickerSet"}


@pytest.mark.parametrize("title", ["<b>Bold & Co</b>", "مرحبا بالعالم", "\u202eevil", "T" * 64, '"quoted"'])
async def test_titles_are_shown_as_they_are(town: Town, title: str) -> None:
    town.world.add_set(SUN, title)
    await town.says(ADMIN, links(SUN, UNLISTED))
    answer = town.last(ADMIN)
    assert lines(answer)[1] == f"• {isolated(title)}"
    await town.presses(ADMIN, answer)
    assert lines(answer)[1] == f"✓ {isolated(title)} – added by Alice"


async def test_a_gallery_that_is_away_gives_the_clear_error_and_no_half_answer(town: Town) -> None:
    town.world.faults.add("500", "getStickerSet", times=1)
    await town.says(ADMIN, links(UNLISTED, LISTED))
    [answer] = town.sent(ADMIN)
    assert answer.text == words("error-gallery-unavailable")
    assert await town.scalar("SELECT count(*) FROM proposals") == 0


async def test_a_russian_reader_gets_russian_words(town: Town) -> None:
    await town.says(BORIS, links(UNLISTED, LISTED))
    assert head(town.last(BORIS)) == words("batch-missing", "ru", count=2)


async def test_buttons_work_after_a_restart(outside: Outside) -> None:
    async with outside.hub() as town:
        await town.says(ADMIN, links(UNLISTED, LISTED))
        [answer] = town.sent(ADMIN)
    async with outside.hub() as town:
        await town.presses(ADMIN, answer)
        assert lines(answer)[1:] == ["✓ Moon Dogs – added by Alice", "• <b>Cats & Co</b>"]
        assert len(press_buttons(answer)) == 1


async def test_a_second_press_is_told_who_was_first(town: Town) -> None:
    await town.says(BORIS, f"@{town.world.bot.username} {links(UNLISTED, LISTED)}", GROUP)
    [proposal] = town.sent(GROUP)
    pressed = press_buttons(proposal)[0]
    await town.presses(CHEN, proposal, pressed)
    query = town.world.press_forged(GROUP, proposal.message_id, BORIS, pressed)
    await town.settle()
    toast = town.world.queries.answer_of(query)
    assert toast is not None
    assert toast.text == words("added-by", "ru", name="Chen")
    assert await town.scalar("SELECT count(*) FROM journal") == 1


# Groups


async def asks(town: Town, *names: str, chat: int = GROUP, who: int = BORIS) -> Message:
    return await town.says(who, f"@{town.world.bot.username} {links(*names)}", chat)


async def test_in_a_group_nothing_is_said_unless_the_bot_is_addressed(town: Town) -> None:
    await town.says(BORIS, links(UNLISTED, LISTED), GROUP)
    assert not town.sent(GROUP)


async def test_in_a_group_all_listed_is_only_a_reaction(town: Town) -> None:
    await town.lists(LISTED)
    await town.lists(UNLISTED)
    message = await asks(town, LISTED, UNLISTED)
    assert town.reaction(message) == "👌"
    assert not town.sent(GROUP)


async def test_in_a_group_one_proposal_offers_the_missing_ones_and_says_nothing_of_others(town: Town) -> None:
    town.world.add_set(SUN, "Sun Cats")
    await town.lists(LISTED)
    topic = town.world.add_topic(FORUM, "Stickers")
    message = await town.says(
        BORIS,
        f"@{town.world.bot.username} {links(LISTED, UNLISTED, SUN, 'Never_Was')}",
        FORUM,
        thread_id=topic.id,
    )
    [proposal] = town.sent(FORUM)
    assert lines(proposal) == [words("batch-missing", "ru", count=2), "• Moon Dogs", "• Sun Cats"]
    assert (proposal.thread, proposal.reply_to) == (topic.id, message)
    assert town.reaction(message) is None


async def test_in_a_group_one_missing_among_listed_ones_is_proposed_as_ever(town: Town) -> None:
    await town.lists(LISTED)
    await asks(town, LISTED, UNLISTED)
    [proposal] = town.sent(GROUP)
    assert head(proposal) == words("proposal", "ru")
    assert "Moon Dogs" in proposal.text


async def test_in_a_group_a_set_is_proposed_once_a_day_alone_or_in_a_batch(
    town: Town, clock: TownClock
) -> None:
    await town.sends(BORIS, UNLISTED, GROUP)
    town.world.add_set(SUN, "Sun Cats")
    await asks(town, UNLISTED.lower(), LISTED, SUN)
    assert lines(town.last(GROUP))[1:] == ["• <b>Cats & Co</b>", "• Sun Cats"]
    await asks(town, UNLISTED, LISTED, SUN)
    await town.sends(BORIS, LISTED, GROUP)
    assert len(town.sent(GROUP)) == 2
    await clock.leap(DAY + 1)
    await town.settle()
    assert not town.sent(GROUP)
    await asks(town, UNLISTED, LISTED)
    assert len(press_buttons(town.last(GROUP))) == 2


async def test_in_a_group_a_batch_is_one_of_the_five_proposals_an_hour(town: Town) -> None:
    names = add_sets(town, 12)
    for start in range(0, 12, 2):
        await asks(town, *names[start : start + 2])
    assert len(town.sent(GROUP)) == 5


async def test_in_a_group_what_telegram_does_not_know_is_passed_over(town: Town) -> None:
    message = await asks(town, "Never_Was", "Nor_This")
    assert not town.sent(GROUP)
    assert town.reaction(message) is None


async def test_in_a_group_a_batch_with_one_press_left_goes_after_a_day_and_a_finished_one_stays(
    town: Town, clock: TownClock
) -> None:
    names = add_sets(town, 4)
    await asks(town, *names[:2])
    await asks(town, *names[2:])
    half, whole = town.sent(GROUP)
    await town.presses(CHEN, half)
    await town.presses(CHEN, whole)
    await town.presses(CHEN, whole)
    await clock.leap(DAY + 1)
    await town.settle()
    assert half.deleted
    assert not whole.deleted
    assert await town.scalar("SELECT count(*) FROM sticker_sets") == 3


async def test_a_thumb_up_on_a_batch_adds_all_that_is_still_open(town: Town) -> None:
    names = add_sets(town, 3)
    message = await asks(town, *names)
    [proposal] = town.sent(GROUP)
    await town.presses(BORIS, proposal)
    await town.reacts(CHEN, proposal, "👍")
    added = await town.rows("SELECT name, added_by FROM sticker_sets ORDER BY name")
    assert added == [("Set_0", BORIS), ("Set_1", CHEN), ("Set_2", CHEN)]
    assert not proposal.buttons
    assert [line.rpartition(" ")[2] for line in lines(proposal)[1:]] == ["Борис", "Chen", "Chen"]
    told = town.last(GROUP)
    assert lines(told) == [words("added-several", count=2), "• Title of Set_1", "• Title of Set_2"]
    assert addresses(told) == ["https://t.me/addstickers/Set_1", "https://t.me/addstickers/Set_2"]
    assert town.reaction(message) == "👍"
    await town.reacts(ADMIN, proposal, "👍")
    assert await town.scalar("SELECT count(*) FROM journal") == 3
    assert len(town.sent(GROUP)) == 3


async def test_in_a_group_a_gallery_that_is_away_is_only_counted(town: Town) -> None:
    town.world.faults.add("500", "getStickerSet", times=1)
    await asks(town, UNLISTED, LISTED)
    assert not town.sent(GROUP)
    assert (await town.faults())["telegram.unavailable"] == 1
    assert calls(town, "getStickerSet") == 2
