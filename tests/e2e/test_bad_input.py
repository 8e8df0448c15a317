"""What people should not send: the same again, edits, odd words, forged buttons. Answered, and no effect."""

from collections.abc import AsyncIterator, Sequence
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio

from services.engine.observability import configure_logging
from tests.e2e.matrix.actors import CHIEF, COUNCIL, NAMED_ADMIN, Spot
from tests.e2e.matrix.judge import cells
from tests.e2e.matrix.stage import Stage, staged
from tests.e2e.matrix.traces import Traces, snapshot, traces_since
from tests.e2e.matrix.trial import Trial
from tests.e2e.matrix.trials import TRIALS
from tests.e2e.matrix.trials.proposing import asked
from tests.e2e.operating import plant
from tests.e2e.wording import press_buttons

HOME, OFFICE = Spot(NAMED_ADMIN, "private"), Spot(CHIEF, "admins")
LONGEST = 4096  # characters of a message
MARKUP = "<b>*_`[x](tg://user?id=1)&lt;"
HUGE = "99999999999999999999"
ODD_WORDS = {
    "a huge number": HUGE,
    "a negative number": "-1",
    "zero": "0",
    "digits of another alphabet": "٤٢",
    "markup": MARKUP,
    "null characters": "a\x00b \x00",
    "quotes": "'; DROP TABLE jobs; --",
    "as much as fits": "x" * LONGEST,
    "many words": "word " * 800,
    "lines": "all\n\nall\nall",
    "braces": "{count} {0} %s",
}
# Commands that read their second word, too.
VERBS = (
    "audit job",
    "audit user",
    "invalidate nothing",
    "notices quiet",
    "retry all",
    "staff add",
    "staff remove",
)
# What they do without any words, and with them all the same.
ANYHOW = {
    "backup": {"jobs", "journal"},
    "doctor": {"jobs", "health_marks"},
    "pause": {"confirmations"},
    "start": {"jobs"},
}


pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.chaos]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, template: Path) -> AsyncIterator[Stage]:
    """One for all: what is tried has no effect. Each test's log is judged, this begins before any."""
    configure_logging("WARNING", "json", [], StringIO())
    async with staged(tmp_path_factory.mktemp("stage"), template) as ready:
        yield ready


@pytest_asyncio.fixture(loop_scope="module")
async def stage(shared: Stage) -> Stage:
    await shared.at_work()
    return shared


def names_of(stage: Stage, kind: str) -> list[str]:
    """What is registered of that kind."""
    return [each.name for each in stage.town.switchboard.bot.registry.entries if each.kind == kind]


def first_allowed(trial: Trial) -> Spot:
    """An admin where that means something, else whoever may."""
    allowed = [spot for spot in cells(trial) if trial.allows(spot)]
    return next((spot for spot in allowed if spot.actor.role == "admin"), allowed[0])


async def died(stage: Stage) -> Sequence[object]:
    """What nobody could work."""
    return await stage.town.rows("SELECT id FROM jobs WHERE state = 'dead'")


async def traces_of(stage: Stage, words: str, spot: Spot = HOME) -> Traces:
    """What somebody's message leaves."""
    before = await snapshot(stage.town)
    stage.says(spot, words)
    await stage.rest()
    return await traces_since(stage.town, before)


@pytest.mark.parametrize("trial", [trial for trial in TRIALS if trial.needs != "nobody"], ids=str)
async def test_an_update_that_comes_again_has_no_second_effect(stage: Stage, trial: Trial) -> None:
    ready = await trial.prepare(stage, first_allowed(trial))
    await stage.rest()
    known, before = len(stage.world.updates.emitted), await snapshot(stage.town)
    ready.act()
    await stage.rest()
    assert ready.effect(await traces_since(stage.town, before))
    again = list(stage.world.updates.emitted)[known:]
    assert again
    await stage.town.settle()
    before = await snapshot(stage.town)
    for update in again:
        stage.world.updates.repeat(update["update_id"])
    await stage.rest()
    traces = await traces_since(stage.town, before)
    assert traces.is_clean
    assert not traces.said


async def test_no_command_runs_because_a_message_was_edited(stage: Stage) -> None:
    for name in names_of(stage, "command"):
        harmless, old = stage.says(OFFICE, "hello"), stage.says(OFFICE, f"/{name}@another_bot")
        await stage.rest()
        before = await snapshot(stage.town)
        stage.world.edit(COUNCIL, harmless.message_id, f"/{name} all")
        stage.world.edit(COUNCIL, old.message_id, f"/{name} all")
        await stage.rest()
        traces = await traces_since(stage.town, before)
        assert traces.is_clean, name
        assert not traces.said, name


@pytest.mark.parametrize("name", ["retry", "remove", "staff", "pause", "invalidate"])
async def test_an_old_command_that_is_edited_does_nothing_more(stage: Stage, name: str) -> None:
    old = stage.says(HOME, f"/{name}")
    await stage.town.settle()
    before = await snapshot(stage.town)
    stage.world.edit(HOME.chat_id, old.message_id, f"/{name} all")
    await stage.rest()
    traces = await traces_since(stage.town, before)
    assert traces.is_clean
    assert not traces.said


async def test_a_command_for_another_bot_is_none_of_ours(stage: Stage) -> None:
    for name in names_of(stage, "command"):
        traces = await traces_of(stage, f"/{name}@another_bot all", OFFICE)
        assert traces.is_clean, name
        assert not traces.said, name


@pytest.mark.parametrize("words", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_odd_words_behind_a_command_are_answered_and_change_nothing(stage: Stage, words: str) -> None:
    given_up = await plant(stage.town, NAMED_ADMIN.user_id)
    for command in [*names_of(stage, "command"), *VERBS]:
        traces = await traces_of(stage, f"/{command} {words}"[:LONGEST])
        assert {*traces.new, *traces.gone} <= ANYHOW.get(command, set()), command
        answers = [each for each in traces.said if each.chat_id == HOME.chat_id]
        assert answers, command
        assert all(each.state == "sent" for each in answers), command
        await stage.town.settle()
    assert await died(stage) == [(given_up,)]


@pytest.mark.parametrize("payload", ["", "x", HUGE, "0", "999999", "../../etc", "all\n", "é" * 20, "A" * 40])
async def test_a_forged_button_is_answered_and_changes_nothing(stage: Stage, payload: str) -> None:
    shown = await stage.asks(HOME, "/version")
    for name in names_of(stage, "press"):
        before = await snapshot(stage.town)
        query = stage.presses(HOME, shown, f"v1:{name}:{payload}")
        await stage.rest()
        traces = await traces_since(stage.town, before)
        assert traces.is_clean, name
        assert stage.world.queries.answer_of(query) is not None, name
    assert await died(stage) == []


async def test_reactions_on_what_is_no_message_of_ours_mean_nothing(stage: Stage) -> None:
    """On a number nobody has, on one that a card has elsewhere, on what is deleted."""
    card = await asked(stage)
    chats = [stage.world.chat(spot.chat_id) for spot in (HOME, Spot(NAMED_ADMIN, "group"))]
    for emoji in names_of(stage, "reaction"):
        for chat in chats:
            for number in (card.message_id, 2**31 - 1, 1):
                before = await snapshot(stage.town)
                payload = {"chat": chat.api(), "message_id": number, "date": stage.world.date()}
                payload |= {"user": stage.world.person(NAMED_ADMIN.user_id).user(), "old_reaction": []}
                payload |= {"new_reaction": [{"type": "emoji", "emoji": emoji}]}
                await stage.town.gets({"message_reaction": payload})
                traces = await traces_since(stage.town, before)
                assert traces.is_clean
                assert not traces.said
    assert press_buttons(card)


async def test_a_name_with_markup_is_shown_as_it_is_wherever_admins_read_it(stage: Stage) -> None:
    stage.world.person(CHIEF.user_id).first_name = MARKUP
    await stage.town.settle()
    question = await stage.asks(OFFICE, "/pause")
    stage.presses(OFFICE, question, press_buttons(question)[0])
    await stage.rest()
    texts = [question.text]
    for command in ("/stats", "/pause", "/audit switch paused", "/staff", "/resume", "/whoami"):
        texts.append((await stage.asks(OFFICE, command)).text)
    assert [MARKUP in text for text in texts] == [True] * len(texts)
    lost = await stage.town.rows(
        "SELECT content, reason FROM messages WHERE state NOT IN ('sent', 'waiting')"
    )
    assert lost == []
