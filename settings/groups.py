"""Settings that do not belong to a portal: one frozen group per subject, one declared row per variable.

.env.example and docs/settings.md repeat these rows; a test holds all three together.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from settings import values
from settings.declaring import Group, row

DEFAULT_CONCURRENCY = 10
PUBLIC_TELEGRAM_HOST = "api.telegram.org"
TELEGRAM_WEBHOOK_PORTS = (443, 80, 88, 8443)  # https://core.telegram.org/bots/api#setwebhook


class Telegram(Group):
    """Telegram's door. `bot_token` and `webhook_secret` are empty, and so false, when not set."""

    bot_token: Annotated[SecretStr, AfterValidator(values.bot_token)] = row(
        "TELEGRAM_BOT_TOKEN", "", "The bot's token from @BotFather.", secret=True, required=True
    )
    api_url: Annotated[str, AfterValidator(values.base_url)] = row(
        "TELEGRAM_API_URL",
        "https://api.telegram.org",
        "Address of the Bot API; a server of your own is fine.",
    )
    mode: Literal["polling", "webhook"] = row(
        "TELEGRAM_MODE",
        "polling",
        "How updates arrive: `polling` asks for them, `webhook` is called by Telegram.",
    )
    webhook_url: str = row(
        "TELEGRAM_WEBHOOK_URL", "", "Public https address of /telegram/webhook; needed in webhook mode."
    )
    webhook_secret: Annotated[SecretStr, AfterValidator(values.webhook_secret)] = row(
        "TELEGRAM_WEBHOOK_SECRET",
        "",
        "What Telegram sends along to prove itself: letters, digits, _ and -; needed in webhook mode.",
        secret=True,
    )
    admin_ids: Annotated[tuple[values.UserId, ...], BeforeValidator(values.split)] = row(
        "ADMIN_IDS", "", "Telegram user ids of the admins, comma-separated."
    )
    staff_ids: Annotated[tuple[values.UserId, ...], BeforeValidator(values.split)] = row(
        "STAFF_IDS", "", "Telegram user ids of those who may look up data of the CRMs, comma-separated."
    )
    admin_chat_id: values.ChatId = row(
        "ADMIN_CHAT_ID",
        "",
        "The group where the hub asks and reports; its administrators are admins, its members staff.",
    )
    default_language: Literal["ru", "en"] = row(
        "DEFAULT_LANGUAGE", "ru", "Language for people whose own is not known: `ru` or `en`."
    )
    timezone: Annotated[ZoneInfo, BeforeValidator(values.timezone)] = row(
        "TIMEZONE", "Europe/Moscow", "Time zone of every time shown to people."
    )

    # Fields are checked in their order and `info.data` holds only the good ones: a combination is
    # reported beside all other faults, and never blamed on a value that is itself at fault.
    @field_validator("webhook_url", "webhook_secret")
    @classmethod
    def _needed_for_webhooks(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        if not value and info.data.get("mode") == "webhook":
            raise ValueError("is needed when TELEGRAM_MODE is webhook")
        return value

    @field_validator("webhook_url")
    @classmethod
    def _reachable_for_telegram(cls, url: str, info: ValidationInfo) -> str:
        if not url:
            return url
        parts = values.parts(url)
        if urlsplit(info.data.get("api_url", "")).hostname == PUBLIC_TELEGRAM_HOST:
            if parts.scheme != "https":
                raise ValueError("should be https: Telegram's public servers call nothing else")
            if (parts.port or 443) not in TELEGRAM_WEBHOOK_PORTS:
                raise ValueError("should use port 443, 80, 88 or 8443: Telegram calls no other")
        return url


class Storage(Group):
    """Where the hub keeps what it knows."""

    database_url: Annotated[str, AfterValidator(values.database_url)] = row(
        "DATABASE_URL",
        "sqlite+aiosqlite:///data/switchboard.db",
        "The SQLite file, or postgresql+asyncpg://user:password@host/database.",
        credential=True,
    )
    direct_url: Annotated[str, AfterValidator(values.direct_url)] = row(
        "DATABASE_DIRECT_URL",
        "",
        "PostgreSQL itself, when DATABASE_URL leads to a transaction pooler.",
        credential=True,
    )
    pool_size: int = row("DATABASE_POOL_SIZE", "20", "Connections to PostgreSQL at most.", ge=2, le=1000)
    query_timeout: float = row(
        "DATABASE_QUERY_TIMEOUT", "5", "Seconds that one statement on PostgreSQL may take.", gt=0, le=3600
    )

    @property
    def is_postgres(self) -> bool:
        """Whether the database is PostgreSQL, which several processes may share."""
        return self.database_url.startswith("postgres")

    @field_validator("direct_url")
    @classmethod
    def _only_beside_postgres(cls, url: str, info: ValidationInfo) -> str:
        if url and str(info.data.get("database_url", "postgres")).startswith("sqlite"):
            raise ValueError("is for PostgreSQL only, and DATABASE_URL names a SQLite file")
        return url


class Http(Group):
    """HTTP's door."""

    host: Annotated[str, AfterValidator(values.host)] = row("HTTP_HOST", "127.0.0.1", "Address to listen on.")
    port: values.Port = row("HTTP_PORT", "8020", "Port to listen on; 0 takes any free one.")
    public_url: Annotated[str, AfterValidator(values.optional_base_url)] = row(
        "PUBLIC_URL", "", "Where the outside reaches this hub, such as https://hub.example.org."
    )
    api_keys: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(values.api_key)], ...], BeforeValidator(values.split)
    ] = row(
        "API_KEYS",
        "",
        "Keys with all rights, at least 32 characters each; several, by comma, to rotate.",
        secret=True,
    )
    max_request_bytes: int = row(
        "MAX_REQUEST_BYTES", "10485760", "Largest request body taken, in bytes.", ge=1024, le=2**30
    )
    request_timeout: float = row(
        "REQUEST_TIMEOUT", "60", "Seconds a request may take to arrive and be answered.", gt=0, le=3600
    )
    connections: int = row(
        "HTTP_CONNECTIONS", "400", "Connections served at one time; more are refused.", ge=1, le=65535
    )


class Logs(Group):
    """What is logged and how."""

    level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(values.upper)
    ] = row("LOG_LEVEL", "INFO", "Least level logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    format: Literal["json", "console"] = row(
        "LOG_FORMAT", "json", "`json` for machines, `console` for people."
    )


class Work(Group):
    """How jobs are worked. `job_concurrency` maps topics to numbers; ask `concurrency` instead."""

    job_concurrency: Annotated[
        Mapping[str, values.Jobs],
        BeforeValidator(values.per_topic),
        AfterValidator(MappingProxyType),
        PlainSerializer(dict),
    ] = row(
        "JOB_CONCURRENCY",
        "10",
        'Jobs of a topic worked at one time, or per topic: {"telegram": 20, "default": 5}. Of `deals`, which '
        "share their requests, 40 times as many, unless it is named.",
    )
    stop_grace_seconds: float = row(
        "STOP_GRACE_SECONDS", "10", "Seconds that running work gets to finish at a stop.", ge=0, le=3600
    )
    retention_days: int = row(
        "RETENTION_DAYS", "30", "Days that finished work and sent messages are kept.", ge=1, le=3650
    )
    webhook_wait_seconds: float = row(
        "WEBHOOK_WAIT_SECONDS",
        "5",
        "Seconds a program that sends something is kept waiting for what came of it.",
        ge=0,
        le=60,
    )
    backup_dir: str = row(
        "BACKUP_DIR",
        "",
        "Folder of the regular backups; empty: `backups` beside the SQLite file, none on PostgreSQL.",
    )
    backup_interval_hours: float = row(
        "BACKUP_INTERVAL_HOURS", "24", "Hours between two regular backups; 0 makes none.", ge=0, le=8760
    )
    heartbeat_url: Annotated[SecretStr, AfterValidator(values.optional_address)] = row(
        "HEARTBEAT_URL",
        "",
        "An address called every minute while the hub works, so that another service notices silence.",
        secret=True,
    )
    silence_alert_hours: float = row(
        "SILENCE_ALERT_HOURS",
        "24",
        "Hours without any event of a portal after which admins are told; 0 never tells.",
        ge=0,
        le=8760,
    )

    def concurrency(self, topic: str, *, sharing: int = 1) -> int:
        """How many jobs of this topic may run at one time.

        `sharing`: how many share what one of another topic takes; a number given for the topic is as it is.
        """
        others = self.job_concurrency.get("default", DEFAULT_CONCURRENCY)
        return self.job_concurrency.get(topic, others * sharing)


class Cache(Group):
    """How long answers of outside systems are kept."""

    enabled: bool = row("CACHE_ENABLED", "true", "Whether answers of outside systems are kept at all.")
    ttl_poll_forms: float = row(
        "CACHE_TTL_POLL_FORMS", "600", "Seconds that a poll form is kept.", gt=0, le=31_536_000
    )
    ttl_educational_programs: float = row(
        "CACHE_TTL_EDUCATIONAL_PROGRAMS", "600", "Seconds that a programme is kept.", gt=0, le=31_536_000
    )
    ttl_contacts: float = row(
        "CACHE_TTL_CONTACTS", "300", "Seconds that a contact is kept.", gt=0, le=31_536_000
    )
    ttl_deals: float = row("CACHE_TTL_DEALS", "60", "Seconds that a deal is kept.", gt=0, le=31_536_000)
    stale_seconds: float = row(
        "CACHE_STALE_SECONDS",
        "86400",
        "Seconds that an outdated answer stays, for when its source fails.",
        ge=0,
        le=31_536_000,
    )
    stickerset_size: int = row(
        "STICKERSET_CACHE_SIZE", "5000", "Sticker sets kept at most.", ge=1, le=10_000_000
    )
    stickerset_ttl_days: float = row(
        "STICKERSET_CACHE_TTL_DAYS", "7", "Days that a sticker set is kept.", gt=0, le=3650
    )
    stickerset_cleanup_interval_hours: float = row(
        "STICKERSET_CACHE_CLEANUP_INTERVAL_HOURS", "1", "Hours between two clean-ups of them.", gt=0, le=8760
    )


class Gallery(Group):
    """The sticker gallery: where it is, and how it shows itself."""

    api_url: Annotated[str, AfterValidator(values.optional_base_url)] = row(
        "GALLERY_API_URL", "", "Another hub or service that holds the gallery; empty: this hub holds it."
    )
    api_key: Annotated[SecretStr, AfterValidator(values.header_value)] = row(
        "GALLERY_API_KEY", "", "The key for GALLERY_API_URL.", secret=True
    )
    webhook_secrets: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(values.signing_secret)], ...], BeforeValidator(values.split)
    ] = row(
        "GALLERY_WEBHOOK_SECRET",
        "",
        "What signs calls of /webhook/gallery: whsec_… or plain text; several, by comma, to rotate.",
        secret=True,
    )

    approval: Literal["auto", "direct", "review"] = row(
        "GALLERY_APPROVAL",
        "auto",
        "Who adds: `auto` admins at once, others ask; `direct` everybody at once; `review` everybody asks.",
    )
    reaction_exists: values.Emojis = row(
        "REACTION_EXISTS",
        "✅,👌,👍",
        "Reactions on a sticker that is in the gallery: the first that Telegram permits.",
    )
    reaction_added: values.Emojis = row(
        "REACTION_ADDED", "👍", "Reactions on a sticker just added: the first that Telegram permits."
    )


class DemoPorts(Group):
    """The two ports of the demo, which has no other setting."""

    hub: values.Port = row("DEMO_PORT", "8020", "Port of the demo's hub.")
    sandbox: values.Port = row("SANDBOX_PORT", "8021", "Port of the demo's stand-ins.")

    @field_validator("sandbox")
    @classmethod
    def _own_port(cls, port: int, info: ValidationInfo) -> int:
        if port and port == info.data.get("hub"):
            raise ValueError("should differ from DEMO_PORT")
        return port
