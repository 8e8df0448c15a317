"""Buttons below notices: what a command shows or does, for admins alone."""

from pathlib import Path

import pytest

from services.flow.items import Action
from services.flow.messages import Content, Text
from tests.e2e.operating import answers, steps
from tests.e2e.posting import Post, post
from tests.e2e.wording import words
from tests.town import ADMIN, CHEN, GROUP, Outside, Town


async def shows(town: Town, press: str, chat: int = ADMIN) -> None:
    action = Action("button-help", press)
    await post(town, [Post(chat, Content((Text("cancelled"),), actions=(action,)))])
    await town.settle()


@pytest.mark.parametrize(
    ("name", "text"), [("failed", "failed-none"), ("errors", "errors-none"), ("stats", "stats-title")]
)
async def test_show_says_what_the_command_says(town: Town, name: str, text: str) -> None:
    await shows(town, f"show:{name}")
    await town.presses(ADMIN, town.last(ADMIN))
    expected = words(text, version="", uptime="") if text == "stats-title" else words(text)
    assert town.last(ADMIN).text.split("\n")[0].startswith(expected.split(" ")[0])


async def test_run_begins_a_backup_and_an_examination(town: Town, outside: Outside) -> None:
    await shows(town, "run:backup")
    notice = town.last(ADMIN)
    await town.presses(ADMIN, notice)
    await steps(town, 3)
    assert "switchboard-" in answers(town, notice)[0].text
    assert len(list(Path(outside.folder / "backups").glob("*.backup"))) == 1
    await shows(town, "run:doctor")
    notice = town.last(ADMIN)
    await town.presses(ADMIN, notice)
    await steps(town, 11)
    assert answers(town, notice)[0].text.startswith("🩺")


@pytest.mark.parametrize("press", ["show:failed", "show:errors", "show:stats", "run:backup", "run:doctor"])
async def test_strangers_press_in_vain(town: Town, outside: Outside, press: str) -> None:
    await shows(town, press, GROUP)
    told = await town.presses(CHEN, town.last(GROUP))
    assert told is not None
    assert told.text == words("error-not-allowed")
    assert len(town.sent(GROUP)) == 1
    assert not (outside.folder / "backups").exists()
