"""`run.py mapping` as an operator meets it, with and without a hub."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.portal import Portal
from sandbox.telegram.state import DEMO_TOKEN
from tests.commands.test_resync import first_pass
from tests.commands.test_run import Result, Run, run
from tests.e2e.partner import OTHER, PARTNER, delete, edit, exchanging, new_partner
from tests.storage.files import new_file
from tests.town import HOME_PORTAL, Outside, new_outside, portal_settings

__all__ = ["run"]

URL = "https://{}/rest/1/secretcode/"
TWO = {
    "BITRIX24_URL": URL.format("home.bitrix24.ru"),
    "BITRIX24_SOURCES": json.dumps({domain: {"url": URL.format(domain)} for domain in (PARTNER, OTHER)}),
}


async def said(run: Run, outside: Outside, *arguments: str, **more: str) -> Result:
    """What the command says when these portals are in its settings."""
    named = {each.domain: each for each in outside.bitrix24.portals.values()}
    named.pop(outside.portal.domain)
    sources = {domain: {"url": each.url(outside.sandbox)} for domain, each in named.items()}
    settings = portal_settings(outside.portal, outside.sandbox) | {
        "BITRIX24_SOURCES": json.dumps(sources),
        "BITRIX24_RETRY_MAX_ATTEMPTS": "1",
        "DATABASE_URL": f"sqlite+aiosqlite:///{outside.folder}/hub.db",
    }
    return await asyncio.to_thread(run, "mapping", *arguments, **(settings | more))


def cells(line: str) -> list[str]:
    """A row of the table."""
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def table(told: Result) -> dict[str, list[str]]:
    """The rows behind the head, by field."""
    return {found[0]: found[1:] for found in map(cells, told.stdout.splitlines()[2:-1])}


def dump(path: Path) -> list[str]:
    """Everything that is stored."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return list(database.iterdump())


def writes(portal: Portal) -> list[str]:
    """The methods that were called and change something."""
    methods = {call.method for call in portal.ledger.calls}
    return sorted(each for each in methods if each.rpartition(".")[2] in {"add", "update", "set", "delete"})


async def test_without_a_database_a_deal_is_shown_as_it_would_be_made(run: Run, tmp_path: Path) -> None:
    async with new_outside(tmp_path) as outside:
        partner = new_partner(outside)
        number = partner.add_deal(
            TITLE="Курс +79161234567", OPPORTUNITY="10", CATEGORY_ID=1, STAGE_ID="C1:NEW"
        )
        told = await said(run, outside, "test", str(number))
        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout.startswith(f"{PARTNER}/{number}, no twin yet: one would be made, mapping 1:")
        found = table(told)
        assert found["OPPORTUNITY"] == ["10", "10", "-", "write"]
        assert found["STAGE_ID"] == ["Обучение: Новая", "Общая: Новая", "-", "write"]
        assert found["SOURCE_DESCRIPTION"][1:] == [f"Import from {PARTNER}", "-", "write"]
        assert found["UF_CRM_PARTNER_ID"] == ["-", "-", "-", "the source has nothing"]
        assert "1234567" not in told.stdout
        assert told.stdout.endswith(" fields would be written; nothing was\n")
        assert (outside.portal.deals, writes(outside.portal), writes(partner)) == ({}, [], [])
        assert not (tmp_path / "hub.db").exists()


async def test_beside_a_hub_the_twin_is_shown_with_what_differs_and_nothing_is_stored(
    run: Run, tmp_path: Path
) -> None:
    async with new_outside(tmp_path) as outside:
        partner, home = new_partner(outside), outside.portal
        async with exchanging(outside, partner, DEALS_SYNC_INTERVAL="86400") as town:
            await first_pass(town)
            number = partner.add_deal(TITLE="Курс", OPPORTUNITY="100")
            await town.until(lambda: bool(home.deals))
            await town.settle()
            [target] = home.deals
            for portal in (partner, home):
                portal.events.handlers.clear()
            edit(home, target, OPPORTUNITY="250")
            edit(partner, number, CURRENCY_ID="USD")
            home.ledger.clear()
            links = await town.rows("SELECT * FROM deal_links")
            journal = await town.rows("SELECT * FROM journal")
            told = await said(run, outside, "test", f"{PARTNER}/{number}")
            assert await town.rows("SELECT * FROM deal_links") == links
            assert await town.rows("SELECT * FROM journal") == journal
        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout.startswith(f"{PARTNER}/{number}, its twin {target}, mapping 1:")
        found = table(told)
        assert found["TITLE"] == ["Курс", "Курс", "Курс", "unchanged"]
        assert found["OPPORTUNITY"] == ["100", "100", "250", "write, undoing an edit at home"]
        assert found["CURRENCY_ID"] == ["USD", "USD", "RUB", "write"]
        assert writes(home) == []


async def test_of_a_twin_that_was_deleted_nothing_is_written_unless_somebody_asks(
    run: Run, tmp_path: Path
) -> None:
    async with new_outside(tmp_path) as outside:
        partner, home = new_partner(outside), outside.portal
        async with exchanging(outside, partner, DEALS_SYNC_INTERVAL="86400") as town:
            await first_pass(town)
            number = partner.add_deal(TITLE="Курс")
            await town.until(lambda: bool(home.deals))
            await town.settle()
            [target] = home.deals
            for portal in (partner, home):
                portal.events.handlers.clear()
            delete(home, target)
            told = await said(run, outside, "test", str(number))
        assert told.stdout.startswith(
            f"{PARTNER}/{number}, its twin {target} was deleted at home: nothing is written unless"
            " somebody asks for it, mapping 1:"
        )
        assert table(told)["TITLE"] == ["Курс", "Курс", "-", "write once somebody asks"]
        assert told.stdout.endswith(" fields would be written once somebody asks; nothing was\n")


async def test_the_database_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    async with new_outside(tmp_path) as outside:
        partner = new_partner(outside)
        path = new_file(tmp_path, "hub.db")
        before = dump(path)
        number = partner.add_deal(TITLE="Курс")
        assert (await said(run, outside, "test", str(number))).returncode == 0
        assert dump(path) == before


async def test_a_deal_that_is_not_there_and_a_portal_that_is_away_are_failures(
    run: Run, tmp_path: Path
) -> None:
    async with new_outside(tmp_path) as outside:
        partner = new_partner(outside)
        gone = await said(run, outside, "test", "999")
        assert (gone.returncode, gone.stdout) == (1, "")
        assert gone.stderr == f"switchboard: {PARTNER} has no deal 999\n"
        partner.faults.plan("html", times=None)
        away = await said(run, outside, "test", "999")
        assert (away.returncode, away.stdout) == (1, "")
        assert away.stderr.startswith("switchboard: bitrix24: ")
        assert "Traceback" not in away.stderr


@pytest.mark.parametrize(
    ("wanted", "faults"),
    [
        ("12", ["of which portal?"]),
        ("evil.bitrix24.ru/0", ["no deal's number", "is none of the portals"]),
        (f"{PARTNER}/", ["no deal's number"]),
        (f"{PARTNER}/{'9' * 20}", ["no deal's number"]),
        ("x", ["no deal's number", "of which portal?"]),
    ],
)
def test_what_names_no_deal_is_refused_with_all_that_is_wrong(
    run: Run, wanted: str, faults: list[str]
) -> None:
    refused = run("mapping", "test", wanted, **TWO)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == len(faults)
    assert all(fault in refused.stderr for fault in faults)


def test_without_sources_or_with_a_bad_file_nothing_is_tried(run: Run, tmp_path: Path) -> None:
    for arguments in (("test", "1"), ("create-fields",)):
        refused = run("mapping", *arguments)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr == (
            "switchboard: BITRIX24_URL is not set\nswitchboard: BITRIX24_SOURCES is not set\n"
        )
        bad = tmp_path / "bad.toml"
        bad.write_text("version = 'x'\n", "utf-8")
        refused = run("mapping", *arguments, MAPPING_FILE=str(bad))
        assert refused.returncode == 2
        assert "MAPPING_FILE: version" in refused.stderr
        assert "BITRIX24_SOURCES is not set" in refused.stderr


async def test_missing_fields_are_listed_and_made_once(run: Run, tmp_path: Path) -> None:
    async with new_outside(tmp_path) as outside:
        new_partner(outside)
        path, home = new_file(tmp_path, "hub.db"), outside.portal.entities[DEAL].fields
        rules = tmp_path / "mapping.toml"
        rules.write_text(
            "version = 1\n[fields.UF_CRM_LAST]\nnow = true\n[fields.UF_CRM_NAMED_TOO_LONG]\nvalue = 1\n",
            "utf-8",
        )
        listed = await said(run, outside, "create-fields", "--dry-run", MAPPING_FILE=str(rules))
        assert (listed.returncode, listed.stdout) == (
            0,
            "UF_CRM_LAST: datetime\n"
            "UF_CRM_NAMED_TOO_LONG: has to be made in the portal, or named otherwise\n1 field to make\n",
        )
        assert "UF_CRM_LAST" not in home
        made = await said(run, outside, "create-fields", MAPPING_FILE=str(rules))
        assert (made.returncode, made.stderr) == (0, "")
        assert made.stdout.endswith("UF_CRM_LAST: made\n")
        assert home["UF_CRM_LAST"].type == "datetime"
        again = await said(run, outside, "create-fields", MAPPING_FILE=str(rules))
        assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "0 fields to make")
        with closing(sqlite3.connect(path)) as database:
            query = "SELECT actor, action, kind, key FROM journal"
            assert database.execute(query).fetchall() == [("command line", "add", "field", "UF_CRM_LAST")]


async def test_what_the_portal_refuses_is_a_failure(run: Run, tmp_path: Path) -> None:
    async with new_outside(tmp_path) as outside:
        new_partner(outside)
        new_file(tmp_path, "hub.db")
        rules = tmp_path / "mapping.toml"
        rules.write_text("version = 1\n[fields.UF_CRM_LAST]\nnow = true\n", "utf-8")
        outside.portal.faults.plan("zero", method="crm.deal.userfield.add")
        refused = await said(run, outside, "create-fields", MAPPING_FILE=str(rules))
        assert refused.returncode == 1
        assert "UF_CRM_LAST: refused: " in refused.stdout


async def asked_doctor(run: Run, outside: Outside, rules: Path, **more: str) -> Result:
    """What the doctor says."""
    source = {PARTNER: {"url": outside.bitrix24.portals[PARTNER].url(outside.sandbox)}}
    settings = portal_settings(outside.portal, outside.sandbox) | {
        "TELEGRAM_BOT_TOKEN": DEMO_TOKEN,
        "TELEGRAM_API_URL": outside.api_url,
        "BITRIX24_SOURCES": json.dumps(source),
        "DATABASE_URL": f"sqlite+aiosqlite:///{outside.folder}/hub.db",
        "MAPPING_FILE": str(rules),
    }
    return await asyncio.to_thread(run, "doctor", **(settings | more))


@pytest.mark.parametrize("has_run", [True, False])
async def test_the_doctor_names_the_command_that_makes_a_missing_field(
    run: Run, tmp_path: Path, has_run: bool
) -> None:
    async with new_outside(tmp_path) as outside:
        new_partner(outside)
        rules = tmp_path / "mapping.toml"
        rules.write_text("version = 1\n[fields.UF_CRM_LAST]\nnow = true\n", "utf-8")
        if has_run:
            new_file(tmp_path, "hub.db")
        told = await asked_doctor(run, outside, rules)
        [line] = [each for each in told.stdout.splitlines() if each.split()[1] == "mapping"]
        assert " ".join(line.split()) == (
            f"warning mapping {HOME_PORTAL} has no field UF_CRM_LAST: it is left out. "
            "To do: make it with the button below /doctor, or with run.py mapping create-fields"
        )
        assert (tmp_path / "hub.db").exists() == has_run
