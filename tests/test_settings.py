"""Settings: what is read, what is refused, and that code and documents name the same variables."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from settings import Row, Settings, SettingsError, load_demo_ports, load_settings, rows

ROOT = Path(__file__).parent.parent
TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"
PORTAL = "https://example.bitrix24.ru/rest/1/abcdefgh12345678/"
KEYS = ["first-key-" + "a" * 30, "second-key-" + "b" * 35]
WEBHOOK = {
    "TELEGRAM_MODE": "webhook",
    "TELEGRAM_WEBHOOK_URL": "https://hub.example.org/telegram/webhook",
    "TELEGRAM_WEBHOOK_SECRET": "only_Telegram-knows",
}

# The public contract: a name or default that changes here breaks installations.
CONTRACT = {
    "TELEGRAM_BOT_TOKEN": "",
    "TELEGRAM_API_URL": "https://api.telegram.org",
    "TELEGRAM_MODE": "polling",
    "TELEGRAM_WEBHOOK_URL": "",
    "TELEGRAM_WEBHOOK_SECRET": "",
    "ADMIN_IDS": "",
    "STAFF_IDS": "",
    "ADMIN_CHAT_ID": "",
    "DEFAULT_LANGUAGE": "ru",
    "TIMEZONE": "Europe/Moscow",
    "DATABASE_URL": "sqlite+aiosqlite:///data/switchboard.db",
    "DATABASE_DIRECT_URL": "",
    "DATABASE_POOL_SIZE": "20",
    "DATABASE_QUERY_TIMEOUT": "5",
    "HTTP_HOST": "127.0.0.1",
    "HTTP_PORT": "8020",
    "PUBLIC_URL": "",
    "API_KEYS": "",
    "MAX_REQUEST_BYTES": "10485760",
    "REQUEST_TIMEOUT": "60",
    "HTTP_CONNECTIONS": "400",
    "LOG_LEVEL": "INFO",
    "LOG_FORMAT": "json",
    "JOB_CONCURRENCY": "10",
    "STOP_GRACE_SECONDS": "10",
    "RETENTION_DAYS": "30",
    "WEBHOOK_WAIT_SECONDS": "5",
    "BACKUP_DIR": "",
    "BACKUP_INTERVAL_HOURS": "24",
    "HEARTBEAT_URL": "",
    "SILENCE_ALERT_HOURS": "24",
    "CACHE_ENABLED": "true",
    "CACHE_TTL_POLL_FORMS": "600",
    "CACHE_TTL_EDUCATIONAL_PROGRAMS": "600",
    "CACHE_TTL_CONTACTS": "300",
    "CACHE_TTL_DEALS": "60",
    "CACHE_STALE_SECONDS": "86400",
    "STICKERSET_CACHE_SIZE": "5000",
    "STICKERSET_CACHE_TTL_DAYS": "7",
    "STICKERSET_CACHE_CLEANUP_INTERVAL_HOURS": "1",
    "BITRIX24_URL": "",
    "BITRIX24_DOMAIN": "",
    "BITRIX24_APPLICATION_TOKEN": "",
    "BITRIX24_ALLOWED_DOMAINS": "*.bitrix24.ru",
    "BITRIX24_SOURCES": "",
    "BATCH_ENABLED": "true",
    "BATCH_SIZE": "50",
    "BITRIX24_RETRY_MAX_ATTEMPTS": "3",
    "BITRIX24_RETRY_DELAY": "1.0",
    "BITRIX24_RETRY_BACKOFF": "2.0",
    "BITRIX24_RETRY_MAX_DELAY": "30",
    "BITRIX24_RATE_PER_SECOND": "2",
    "BITRIX24_BURST": "50",
    "BITRIX24_TIMEOUT": "30",
    "GALLERY_API_URL": "",
    "GALLERY_API_KEY": "",
    "GALLERY_WEBHOOK_SECRET": "",
    "GALLERY_APPROVAL": "auto",
    "REACTION_EXISTS": "✅,👌,👍",
    "REACTION_ADDED": "👍",
    "POLL_FORM_ENTITY_TYPE_ID": "",
    "PROGRAM_ENTITY_TYPE_ID": "",
    "POLL_FORM_ID_FIELD": "",
    "PROGRAM_DEAL_CATEGORY_ID": "0",
    "MAPPING_FILE": "",
    "DEALS_SYNC_INTERVAL": "300",
}
SECRETS = {
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_WEBHOOK_SECRET",
    "API_KEYS",
    "HEARTBEAT_URL",
    "BITRIX24_URL",
    "BITRIX24_APPLICATION_TOKEN",
    "BITRIX24_SOURCES",
    "GALLERY_API_KEY",
    "GALLERY_WEBHOOK_SECRET",
}


NOTHING: Mapping[str, str] = {}


def load(
    env_file: Path | None = None, given: Mapping[str, str] = NOTHING, *, serving: bool = False, **more: str
) -> Settings:
    return load_settings({**given, **more}, env_file, serving=serving)


def faults(
    env_file: Path | None = None, given: Mapping[str, str] = NOTHING, *, serving: bool = False, **more: str
) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(env_file, given, serving=serving, **more)
    found = {fault.variable: fault.message for fault in caught.value.faults}
    assert len(found) == len(caught.value.faults), "a variable is blamed twice"
    return found


# --- code, documents and contract name the same things


def test_the_variables_and_defaults_are_those_of_the_contract() -> None:
    assert {row.variable: row.default for row in rows()} == CONTRACT
    assert {row.variable for row in rows() if row.secret} == SECRETS


def test_env_example_has_every_variable_with_its_comment_and_default() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    told = {
        match[2]: (match[3], lines[number - 1].removeprefix("# "), bool(match[1]))
        for number, line in enumerate(lines)
        if (match := re.fullmatch(r"(# )?([A-Z0-9_]+)=(.*)", line))
    }
    assert told == {row.variable: (row.default, row.help, not row.required) for row in rows()}


def test_env_example_loads_cleanly_and_changes_nothing() -> None:
    assert load(ROOT / ".env.example") == load()


def test_every_default_in_env_example_is_accepted_when_uncommented(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    env_file = tmp_path / ".env"
    env_file.write_text(re.sub(r"^# (?=[A-Z0-9_]+=)", "", text, flags=re.MULTILINE), "utf-8")

    assert load(env_file) == load()


def documented(row: Row) -> tuple[str, str, str]:
    default = "required" if row.required else f"`{row.default}`" if row.default else "empty"
    return f"`{row.variable}`", default, row.help + (" *secret*" if row.secret else "")


def test_the_settings_page_has_every_variable_with_default_and_meaning() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    table = re.findall(r"^\| (`[A-Z0-9_]+`) \| (.+?) \| (.+) \|$", page, re.MULTILINE)

    assert table == [documented(row) for row in rows()]


# --- where values come from


def test_without_anything_set_the_defaults_of_the_contract_hold() -> None:
    settings = load()

    assert settings.telegram.api_url == "https://api.telegram.org"
    assert settings.telegram.timezone.key == "Europe/Moscow"
    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8020)
    assert settings.work.concurrency("telegram") == 10
    assert settings.cache.enabled is True
    assert settings.gallery.reaction_exists == ("✅", "👌", "👍")
    assert not settings.telegram.bot_token


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("HTTP_PORT=9001\nLOG_LEVEL=debug\n")

    settings = load(env_file, HTTP_PORT="9002")

    assert (settings.http.port, settings.logs.level) == (9002, "DEBUG")


def test_an_empty_value_means_the_default_and_hides_the_files(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("HTTP_PORT=9001\nHTTP_HOST=\n")

    settings = load(env_file, HTTP_PORT="  ")

    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8020)


def test_a_missing_env_file_is_no_fault(tmp_path: Path) -> None:
    assert load(tmp_path / "none") == load()


def test_an_env_file_line_that_is_no_assignment_is_a_fault_with_its_number(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("LOG_LEVEL=INFO\nHTTP_PORT 8020\n")

    assert faults(env_file)[str(env_file)] == "line 2 is not NAME=value"


@pytest.mark.parametrize("spoil", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"A=\xff\xfe")])
def test_an_env_file_that_cannot_be_read_is_a_fault(tmp_path: Path, spoil: Any) -> None:
    env_file = tmp_path / ".env"
    spoil(env_file)

    assert "cannot be read" in faults(env_file)[str(env_file)]


def test_values_of_the_file_are_taken_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_HOST", "from-the-process")
    env_file = tmp_path / ".env"
    env_file.write_text(
        "\N{BYTE ORDER MARK}HTTP_HOST=h${HTTP_HOST}\n"
        'JOB_CONCURRENCY={"telegram": 20, "default": 5} # comment\n'
        "export REACTION_ADDED='🎉,👍'\n",
        "utf-8",
    )

    settings = load(env_file)

    assert settings.http.host == "h${HTTP_HOST}"
    assert settings.work.concurrency("telegram") == 20
    assert settings.gallery.reaction_added == ("🎉", "👍")


# --- secrets


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_the_file_its_file_variable_names(tmp_path: Path, ending: str) -> None:
    (tmp_path / "token").write_bytes((TOKEN + ending).encode())

    settings = load(TELEGRAM_BOT_TOKEN_FILE=str(tmp_path / "token"), serving=True)

    assert settings.telegram.bot_token.get_secret_value() == TOKEN


def test_a_file_of_api_keys_may_hold_one_a_line(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("\n".join(KEYS) + "\n")

    assert load(API_KEYS_FILE=str(tmp_path / "keys")).secrets() == KEYS


def test_a_secret_file_that_is_missing_empty_or_no_text_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    assert faults(
        TELEGRAM_BOT_TOKEN_FILE=str(tmp_path / "missing"),
        TELEGRAM_WEBHOOK_SECRET_FILE=str(tmp_path / "empty"),
        API_KEYS_FILE=str(tmp_path / "binary"),
        TELEGRAM_MODE="webhook",
        TELEGRAM_WEBHOOK_URL=WEBHOOK["TELEGRAM_WEBHOOK_URL"],
        serving=True,
    ) == {
        "TELEGRAM_BOT_TOKEN_FILE": "cannot be read: No such file or directory",
        "TELEGRAM_WEBHOOK_SECRET_FILE": "holds nothing",
        "API_KEYS_FILE": "cannot be read: it is not UTF-8 text",
    }


def test_a_secret_given_directly_and_by_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)

    found = faults(TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_BOT_TOKEN_FILE=str(tmp_path / "token"), serving=True)

    assert found == {"TELEGRAM_BOT_TOKEN": "and TELEGRAM_BOT_TOKEN_FILE are both set; keep one"}


def test_secrets_show_in_no_text_form_of_the_settings() -> None:
    settings = load(TELEGRAM_BOT_TOKEN=TOKEN, API_KEYS=",".join(KEYS), given=WEBHOOK)
    secrets = [TOKEN, WEBHOOK["TELEGRAM_WEBHOOK_SECRET"], *KEYS]
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.masked())]

    assert settings.secrets() == secrets
    assert not [text for text in shown for secret in secrets if secret in text]


def test_masked_rows_show_values_in_use_and_of_secrets_only_their_length() -> None:
    settings = load(
        TELEGRAM_BOT_TOKEN=TOKEN, API_KEYS=",".join(KEYS), ADMIN_IDS="1,2", JOB_CONCURRENCY='{"telegram": 3}'
    )
    masked = settings.masked()

    assert [variable for variable, _ in masked] == list(CONTRACT)
    assert (
        dict(masked).items()
        >= {
            "TELEGRAM_BOT_TOKEN": "set, 45 characters",
            "TELEGRAM_WEBHOOK_SECRET": "not set",
            "API_KEYS": "2 set, 40, 46 characters",
            "ADMIN_IDS": "1,2",
            "TIMEZONE": "Europe/Moscow",
            "JOB_CONCURRENCY": '{"telegram": 3}',
            "CACHE_STALE_SECONDS": "86400",
            "CACHE_ENABLED": "true",
        }.items()
    )


def test_unset_masked_rows_show_the_declared_defaults() -> None:
    shown = dict(load().masked())

    written = {variable: default.removesuffix(".0") for variable, default in CONTRACT.items()}
    assert shown == {variable: default or "not set" for variable, default in written.items()}


ANYTHING_GOES = {"BACKUP_DIR", "MAPPING_FILE"}  # whether there is such a file or folder is found out later
BAD_VALUES = {
    "TELEGRAM_BOT_TOKEN": "leaked:leaked",
    "TELEGRAM_API_URL": "https://user:leaked@api.example.org",
    "TELEGRAM_MODE": "leaked",
    "TELEGRAM_WEBHOOK_URL": "leaked",
    "TELEGRAM_WEBHOOK_SECRET": "leaked with blanks",
    "ADMIN_IDS": "1,leaked",
    "STAFF_IDS": "leaked",
    "ADMIN_CHAT_ID": "leaked",
    "DEFAULT_LANGUAGE": "leaked",
    "TIMEZONE": "leaked",
    "DATABASE_URL": "mysql://user:leaked@host/db",
    "DATABASE_DIRECT_URL": "mysql://user:leaked@host/db",
    "DATABASE_POOL_SIZE": "leaked",
    "DATABASE_QUERY_TIMEOUT": "leaked",
    "HTTP_HOST": "http://leaked",
    "HTTP_PORT": "leaked",
    "PUBLIC_URL": "leaked",
    "API_KEYS": f"{KEYS[0]},leaked",
    "MAX_REQUEST_BYTES": "leaked",
    "REQUEST_TIMEOUT": "leaked",
    "HTTP_CONNECTIONS": "leaked",
    "LOG_LEVEL": "leaked",
    "LOG_FORMAT": "leaked",
    "JOB_CONCURRENCY": "leaked",
    "STOP_GRACE_SECONDS": "leaked",
    "RETENTION_DAYS": "leaked",
    "WEBHOOK_WAIT_SECONDS": "leaked",
    "BACKUP_INTERVAL_HOURS": "leaked",
    "HEARTBEAT_URL": "leaked",
    "SILENCE_ALERT_HOURS": "leaked",
    "CACHE_ENABLED": "leaked",
    "CACHE_TTL_POLL_FORMS": "leaked",
    "CACHE_TTL_EDUCATIONAL_PROGRAMS": "leaked",
    "CACHE_TTL_CONTACTS": "leaked",
    "CACHE_TTL_DEALS": "leaked",
    "CACHE_STALE_SECONDS": "leaked",
    "STICKERSET_CACHE_SIZE": "leaked",
    "STICKERSET_CACHE_TTL_DAYS": "leaked",
    "STICKERSET_CACHE_CLEANUP_INTERVAL_HOURS": "leaked",
    "BITRIX24_URL": "https://example.bitrix24.ru/rest/1/leaked-secret/profile.json",
    "BITRIX24_DOMAIN": "https://leaked",
    "BITRIX24_APPLICATION_TOKEN": "leaked with blanks",
    "BITRIX24_ALLOWED_DOMAINS": "https://leaked",
    "BITRIX24_SOURCES": '{"https://leaked/": {}}',
    "BATCH_ENABLED": "leaked",
    "BATCH_SIZE": "leaked",
    "BITRIX24_RETRY_MAX_ATTEMPTS": "leaked",
    "BITRIX24_RETRY_DELAY": "leaked",
    "BITRIX24_RETRY_BACKOFF": "leaked",
    "BITRIX24_RETRY_MAX_DELAY": "leaked",
    "BITRIX24_RATE_PER_SECOND": "leaked",
    "BITRIX24_BURST": "leaked",
    "BITRIX24_TIMEOUT": "leaked",
    "GALLERY_API_URL": "https://user:leaked@gallery.example.org",
    "GALLERY_API_KEY": "leaked with blanks",
    "GALLERY_WEBHOOK_SECRET": "leaked",
    "GALLERY_APPROVAL": "leaked",
    "REACTION_EXISTS": "leaked",
    "REACTION_ADDED": "leaked",
    "POLL_FORM_ENTITY_TYPE_ID": "leaked",
    "PROGRAM_ENTITY_TYPE_ID": "leaked",
    "POLL_FORM_ID_FIELD": "leaked leaked",
    "PROGRAM_DEAL_CATEGORY_ID": "leaked",
    "DEALS_SYNC_INTERVAL": "leaked",
}


def test_all_faults_of_all_groups_are_reported_together_in_one_line_each_without_the_value() -> None:
    assert BAD_VALUES.keys() == CONTRACT.keys() - ANYTHING_GOES
    with pytest.raises(SettingsError) as caught:
        load_settings(BAD_VALUES, None, serving=True)

    assert [fault.variable for fault in caught.value.faults] == list(BAD_VALUES)
    assert len(str(caught.value).splitlines()) == len(BAD_VALUES)
    assert "leaked" not in f"{caught.value} {caught.value!r}"


# --- rules of single values


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TELEGRAM_BOT_TOKEN", "110201543"),
        ("TELEGRAM_BOT_TOKEN", TOKEN + "\u0436"),
        ("TELEGRAM_API_URL", "ftp://api.telegram.org"),
        ("TELEGRAM_API_URL", "https://host:port"),
        ("TELEGRAM_API_URL", "https://[::1"),
        ("TELEGRAM_API_URL", "https://host/?q=1"),
        ("TELEGRAM_WEBHOOK_SECRET", "x" * 257),
        ("ADMIN_IDS", "-100123"),
        ("ADMIN_IDS", str(2**52)),
        ("TIMEZONE", "Europe"),
        ("TIMEZONE", "../etc/passwd"),
        ("DATABASE_URL", "mysql://host/db"),
        ("DATABASE_URL", "postgresql+asyncpg://host"),
        ("DATABASE_URL", "postgresql+asyncpg://host:port/db"),
        ("DATABASE_DIRECT_URL", "postgresql+asyncpg://host/db"),
        ("DATABASE_POOL_SIZE", "1"),
        ("DATABASE_QUERY_TIMEOUT", "0"),
        ("RETENTION_DAYS", "0"),
        ("BACKUP_INTERVAL_HOURS", "-1"),
        ("SILENCE_ALERT_HOURS", "-1"),
        ("DEALS_SYNC_INTERVAL", "9"),
        ("HEARTBEAT_URL", "not an address"),
        ("GALLERY_API_URL", "ftp://host"),
        ("GALLERY_WEBHOOK_SECRET", "short"),
        ("GALLERY_WEBHOOK_SECRET", "whsec_this is no base64"),
        ("DATABASE_URL", "sqlite+aiosqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "-1"),
        ("API_KEYS", "k" * 31),
        ("API_KEYS", "ключ" * 10),
        ("MAX_REQUEST_BYTES", "0"),
        ("REQUEST_TIMEOUT", "0"),
        ("REQUEST_TIMEOUT", "nan"),
        ("HTTP_CONNECTIONS", "0"),
        ("JOB_CONCURRENCY", "0"),
        ("JOB_CONCURRENCY", "[1]"),
        ("JOB_CONCURRENCY", "true"),
        ("JOB_CONCURRENCY", '{"telegram": 1.5}'),
        ("STOP_GRACE_SECONDS", "-1"),
        ("STOP_GRACE_SECONDS", "inf"),
        ("STICKERSET_CACHE_SIZE", "0"),
        ("STICKERSET_CACHE_TTL_DAYS", "0"),
        ("WEBHOOK_WAIT_SECONDS", "61"),
        ("CACHE_TTL_POLL_FORMS", "0"),
        ("CACHE_TTL_CONTACTS", "-1"),
        ("BITRIX24_URL", "http://example.bitrix24.ru/rest/1/abcdefgh12345678/"),
        ("BITRIX24_URL", "https://example.bitrix24.ru/rest/1/abcdefgh12345678/crm.deal.list"),
        ("BITRIX24_URL", "https://example.bitrix24.ru/rest/abcdefgh12345678/"),
        ("BITRIX24_URL", "https://example.bitrix24.ru/rest/api/1/abcdefgh12345678/"),
        ("BITRIX24_URL", "https://example.bitrix24.ru/rest/1/short/"),
        ("BITRIX24_URL", "https://example.bitrix24.ru/rest/1/abcdefgh12345678/?auth=1"),
        ("BITRIX24_URL", "example.bitrix24.ru"),
        ("BITRIX24_DOMAIN", "https://example.bitrix24.ru"),
        ("BATCH_SIZE", "0"),
        ("BATCH_SIZE", "51"),
        ("BITRIX24_RETRY_MAX_ATTEMPTS", "0"),
        ("BITRIX24_RETRY_BACKOFF", "0.5"),
        ("BITRIX24_RATE_PER_SECOND", "0"),
        ("BITRIX24_BURST", "0"),
        ("BITRIX24_TIMEOUT", "0"),
        ("POLL_FORM_ID_FIELD", "UF_CRM_5; DROP"),
        ("PROGRAM_DEAL_CATEGORY_ID", "-1"),
        ("ADMIN_CHAT_ID", "500100200"),
        ("ADMIN_CHAT_ID", "0"),
        ("REACTION_EXISTS", ","),
        ("REACTION_ADDED", "👍,ok"),
    ],
)
def test_a_value_out_of_bounds_is_a_fault_of_its_variable(variable: str, value: str) -> None:
    assert faults(given={variable: value}).keys() == {variable}


@pytest.mark.parametrize("scheme", ["postgresql+asyncpg", "postgresql", "postgres"])
def test_all_spellings_of_a_postgresql_address_mean_the_same(scheme: str) -> None:
    storage = load(DATABASE_URL=f"{scheme}://hub:pass@db.example/hub?sslmode=require").storage
    assert storage.database_url == "postgresql+asyncpg://hub:pass@db.example/hub?sslmode=require"
    assert storage.is_postgres


def test_the_password_in_an_address_is_hidden_from_people_and_from_the_log(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://hub:s3cret%40word@db.example/hub\n")
    settings = load(DATABASE_URL_FILE=str(file))
    assert dict(settings.masked())["DATABASE_URL"] == "postgresql+asyncpg://hub:***@db.example/hub"
    assert "s3cret@word" in settings.secrets()
    named = load(DATABASE_URL="postgresql://db.example/hub?user=hub&password=s3cretword")
    assert dict(named.masked())["DATABASE_URL"].endswith("?user=hub&password=***")
    assert "s3cretword" in named.secrets()


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_portal_is_named_by_its_address_or_by_its_domain_setting(ending: str) -> None:
    portal = load(BITRIX24_URL=PORTAL.rstrip("/") + ending).bitrix24
    assert (portal.url.get_secret_value(), portal.home) == (PORTAL, "example.bitrix24.ru")
    assert load(BITRIX24_URL=PORTAL, BITRIX24_DOMAIN="Other.bitrix24.RU").bitrix24.home == "other.bitrix24.ru"
    assert not load().bitrix24.url


@pytest.mark.parametrize("host", ["127.0.0.1:8021", "localhost", "[::1]:8021"])
def test_only_a_portal_on_this_machine_may_be_plain_http_and_stand_below_a_path(host: str) -> None:
    url = f"http://{host}/portal/home.bitrix24.ru/rest/1/abcdefgh12345678/"
    assert load(BITRIX24_URL=url).bitrix24.url.get_secret_value() == url


def test_of_a_portals_address_the_code_alone_is_a_secret_too(tmp_path: Path) -> None:
    (tmp_path / "portal").write_text(PORTAL + "\n")
    settings = load(BITRIX24_URL_FILE=str(tmp_path / "portal"))
    assert settings.secrets() == [PORTAL, "abcdefgh12345678"]
    assert dict(settings.masked())["BITRIX24_URL"] == f"set, {len(PORTAL)} characters"


def test_both_spellings_of_an_sqlite_address_mean_the_same() -> None:
    assert (
        load(DATABASE_URL="sqlite:////var/hub.db").storage.database_url == "sqlite+aiosqlite:////var/hub.db"
    )


def test_an_api_address_loses_its_trailing_slash() -> None:
    assert load(TELEGRAM_API_URL="http://127.0.0.1:8021/telegram/").telegram.api_url == (
        "http://127.0.0.1:8021/telegram"
    )


def test_the_shortest_permitted_keys_and_tokens_are_accepted() -> None:
    settings = load(TELEGRAM_BOT_TOKEN="1:" + "a" * 30, API_KEYS="k" * 32)

    assert settings.secrets() == ["1:" + "a" * 30, "k" * 32]


def test_a_public_address_without_keys_is_fine() -> None:
    assert load(HTTP_HOST="0.0.0.0").http.host == "0.0.0.0"


def test_lists_are_split_at_commas_and_trimmed() -> None:
    settings = load(ADMIN_IDS=" 500100200 ,500100201,", REACTION_EXISTS="👌 , ❤")

    assert settings.telegram.admin_ids == (500100200, 500100201)
    assert settings.gallery.reaction_exists == ("👌", "❤")


def test_concurrency_of_a_topic_is_its_own_else_the_default_else_ten() -> None:
    named = load(JOB_CONCURRENCY=json.dumps({"telegram": 20, "default": 5})).work
    unnamed = load(JOB_CONCURRENCY=json.dumps({"telegram": 20})).work

    assert (named.concurrency("telegram"), named.concurrency("deals")) == (20, 5)
    assert unnamed.concurrency("deals") == 10
    assert load(JOB_CONCURRENCY="3").work.concurrency("telegram") == 3


def test_settings_cannot_be_changed() -> None:
    settings = load()

    with pytest.raises(ValidationError, match="frozen"):
        settings.http.port = 1
    with pytest.raises(TypeError):
        settings.work.job_concurrency["default"] = 1  # type: ignore[index]


# --- combinations


def test_serving_needs_a_token_and_other_commands_do_not() -> None:
    assert faults(serving=True) == {"TELEGRAM_BOT_TOKEN": "is needed to serve"}
    assert not load(serving=False).telegram.bot_token


def test_webhook_mode_needs_address_and_secret_and_says_so_beside_other_faults() -> None:
    found = faults(TELEGRAM_MODE="webhook", TELEGRAM_BOT_TOKEN="short", HTTP_PORT="x")

    assert found.keys() == {
        "TELEGRAM_BOT_TOKEN",
        "TELEGRAM_WEBHOOK_URL",
        "TELEGRAM_WEBHOOK_SECRET",
        "HTTP_PORT",
    }
    assert found["TELEGRAM_WEBHOOK_URL"] == "is needed when TELEGRAM_MODE is webhook"


@pytest.mark.parametrize("url", ["http://hub.example.org/telegram/webhook", "https://hub.example.org:8020/x"])
def test_telegrams_public_servers_need_https_on_a_port_they_call(url: str) -> None:
    own_server = {"TELEGRAM_API_URL": "http://127.0.0.1:8021/telegram"}

    assert faults(given=WEBHOOK | {"TELEGRAM_WEBHOOK_URL": url}).keys() == {"TELEGRAM_WEBHOOK_URL"}
    assert load(given=WEBHOOK | own_server | {"TELEGRAM_WEBHOOK_URL": url}).telegram.webhook_url == url


def test_webhook_mode_with_address_and_secret_is_fine() -> None:
    assert load(given=WEBHOOK).telegram.webhook_secret.get_secret_value() == "only_Telegram-knows"


def test_the_demo_has_two_ports_of_its_own_and_reports_their_faults_together() -> None:
    ports = load_demo_ports({"SANDBOX_PORT": "9021", "DEMO_PORT": ""})
    assert (ports.hub, ports.sandbox) == (8020, 9021)

    with pytest.raises(SettingsError) as caught:
        load_demo_ports({"DEMO_PORT": "x", "SANDBOX_PORT": "70000"})
    assert [fault.variable for fault in caught.value.faults] == ["DEMO_PORT", "SANDBOX_PORT"]

    with pytest.raises(SettingsError, match="SANDBOX_PORT: should differ from DEMO_PORT"):
        load_demo_ports({"SANDBOX_PORT": "8020"})


def test_a_hub_where_everybody_asks_needs_somebody_to_decide() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"TELEGRAM_BOT_TOKEN": "1:a", "GALLERY_APPROVAL": "review"}, None, serving=True)

    assert [fault.variable for fault in caught.value.faults] == ["GALLERY_APPROVAL"]


@pytest.mark.parametrize("who", [{"ADMIN_IDS": "5"}, {"ADMIN_CHAT_ID": "-1005"}])
def test_admins_or_an_admin_chat_are_somebody_to_decide(who: dict[str, str]) -> None:
    given = {"TELEGRAM_BOT_TOKEN": "1:a", "GALLERY_APPROVAL": "review"} | who

    assert load_settings(given, None, serving=True).gallery.approval == "review"


def test_poll_forms_need_a_portal_and_both_of_their_smart_processes() -> None:
    both = {"POLL_FORM_ENTITY_TYPE_ID": "1036", "PROGRAM_ENTITY_TYPE_ID": "1040"}
    assert not load(BITRIX24_URL=PORTAL).programmes.is_on
    assert load(given=both, BITRIX24_URL=PORTAL).programmes.is_on

    assert faults(given=both) == {"BITRIX24_URL": "is needed for poll forms: POLL_FORM_ENTITY_TYPE_ID is set"}
    assert faults(given=both, BITRIX24_URL="leaked").keys() == {"BITRIX24_URL"}
    for name in both:
        alone = faults(given=both | {name: ""}, BITRIX24_URL=PORTAL)
        assert alone == {
            "PROGRAM_ENTITY_TYPE_ID": "and POLL_FORM_ENTITY_TYPE_ID belong together: set both or none"
        }


@pytest.mark.parametrize(("form", "program"), [("1036", "1036"), ("4", "1036"), ("1036", "127")])
def test_poll_forms_and_programmes_are_two_different_smart_processes(form: str, program: str) -> None:
    found = faults(BITRIX24_URL=PORTAL, POLL_FORM_ENTITY_TYPE_ID=form, PROGRAM_ENTITY_TYPE_ID=program)
    assert len(found) == 1
