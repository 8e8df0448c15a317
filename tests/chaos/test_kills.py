"""The hub is killed again and again while stickers arrive; nothing is lost and nothing is done twice."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from services.engine.failpoints import NAMES
from tests.chaos.checker import faults_of
from tests.chaos.program import LONG, SHORT, Size, new_program
from tests.chaos.report import table
from tests.chaos.scene import new_scene

SEED = 20260115


async def _run(folder: Path, size: Size) -> None:
    async with new_scene(folder) as scene:
        program = new_program(scene.world, size, SEED)
        history = await scene.perform(program, Random(SEED))
    faults = faults_of(history)
    print(table(history, faults))
    assert not faults
    assert Counter(death.kill.point for death in history.deaths) == dict.fromkeys(NAMES, size.kills_each)
    assert {life.events["ready"]["synchronous"] for life in history.lives if "ready" in life.events} == {2}
    assert len(history.of_kind("message")) == size.stickers
    assert any(proposal.state == "added" for proposal in history.proposals)
    assert history.lives[-1].exit_code == 0


async def test_a_hundred_stickers_survive_a_kill_at_each_point(tmp_path: Path) -> None:
    await _run(tmp_path, SHORT)


@pytest.mark.chaos
@pytest.mark.timeout(480)
async def test_a_thousand_stickers_survive_twenty_kills(tmp_path: Path) -> None:
    await _run(tmp_path, LONG)
