"""/remove and the button below a listed set: asked first, done once, told to everybody's cache."""

import json

from tests.e2e.council import OFFICE, council, journal, listed
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, LISTED, UNLISTED, Outside, Town, TownClock


async def confirm(town: Town, who: int, chat: int, name: str = "sure") -> None:
    """Press the button of the question that was just put."""
    question = town.last(chat)
    data = next(each for each in press_buttons(question) if each.startswith(f"v1:{name}:"))
    await town.presses(who, question, data)


async def test_remove_asks_and_then_removes_with_a_line_in_the_journal(town: Town) -> None:
    await town.lists(UNLISTED)
    await town.says(ADMIN, f"/remove {UNLISTED.upper()}")
    question = town.last(ADMIN)
    assert head(question) == words("remove-question")
    assert "Moon Dogs" in question.text
    assert await listed(town) == [UNLISTED]
    await confirm(town, ADMIN, ADMIN)
    assert await listed(town) == []
    assert question.text == words("removed", name="Alice", title="Moon Dogs")
    [(actor, before, job)] = await town.rows(
        "SELECT actor, before, job_id FROM journal WHERE action = 'remove'"
    )
    assert actor == f"user:{ADMIN}"
    assert json.loads(str(before))["title"] == "Moon Dogs"
    assert job
    await town.sends(CHEN, UNLISTED)
    assert head(town.last(CHEN)) == words("proposal")  # no cache says otherwise


async def test_admins_have_a_button_below_what_is_listed(town: Town) -> None:
    name = "S" * 64  # longer than a button's data may be
    town.world.add_set(name, "Long")
    await town.lists(name, ADMIN)
    await town.sends(ADMIN, name)
    await town.presses(ADMIN, town.last(ADMIN), "v1:remove")
    await confirm(town, ADMIN, ADMIN)
    assert await listed(town) == []


async def test_others_have_no_such_button_and_no_such_command(town: Town) -> None:
    await town.lists(LISTED)
    await town.sends(CHEN, LISTED)
    answer = town.last(CHEN)
    assert press_buttons(answer) == []
    await town.says(CHEN, f"/remove {LISTED}")
    assert town.last(CHEN).text == words("error-not-allowed")
    query = town.world.press_forged(CHEN, answer.message_id, CHEN, "v1:remove")
    await town.settle()
    refused = town.world.queries.answer_of(query)
    assert refused is not None
    assert refused.text == words("error-not-allowed")
    assert await listed(town) == [LISTED]


async def test_another_admin_cannot_confirm_and_no_is_no(outside: Outside) -> None:
    async with council(outside) as town:
        await town.lists(LISTED, ADMIN)
        await town.says(ADMIN, f"/remove https://t.me/addstickers/{LISTED}", OFFICE)
        await confirm(town, BORIS, OFFICE)
        assert await listed(town) == [LISTED]
        await confirm(town, ADMIN, OFFICE, "drop")
        assert await listed(town) == [LISTED]
        assert town.last(OFFICE).text == words("cancelled")
        assert ("user:500100200", "remove") not in await journal(town)


async def test_remove_in_reply_to_a_sticker_means_its_set(town: Town) -> None:
    await town.lists(LISTED, ADMIN)
    sticker = await town.sends(ADMIN, LISTED)
    await town.says(ADMIN, "/remove", reply_to=sticker.message_id)
    await confirm(town, ADMIN, ADMIN)
    assert await listed(town) == []


async def test_what_is_not_listed_or_not_named_is_said(town: Town, clock: TownClock) -> None:
    await town.says(ADMIN, f"/remove {UNLISTED}")
    assert town.last(ADMIN).text == words("error-not-listed")
    await town.says(ADMIN, "/remove")
    assert town.last(ADMIN).text == words("remove-usage")
    await town.lists(LISTED, ADMIN)
    await town.says(ADMIN, f"/remove {LISTED}")
    first = town.last(ADMIN)
    await town.says(ADMIN, f"/remove {LISTED}")
    await confirm(town, ADMIN, ADMIN)
    data = next(each for each in press_buttons(first) if each.startswith("v1:sure:"))
    await town.presses(ADMIN, first, data)
    assert first.text == words("remove-gone", title="<b>Cats & Co</b>").replace(
        "Cats & Co", "<b>Cats & Co</b>"
    )
