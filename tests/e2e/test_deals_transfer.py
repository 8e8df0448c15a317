"""Deals of a partner become twins in the home portal and stay equal, with as few requests as it takes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.bitrix24.user_fields import add_user_field
from services.deals.jobs import GATHER
from services.deals.model import Result
from storage import mapping_answers
from storage.mapping_answers import MappingAnswer
from tests.e2e.likeness import with_more_rules
from tests.e2e.partner import (
    OTHER,
    PARTNER,
    delete,
    edit,
    exchanging,
    looked_at,
    move,
    new_partner,
    story,
    transferred,
)
from tests.e2e.poll_forms import requests, sound
from tests.town import Outside, Town, TownClock


async def test_a_deal_becomes_a_twin_once(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        contact = partner.add_contact(
            NAME="Анна", LAST_NAME="Смирнова", PHONE="8 916 123-45-67", EMAIL="a@b.ru"
        )
        number = partner.add_deal(
            TITLE="Курс",
            CATEGORY_ID=1,
            STAGE_ID="C1:EXECUTING",
            OPPORTUNITY="1500.50",
            CONTACT_ID=contact,
            UF_CRM_SOURCE_ID="p-7",
            UF_CRM_CONTRACT="Д-12",
        )
        await transferred(town)
        [(target, twin)] = home.deals.items()
        wanted = {
            "TITLE": "Курс",
            "STAGE_ID": "EXECUTING",
            "CATEGORY_ID": "0",
            "OPPORTUNITY": "1500.50",
            "CURRENCY_ID": "RUB",
            "UF_CRM_PARTNER_ID": "p-7",
            "UF_CRM_ESB_CONTRACT": "Д-12",
            "SOURCE_DESCRIPTION": f"Import from {PARTNER}",
            "UF_CRM_IMPORT_DATE": town.clock.now().date().isoformat(),
            "ORIGINATOR_ID": "switchboard",
            "ORIGIN_ID": f"{PARTNER}:{number}",
        }
        assert {name: twin[name] for name in wanted} == wanted
        [(person, row)] = home.contacts.items()
        assert twin["CONTACT_ID"] == str(person)
        assert (row["NAME"], row["PHONE"][0]["VALUE"], row["ORIGIN_ID"]) == (
            "Анна",
            "+79161234567",
            f"{PARTNER}:{contact}",
        )
        told = [(action, key) for action, key, _, _ in await story(town)]
        assert told == [("add", str(person)), ("add", f"{PARTNER}/{number}")]
        assert await looked_at(town, number) == Result("success", target, "unchanged")
        assert sound(home)


async def test_what_did_not_change_asks_nothing_of_the_home_portal(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        requests(outside.portal)
        requests(partner)
        edit(partner, number, COMMENTS="nobody's business")
        await transferred(town)
        assert (requests(outside.portal), requests(partner)) == (0, 1)


async def test_a_change_writes_what_changed_and_nothing_else(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="100")
        await transferred(town)
        home.ledger.clear()
        edit(partner, number, TITLE="Другой курс")
        await transferred(town)
        [written] = home.ledger.of("crm.deal.update")
        [target] = home.deals
        assert written.params["fields"] == {"TITLE": "Другой курс"}
        assert home.deals[target]["TITLE"] == "Другой курс"
        [(_, key, before, after)] = await story(town, "change")
        assert key == f"{PARTNER}/{number}"
        assert before == {"TITLE": "Курс"}
        assert after == {"target": target, "fields": {"TITLE": "Другой курс"}}
        assert home.ledger.requests <= 4, "a look, a write with its reading back, and the look at the echo"


async def test_an_edit_at_home_is_written_over_and_told_in_the_journal(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="100")
        await transferred(town)
        [target] = home.deals
        edit(home, target, TITLE="Мой курс", COMMENTS="a remark of home's own")
        await transferred(town)
        assert home.deals[target]["TITLE"] == "Курс"
        assert home.deals[target]["COMMENTS"] == "a remark of home's own"
        [(_, key, before, after)] = await story(town, "overwrite")
        assert (key, before, after) == (f"{PARTNER}/{number}", {"TITLE": "Мой курс"}, {"TITLE": "Курс"})


async def test_the_echo_of_our_own_write_ends_at_one_look(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        assert home.events.fired == [("ONCRMDEALADD", 1)]
        requests(partner)
        requests(home)
        assert await looked_at(town, number, side="home") == Result("success", 1, "unchanged")
        assert (requests(partner), requests(home)) == (0, 1)


async def test_a_stage_nobody_knows_is_left_out_and_told(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    partner.dictionaries.add_status("DEAL_STAGE_1", "C1:UC_X1", "Ждёт родителей", category_id=1)
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:EXECUTING")
        await transferred(town)
        [target] = home.deals
        edit(partner, number, STAGE_ID="C1:UC_X1", TITLE="Курс Б")
        await transferred(town)
        assert (home.deals[target]["STAGE_ID"], home.deals[target]["TITLE"]) == ("EXECUTING", "Курс Б")
        [(_, _, _, after)] = await story(town, "omit")
        assert after == {"kind": "stage", "STAGE_ID": "C1:UC_X1"}
        await town.switchboard.hub.database.write(lambda tx: mapping_answers.put(tx, an_answer(town)))
        assert await looked_at(town, number) == Result("success", target, "updated")
        assert home.deals[target]["STAGE_ID"] == "PREPARATION"


def an_answer(town: Town) -> MappingAnswer:
    return MappingAnswer(PARTNER, "STAGE_ID", "C1:UC_X1", "PREPARATION", "user:1", town.clock.now())


async def test_a_stage_that_is_new_in_both_portals_is_asked_for_anew(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")
        await transferred(town)
        assert isinstance(town.clock, TownClock)
        await town.clock.advance(61)
        partner.dictionaries.add_status("DEAL_STAGE_1", "C1:FINAL_INVOICE", "Счёт", category_id=1)
        home.dictionaries.add_status("DEAL_STAGE", "FINAL", "Итоговый счёт", category_id=0)
        edit(partner, 1, STAGE_ID="C1:FINAL_INVOICE")
        await transferred(town)
        [target] = home.deals
        assert home.deals[target]["STAGE_ID"] == "FINAL"


async def test_a_move_to_another_funnel_is_followed(outside: Outside, tmp_path: Path) -> None:
    partner, home = new_partner(outside), outside.portal
    partner.dictionaries.add_funnel(2, "Лагерь")
    home.dictionaries.add_funnel(7, "Лагерь дома")
    rules = tmp_path / "mapping.toml"
    rules.write_text(
        'version = 2\n[fields.TITLE]\nsource = "TITLE"\n[fields.STAGE_ID]\nsource = "STAGE_ID"\n'
        '[[funnels]]\nsource = 1\nhome = 0\n[funnels.stages]\n"C1:NEW" = "NEW"\n'
        '[[funnels]]\nsource = 2\nhome = 7\n[funnels.stages]\n"C2:EXECUTING" = "C7:EXECUTING"\n',
        encoding="utf-8",
    )
    async with exchanging(outside, partner, MAPPING_FILE=str(rules)) as town:
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, STAGE_ID="C1:NEW")
        await transferred(town)
        [target] = home.deals
        assert (home.deals[target]["CATEGORY_ID"], home.deals[target]["STAGE_ID"]) == ("0", "NEW")
        move(partner, number, CATEGORY_ID=2, STAGE_ID="C2:EXECUTING", TITLE="Лагерь")
        assert await looked_at(town, number) == Result("success", target, "updated")
        twin = home.deals[target]
        assert (twin["CATEGORY_ID"], twin["STAGE_ID"], twin["TITLE"]) == ("7", "C7:EXECUTING", "Лагерь")


async def test_a_deal_that_is_deleted_leaves_its_twin_and_a_line_in_the_journal(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        delete(partner, number)
        await transferred(town)
        [target] = home.deals
        [(_, key, before, _)] = await story(town, "delete")
        assert (key, before) == (f"{PARTNER}/{number}", {"target": target})
        assert await town.scalar("SELECT count(*) FROM deal_links WHERE deleted_at IS NOT NULL") == 1
        assert await looked_at(town, number) == Result("skipped", target, "deleted")
        assert len(await story(town, "delete")) == 1
        assert await looked_at(town, 999) == Result("skipped", None, "deleted")


async def test_a_twin_that_is_deleted_comes_back_only_for_who_asks(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        [target] = home.deals
        delete(home, target)
        await transferred(town)
        edit(partner, number, TITLE="Другой")
        await transferred(town)
        assert (home.deals, len(await story(town, "gone"))) == ({}, 1)
        again = await looked_at(town, number, asked=True)
        assert (again.status, again.action, list(home.deals)) == ("success", "created", [again.target])
        assert home.deals[again.target or 0]["TITLE"] == "Другой"


async def test_more_than_ten_writes_in_a_minute_wait_for_the_next(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        [target] = home.deals
        home.ledger.clear()
        for count in range(12):
            edit(partner, number, TITLE=f"Курс {count}")
            await town.settle()
        assert len(home.ledger.of("crm.deal.update")) == 9
        assert home.deals[target]["TITLE"] == "Курс 8"
        await transferred(town, 120)
        assert home.deals[target]["TITLE"] == "Курс 11"


async def test_two_partners_deals_of_one_number_at_one_moment_have_a_twin_each(outside: Outside) -> None:
    partners = [new_partner(outside), new_partner(outside, OTHER)]
    async with exchanging(outside, *partners) as town:
        numbers = {each.add_deal(TITLE=each.domain) for each in partners}
        assert len(numbers) == 1
        await transferred(town)
        assert {deal["TITLE"] for deal in outside.portal.deals.values()} == {PARTNER, OTHER}
        assert len(outside.portal.deals) == 2
        assert sound(outside.portal)


async def test_all_of_sixty_user_fields_come_home_and_odd_amounts_stay_what_they_are(
    outside: Outside, tmp_path: Path
) -> None:
    partner, home = new_partner(outside), outside.portal
    names = [f"UF_CRM_F{place}" for place in range(60)]
    for portal in (partner, home):
        for name in names:
            add_user_field(portal, {"FIELD_NAME": name, "USER_TYPE_ID": "money"})
    rules = "".join(f'[fields.{name}]\nsource = "{name}"\n' for name in names)
    amounts = {name: f"{1000 + place}.{place:02}|RUB" for place, name in enumerate(names)}
    async with exchanging(outside, partner, MAPPING_FILE=with_more_rules(tmp_path, rules)) as town:
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="1000.00", **amounts)
        await transferred(town)
        [twin] = home.deals.values()
        assert (twin["OPPORTUNITY"], twin["TITLE"]) == ("1000.00", "Курс")
        assert worth(twin, names) == worth(amounts, names)
        edit(partner, number, UF_CRM_F59="7.50|USD")
        await transferred(town)
        [written] = home.ledger.of("crm.deal.update")
        assert list(written.params["fields"]) == ["UF_CRM_F59"]
        assert worth(twin, names) == worth(amounts | {"UF_CRM_F59": "7.50|USD"}, names)


def worth(deal: Mapping[str, Any], names: list[str]) -> dict[str, tuple[float, str]]:
    """What the fields hold: 1000.00 and 1000 are one amount."""
    parts = {name: str(deal[name]).split("|") for name in names}
    return {name: (float(amount), currency) for name, (amount, currency) in parts.items()}


async def test_product_rows_go_along_and_leave_the_amount_alone(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner) as town:
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="900", IS_MANUAL_OPPORTUNITY="Y")
        partner.product_rows[number] = [a_row("Учебник", 500), a_row("Тетрадь", 100, 5)]
        await transferred(town)
        [(target, twin)] = home.deals.items()
        kept = [(row["PRODUCT_NAME"], row["PRICE"], row["QUANTITY"]) for row in home.product_rows[target]]
        assert kept == [("Учебник", 500, 1), ("Тетрадь", 100, 5)]
        assert twin["OPPORTUNITY"] == "900.00"
        partner.product_rows[number] = []
        edit(partner, number, OPPORTUNITY="950")
        await transferred(town)
        assert home.product_rows[target] == []
        assert home.deals[target]["OPPORTUNITY"] == "950.00"


def a_row(name: str, price: int, quantity: int = 1) -> dict[str, Any]:
    return {"ID": "1", "PRODUCT_ID": 17, "PRODUCT_NAME": name, "PRICE": price, "QUANTITY": quantity}


async def test_deals_that_come_in_a_crowd_are_begun_together(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner) as town:
        partner.add_deal(TITLE="Курс", CATEGORY_ID=1)
        await town.settle()
        gathering = {topic.name: topic.gather for topic in town.switchboard.hub.inbox.topics}
    assert gathering["deals"] == GATHER > 0
    assert not any(seconds for name, seconds in gathering.items() if name != "deals")
