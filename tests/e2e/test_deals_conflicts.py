"""Somebody edits a twin at home, and people are asked whose value stays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.bitrix24.portal import Portal
from services.deals.model import Result
from tests.e2e.council import OFFICE
from tests.e2e.deals_asking import (
    ASK,
    answers,
    asking,
    at_rest,
    labels,
)
from tests.e2e.partner import PARTNER, edit, looked_at, new_partner, story
from tests.e2e.wording import words
from tests.town import Outside, Town


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
