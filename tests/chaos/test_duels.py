"""Two decisions about the same thing that truly overlap: one outcome, and the other is told who was first."""

from pathlib import Path
from random import Random

import pytest

from tests.chaos.duels import ADMINS, Duels
from tests.chaos.scene import new_scene

SEED = 20260903


async def duels_in_two_processes(folder: Path, url: str, wanted: int) -> None:
    """Each admin's press is worked by a process of its own."""
    async with new_scene(folder, url, ports=[0, 0], options=[], **ADMINS) as scene:
        await fight(Duels(scene, Random(SEED), reacts=False), wanted)


async def duels_in_one_process(folder: Path, wanted: int) -> None:
    """A press in one chat and a reaction in another."""
    settings = ADMINS | {"JOB_CONCURRENCY": "10"}
    async with new_scene(folder, None, ports=[0], options=[], **settings) as scene:
        await fight(Duels(scene, Random(SEED), reacts=True), wanted)


async def fight(duels: Duels, wanted: int) -> None:
    """Run them and hold what they leave against the rules."""
    await duels.run(wanted)
    print("\n" + duels.figures())
    assert not duels.faults()
    assert duels.overlapped() >= wanted


async def test_fifty_overlapping_presses_in_two_processes_have_one_outcome_each(
    tmp_path: Path, postgres_url: str
) -> None:
    await duels_in_two_processes(tmp_path, postgres_url, 50)


async def test_fifty_overlapping_presses_and_reactions_have_one_outcome_each(tmp_path: Path) -> None:
    await duels_in_one_process(tmp_path, 50)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_a_thousand_overlapping_presses_in_two_processes_have_one_outcome_each(
    tmp_path: Path, postgres_url: str
) -> None:
    await duels_in_two_processes(tmp_path, postgres_url, 1000)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_a_thousand_overlapping_presses_and_reactions_have_one_outcome_each(tmp_path: Path) -> None:
    await duels_in_one_process(tmp_path, 1000)
