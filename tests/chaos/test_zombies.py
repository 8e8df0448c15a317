"""A process that stands still past its lease has lost its jobs, and learns it when it comes back."""

from pathlib import Path
from random import Random

import pytest

from tests.chaos.checker import faults_of, texts_are_doubled_once_a_kill
from tests.chaos.program import Size, new_program
from tests.chaos.scene import free_port, new_scene, webhook_settings
from tests.chaos.zombies import Zombies

SEED = 20260614
CROWD = Size(stickers=3000, people=80, groups=20, kills_each=0, listed=10, unlisted=800)
LEASE = 1.0  # seconds
LONGEST_CALL = 2.0  # seconds
TAKEOVER = LEASE + 5.0


async def rounds_of_zombies(folder: Path, url: str, rounds: int) -> Zombies:
    """Run them and hold what they leave against the rules."""
    ports = [free_port(), free_port()]
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    options = ["--lease", str(LEASE), "--longest-call", str(LONGEST_CALL), "--impatient"]
    settings = webhook_settings(addresses[0]) | {"DATABASE_QUERY_TIMEOUT": "3"}
    async with new_scene(folder, url, ports=ports, options=options, **settings) as scene:
        program, random = new_program(scene.world, CROWD, SEED), Random(SEED)
        await scene.list_sets(program.listed)
        run = Zombies(scene, program, addresses, random)
        await run.run(rounds)
        history = run.history()
    print("\n" + run.figures())
    # Whose calls are slow may have two texts on their way when it is killed (docs/decisions/0004).
    faults = faults_of(history, leaving_out=[texts_are_doubled_once_a_kill])
    assert not faults
    assert run.stale_accepted() == 0
    assert len(run.takeovers) == rounds
    return run


async def test_five_rounds_of_zombies_finish_nothing_that_is_not_theirs(
    tmp_path: Path, postgres_url: str
) -> None:
    run = await rounds_of_zombies(tmp_path, postgres_url, 5)
    assert run.stale_tried() > 0


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_a_hundred_rounds_of_zombies_finish_nothing_that_is_not_theirs(
    tmp_path: Path, postgres_url: str
) -> None:
    run = await rounds_of_zombies(tmp_path, postgres_url, 100)
    assert run.stale_tried() >= 50
    assert max(run.takeovers) <= TAKEOVER
