"""The command line as an operator meets it: run.py in a process of its own, in an empty directory."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
API_KEY = "k" * 40

Result = subprocess.CompletedProcess[str]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `python run.py ARGUMENTS` with just these variables set."""

    def run_py(*arguments: str, **environ: str) -> Result:
        path = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        return subprocess.run(
            [sys.executable, str(ROOT / "run.py"), *arguments],
            cwd=tmp_path,
            env={**path, "PYTHONDONTWRITEBYTECODE": "1", **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run_py


def shown(result: Result) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in result.stdout.splitlines())


def test_version_is_the_projects(run: Run) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    result = run("version")

    assert (result.returncode, result.stdout) == (0, f"switchboard {project['version']}\n")


def test_version_loads_neither_server_nor_database_nor_bot(run: Run) -> None:
    result = run("version", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.split("|")[-1].strip() for line in result.stderr.splitlines()}

    assert "commands.version" in loaded
    assert not loaded & {"settings", "uvicorn", "uvloop", "fastapi", "sqlalchemy", "telegram", "structlog"}


def test_check_settings_shows_every_value_with_secrets_masked(run: Run) -> None:
    result = run("check-settings", TELEGRAM_BOT_TOKEN=TOKEN, API_KEYS=API_KEY, HTTP_PORT="9000")

    assert (result.returncode, result.stderr) == (0, "")
    assert shown(result)["TELEGRAM_BOT_TOKEN"] == "set, 45 characters"
    assert shown(result)["API_KEYS"] == "set, 40 characters"
    assert shown(result)["HTTP_PORT"] == "9000"
    assert shown(result)["REACTION_EXISTS"] == "✅,👌,👍"
    assert TOKEN not in result.stdout
    assert API_KEY not in result.stdout


def test_check_settings_reports_all_faults_together_one_line_each(run: Run) -> None:
    result = run(
        "check-settings", HTTP_PORT="high", TIMEZONE="Nowhere", TELEGRAM_MODE="webhook", API_KEYS="leaked"
    )

    assert (result.returncode, result.stdout) == (2, "")
    assert sorted(line.split(":")[0] for line in result.stderr.splitlines()) == [
        "API_KEYS",
        "HTTP_PORT",
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_WEBHOOK_SECRET",
        "TELEGRAM_WEBHOOK_URL",
        "TIMEZONE",
    ]
    assert "leaked" not in result.stderr


@pytest.mark.parametrize("command", ["check-settings", "serve"])
def test_what_is_no_mapping_is_told_with_all_its_faults(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "mapping.toml").write_text('version = 1\n[fields.TITLE]\nwhen = "often"\ncolour = "red"\n')

    result = run(command, TELEGRAM_BOT_TOKEN=TOKEN, ADMIN_IDS="1", MAPPING_FILE="mapping.toml", HTTP_PORT="0")

    assert (result.returncode, result.stdout) == (2, "")
    places = [line.split(": ")[:2] for line in result.stderr.splitlines()]
    assert ["MAPPING_FILE", "fields.TITLE.when"] in places
    assert ["MAPPING_FILE", "fields.TITLE.colour"] in places


def test_a_secret_is_read_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")

    good = run("check-settings", TELEGRAM_BOT_TOKEN_FILE="token")
    missing = run("check-settings", TELEGRAM_BOT_TOKEN_FILE="nowhere")

    assert (good.returncode, shown(good)["TELEGRAM_BOT_TOKEN"]) == (0, "set, 45 characters")
    assert missing.returncode == 2
    assert missing.stderr == "TELEGRAM_BOT_TOKEN_FILE: cannot be read: No such file or directory\n"


def test_the_env_file_of_the_working_directory_is_read_and_another_may_be_named(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\nHTTP_PORT=9001\n")
    (tmp_path / "other").write_text(f"TELEGRAM_BOT_TOKEN={TOKEN}\nHTTP_PORT=9002\n")

    assert shown(run("check-settings"))["HTTP_PORT"] == "9001"
    assert shown(run("check-settings", "--env-file", "other"))["HTTP_PORT"] == "9002"
    assert shown(run("--env-file", "other", "check-settings"))["HTTP_PORT"] == "9002"
    assert shown(run("check-settings", HTTP_PORT="9003"))["HTTP_PORT"] == "9003"


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_serving_is_the_default_and_refuses_bad_settings(run: Run, arguments: list[str]) -> None:
    result = run(*arguments, LOG_LEVEL="loud")

    assert (result.returncode, result.stdout) == (2, "")
    assert sorted(line.split(":")[0] for line in result.stderr.splitlines()) == [
        "LOG_LEVEL",
        "TELEGRAM_BOT_TOKEN",
    ]


def test_migrate_refuses_bad_settings_but_asks_for_no_token(run: Run) -> None:
    result = run("migrate", DATABASE_URL="mysql://user:leaked@host/db")

    assert result.returncode == 2
    assert result.stderr.startswith("DATABASE_URL: should be sqlite+aiosqlite:///")
    assert len(result.stderr.splitlines()) == 1
    assert "leaked" not in result.stderr


def test_a_postgresql_that_is_not_there_is_one_clear_line(run: Run) -> None:
    result = run("migrate", DATABASE_URL="postgresql+asyncpg://user:leaked@127.0.0.1:1/db")

    assert result.returncode == 1
    assert result.stderr.startswith("switchboard: cannot open the database: PostgreSQL")
    assert len(result.stderr.splitlines()) == 1
    assert "leaked" not in result.stderr


def test_the_demo_refuses_bad_ports_together(run: Run) -> None:
    result = run("demo", DEMO_PORT="x", SANDBOX_PORT="70000")

    assert result.returncode == 2
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["DEMO_PORT", "SANDBOX_PORT"]


@pytest.mark.parametrize(
    "arguments", [["unknown"], ["--unknown"], ["check-settings", "more"], ["serve", "--env-file", "nowhere"]]
)
def test_bad_usage_ends_with_two_and_says_why_on_standard_error(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert result.stderr


COMMANDS = (
    "serve",
    "demo",
    "doctor",
    "migrate",
    "backup",
    "restore",
    "replay",
    "keys",
    "check-settings",
    "version",
)


def test_help_names_every_command(run: Run) -> None:
    result = run("--help")

    assert result.returncode == 0
    assert not [name for name in COMMANDS if name not in result.stdout]
