"""`run.py resync` as an operator meets it, beside a running hub and without one."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.commands.test_run import Result, Run, run
from tests.e2e.reconciling import PARTNER, at_work, partner_of, passes
from tests.storage.files import new_file
from tests.town import Outside, Town, new_outside, portal_settings

__all__ = ["run"]

KIND = ("resync", "deals")
NOBODY = {
    "BITRIX24_URL": "https://home.bitrix24.ru/rest/1/secretcode/",
    "BITRIX24_SOURCES": json.dumps({PARTNER: {"url": f"https://{PARTNER}/rest/1/secretcode/"}}),
}
SELDOM = {"DEALS_SYNC_INTERVAL": "86400"}


async def told(run: Run, outside: Outside, *arguments: str) -> Result:
    """What the command says beside the hub of this folder."""
    sources = {PARTNER: {"url": partner_of(outside).url(outside.sandbox)}}
    settings = portal_settings(outside.portal, outside.sandbox) | {
        "BITRIX24_SOURCES": json.dumps(sources),
        "DATABASE_URL": f"sqlite+aiosqlite:///{outside.folder}/hub.db",
    }
    return await asyncio.to_thread(run, *KIND, *arguments, **settings)


async def first_pass(town: Town) -> None:
    """Wait for the one that each start begins with."""
    async with asyncio.timeout(30):
        while not await passes(town):
            await asyncio.sleep(0.05)


async def test_a_running_hub_compares_and_the_counts_are_shown(run: Run, tmp_path: Path) -> None:
    async with new_outside(tmp_path) as outside:
        partner = partner_of(outside)
        async with at_work(outside, **SELDOM) as town:
            await first_pass(town)
            partner.add_deal(TITLE="Курс")
            counted = await told(run, outside, "--dry-run")
            assert (counted.returncode, counted.stderr) == (0, "")
            assert f"{PARTNER}: 1 changed, 1 to look at\n" in counted.stdout
            done = await told(run, outside)
            assert (done.returncode, done.stderr) == (0, "")
            ends = "created 1, updated 0, unchanged 0, conflict 0, failed 0, waiting 0"
            assert f"{PARTNER}: 1 changed, 1 looked at: {ends}; no event had told of 1\n" in done.stdout
            assert [deal["TITLE"] for deal in outside.portal.deals.values()] == ["Курс"]


async def test_a_portal_that_is_away_is_a_failure(run: Run, tmp_path: Path) -> None:
    async with new_outside(tmp_path) as outside:
        partner = partner_of(outside)
        async with at_work(outside, BITRIX24_RETRY_MAX_ATTEMPTS="1", **SELDOM) as town:
            await first_pass(town)
            partner.faults.plan("html", times=None)
            failed = await told(run, outside, "--since", "2026-01-31T12:00:00+03:00")
            assert failed.returncode == 1
            assert f"{PARTNER}: could not be asked to the end: " in failed.stdout


def test_what_is_no_kind_or_no_moment_is_refused(run: Run) -> None:
    for arguments in (("resync", "orders"), (*KIND, "--since", "tomorrow"), ("resync",)):
        refused = run(*arguments, **NOBODY)
        assert (refused.returncode, refused.stdout) == (2, "")


def test_without_sources_there_is_nothing_to_compare(run: Run) -> None:
    refused = run(*KIND)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "BITRIX24_SOURCES" in refused.stderr


def test_without_a_hub_it_is_kept_for_the_next_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = new_file(tmp_path / "data", "switchboard.db")
    kept = run(*KIND, **NOBODY)
    assert (kept.returncode, kept.stderr) == (0, "")
    assert kept.stdout == "no hub works at the moment; the next one that starts compares them\n"
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT topic, key, state, payload FROM jobs").fetchall()
    assert rows == [
        ("reconcile", "tick:reconcile", "waiting", '{"by":"command line","since":null}'),
    ]
