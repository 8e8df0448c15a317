"""Killed at any moment while sixteen clients post updates: what was acknowledged is there and done once."""

from pathlib import Path
from random import Random
from statistics import quantiles

import pytest

from tests.chaos.checker import faults_of
from tests.chaos.program import Size, new_program
from tests.chaos.report import answers_line, table
from tests.chaos.scene import free_port, new_scene, webhook_settings
from tests.chaos.storm import Storm, draw_kills
from tests.storage.files import Home

SEED = 20260402
CROWD = Size(stickers=2000, people=60, groups=20, kills_each=0, listed=40, unlisted=400)
LEASE = 1.0  # seconds
FIRST_ANSWER = 2.0  # seconds from a start to the first acknowledgement, of 95 in 100 starts


async def storm(folder: Path, home: Home, kills: int) -> list[float]:
    """Run one and hold it against the rules; the first answers after each restart, in seconds."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    # A hub on PostgreSQL cannot know that it is alone: it waits for leases and calls of the dead one.
    options = ["--lease", str(LEASE), "--longest-call", "0"]
    async with new_scene(folder, home, ports=[port], options=options, **webhook_settings(address)) as scene:
        program, random = new_program(scene.world, CROWD, SEED), Random(SEED)
        await scene.list_sets(program.listed)
        run = Storm(scene, program, address, draw_kills(kills, random), random)
        await run.run()
        history = run.history()
    faults = faults_of(history)
    print(table(history, faults))
    print(answers_line(run.answers, run.restarts()))
    assert not faults
    assert not run.answers.improper
    assert len(history.deaths) == kills
    assert len(history.acknowledged) == len(history.updates) > kills
    assert any(proposal.state == "added" for proposal in history.proposals)
    assert history.lives[-1].exit_code == 0
    return run.restarts()


async def test_three_kills_lose_and_double_nothing(tmp_path: Path, home: Home) -> None:
    await storm(tmp_path, home, 3)


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_fifty_kills_lose_and_double_nothing(tmp_path: Path, home: Home) -> None:
    restarts = await storm(tmp_path, home, 50)
    assert quantiles(restarts, n=20)[-1] <= FIRST_ANSWER
