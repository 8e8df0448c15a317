"""Somebody acts at home before a question is answered: that is their edit, and stays known as one."""

from pathlib import Path

import pytest

from tests.e2e.council import OFFICE
from tests.e2e.deals_asking import (
    NEW_STAGE,
    answers,
    asking,
    at_rest,
    labels,
    partner_with_a_stage,
)
from tests.e2e.partner import PARTNER, delete, edit, story
from tests.e2e.wording import words
from tests.town import ADMIN, Outside

RULES = """
version = {version}
[fields.TITLE]
source = "TITLE"
[fields.OPPORTUNITY]
source = "OPPORTUNITY"
owner = "{amount}"
[fields.STAGE_ID]
source = "STAGE_ID"
owner = "{stage}"
[[funnels]]
source = 1
home = 0
[funnels.stages]
"C1:NEW" = "NEW"
"""


def rules(folder: Path, **more: str) -> str:
    path = folder / "mapping.toml"
    path.write_text(RULES.format(**{"version": "2", "amount": "source", "stage": "source"} | more), "utf-8")
    return str(path)


@pytest.mark.parametrize(("owner", "cards"), [("ask", 2), ("home", 1)])
async def test_a_stage_that_was_set_at_home_before_the_answer_is_its_owners(
    outside: Outside, tmp_path: Path, owner: str, cards: int
) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner, MAPPING_FILE=rules(tmp_path, stage=owner)) as town:
        partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await at_rest(town)
        edit(home, 1, STAGE_ID="EXECUTING")
        await at_rest(town)
        await answers(town, "Общая: Подготовка документов", town.sent(OFFICE)[0])
        assert home.deals[1]["STAGE_ID"] == "EXECUTING"
        assert len(town.sent(OFFICE)) == cards


async def test_a_question_ends_when_the_file_asks_no_more(outside: Outside, tmp_path: Path) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner, MAPPING_FILE=rules(tmp_path, amount="ask")) as town:
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="10", CATEGORY_ID=1, STAGE_ID="C1:NEW")
        await at_rest(town)
        edit(home, 1, OPPORTUNITY="77")
        await at_rest(town)
        [card] = town.sent(OFFICE)
        assert labels(card)
        rules(tmp_path, version="3")
        await town.says(ADMIN, "/reload")
        edit(partner, number, TITLE="Другой")
        await at_rest(town)
        assert home.deals[1]["OPPORTUNITY"] == "10.00"
        assert not labels(card)


async def test_a_twin_that_somebody_deletes_after_its_deal_is_asked_about_no_more(outside: Outside) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")
        await at_rest(town)
        delete(partner, number)
        await at_rest(town)
        [card] = town.sent(OFFICE)
        delete(home, 1)
        await at_rest(town)
        assert not labels(card)
        assert [(action, key) for action, key, _, _ in await story(town, "remove", "gone")] == [
            ("gone", f"{PARTNER}/{number}")
        ]


async def test_a_deal_at_home_that_is_no_twin_any_more_is_not_deleted_and_that_is_told(
    outside: Outside,
) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")
        await at_rest(town)
        delete(partner, number)
        await at_rest(town)
        home.deals[1]["ORIGIN_ID"] = "another:1"
        await answers(town, words("inquiry-delete-twin"))
        assert len(home.deals) == 1
        [(_, key, before, _)] = await story(town, "ignored")
        assert (key, before) == (f"{PARTNER}/{number}", {"target": 1})
