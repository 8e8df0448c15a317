"""A town whose admins, Alice and Boris, decide in a group of their own; Chen has to ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox.telegram.messages import Message
from tests.e2e.wording import press_buttons
from tests.pace import UNPACED
from tests.town import ADMIN, BORIS, CHEN, GROUP, UNLISTED, Outside, Town

OFFICE = -1001900000010


@asynccontextmanager
async def council(outside: Outside, **more: str) -> AsyncIterator[Town]:
    """The town for as long as the block lasts. No job may have died in the end."""
    if OFFICE not in outside.world.chats:
        outside.world.add_group("Office", [ADMIN, BORIS], chat_id=OFFICE)
    variables: dict[str, Any] = {
        "GALLERY_APPROVAL": "auto",
        "ADMIN_CHAT_ID": str(OFFICE),
        "ADMIN_IDS": f"{ADMIN},{BORIS}",
    }
    async with outside.hub(failpoints=None, pace=UNPACED, **variables | more) as town:
        await town.settle()
        yield town
        assert not await town.rows("SELECT topic, payload, reason FROM jobs WHERE state = 'dead'")


async def asked(town: Town, who: int = CHEN, chat: int = GROUP, name: str = UNLISTED) -> Message:
    """Somebody sends a sticker and presses "add": the card in the office."""
    await town.sends(who, name, chat)
    await town.presses(who, town.last(chat))
    return town.last(OFFICE)


def button(message: Message, name: str) -> str:
    """What the button carries whose data begins so."""
    return next(each for each in press_buttons(message) if each.startswith(f"v1:{name}:"))


async def listed(town: Town) -> list[object]:
    """The names of what is in the gallery."""
    return [name for (name,) in await town.rows("SELECT name FROM sticker_sets ORDER BY name")]


async def states(town: Town) -> list[object]:
    """How all approvals stand."""
    return [state for (state,) in await town.rows("SELECT state FROM approvals ORDER BY created_at")]


async def journal(town: Town) -> list[tuple[object, ...]]:
    """Who did what."""
    return await town.rows("SELECT actor, action FROM journal ORDER BY id")
