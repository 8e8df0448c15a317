"""A pause outlives its process, however that ends, and a paused process stops as fast as any."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.telegram.messages import Message
from sandbox.telegram.people import Person
from tests.chaos.program import FIRST_PERSON
from tests.chaos.scene import Scene, new_scene

ADMIN, OTHER = FIRST_PERSON, FIRST_PERSON + 1
PATIENCE = 60.0  # seconds of real time until a condition that should come true counts as failed


async def until(reached: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not reached():
            await asyncio.sleep(0.02)


def populate(scene: Scene) -> None:
    for number, name in ((ADMIN, "Alice"), (OTHER, "Chen")):
        scene.world.add_person(Person(number, name, language_code="en", started=True))


async def says(scene: Scene, words: str) -> Message:
    """The admin writes; the bot's answer."""
    asked = scene.world.send_text(ADMIN, ADMIN, words)

    def answers() -> list[Message]:
        return [message for message in scene.world.sent(ADMIN) if message.reply_to is asked]

    await until(answers)
    return answers()[0]


def press_yes(scene: Scene, question: Message) -> None:
    yes = question.buttons[0][0]["callback_data"]
    scene.world.press(ADMIN, question.message_id, ADMIN, yes)


def is_paused(scene: Scene) -> bool:
    return scene.look.rows("SELECT is_on FROM switches") == [(1,)]


@pytest.mark.parametrize("killed", [True, False])
async def test_a_pause_outlives_its_process(tmp_path: Path, killed: bool) -> None:
    async with new_scene(tmp_path, ADMIN_IDS=str(ADMIN)) as scene:
        populate(scene)
        await scene.hub.start()
        question = await says(scene, "/pause")
        press_yes(scene, question)
        await until(lambda: is_paused(scene) and not question.buttons)
        if killed:
            scene.hub.kill()
            assert (await scene.hub.ended()).was_killed
        else:
            assert (await scene.hub.stop()).exit_code == 0
        scene.world.send_text(OTHER, OTHER, "/version")
        await scene.hub.start()
        await says(scene, "/version")  # so it is up, and has taken what came before
        assert scene.world.sent(OTHER) == []
        await says(scene, "/resume")
        await until(lambda: scene.world.sent(OTHER))
        assert (await scene.hub.stop()).exit_code == 0


@pytest.mark.parametrize("point", ["handling", "finish"])
async def test_a_crash_while_somebody_pauses_leaves_all_of_it_or_nothing(tmp_path: Path, point: str) -> None:
    async with new_scene(tmp_path, ADMIN_IDS=str(ADMIN)) as scene:
        populate(scene)
        await scene.hub.start()
        question = await says(scene, "/pause")
        await scene.hub.arm(point, 1)
        press_yes(scene, question)
        assert (await scene.hub.ended()).was_killed
        await scene.hub.start()
        await until(lambda: is_paused(scene) and not question.buttons)
        assert scene.look.rows("SELECT count(*) FROM journal WHERE action = 'pause'") == [(1,)]
        assert (await scene.hub.stop()).exit_code == 0
