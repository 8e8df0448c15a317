"""One kill at one place, and what people get to see of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.telegram.messages import Message
from sandbox.telegram.people import Person
from tests.chaos.program import FIRST_PERSON
from tests.chaos.scene import Scene, free_port, new_scene, webhook_settings

PERSON = FIRST_PERSON
SET = "MoonDogs"


def populate(scene: Scene) -> None:
    scene.world.add_person(Person(PERSON, "Alice", username="alice", language_code="en", started=True))
    scene.world.add_set(SET, "Moon Dogs", count=3)


def send_sticker(scene: Scene) -> Message:
    return scene.world.send_sticker(PERSON, PERSON, scene.world.library.sets[SET.lower()].stickers[0])


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with new_scene(tmp_path) as scene:
        populate(scene)
        yield scene


async def die_at(scene: Scene, point: str) -> None:
    """Start a hub, have it die the next time it passes the point, and send a sticker that leads it there."""
    await scene.hub.start()
    await scene.hub.arm(point, 1)
    send_sticker(scene)
    assert (await scene.hub.ended()).was_killed


async def test_a_proposal_cut_off_while_it_was_sent_comes_twice_and_either_copy_can_be_pressed(
    scene: Scene,
) -> None:
    await die_at(scene, "sending")
    await scene.hub.start()
    await scene.until_quiet()
    elder, younger = scene.world.sent(PERSON)
    assert scene.look.rows("SELECT state, doubts FROM messages") == [("sent", 1)]
    data = elder.buttons[0][0]["callback_data"]
    assert younger.buttons[0][0]["callback_data"] == data

    scene.world.press(PERSON, elder.message_id, PERSON, data)
    await scene.until_quiet()

    assert scene.look.is_listed(SET)
    assert not younger.buttons

    scene.world.press(PERSON, elder.message_id, PERSON, data)
    await scene.until_quiet()

    assert scene.look.rows("SELECT actor, action FROM journal") == [(f"user:{PERSON}", "add")]


async def test_the_connection_that_writes_syncs_fully(scene: Scene) -> None:
    await scene.hub.start()

    life = await scene.hub.stop()

    assert life.events["ready"]["synchronous"] == 2
    assert life.exit_code == 0


async def test_an_update_stored_but_not_answered_has_one_effect_when_its_webhook_is_called_again(
    tmp_path: Path,
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with new_scene(tmp_path, ports=[port], **webhook_settings(address)) as scene:
        populate(scene)
        await die_at(scene, "accept")
        assert scene.look.number("SELECT count(*) FROM jobs WHERE topic = 'telegram'") == 1
        assert scene.world.updates.pending_count == 1

        await scene.hub.start()
        await scene.until_quiet()
        scene.world.updates.repeat(scene.world.updates.emitted[0]["update_id"])
        await scene.until_quiet()

        assert scene.look.rows("SELECT state FROM jobs WHERE topic = 'telegram'") == [("done",)]
        assert scene.look.rows("SELECT kind, state FROM messages") == [("text", "sent")]
        assert scene.look.number("SELECT count(*) FROM proposals") == 1
        assert len(scene.world.sent(PERSON)) == 1
