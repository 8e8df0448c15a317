"""Proposals: shown quietly, accepted by whoever is first, and added once."""

import asyncio
from datetime import timedelta
from functools import partial

import msgspec
import pytest

from services.engine.errors import StaleButton
from services.flow.messages import Answer, Text
from services.flow.places import Asker, Place, Press
from services.flow.proposals import GROUP_LIFE, PER_HOUR, PRIVATE_LIFE
from tests.services.flow.conftest import ANN, BORIS, GROUP, PRIVATE, House
from tests.storage.files import rows, scalar

BY_ANN, BY_BORIS = Asker(ANN, "Ann"), Asker(BORIS, "Boris")
DAY = GROUP_LIFE.total_seconds()


def press(message_id: int, by: Asker = BY_BORIS, place: Place = GROUP, press_id: str | None = "p1") -> Press:
    return Press(by, Place(place.chat_id, place.private, "en", place.thread_id, message_id), press_id)


async def shown(house: House, name: str = "Cats_by_bot", place: Place = GROUP) -> tuple[str, int]:
    found = await house.propose(name, place)
    assert found
    return found


async def accept(house: House, token: str, how: Press) -> None:
    work = house.work()
    await house.hub.proposals.accept_press(token, how, work)
    await house.finish(work)


async def listed(house: House) -> list[str]:
    return [row[0] for row in await rows(house.database, "SELECT name FROM sticker_sets ORDER BY name")]


async def answers(house: House) -> list[Answer]:
    return [msgspec.convert(row.content, Answer) for row in await house.outbox() if row.kind == "answer"]


# Showing


async def test_in_private_a_proposal_is_a_reply_with_a_button_and_stays(house: House) -> None:
    house.telegram.names.add("Cats_by_bot")
    work = house.work()
    proposal = await house.hub.gallery.kind.propose("Cats_by_bot", BY_ANN, PRIVATE)
    work.write(lambda tx: house.hub.proposals.show(tx, work, proposal, BY_ANN, PRIVATE))
    await house.finish(work)
    (text,) = await house.outbox()
    assert (text.kind, text.chat_id, text.reply_to, text.keys) == ("text", ANN, 10, ["proposal"])
    assert text.shown.card == proposal.card
    token = await scalar(house.database, "SELECT token FROM proposals")
    assert [(action.label, action.press) for action in text.shown.actions] == [("button-add", f"add:{token}")]
    assert len(token) == 16


async def test_in_a_group_a_proposal_nobody_takes_is_deleted_after_a_day(house: House) -> None:
    await shown(house)
    (deletion,) = await house.outbox()
    row = await scalar(house.database, "SELECT shown_row FROM proposals")
    assert (deletion.kind, deletion.chat_id, deletion.target_row) == ("delete", -100, row)
    due = house.clock.now() + timedelta(hours=24)
    assert await scalar(house.database, "SELECT due_at FROM messages WHERE kind = 'delete'") == due.strftime(
        "%Y-%m-%dT%H:%M:%S.000000Z"
    )


async def test_a_group_sees_the_same_proposal_once_a_day_and_any_chat_its_own(house: House) -> None:
    assert await house.propose()
    assert not await house.hub.proposals.is_welcome("stickerset", "Cats_by_bot", GROUP)
    assert await house.propose() is None
    assert await house.propose(place=Place(-200, private=False, language="en")) is not None
    await house.clock.advance(DAY)
    assert await house.hub.proposals.is_welcome("stickerset", "Cats_by_bot", GROUP)
    assert await house.propose()


async def test_a_group_sees_five_proposals_an_hour_at_most(house: House) -> None:
    for number in range(PER_HOUR):
        assert await house.propose(f"Set{number}")
    assert not await house.hub.proposals.is_welcome("stickerset", "Set9", GROUP)
    assert await house.propose("Set9") is None
    await house.clock.advance(3601)
    assert await house.propose("Set9")


async def test_two_jobs_that_were_both_welcome_still_show_one_proposal(house: House) -> None:
    """Between the question and the writing somebody else may have written."""
    house.telegram.names.add("Cats_by_bot")
    works = [house.work(), house.work()]
    for work in works:
        assert await house.hub.proposals.is_welcome("stickerset", "Cats_by_bot", GROUP)
        proposal = await house.hub.gallery.kind.propose("Cats_by_bot", BY_ANN, GROUP)
        work.write(partial(house.hub.proposals.show, work=work, proposal=proposal, asker=BY_ANN, place=GROUP))
    await asyncio.gather(*map(house.finish, works))
    assert await scalar(house.database, "SELECT count(*) FROM proposals") == 1


async def test_a_private_chat_always_gets_its_answer(house: House) -> None:
    for _ in range(PER_HOUR + 2):
        assert await house.hub.proposals.is_welcome("stickerset", "Cats_by_bot", PRIVATE)
        assert await house.propose(place=PRIVATE)


# Accepting


async def test_a_press_adds_and_tells_everybody_in_one_transaction(house: House) -> None:
    token, message_id = await shown(house)
    await accept(house, token, press(message_id))
    assert await listed(house) == ["Cats_by_bot"]
    edit, text, reaction, answer = sorted(
        await house.outbox(), key=lambda r: ["edit", "text", "reaction", "answer"].index(r.kind)
    )
    assert edit.keys == ["proposal-added"]
    assert edit.shown.actions == ()
    assert edit.target_row == await scalar(house.database, "SELECT shown_row FROM proposals")
    assert (text.keys, text.thread_id, text.reply_to) == (["added"], 3, 10)
    assert [link.url for link in text.shown.links] == ["https://t.me/addstickers/Cats_by_bot"]
    assert (reaction.target, reaction.content) == (10, {"purpose": "added"})
    assert msgspec.convert(answer.content, Answer) == Answer("p1", Text("added"), alert=False)


async def test_an_addition_is_in_the_journal_with_its_job(house: House) -> None:
    token, message_id = await shown(house)
    await accept(house, token, press(message_id))
    (entry,) = await rows(
        house.database, "SELECT actor, action, kind, key, after, job_id, correlation_id FROM journal"
    )
    assert entry[:4] == (f"user:{BORIS}", "add", "stickerset", "Cats_by_bot")
    assert msgspec.json.decode(entry[4])["title"] == "Title of Cats_by_bot"
    assert entry[5:] == (2, "c2")


async def test_an_accepted_proposal_is_not_deleted_any_more(house: House) -> None:
    token, message_id = await shown(house)
    await accept(house, token, press(message_id))
    assert await scalar(house.database, "SELECT state FROM messages WHERE kind = 'delete'") == "dropped"


async def test_the_second_press_is_told_who_was_first_and_adds_nothing(house: House) -> None:
    token, message_id = await shown(house)
    await accept(house, token, press(message_id, BY_BORIS, press_id="p1"))
    await accept(house, token, press(message_id, BY_ANN, press_id="p2"))
    assert (await answers(house))[-1] == Answer("p2", Text("added-by", {"name": "Boris"}), alert=True)
    assert await scalar(house.database, "SELECT count(*) FROM journal") == 1
    assert [row.keys for row in await house.outbox() if row.kind == "text"] == [["added"]]


async def test_presses_at_the_same_moment_add_once(house: House) -> None:
    token, message_id = await shown(house)
    works = [house.work() for _ in range(8)]
    for number, work in enumerate(works):  # all have looked before any has written
        how = press(message_id, Asker(600 + number, f"P{number}"), press_id=f"p{number}")
        await house.hub.proposals.accept_press(token, how, work)
    await asyncio.gather(*map(house.finish, works))
    said = [answer.text.key for answer in await answers(house) if answer.text]
    assert sorted(said) == ["added"] + ["added-by"] * 7
    assert await scalar(house.database, "SELECT count(*) FROM journal") == 1


async def test_a_set_that_was_listed_meanwhile_is_not_added_twice(house: House) -> None:
    """Two proposals of one set, in two chats."""
    other = Place(-200, private=False, language="en")
    token, message_id = await shown(house)
    token_there, message_there = await shown(house, place=other)
    await accept(house, token, press(message_id))
    await accept(house, token_there, press(message_there, place=other, press_id="p2"))
    assert (await answers(house))[-1].text == Text("listed-already")
    assert await listed(house) == ["Cats_by_bot"]
    assert await scalar(house.database, "SELECT count(*) FROM journal") == 1


@pytest.mark.parametrize("place", [GROUP, PRIVATE])
async def test_a_button_ends_with_its_proposal(house: House, place: Place) -> None:
    token, message_id = await shown(house, place=place)
    await house.clock.advance((PRIVATE_LIFE if place.private else GROUP_LIFE).total_seconds())
    await accept(house, token, press(message_id, place=place))
    assert (await answers(house)) == [Answer("p1", Text("error-stale-button"), alert=True)]
    assert await listed(house) == []


async def test_a_button_works_until_its_proposal_ends(house: House) -> None:
    token, message_id = await shown(house)
    await house.clock.advance(DAY - 1)
    await accept(house, token, press(message_id))
    assert await listed(house) == ["Cats_by_bot"]


async def test_a_token_is_good_only_on_its_own_message_in_its_own_chat(house: House) -> None:
    token, message_id = await shown(house)
    elsewhere = Place(-200, private=False, language="en")
    for forged, how in (
        ("A" * 16, press(message_id)),
        (token.swapcase(), press(message_id)),
        (token, press(message_id + 1)),
        (token, press(message_id, place=elsewhere)),
    ):
        with pytest.raises(StaleButton):
            await house.hub.proposals.accept_press(forged, how, house.work())
    assert await listed(house) == []


async def test_a_reaction_on_the_message_says_yes_without_an_answer(house: House) -> None:
    _, message_id = await shown(house)
    work = house.work()
    await house.hub.proposals.accept_reaction(message_id, press(message_id, press_id=None), work)
    await house.finish(work)
    assert await listed(house) == ["Cats_by_bot"]
    assert "answer" not in {row.kind for row in await house.outbox()}


async def test_a_reaction_on_anything_else_means_nothing(house: House) -> None:
    token, message_id = await shown(house)
    work = house.work()
    await house.hub.proposals.accept_reaction(message_id + 1, press(message_id + 1, press_id=None), work)
    assert work.is_empty
    await accept(house, token, press(message_id))
    work = house.work()  # and on an accepted one neither
    await house.hub.proposals.accept_reaction(message_id, press(message_id, press_id=None), work)
    assert work.is_empty


async def test_somebody_anonymous_may_say_yes_too(house: House) -> None:
    token, message_id = await shown(house)
    await accept(house, token, press(message_id, Asker(None, "Sticker Fans")))
    assert await scalar(house.database, "SELECT actor FROM journal") == "anonymous"
    assert await scalar(house.database, "SELECT decided_name FROM proposals") == "Sticker Fans"


async def test_a_job_that_is_worked_again_after_a_crash_says_everything_once(house: House) -> None:
    """Its messages bear the job's number, so a second writing is no second message."""
    token, message_id = await shown(house)
    work = house.work()
    await house.hub.proposals.accept_press(token, press(message_id), work)
    await house.finish(work)
    before = await house.outbox()
    await house.finish(work)
    assert await house.outbox() == before
