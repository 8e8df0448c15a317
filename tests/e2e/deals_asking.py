"""A hub whose admins are asked about deals, in a group of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sandbox.bitrix24.portal import Portal
from sandbox.telegram.messages import Message
from tests.e2e.council import OFFICE
from tests.e2e.partner import exchanging, new_partner, transferred
from tests.pace import UNPACED
from tests.town import ADMIN, BORIS, Outside, Town

NEW_STAGE = "C1:UC_X1"
ASK = """
version = 2
[fields.TITLE]
source = "TITLE"
[fields.OPPORTUNITY]
source = "OPPORTUNITY"
owner = "ask"
"""
STAGES = """
version = 2
[fields.TITLE]
source = "TITLE"
[fields.STAGE_ID]
source = "STAGE_ID"
[[funnels]]
source = 1
home = 0
[funnels.stages]
"C1:NEW" = "NEW"
{more}
"""


@asynccontextmanager
async def asking(outside: Outside, partner: Portal, **more: Any) -> AsyncIterator[Town]:
    """A hub between the portals whose admins, Alice and Boris, are asked in a group of their own."""
    if OFFICE not in outside.world.chats:
        outside.world.add_group("Office", [ADMIN, BORIS], chat_id=OFFICE)
    office = {"ADMIN_CHAT_ID": str(OFFICE), "ADMIN_IDS": f"{ADMIN},{BORIS}"}
    async with exchanging(outside, partner, pace=UNPACED, **office | more) as town:
        yield town


async def at_rest(town: Town) -> None:
    """Let everything be worked that somebody's answer has begun, too."""
    await town.settle()
    await transferred(town)
    await town.settle()


async def answers(town: Town, label: str, card: Message | None = None, who: int = ADMIN) -> None:
    """Somebody presses the button of this label, and what follows comes to its end."""
    card = card or town.last(OFFICE)
    [data] = [each["callback_data"] for row in card.buttons for each in row if each["text"] == label]
    await town.presses(who, card, data)
    await at_rest(town)


def labels(card: Message) -> list[str]:
    return [each["text"] for row in card.buttons for each in row if "callback_data" in each]


def partner_with_a_stage(outside: Outside) -> Portal:
    partner = new_partner(outside)
    partner.dictionaries.add_status("DEAL_STAGE_1", NEW_STAGE, "Ждёт родителей", category_id=1)
    return partner


def a_deal(partner: Portal) -> int:
    return partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")
