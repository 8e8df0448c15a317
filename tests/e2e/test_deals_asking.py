"""Deals ask people: about values nobody knows, edits on both sides, and what is deleted on one of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.user_fields import add_user_field
from sandbox.telegram.messages import Message
from services.deals.model import Order, Result
from storage import mapping_answers
from storage.mapping_answers import MappingAnswer
from tests.e2e.council import OFFICE
from tests.e2e.partner import PARTNER, delete, edit, exchanging, looked_at, new_partner, story, transferred
from tests.e2e.poll_forms import requests, sound
from tests.e2e.wording import press_buttons, words
from tests.pace import UNPACED
from tests.services.deals.portals import schema_of
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


async def test_an_unknown_stage_is_asked_about_once_and_the_answer_reaches_all_who_have_it(
    outside: Outside,
) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner) as town:
        for title in ("Курс А", "Курс Б"):
            partner.add_deal(TITLE=title, CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
            await at_rest(town)
        [card] = town.sent(OFFICE)
        assert card.text.split("\n")[0] == words(
            "inquiry-stage", domain=PARTNER, stage="Обучение: Ждёт родителей"
        )
        assert "Курс А" in card.text
        assert "Общая: Подготовка документов" in labels(card)
        await answers(town, "Общая: Подготовка документов")
        assert [twin["STAGE_ID"] for twin in home.deals.values()] == ["PREPARATION"] * 2
        assert not labels(card)
        assert await town.rows("SELECT field, value, answer, answered_by FROM mapping_answers") == [
            ("STAGE_ID", NEW_STAGE, "PREPARATION", f"user:{ADMIN}")
        ]
    async with asking(outside, partner) as town:
        partner.add_deal(TITLE="Курс В", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await at_rest(town)
        assert [twin["STAGE_ID"] for twin in home.deals.values()] == ["PREPARATION"] * 3
        assert town.sent(OFFICE) == [card]
        assert sound(home)


async def test_a_hundred_deals_of_one_unknown_stage_are_one_card(outside: Outside) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner) as town:
        for number in range(100):
            partner.add_deal(TITLE=f"Курс {number}", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await at_rest(town)
        [card] = town.sent(OFFICE)
        assert len(home.deals) == 100
        await answers(town, "Общая: Подготовка документов", card)
        assert {twin["STAGE_ID"] for twin in home.deals.values()} == {"PREPARATION"}
        assert len(home.ledger.of("crm.deal.update")) == 100
        assert sound(home)


async def test_what_is_answered_to_be_left_out_is_no_problem_any_more(outside: Outside) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await at_rest(town)
        await turns_to(town, words("inquiry-leave-out"))
        await answers(town, words("inquiry-leave-out"))
        [(target, twin)] = home.deals.items()
        assert (twin["STAGE_ID"], len(await story(town, "omit"))) == ("NEW", 1)
        edit(partner, number, TITLE="Другой")
        partner.add_deal(TITLE="Курс Б", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await at_rest(town)
        assert home.deals[target]["TITLE"] == "Другой"
        assert (len(town.sent(OFFICE)), len(await story(town, "omit"))) == (1, 1)


async def turns_to(town: Town, label: str) -> None:
    """Turn the newest card to the page where this button is."""
    page = 1
    while label not in labels(card := town.last(OFFICE)):
        page += 1
        ahead = (each for each in press_buttons(card) if each.startswith("v1:turn:"))
        await town.presses(ADMIN, card, next(each for each in ahead if each.endswith(f":{page}")))


async def test_the_file_wins_over_an_answer_and_settles_what_it_has_learnt(
    outside: Outside, tmp_path: Path
) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    rules = tmp_path / "mapping.toml"
    rules.write_text(STAGES.format(more=""), "utf-8")
    async with asking(outside, partner, MAPPING_FILE=str(rules)) as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await at_rest(town)
        [card] = town.sent(OFFICE)
        assert labels(card)
        rules.write_text(STAGES.format(more=f'"{NEW_STAGE}" = "EXECUTING"'), "utf-8")
        await town.says(ADMIN, "/reload")
        edit(partner, number, TITLE="Курс Б")
        await at_rest(town)
        assert (labels(card), home.deals[1]["STAGE_ID"]) == ([], "EXECUTING")
        row = MappingAnswer(PARTNER, "STAGE_ID", NEW_STAGE, "WON", "user:1", town.clock.now())
        await town.switchboard.hub.database.write(lambda tx: mapping_answers.put(tx, row))
        await looked_at(town, number, asked=True)
        assert home.deals[1]["STAGE_ID"] == "EXECUTING"


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


async def test_a_stage_that_only_other_deals_have_by_now_is_still_asked_about(outside: Outside) -> None:
    partner = partner_with_a_stage(outside)
    async with asking(outside, partner) as town:
        numbers = [partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID=NEW_STAGE) for _ in range(2)]
        await at_rest(town)
        edit(partner, numbers[0], STAGE_ID="C1:NEW")
        await at_rest(town)
        [card] = town.sent(OFFICE)
        assert labels(card)


async def test_an_answer_that_comes_while_a_deal_is_written_reaches_it(outside: Outside) -> None:
    partner, home = partner_with_a_stage(outside), outside.portal
    async with asking(outside, partner) as town:
        partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await at_rest(town)
        home.durations = {"crm.deal.add": 10.0}
        partner.add_deal(TITLE="Курс Б", CATEGORY_ID=1, STAGE_ID=NEW_STAGE)
        await town.rest()
        card = town.last(OFFICE)
        data = next(each for each in press_buttons(card) if each.startswith("v1:pick:"))
        outside.world.press(OFFICE, card.message_id, ADMIN, data)
        await town.rest()
        assert len(home.deals) == 1
        await at_rest(town)
        [first, second] = [twin["STAGE_ID"] for twin in home.deals.values()]
        assert first == second
        assert len(town.sent(OFFICE)) == 1


async def test_an_unknown_choice_is_asked_about_with_the_fields_own_items(
    outside: Outside, tmp_path: Path
) -> None:
    partner, home = new_partner(outside), outside.portal
    for portal, texts in ((partner, ["Аналитик", "Дизайн"]), (home, ["Аналитик данных", "Дизайнер"])):
        given = {"FIELD_NAME": "UF_CRM_COURSE", "USER_TYPE_ID": "enumeration"}
        add_user_field(portal, given | {"LIST": [{"VALUE": one} for one in texts]})
    rules = tmp_path / "mapping.toml"
    rules.write_text(f"{ASK}[fields.UF_CRM_COURSE]\nsource = 'UF_CRM_COURSE'\n", "utf-8")
    async with asking(outside, partner, MAPPING_FILE=str(rules)) as town:
        partner.add_deal(TITLE="Курс", UF_CRM_COURSE=item(partner, "Дизайн"))
        await at_rest(town)
        [card] = town.sent(OFFICE)
        assert labels(card) == ["Аналитик данных", "Дизайнер", words("inquiry-leave-out")]
        await answers(town, "Дизайнер")
        [twin] = home.deals.values()
        assert str(twin["UF_CRM_COURSE"]) == item(home, "Дизайнер")


def item(portal: Portal, text: str) -> str:
    found = schema_of(portal).fields["UF_CRM_COURSE"].choice(text)
    assert found
    return found


# Edits on both sides


@asynccontextmanager
async def in_conflict(outside: Outside, tmp_path: Path) -> AsyncIterator[tuple[Town, Portal, int]]:
    """A deal whose amount somebody has edited at home, and who is asked about it; its number."""
    partner = new_partner(outside)
    rules = tmp_path / "mapping.toml"
    rules.write_text(ASK, "utf-8")
    async with asking(outside, partner, MAPPING_FILE=str(rules)) as town:
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="100")
        await at_rest(town)
        edit(outside.portal, 1, OPPORTUNITY="250")
        await at_rest(town)
        yield town, partner, number


def amount(outside: Outside) -> str:
    return str(outside.portal.deals[1]["OPPORTUNITY"])


async def test_an_edit_at_home_is_asked_about_and_the_partners_value_taken(
    outside: Outside, tmp_path: Path
) -> None:
    async with in_conflict(outside, tmp_path) as (town, partner, number):
        [card] = town.sent(OFFICE)
        assert words("inquiry-values", theirs="100", ours="250") in card.text
        await answers(town, words("inquiry-take", value="100"))
        assert amount(outside) == "100.00"
        [(_, key, before, after)] = await story(town, "overwrite")
        assert (key, before, after) == (
            f"{PARTNER}/{number}",
            {"OPPORTUNITY": "250"},
            {"OPPORTUNITY": "100"},
        )
        edit(partner, number, OPPORTUNITY="300")
        await at_rest(town)
        assert (amount(outside), len(town.sent(OFFICE))) == ("300.00", 1)


async def test_what_is_answered_to_be_kept_is_no_edit_any_more(outside: Outside, tmp_path: Path) -> None:
    async with in_conflict(outside, tmp_path) as (town, partner, number):
        await answers(town, words("inquiry-keep", value="250"))
        edit(partner, number, TITLE="Другой")
        await at_rest(town)
        assert await looked_at(town, number, asked=True) == Result("success", 1, "unchanged")
        assert (amount(outside), outside.portal.deals[1]["TITLE"]) == ("250.00", "Другой")
        assert len(town.sent(OFFICE)) == 1
        edit(partner, number, OPPORTUNITY="300")
        await at_rest(town)
        assert amount(outside) == "300.00"


async def test_an_answer_about_values_that_have_moved_on_decides_nothing(
    outside: Outside, tmp_path: Path
) -> None:
    async with in_conflict(outside, tmp_path) as (town, partner, number):
        card = town.last(OFFICE)
        outside.portal.deals[1]["OPPORTUNITY"] = "777.00"  # and no event tells of it
        await answers(town, words("inquiry-take", value="100"), card)
        assert amount(outside) == "777.00"
        [_, anew] = town.sent(OFFICE)
        assert words("inquiry-values", theirs="100", ours="777") in anew.text
        edit(partner, number, OPPORTUNITY="800")
        await at_rest(town)
        assert words("inquiry-values", theirs="800", ours="777") in anew.text, "the card follows the values"
        await answers(town, words("inquiry-take", value="800"), anew)
        assert amount(outside) == "800.00"


@pytest.mark.parametrize("side", ["source", "home"])
async def test_a_conflict_that_ends_by_itself_is_asked_about_no_more(
    outside: Outside, tmp_path: Path, side: str
) -> None:
    async with in_conflict(outside, tmp_path) as (town, partner, number):
        [card] = town.sent(OFFICE)
        if side == "home":
            edit(outside.portal, 1, OPPORTUNITY="100")
        else:
            edit(partner, number, OPPORTUNITY="250")
        await at_rest(town)
        assert not labels(card)
        assert await looked_at(town, number, asked=True) == Result("success", 1, "unchanged")


# What is deleted


def a_deal(partner: Portal) -> int:
    return partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")


async def test_a_deleted_deals_twin_is_deleted_for_who_says_so(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(partner, number)
        await at_rest(town)
        [card] = town.sent(OFFICE)
        assert card.text == words("inquiry-deleted", deal=f"{PARTNER}/{number}", title="Курс")
        assert len(home.deals) == 1
        await answers(town, words("inquiry-delete-twin"))
        assert home.deals == {}
        assert [key for _, key, _, _ in await story(town, "remove")] == [f"{PARTNER}/{number}"]
        assert await town.scalar("SELECT count(*) FROM deal_links WHERE deleted_at IS NOT NULL") == 1
        assert len(town.sent(OFFICE)) == 1, "nobody is asked about a twin that was deleted on purpose"


async def test_a_deleted_deals_twin_stays_for_who_says_so(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(partner, number)
        await at_rest(town)
        await answers(town, words("inquiry-leave-twin"))
        assert await looked_at(town, number, asked=True) == Result("skipped", 1, "deleted")
        assert (len(home.deals), len(town.sent(OFFICE))) == (1, 1)


async def test_a_deal_that_is_back_keeps_its_twin_whatever_was_asked(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        row = partner.deals[number]
        delete(partner, number)
        await at_rest(town)
        [card] = town.sent(OFFICE)
        partner.deals[number] = row  # out of the recycle bin, and no event tells of it yet
        await answers(town, words("inquiry-delete-twin"), card)
        assert list(home.deals) == [1]
        delete(partner, number)
        await at_rest(town)
        again = town.last(OFFICE)
        partner.deals[number] = row
        edit(partner, number, TITLE="Другой")
        await at_rest(town)
        assert (len(town.sent(OFFICE)), labels(again)) == (2, [])
        assert home.deals[1]["TITLE"] == "Другой"


async def test_a_twin_that_is_gone_is_made_anew_for_who_says_so(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(home, 1)
        await at_rest(town)
        for title in ("А", "Б"):
            edit(partner, number, TITLE=title)
            await at_rest(town)
        [card] = town.sent(OFFICE)
        assert words("inquiry-anew") in labels(card)
        await answers(town, words("inquiry-anew"))
        assert [twin["TITLE"] for twin in home.deals.values()] == ["Б"]
        assert sound(home)


async def test_a_twin_that_is_to_stay_deleted_is_not_asked_about_again(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(home, 1)
        await at_rest(town)
        await answers(town, words("inquiry-leave-gone"))
        edit(partner, number, TITLE="Другой")
        await at_rest(town)
        assert (home.deals, len(town.sent(OFFICE))) == ({}, 1)


async def test_a_twin_that_somebody_asks_for_meanwhile_settles_the_question(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        delete(home, 1)
        await at_rest(town)
        await looked_at(town, number, asked=True)
        await at_rest(town)
        assert (len(home.deals), labels(town.last(OFFICE))) == (1, [])


async def test_an_ordinary_transfer_asks_no_portal_more_than_before(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with asking(outside, partner) as town:
        number = a_deal(partner)
        await at_rest(town)
        requests(home)
        requests(partner)
        edit(partner, number, TITLE="Другой")
        await at_rest(town)
        assert (requests(home), requests(partner)) == (3, 1), "a look, a write, and the look at its echo"
        assert await town.scalar("SELECT count(*) FROM inquiries") == 0


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
