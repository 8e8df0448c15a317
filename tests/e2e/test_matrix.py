"""Who may do what, where: every entry, every standing, every kind of chat; and the matrix would notice."""

import ast
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from telegram import Update

from bot.context import HubContext
from bot.registry import ADMIN_READS, EVERYONE, Entry
from tests.e2e.matrix.actors import SPOTS
from tests.e2e.matrix.judge import Tally, cells, misruled, sample, tried, untried
from tests.e2e.matrix.mutants import INTRUDERS, MUTANTS, intruders, mutant_for
from tests.e2e.matrix.stage import PARTNER, Stage, staged
from tests.e2e.matrix.trials import FAMILIES, TRIALS
from tests.e2e.matrix.trials.operating import DANGEROUS
from tests.town import Outside, Town

ROOT = Path(__file__).parents[2]
CARRYING = {
    "Action": 1,
    "moves": 0,
    "turns": 0,
}  # which argument says what a button carries


@pytest.fixture
async def stage(tmp_path: Path, template: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, template) as ready:
        yield ready


@pytest.fixture
async def connected(outside: Outside) -> AsyncIterator[Town]:
    """A hub that answers to all it ever does: there are portals."""
    source = outside.bitrix24.add_portal(PARTNER)
    sources = json.dumps({PARTNER: {"url": source.url(outside.sandbox)}})
    async with outside.hub(portal=True, BITRIX24_SOURCES=sources) as ready:
        yield ready


@pytest.fixture(scope="module")
def sum_of_all() -> Iterator[Tally]:
    tally = Tally()
    yield tally
    print(f"\nhandler × role × chat: {tally}")


async def test_of_every_entry_one_who_may_sees_the_effect_and_one_who_may_not_has_none(stage: Stage) -> None:
    total = Tally()
    for trial in TRIALS:
        total.add(await tried(stage, trial, sample(trial)))
    print(f"\nhandler × one allowed and one not: {total}")
    assert not total.faults, "\n".join(total.faults)


def test_everybody_and_every_kind_of_chat_are_in_the_sample() -> None:
    assert {spot for trial in TRIALS for spot in sample(trial)} == set(SPOTS)


@pytest.mark.chaos
@pytest.mark.timeout(900)  # some two thousand cells: minutes
@pytest.mark.parametrize("family", FAMILIES)
async def test_who_may_sees_the_effect_and_nobody_else_has_any(
    stage: Stage, family: str, sum_of_all: Tally
) -> None:
    total = Tally()
    for trial in FAMILIES[family]:
        tally = await tried(stage, trial, cells(trial))
        print(f"{trial}: {tally}")
        total.add(tally)
    sum_of_all.add(total)
    assert not total.faults, "\n".join(total.faults)


async def test_everything_registered_is_tried_and_by_the_rule_of_the_contract(connected: Town) -> None:
    entries = connected.switchboard.bot.registry.entries
    assert untried(entries) == []
    assert misruled(entries) == []


async def test_without_a_portal_only_its_own_entries_are_missing(town: Town) -> None:
    commands = ["command deal", "command programme", "command reload", "command resync"]
    presses = ["press fields", "press preview"]
    assert untried(town.switchboard.bot.registry.entries) == [*commands, *presses]


async def test_every_action_that_is_confirmed_is_tried(connected: Town) -> None:
    assert connected.switchboard.hub.confirmations.actions == dict.fromkeys(DANGEROUS, "admin")


async def test_every_button_that_is_shown_leads_somewhere(connected: Town) -> None:
    entries = connected.switchboard.bot.registry.entries
    registered = {each.name for each in entries if each.kind == "press"}
    shown = {name for file in product_files() for name in presses_in(file.read_text("utf-8"))}
    assert shown - registered == set()
    assert registered - shown == {"unknown"}


async def test_what_nobody_tries_is_noticed(connected: Town) -> None:
    registry = connected.switchboard.bot.registry

    async def handle(update: Update, context: HubContext) -> None:
        raise AssertionError("nobody asks for it")

    registry.command("novelty", handle)
    registry.press("novelty", handle)
    registry.reaction("🎉", handle)
    assert untried(registry.entries) == ["command novelty", "press novelty", "reaction 🎉"]


@pytest.mark.parametrize("rule", [EVERYONE, ADMIN_READS])
def test_another_rule_than_the_contracts_is_noticed(rule: object) -> None:
    entry = Entry("command", "backup", rule)  # type: ignore[arg-type]
    assert misruled([entry]) == ["command backup"]


@pytest.mark.parametrize(
    "most", [1, pytest.param(len(INTRUDERS), marks=[pytest.mark.chaos, pytest.mark.timeout(300)])]
)
@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_rule_that_is_gone_is_noticed_at_everything_it_kept(
    tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch, mutant: str, most: int
) -> None:
    kept = [trial for trial in TRIALS if trial.is_privileged and mutant_for(trial) == mutant]
    assert kept
    monkeypatch.setattr(*MUTANTS[mutant])
    async with staged(tmp_path, template) as stage:
        tallies = {str(trial): await tried(stage, trial, intruders(trial)[:most]) for trial in kept}
    assert [name for name, tally in tallies.items() if not tally.leaked] == []


def product_files() -> list[Path]:
    return sorted(file for folder in ("bot", "services") for file in (ROOT / folder).rglob("*.py"))


def presses_in(source: str) -> Iterator[str]:
    """The names of all buttons that a module makes: what their data begins with."""
    module = ast.parse(source)
    known = {
        target.id: _beginning(node.value, {})
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        at = CARRYING.get(ast.unparse(node.func)) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and at is not None and (data := _beginning(node.args[at], known)):
            yield data.split(":")[0]


def _beginning(data: ast.expr, known: dict[str, str]) -> str:
    """What is known without running it: a constant, a name for one, or how an f-string begins."""
    match data:
        case ast.Constant(value=str(text)) | ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text
        case ast.Name(id=name):
            return known.get(name, "")
        case _:
            return ""
