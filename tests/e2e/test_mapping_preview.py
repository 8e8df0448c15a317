"""The preview below a deal: staff see what a transfer would write, and nothing is written."""

from pathlib import Path
from typing import Any

from sqlalchemy import text

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.user_fields import add_user_field
from sandbox.telegram.messages import Message
from services.deals.model import DealKey
from services.deals.preview import Preview
from tests.e2e.operating import answer
from tests.e2e.partner import OTHER, PARTNER, delete, edit, exchanging, new_partner, transferred
from tests.e2e.reconciling import pass_by
from tests.e2e.wording import press_buttons, words
from tests.pace import UNPACED
from tests.town import ADMIN, BORIS, CHEN, GROUP, Outside, Town

STAFF = {"STAFF_IDS": str(BORIS), "DEFAULT_LANGUAGE": "en", "DEALS_SYNC_INTERVAL": "86400"}
BUTTON = "v1:preview"


async def quiet(town: Town, partner: Portal) -> None:
    """Nobody tells of what changes from now on, and nobody looks."""
    partner.events.handlers.clear()
    await pass_by(town, partner.domain)


async def shown(town: Town, wanted: str) -> Message:
    """The card of a deal, as an admin sees it."""
    return answer(town, await town.says(ADMIN, f"/deal {wanted}"))


async def preview(town: Town, card: Message) -> str:
    """What the button below a card leads to."""
    await town.presses(ADMIN, card, BUTTON)
    return town.last(ADMIN).text


def label(town: Town) -> str:
    return town.switchboard.hub.mappings.current.label


async def rows_of(town: Town) -> dict[str, list[tuple[object, ...]]]:
    """How much is stored of what a transfer writes."""
    tables = ("deal_links", "journal", "mapping_answers", "contact_links")
    found = {table: await town.rows(f"SELECT * FROM {table}") for table in tables}
    return found | {"jobs": await town.rows("SELECT id FROM jobs WHERE topic = 'deals'")}


def written(outside: Outside) -> list[str]:
    """The methods of the home portal that were called and change something."""
    made = [call.method for call in outside.portal.ledger.calls]
    return [each for each in made if each.rpartition(".")[2] in {"add", "update", "set", "delete"}]


async def test_a_deal_without_a_twin_is_shown_as_it_would_be_made_and_is_not(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, **STAFF) as town:
        await quiet(town, partner)
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="1500.50", CATEGORY_ID=1, STAGE_ID="C1:EXECUTING")
        card = await shown(town, str(number))
        before = await rows_of(town)
        told = await preview(town, card)
        assert told.startswith(words("preview-head", key=f"{PARTNER}/{number}", label=label(town)))
        assert words("preview-new") in told
        assert words("preview-written", field="TITLE", before="–", after="Курс") in told
        assert words("preview-written", field="OPPORTUNITY", before="–", after="1500.5") in told
        assert words("preview-written", field="STAGE_ID", before="–", after="Общая: В работе") in told
        assert told.endswith(words("preview-nothing-written"))
        assert outside.portal.deals == {}
        assert written(outside) == []
        assert await rows_of(town) == before


async def test_of_a_twin_only_what_differs_is_told(outside: Outside, tmp_path: Path) -> None:
    rules = tmp_path / "mapping.toml"
    rules.write_text(
        "version = 3\n[fields.TITLE]\nsource = 'TITLE'\n[fields.OPPORTUNITY]\nsource = 'OPPORTUNITY'\n"
        "owner = 'home'\n[fields.COMMENTS]\nsource = 'COMMENTS'\nowner = 'ask'\n"
        "[fields.UF_CRM_NONE]\nsource = 'TITLE'\n[fields.CURRENCY_ID]\nsource = 'CURRENCY_ID'\n",
        "utf-8",
    )
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **STAFF) as town:
        await pass_by(town)
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="100", COMMENTS="a")
        await transferred(town)
        [target] = home.deals
        partner.events.handlers.clear()
        home.events.handlers.clear()
        edit(home, target, OPPORTUNITY="250", COMMENTS="b")
        edit(partner, number, TITLE="Курс Б", COMMENTS="c")
        home.ledger.clear()
        told = await preview(town, await shown(town, str(number)))
        assert told.split("\n") == [
            words("preview-head", key=f"{PARTNER}/{number}", label=label(town)),
            words("preview-twin", number=target),
            words("preview-written", field="TITLE", before="Курс", after="Курс Б"),
            words("preview-kept", field="OPPORTUNITY", before="250", after="100"),
            words("preview-asked", field="COMMENTS", before="b", after="c"),
            words("preview-left_out", field="UF_CRM_NONE", value="Курс Б", why=words("left-out-no_field")),
            words("preview-others", count=1),
            words("preview-nothing-written"),
        ]
        assert written(outside) == []


async def test_a_phone_number_in_a_value_is_masked(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, **STAFF) as town:
        await quiet(town, partner)
        number = partner.add_deal(TITLE="Анна +7 916 123-45-67")
        assert "123-45" not in await preview(town, await shown(town, str(number)))


async def test_many_fields_are_cut_with_how_many_there_are_more(outside: Outside, tmp_path: Path) -> None:
    rules = tmp_path / "mapping.toml"
    fields = "".join(f"[fields.UF_CRM_F{number}]\nsource = 'TITLE'\n" for number in range(40))
    rules.write_text(f"version = 1\n{fields}", "utf-8")
    partner = new_partner(outside)
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **STAFF) as town:
        await quiet(town, partner)
        number = partner.add_deal(TITLE="x" * 300)
        told = await preview(town, await shown(town, str(number)))
        assert words("preview-more", count=25) in told
        assert len(told) < 4096


async def test_a_deal_that_is_gone_meanwhile_and_a_portal_that_is_away_are_told(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, BITRIX24_RETRY_MAX_ATTEMPTS="1", **STAFF) as town:
        await quiet(town, partner)
        card = await shown(town, str(partner.add_deal(TITLE="Курс")))
        partner.deals.clear()
        assert await pressed(town, card) == words("error-no-deal")
        partner.faults.plan("html", times=None)
        assert await pressed(town, card) == words("error-unavailable")


async def pressed(town: Town, card: Message) -> str:
    """What the answer to a press says, by itself or in words below."""
    said = len(town.sent(ADMIN))
    told: Any = await town.presses(ADMIN, card, BUTTON)
    assert len(town.sent(ADMIN)) == said
    return str(told.text)


async def test_others_are_refused_and_the_longest_domain_has_a_button_too(outside: Outside) -> None:
    longest = f"{'p' * 51}.bitrix24.ru"
    partners = [new_partner(outside, domain) for domain in (OTHER, longest)]
    async with exchanging(outside, *partners, **STAFF) as town:
        await quiet(town, partners[1])
        number = partners[1].add_deal(TITLE="Курс")
        card = await shown(town, f"{longest}/{number}")
        assert BUTTON in press_buttons(card)
        assert "Курс" in await preview(town, card)
        town.world.press(card.chat.id, card.message_id, ADMIN, BUTTON)
        await town.settle()
        before = len(town.sent(CHEN))
        await town.says(CHEN, f"/deal {longest}/{number}")
        assert town.last(CHEN).text == words("error-not-staff")
        assert len(town.sent(CHEN)) == before + 1


EACH = """
version = 4
[fields.TITLE]
source = "TITLE"
when = "on_add"
[fields.COMMENTS]
source = "COMMENTS"
when = "if_empty"
[fields.OPPORTUNITY]
source = "OPPORTUNITY"
when = "never"
[fields.ADDITIONAL_INFO]
source = "UF_CRM_NONE"
[fields.SOURCE_DESCRIPTION]
concat = "{source_id} of {source_domain}"
[fields.UF_CRM_IMPORT_DATE]
now = true
when = "on_add"
[fields.ASSIGNED_BY_ID]
source = "ASSIGNED_BY_ID"
"""


async def test_each_field_tells_what_becomes_of_it_and_why(outside: Outside, tmp_path: Path) -> None:
    rules = tmp_path / "mapping.toml"
    rules.write_text(EACH, "utf-8")
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, MAPPING_FILE=str(rules), **STAFF) as town:
        await pass_by(town)
        number = partner.add_deal(TITLE="Курс", OPPORTUNITY="100", COMMENTS="a")
        await transferred(town)
        [target] = home.deals
        partner.events.handlers.clear()
        edit(partner, number, TITLE="Курс Б", COMMENTS="b")
        rooms = town.switchboard.hub.deal_rooms
        assert rooms is not None
        preview_of = Preview(rooms.looking, rooms.twins)
        plan = await preview_of.of(DealKey(PARTNER, number))
        assert plan is not None
        assert (plan.twin, plan.writes, plan.bound) == (target, 0, frozenset())
        day = town.clock.now().date().isoformat()
        assert {line.field: (line.verdict, line.why) for line in plan.lines} == {
            "TITLE": ("stays", "on_add"),
            "COMMENTS": ("stays", "if_empty"),
            "OPPORTUNITY": ("stays", "never"),
            "ADDITIONAL_INFO": ("nothing", ""),
            "SOURCE_DESCRIPTION": ("unchanged", ""),
            "UF_CRM_IMPORT_DATE": ("unchanged", ""),
            "ASSIGNED_BY_ID": ("left_out", "link"),
        }
        shown_as = {line.field: (line.source, line.planned, line.present) for line in plan.lines}
        assert shown_as["TITLE"] == ("Курс Б", "Курс Б", "Курс")
        assert shown_as["UF_CRM_IMPORT_DATE"] == ("", day, day)
        assert shown_as["SOURCE_DESCRIPTION"][0] == "{source_id} of {source_domain}"


async def test_a_twin_is_found_by_its_origin_and_one_that_is_deleted_is_made_anew(outside: Outside) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, **STAFF) as town:
        await pass_by(town)
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        [target] = home.deals
        partner.events.handlers.clear()
        home.events.handlers.clear()
        rooms = town.switchboard.hub.deal_rooms
        assert rooms is not None
        preview_of, key = Preview(rooms.looking, rooms.twins), DealKey(PARTNER, number)
        await town.switchboard.hub.database.write(
            lambda tx: tx.execute(text("DELETE FROM deal_links")).rowcount
        )
        found = await preview_of.of(key)
        assert found is not None
        assert (found.twin, found.writes) == (target, 0)
        delete(home, target)
        gone = await preview_of.of(key)
        assert gone is not None
        assert gone.twin is None
        assert gone.writes > 0


async def test_of_a_twin_that_was_deleted_it_is_told_that_nothing_is_written_unless_somebody_asks(
    outside: Outside,
) -> None:
    partner, home = new_partner(outside), outside.portal
    async with exchanging(outside, partner, **STAFF) as town:
        await pass_by(town)
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        [target] = home.deals
        card = await shown(town, str(number))
        partner.events.handlers.clear()
        home.events.handlers.clear()
        delete(home, target)
        told = await preview(town, card)
        assert told.split("\n")[1] == words("preview-gone", number=target)
        assert words("preview-written", field="TITLE", before="–", after="Курс") in told


async def test_in_a_group_a_deal_with_a_twin_has_the_button_too_and_only_staff_may_press(
    outside: Outside,
) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, pace=UNPACED, **STAFF) as town:
        await pass_by(town)
        number = partner.add_deal(TITLE="Курс")
        await transferred(town)
        card = answer(town, await town.says(ADMIN, f"/deal {number}", GROUP))
        assert press_buttons(card) == [BUTTON]
        refused = await town.presses(CHEN, card, BUTTON)
        assert refused is not None
        assert refused.text == words("error-not-staff")
        assert town.last(GROUP) is card
        await town.presses(ADMIN, card, BUTTON)
        assert town.last(GROUP).text.startswith(
            words("preview-head", key=f"{PARTNER}/{number}", label=label(town))
        )


async def test_what_comes_over_beside_the_fields_is_told_in_words(outside: Outside) -> None:
    partner = new_partner(outside)
    async with exchanging(outside, partner, **STAFF) as town:
        await quiet(town, partner)
        number = partner.add_deal(TITLE="Курс", CONTACT_ID=partner.add_contact(NAME="Анна"))
        lines = (await preview(town, await shown(town, str(number)))).split("\n")
        assert lines[lines.index(words("preview-bound")) + 1] == words("bound-contacts")
        assert "CONTACT_IDS" not in "".join(lines)


async def test_what_no_rule_takes_is_named(outside: Outside) -> None:
    partner = new_partner(outside)
    for name in ("UF_CRM_CITY", "UF_CRM_STREET"):
        add_user_field(partner, {"FIELD_NAME": name, "USER_TYPE_ID": "string"})
    async with exchanging(outside, partner, **STAFF) as town:
        await quiet(town, partner)
        number = partner.add_deal(TITLE="Курс", CATEGORY_ID=1, UF_CRM_CITY="Омск", UF_CRM_CONTRACT="Д-17")
        told = await preview(town, await shown(town, str(number)))
        assert words("preview-passed-by", names="UF_CRM_CITY") in told
