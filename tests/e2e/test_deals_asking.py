"""Deals ask people about values that nobody knows, once for all who have them."""

from pathlib import Path

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.user_fields import add_user_field
from storage import mapping_answers
from storage.mapping_answers import MappingAnswer
from tests.e2e.council import OFFICE
from tests.e2e.deals_asking import (
    ASK,
    NEW_STAGE,
    STAGES,
    a_deal,
    answers,
    asking,
    at_rest,
    labels,
    partner_with_a_stage,
)
from tests.e2e.partner import PARTNER, edit, looked_at, new_partner, story
from tests.e2e.poll_forms import requests, sound
from tests.e2e.wording import press_buttons, words
from tests.services.deals.portals import schema_of
from tests.town import ADMIN, Outside, Town


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
