"""People and portals act on one deal at random, while questions about it wait for answers."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.bitrix24.portal import Portal
from sandbox.telegram.messages import Message
from services.deals.model import Order
from tests.e2e.council import OFFICE
from tests.e2e.deals_asking import ASK, NEW_STAGE, STAGES, asking, at_rest, partner_with_a_stage
from tests.e2e.partner import PARTNER, delete, edit
from tests.e2e.poll_forms import sound
from tests.e2e.wording import press_buttons
from tests.town import ADMIN, Outside, Town

STEPS = ("edit", "edit at home", "delete", "delete at home", "bring back", "press", "ask for it")


@pytest.mark.parametrize("seed", range(6))
async def test_in_whatever_order_people_and_portals_act_there_is_no_second_twin(
    outside: Outside, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    partner = partner_with_a_stage(outside)
    rules = tmp_path / "mapping.toml"
    rules.write_text(ASK + STAGES.partition('[fields.TITLE]\nsource = "TITLE"')[2].format(more=""), "utf-8")
    async with asking(outside, partner, MAPPING_FILE=str(rules)) as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID=NEW_STAGE, OPPORTUNITY="100")
        row = partner.deals[number]
        for _ in range(14):
            await acts(town, partner, outside.portal, row, random)
            if random.random() < 0.6:
                await at_rest(town)
            assert len(outside.portal.deals) <= 1
        await at_rest(town)
        assert len(outside.portal.deals) <= 1
        assert sound(outside.portal)


async def acts(town: Town, partner: Portal, home: Portal, row: dict[str, Any], random: Random) -> None:
    """One thing that people or portals do, where it can be done now."""
    number, step = int(row["ID"]), random.choice(STEPS)
    there, twins = number in partner.deals, list(home.deals)
    if step == "edit" and there:
        edit(partner, number, OPPORTUNITY=str(random.randrange(100, 900)))
    elif step == "edit at home" and twins:
        edit(home, twins[0], OPPORTUNITY=str(random.randrange(100, 900)))
    elif step == "delete" and there:
        delete(partner, number)
    elif step == "delete at home" and twins:
        delete(home, twins[0])
    elif step == "bring back" and not there:
        partner.deals[number] = row
        edit(partner, number, OPPORTUNITY=str(random.randrange(100, 900)))
    elif step == "press" and (pairs := [(card, data) for card in town.sent(OFFICE) for data in picks(card)]):
        card, data = random.choice(pairs)
        town.world.press(OFFICE, card.message_id, ADMIN, data)
    elif step == "ask for it":
        await town.switchboard.hub.deal_orders.take(Order(PARTNER, number, asked=True))


def picks(card: Message) -> list[str]:
    return [data for data in press_buttons(card) if data.startswith("v1:pick:")]
