"""The leader stands still past its time: the other sends what is left, and the first sends no more."""

from pathlib import Path
from random import Random

import pytest

from bot.sender import TEXTS
from tests.chaos.checker import applied_by_row, faults_of, texts_are_doubled_once_a_kill
from tests.chaos.program import Size, new_program
from tests.chaos.scene import free_port, new_scene, webhook_settings
from tests.chaos.silent_leader import SilentLeader

SEED = 20260707
CROWD = Size(stickers=500, people=60, groups=5, kills_each=0, listed=10, unlisted=300)
OPTIONS = ["--lease", "1", "--silence", "2.5", "--longest-call", "2", "--impatient"]


async def silences(folder: Path, url: str, rounds: int) -> None:
    """Stop the leader so often, each time until the other leads and all is sent."""
    ports = [free_port(), free_port()]
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    settings = webhook_settings(addresses[0]) | {"LOG_LEVEL": "INFO"}
    async with new_scene(folder, url, ports=ports, options=OPTIONS, **settings) as scene:
        program = new_program(scene.world, CROWD, SEED)
        await scene.list_sets(program.listed)
        run = SilentLeader(scene, program, addresses, Random(SEED))
        await run.run(rounds)
        history = run.history()
    texts = [calls for row, calls in applied_by_row(history).items() if history.message[row].kind == "text"]
    doubled = sum(len(calls) - 1 for calls in texts)
    print(f"\n{rounds} silences, {len(texts)} texts, {doubled} doubled, sent late: {run.late_sendings}")
    assert not faults_of(history, leaving_out=[texts_are_doubled_once_a_kill])
    assert max(run.late_sendings) <= TEXTS  # whose calls were on their way already
    assert doubled <= TEXTS * rounds


async def test_a_leader_that_stood_still_sends_no_more(tmp_path: Path, postgres_url: str) -> None:
    await silences(tmp_path, postgres_url, 1)


@pytest.mark.chaos
@pytest.mark.timeout(900)
async def test_leaders_that_stand_still_in_turn_send_no_more(tmp_path: Path, postgres_url: str) -> None:
    await silences(tmp_path, postgres_url, 20)
