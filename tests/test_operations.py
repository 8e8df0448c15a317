"""What an operator is given works: the image's recipe, the service files, and every documented command."""

import asyncio
import re
import shlex
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.telegram.state import DEMO_TOKEN
from services.version import VERSION
from settings import load_settings, rows
from tests.commands.test_run import Run, run
from tests.storage.backups import fill
from tests.storage.files import new_file, opened
from tests.town import Outside, new_outside

__all__ = ["run"]

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "operations").glob("*.md"))
COMMAND = re.compile(r"^ +(?:.* )?(?:\.venv/bin/)?python run\.py (.+)$", re.MULTILINE)
MENTION = re.compile(r"`(?:\.venv/bin/)?python run\.py ([^`…]+)`")
PYTHON = "3.11"


def lines(name: str) -> list[str]:
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def instructions(word: str) -> list[str]:
    return [line.partition(" ")[2].strip() for line in lines("Dockerfile") if line.startswith(f"{word} ")]


# --- the image


def test_everything_that_the_image_copies_is_there_and_reaches_the_builder() -> None:
    let_through = {line[1:] for line in lines(".dockerignore") if line.startswith("!")}
    copied = [source for line in instructions("COPY") for source in line.split()[:-1]]
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert set(copied) == let_through
    assert lines(".dockerignore")[0] == "*"


def test_the_image_has_every_part_of_the_program() -> None:
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    parts = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert parts <= copied


def test_the_images_versions_are_pinned() -> None:
    (base,) = instructions("FROM")
    assert re.fullmatch(rf"python:{re.escape(PYTHON)}\.[0-9]+-slim-[a-z]+", base)
    assert any("--require-hashes -r requirements.txt" in line for line in instructions("RUN"))
    assert any(re.search(r"postgresql-client-[0-9]+", line) for line in instructions("RUN"))
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    images = re.findall(r"image: (\S+)", compose)
    assert f"switchboard:{VERSION}" in images
    assert [image for image in images if not re.search(r":[0-9]+\.[0-9]+", image)] == []


def test_pg_dump_in_the_image_is_as_new_as_the_server_beside_it() -> None:
    client = re.search(r"postgresql-client-([0-9]+)", (ROOT / "Dockerfile").read_text("utf-8"))
    server = re.search(r"image: postgres:([0-9]+)", (ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    assert client
    assert server
    assert int(client[1]) >= int(server[1])


def test_the_image_is_no_root_and_stops_and_shows_its_health() -> None:
    assert instructions("USER") == ["switchboard"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert instructions("VOLUME") == ["/data"]
    (health,) = instructions("HEALTHCHECK")
    assert "/health/ready" in health
    # The last USER stands before what runs.
    words = [line.split(" ", 1)[0] for line in lines("Dockerfile")]
    assert words.index("USER") < words.index("ENTRYPOINT")


def _secret_variables() -> list[str]:
    return [row.variable for row in rows() if row.secret]


@pytest.mark.parametrize("name", ["Dockerfile", "deploy/compose.yaml", "deploy/switchboard.service"])
def test_no_file_that_is_shipped_holds_a_secret(name: str) -> None:
    text = "\n".join(lines(name))
    assert [each for each in _secret_variables() if re.search(rf"\b{each}\b", text)] == []
    assert not re.search(r"://[^/\s:]+:[^@\s]+@|PASSWORD[=:] *\S", text)


def test_the_folder_of_passwords_stays_out_of_git_and_of_the_image() -> None:
    assert "secrets/" in lines("deploy/.gitignore")
    assert "!deploy" not in lines(".dockerignore")


def test_a_service_gets_more_time_to_stop_than_the_hub_takes() -> None:
    grace = float(next(row.default for row in rows() if row.variable == "STOP_GRACE_SECONDS"))
    unit = (ROOT / "deploy" / "switchboard.service").read_text("utf-8")
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    given = [re.search(r"^TimeoutStopSec=([0-9]+)$", unit, re.MULTILINE)]
    given.append(re.search(r"stop_grace_period: ([0-9]+)s  #", compose))
    assert all(found and float(found[1]) > grace for found in given)


def test_the_service_files_set_only_variables_that_exist() -> None:
    known = {row.variable for row in rows()}
    known |= {f"{name}_FILE" for name in known} | {"PYTHONUNBUFFERED"}
    unit = re.findall(
        r"^Environment=([A-Z_]+)=", (ROOT / "deploy/switchboard.service").read_text("utf-8"), re.M
    )
    image = re.findall(r"([A-Z_]+)=", " ".join(instructions("ENV")))
    hub = (ROOT / "deploy" / "compose.yaml").read_text("utf-8").split("  postgres:\n")[0]
    compose = re.findall(r"^      ([A-Z_]+):", hub, re.MULTILINE)
    assert unit
    assert image
    assert compose
    assert {*unit, *image, *compose} <= known


# --- the pages


def documented() -> list[str]:
    """Every command line of the pages, without what a shell does with its output."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        found += [
            match.split(" > ")[0].split(")")[0] for match in COMMAND.findall(text) + MENTION.findall(text)
        ]
    return sorted({each.strip() for each in found if not each.startswith("…")})


def test_every_documented_option_of_every_documented_command_exists(run: Run) -> None:
    commands = [shlex.split(line) for line in documented()]
    assert len(commands) > 10
    helps: dict[tuple[str, ...], str] = {}
    for words in commands:
        name = tuple(words[:2] if words[0] == "keys" else words[:1])
        if name not in helps:
            result = run(*name, "--help", COLUMNS="200", NO_COLOR="1")
            assert result.returncode == 0, name
            helps[name] = result.stdout
        options = [word for word in words if word.startswith("--")]
        assert [option for option in options if option not in helps[name]] == [], words


def test_every_page_is_on_the_first_and_every_link_leads_somewhere() -> None:
    first = (ROOT / "docs" / "operations" / "README.md").read_text("utf-8")
    assert [page.name for page in PAGES if page.name != "README.md" and f"({page.name})" not in first] == []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
            path, _, heading = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), (page.name, link)
            assert not heading or heading in _anchors(target), (page.name, link)


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_settings_named_on_the_pages_exist() -> None:
    known = {row.variable for row in rows()}
    known |= {f"{name}_FILE" for name in known}
    named = {
        (page.name, word)
        for page in PAGES
        for word in re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", page.read_text("utf-8"))
    }
    assert named
    assert {each for each in named if each[1] not in known} == set()


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    async with new_outside(tmp_path) as world:
        yield world


async def test_the_page_about_backups_works_from_top_to_bottom(
    run: Run, outside: Outside, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    home = new_file(tmp_path / "data", "switchboard.db")
    async with opened(home) as database:
        await fill(database)
    settings = {"TELEGRAM_BOT_TOKEN": DEMO_TOKEN, "TELEGRAM_API_URL": outside.api_url}

    for line in COMMAND.findall((ROOT / "docs" / "operations" / "backup.md").read_text("utf-8")):
        words = shlex.split(line)
        if words[0] == "restore" and "--dry-run" not in words:  # onto an empty place, as the page says
            home.unlink()
        result = await asyncio.to_thread(run, *words, **settings)
        assert (result.returncode, result.stderr) == (0, ""), line

    with sqlite3.connect(home) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    connection.close()


# --- the presets

PRESETS = sorted((ROOT / "deploy" / "env").glob("*.env"))
HALF_AN_HOUR, HOUR = 1800, 3600
AGGRESSIVE, FAST, OFF = (5, 2.0, 1.5), (2, 0.5, 2.0), (1, 1.0, 2.0)
EXPECTED = {
    "development": (300, FAST, "INFO", "console"),
    "production": (HALF_AN_HOUR, AGGRESSIVE, "INFO", "json"),
    "high-load": (HOUR, FAST, "WARNING", "json"),
    "debug": (60, OFF, "DEBUG", "console"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_preset_sets_what_it_is_for(name: str) -> None:
    settings = load_settings({}, ROOT / "deploy" / "env" / f"{name}.env")
    cache, portal = settings.cache, settings.bitrix24
    kept, retries, level, form = EXPECTED[name]

    assert (cache.ttl_poll_forms, cache.ttl_educational_programs, cache.ttl_contacts) == (kept, kept, 60)
    assert (portal.retry_max_attempts, portal.retry_delay, portal.retry_backoff) == retries
    assert (settings.logs.level, settings.logs.format) == (level, form)


def test_presets_are_those_of_the_page_and_name_only_variables_that_exist() -> None:
    page = (ROOT / "docs" / "operations" / "bitrix24.md").read_text("utf-8")
    assert {path.stem for path in PRESETS} == set(EXPECTED)
    known = {row.variable for row in rows() if not row.secret}
    for preset in PRESETS:
        assert f"deploy/env/{preset.name}" in page
        assert {line.partition("=")[0] for line in lines(f"deploy/env/{preset.name}")} <= known


def test_a_preset_behind_a_users_own_settings_wins(tmp_path: Path) -> None:
    text = "LOG_LEVEL=ERROR\nADMIN_IDS=5\n" + (ROOT / "deploy" / "env" / "debug.env").read_text("utf-8")
    (tmp_path / ".env").write_text(text, "utf-8")
    settings = load_settings({}, tmp_path / ".env")
    assert (settings.logs.level, settings.telegram.admin_ids) == ("DEBUG", (5,))
