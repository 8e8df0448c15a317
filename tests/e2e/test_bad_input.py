"""What people should not send: the same again, edits, odd words, forged buttons. Answered, and no effect."""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from io import StringIO
from itertools import cycle
from pathlib import Path

import pytest
import pytest_asyncio

from services.engine.observability import configure_logging
from tests.e2e.conftest import Log
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
    "check": {"proposals", "portal_buckets"},  # the portal is asked, and what it lacks is offered
    "deal": {"portal_buckets"},  # the portal is asked
    "doctor": {"jobs", "health_marks", "portal_buckets"},
    "pause": {"confirmations"},
    "programme": {"proposals", "portal_buckets"},
    "reload": {"invalidations"},  # the file is read, and other processes are told to
    "start": {"jobs"},
}


PAYLOADS = ("", "x", HUGE, "0", "999999", "../../etc", "all\n", "é" * 20, "A" * 40)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory, template: Path) -> AsyncIterator[Stage]:
    """One for all: what is tried has no effect. Each test's log is judged, this begins before any."""
    configure_logging("WARNING", "json", [], StringIO())
    async with staged(tmp_path_factory.mktemp("stage"), template) as ready:
        yield ready


@pytest_asyncio.fixture(loop_scope="module")
async def stage(shared: Stage, log: Log) -> Stage:
    """The one for all, as if nobody had done anything. Of its log only the hub's part is judged."""
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # the stand-ins': they were there before it
    await shared.at_work()
    deaf = await shared.town.rows(
        "SELECT chat_id, bot_status FROM chats WHERE type = 'private' AND NOT active"
    )
    assert deaf == []
    return shared


def names_of(stage: Stage, kind: str) -> list[str]:
    """What is registered of that kind."""
    return [each.name for each in stage.town.switchboard.bot.registry.entries if each.kind == kind]


def first_allowed(trial: Trial) -> Spot:
    """An admin where that means something, else whoever may."""
    allowed = [spot for spot in cells(trial) if trial.allows(spot)]
    return next((spot for spot in allowed if spot.actor.role == "admin"), allowed[0])


async def died(stage: Stage) -> Sequence[object]:
    """What nobody could work, but what tests plant as such."""
    query = "SELECT id, reason FROM jobs WHERE state = 'dead' AND dedup_id NOT LIKE 'planted:%'"
    return await stage.town.rows(query)


async def traces_of(stage: Stage, words: str, spot: Spot = HOME) -> Traces:
    """What somebody's message leaves."""
    before = await snapshot(stage.town)
    stage.says(spot, words)
    await stage.rest()
    return await traces_since(stage.town, before)


def delivered(stage: Stage, since: int) -> set[int]:
    """The numbers of the updates that the hub was given after that call."""
    answers = [call.answer for call in stage.world.ledger.of("getUpdates", applied=True) if call.n > since]
    return {update["update_id"] for answer in answers for update in answer["result"]}


@pytest.mark.parametrize("trial", [trial for trial in TRIALS if trial.needs != "nobody"], ids=str)
async def test_an_update_that_comes_again_has_no_second_effect(stage: Stage, trial: Trial) -> None:
    ready = await trial.prepare(stage, first_allowed(trial))
    await stage.rest()
    known, before = stage.world.ledger.last, await snapshot(stage.town)
    ready.act()
    await stage.rest()
    assert ready.effect(await traces_since(stage.town, before))
    again = delivered(stage, known)
    assert again
    await stage.town.settle()
    known, before = stage.world.ledger.last, await snapshot(stage.town)
    for number in again:
        stage.world.updates.repeat(number)
    await stage.rest()
    traces = await traces_since(stage.town, before)
    assert delivered(stage, known) == again
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


async def test_some_odd_words_behind_each_command_are_answered_and_change_nothing(stage: Stage) -> None:
    commands = [*names_of(stage, "command"), *VERBS]
    assert len(commands) >= len(ODD_WORDS)
    await answered_without_effect(stage, zip(commands, cycle(ODD_WORDS.values()), strict=False))


@pytest.mark.chaos
@pytest.mark.parametrize("words", ODD_WORDS.values(), ids=ODD_WORDS)
async def test_odd_words_behind_any_command_are_answered_and_change_nothing(stage: Stage, words: str) -> None:
    commands = [*names_of(stage, "command"), *VERBS]
    await answered_without_effect(stage, [(command, words) for command in commands])


async def answered_without_effect(stage: Stage, said: Iterable[tuple[str, str]]) -> None:
    """Say each command with the words behind it, while there is a dead job."""
    given_up = await plant(stage.town, NAMED_ADMIN.user_id)
    for command, words in said:
        traces = await traces_of(stage, f"/{command} {words}"[:LONGEST])
        assert {*traces.new, *traces.gone} <= ANYHOW.get(command, set()), command
        answers = [each for each in traces.said if each.chat_id == HOME.chat_id]
        assert answers, command
        assert all(each.state == "sent" for each in answers), command
        await stage.town.settle()
    assert await stage.town.scalar("SELECT state FROM jobs WHERE id = :id", id=given_up) == "dead"
    assert await died(stage) == []


async def test_a_forged_button_of_each_kind_is_answered_and_changes_nothing(stage: Stage) -> None:
    names = names_of(stage, "press")
    assert len(names) >= len(PAYLOADS)
    await forged_without_effect(stage, zip(names, cycle(PAYLOADS), strict=False))


@pytest.mark.chaos
@pytest.mark.parametrize("payload", PAYLOADS)
async def test_no_forged_button_changes_anything_and_all_are_answered(stage: Stage, payload: str) -> None:
    await forged_without_effect(stage, [(name, payload) for name in names_of(stage, "press")])


async def forged_without_effect(stage: Stage, buttons: Iterable[tuple[str, str]]) -> None:
    """Press each on a message that bears none such."""
    shown = await stage.asks(HOME, "/version")
    for name, payload in buttons:
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
    newest = (await snapshot(stage.town)).newest
    question = await stage.asks(OFFICE, "/pause")
    stage.presses(OFFICE, question, press_buttons(question)[0])
    await stage.rest()
    texts = [question.text]
    for command in ("/stats", "/pause", "/audit switch paused", "/staff", "/resume", "/whoami"):
        texts.append((await stage.asks(OFFICE, command)).text)
    assert [MARKUP in text for text in texts] == [True] * len(texts)
    query = "SELECT content, reason FROM messages WHERE id > :newest AND state NOT IN ('sent', 'waiting')"
    assert await stage.town.rows(query, newest=newest) == []
