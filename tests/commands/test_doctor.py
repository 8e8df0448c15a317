"""`run.py doctor` as an operator meets it: one line a check, what is wrong and what to do."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.telegram.state import DEMO_TOKEN
from services.flow.pause import RESUME_HINT
from settings import load_settings
from storage import switches
from storage.backup import SqliteSource, back_up
from storage.steps import Steps
from storage.switches import Switch
from tests.commands.test_run import Result, Run, run
from tests.postgres import PostgresServer, new_database
from tests.storage.files import new_file, opened
from tests.storage.rows import NOON
from tests.town import HOME_PORTAL, Outside, new_outside, portal_settings

__all__ = ["run"]

Findings = dict[str, tuple[str, str]]


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    """Telegram."""
    async with new_outside(tmp_path) as world:
        yield world


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database where the settings of an empty environment look for it."""
    (tmp_path / "data").mkdir()
    return new_file(tmp_path / "data", "switchboard.db")


class Doctor:
    """Runs it with settings that are all right but for what a test changes."""

    def __init__(self, run: Run, outside: Outside) -> None:
        self._run = run
        self._outside = outside

    @property
    def portal(self) -> dict[str, str]:
        """What connects the home portal."""
        return portal_settings(self._outside.portal, self._outside.sandbox)

    async def asked(self, **changed: str) -> tuple[Result, Findings]:
        """The process as it ended, and by check the level and the words."""
        settings = {
            "TELEGRAM_BOT_TOKEN": DEMO_TOKEN,
            "TELEGRAM_API_URL": self._outside.api_url,
            "ADMIN_IDS": "1",
            "HEARTBEAT_URL": f"{self._outside.api_url}/bot{DEMO_TOKEN}/getMe?key=swordfish",
        }
        result = await asyncio.to_thread(self._run, "doctor", **(settings | changed))
        lines = [line.split(maxsplit=2) for line in result.stdout.splitlines()[:-1]]
        return result, {name: (level, " ".join(words)) for level, name, *words in lines}


@pytest.fixture
def doctor(run: Run, outside: Outside) -> Doctor:
    return Doctor(run, outside)


async def backed_up(file: Path) -> None:
    """A regular backup, made just now."""
    (file.parent / "backups").mkdir()
    name = f"switchboard-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup"
    await back_up(SqliteSource(file), file.parent / "backups" / name, Steps(), now=NOON, version="1")


async def test_when_all_is_well_it_says_so_and_ends_with_zero(doctor: Doctor, file: Path) -> None:
    await backed_up(file)

    result, found = await doctor.asked()

    assert (result.returncode, result.stderr) == (0, "")
    assert {level for level, _ in found.values()} == {"ok"}
    names = ["settings", "database", "telegram", "file", "backup", "disk", "heartbeat", "updates", "admins"]
    assert set(names) <= set(found)
    assert result.stdout.splitlines()[-1] == "all is well"


async def test_it_asks_beside_a_running_hub(doctor: Doctor, file: Path) -> None:
    async with opened(file):
        result, found = await doctor.asked()
    assert result.returncode == 0
    assert found["database"][0] == "ok"


async def test_warnings_alone_do_not_fail(doctor: Doctor, file: Path) -> None:
    result, found = await doctor.asked(ADMIN_IDS="", HEARTBEAT_URL="", BACKUP_INTERVAL_HOURS="0")

    assert result.returncode == 0
    assert found["admins"] == (
        "warning",
        "nobody may decide or use the admins' commands. To do: start the hub and send the bot the /start "
        "line of its log, or set ADMIN_IDS or ADMIN_CHAT_ID",
    )
    assert found["heartbeat"][1].endswith("To do: set HEARTBEAT_URL")
    assert found["backup"][1].endswith("To do: set BACKUP_INTERVAL_HOURS")
    assert result.stdout.splitlines()[-1] == "0 failed, 3 warnings"


async def test_a_pause_is_told_with_how_to_end_it_without_the_admin_who_began_it(
    doctor: Doctor, file: Path
) -> None:
    paused = Switch("paused", True, "user:5", "Ann", 5, NOON)
    async with opened(file) as database:
        await database.write(lambda tx: switches.turn(tx, paused))
        result, found = await doctor.asked()
    assert result.returncode == 0
    assert found["work"] == ("warning", f"paused by Ann since 2026-01-15 12:00 UTC. To do: {RESUME_HINT}")


async def test_a_wrong_token_is_told_with_where_to_get_the_right_one(doctor: Doctor, file: Path) -> None:
    wrong = DEMO_TOKEN[:-3] + "xyz"

    result, found = await doctor.asked(TELEGRAM_BOT_TOKEN=wrong)

    assert result.returncode == 1
    hint = "take the token from @BotFather and put it into TELEGRAM_BOT_TOKEN"
    assert found["telegram"] == ("failed", f"Telegram refuses the token. To do: {hint}")


async def test_no_secret_is_shown_whatever_is_wrong(doctor: Doctor, file: Path) -> None:
    url = "postgresql+asyncpg://hub:open-sesame@127.0.0.1:9/hub"

    result, found = await doctor.asked(
        TELEGRAM_API_URL="http://127.0.0.1:9",
        DATABASE_URL=url,
        HEARTBEAT_URL="http://127.0.0.1:9/swordfish",
    )

    assert result.returncode == 1
    failed = {name for name, (level, _) in found.items() if level == "failed"}
    assert failed == {"database", "telegram", "heartbeat"}
    for secret in (DEMO_TOKEN, "open-sesame", "swordfish"):
        assert secret not in result.stdout + result.stderr


async def test_without_a_database_it_says_that_the_first_start_makes_one(
    doctor: Doctor, tmp_path: Path
) -> None:
    result, found = await doctor.asked()

    assert result.returncode == 0
    assert found["database"][0] == "warning"
    assert found["database"][1].startswith("there is none yet at data/switchboard.db")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("revision", "line"),
    [("0001", "the tables of an older Switchboard"), ("9999", "was written by a newer Switchboard")],
)
async def test_tables_of_another_version_are_told(
    doctor: Doctor, file: Path, revision: str, line: str
) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))

    result, found = await doctor.asked()

    assert result.returncode == 1
    assert found["database"][0] == "failed"
    assert line in found["database"][1]


async def test_a_damaged_file_is_told(doctor: Doctor, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        rows = [("c", f"{n}", "d", "{}") for n in range(2000)]
        statement = (
            "INSERT INTO jobs (topic, key, dedup_id, payload, state, due_at, correlation_id, accepted_at) "
            "VALUES (?, 'k', ?, ?, 'done', 'now', ?, 'now')"
        )
        connection.executemany(statement, rows)
    content = bytearray(file.read_bytes())
    for page in range(len(content) // 4096 - 20, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    file.write_bytes(content)

    result, found = await doctor.asked()

    assert result.returncode == 1
    assert found["file"][0] == "failed"
    assert "To do: restore the newest backup" in found["file"][1]


async def test_a_webhook_that_swallows_what_polling_waits_for_is_told(
    doctor: Doctor, outside: Outside, file: Path
) -> None:
    async with outside.hub(
        TELEGRAM_MODE="webhook",
        TELEGRAM_WEBHOOK_URL="http://127.0.0.1:9/telegram/webhook",
        TELEGRAM_WEBHOOK_SECRET="a-secret",
    ):
        async with asyncio.timeout(60):
            while not outside.world.updates.webhook.url:
                await asyncio.sleep(0.01)

    result, found = await doctor.asked()

    assert result.returncode == 1
    assert found["updates"][0] == "failed"
    assert found["updates"][1].startswith("a webhook is set, so polling gets nothing")


async def test_a_webhook_elsewhere_is_told(doctor: Doctor, file: Path) -> None:
    webhook = {
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_URL": "http://127.0.0.1:9/telegram/webhook",
        "TELEGRAM_WEBHOOK_SECRET": "a-secret",
    }
    _, found = await doctor.asked(**webhook)
    assert found["updates"] == (
        "failed",
        "Telegram calls nobody. To do: start the hub, which tells Telegram TELEGRAM_WEBHOOK_URL",
    )


async def test_a_heartbeat_that_nobody_hears_is_told(doctor: Doctor, file: Path) -> None:
    result, found = await doctor.asked(HEARTBEAT_URL="http://127.0.0.1:9/swordfish")
    assert result.returncode == 1
    assert found["heartbeat"] == (
        "failed",
        "the call to HEARTBEAT_URL fails: ConnectError. "
        "To do: look at HEARTBEAT_URL, and whether the other service is up",
    )


async def test_a_gallery_that_does_not_answer_is_told(doctor: Doctor, file: Path) -> None:
    result, found = await doctor.asked(GALLERY_API_URL="http://127.0.0.1:9", GALLERY_API_KEY="k" * 40)
    assert result.returncode == 1
    assert found["gallery"][0] == "failed"


async def test_a_portal_is_asked_whether_it_lets_the_hub_in(doctor: Doctor, file: Path) -> None:
    result, found = await doctor.asked(**doctor.portal)
    assert result.returncode == 0
    assert found["portal"][0] == "ok"
    assert re.fullmatch(rf"{HOME_PORTAL} answers in [0-9]+ ms", found["portal"][1])


async def test_a_portal_that_refuses_the_webhook_is_told_without_the_address(
    doctor: Doctor, outside: Outside, file: Path
) -> None:
    connected = doctor.portal
    outside.portal.webhooks[0] = replace(outside.portal.webhooks[0], code="madeanewmeanwhile")
    result, found = await doctor.asked(**connected)
    assert result.returncode == 1
    level, words = found["portal"]
    assert (level, words.split(":")[0]) == ("failed", f"{HOME_PORTAL} refuses the webhook")
    assert "BITRIX24_URL" in words
    assert load_settings(connected, None).bitrix24.code not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("scopes", "process", "told"),
    [
        (["user"], "1036", "the webhook lacks the permission crm. To do: Tick it in the portal's webhook."),
        (["crm"], "1999", "POLL_FORM_ENTITY_TYPE_ID is 1999, and the portal shows no such smart process"),
    ],
)
async def test_what_the_portal_does_not_let_the_hub_see_is_told(
    doctor: Doctor, outside: Outside, file: Path, scopes: list[str], process: str, told: str
) -> None:
    outside.portal.allow(scopes)
    result, _ = await doctor.asked(**doctor.portal | {"POLL_FORM_ENTITY_TYPE_ID": process})
    assert result.returncode == 1
    [line] = [each for each in result.stdout.splitlines() if each.startswith("failed")]
    assert told in line


async def test_a_portal_that_does_not_answer_is_told(doctor: Doctor, file: Path) -> None:
    nowhere = {"BITRIX24_URL": "http://127.0.0.1:9/rest/1/abcdefgh12345678/"}
    result, found = await doctor.asked(**nowhere)
    assert (result.returncode, found["portal"][0]) == (1, "failed")
    assert found["portal"][1].endswith(
        "To do: See BITRIX24_URL, and whether the portal can be opened in a browser."
    )


async def test_bad_settings_end_with_two_before_anything_is_asked(doctor: Doctor) -> None:
    result, found = await doctor.asked(HTTP_PORT="high", TELEGRAM_MODE="carrier pigeon")
    assert (result.returncode, found) == (2, {})
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["TELEGRAM_MODE", "HTTP_PORT"]


async def test_postgres_is_asked_for_its_version_and_whether_it_keeps_what_it_is_given(
    doctor: Doctor, postgres_url: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """The test's own server runs without fsync: a good doctor notices."""
    result, found = await doctor.asked(
        DATABASE_URL=postgres_url, BACKUP_DIR=str(tmp_path), PATH=str(postgres_server.bin)
    )

    assert result.returncode == 0
    level, words = found["database"]
    assert level == "warning"
    assert words.startswith("PostgreSQL 18")
    assert "fsync is off" in words
    assert found["backup"][0] == "warning"  # none yet, but pg_dump is there


async def test_on_an_empty_postgres_it_says_that_the_first_start_makes_the_tables(
    doctor: Doctor, postgres_server: PostgresServer
) -> None:
    async with new_database(postgres_server, template="template0") as url:
        result, found = await doctor.asked(DATABASE_URL=url)
    assert result.returncode == 0
    assert found["database"] == ("warning", "there are no tables in it yet. To do: start the hub once")


async def test_on_postgres_without_pg_dump_backups_fail(
    doctor: Doctor, postgres_url: str, tmp_path: Path
) -> None:
    result, found = await doctor.asked(
        DATABASE_URL=postgres_url, BACKUP_DIR=str(tmp_path), PATH=str(tmp_path)
    )
    assert result.returncode == 1
    assert found["backup"][1].startswith("pg_dump is not installed")


async def test_a_portal_is_asked_before_the_first_start_too(doctor: Doctor) -> None:
    _, found = await doctor.asked(**doctor.portal)
    assert found["database"][0] == "warning"
    assert found["portal"][0] == "ok"
