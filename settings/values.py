"""What single values may look like. A ValueError tells what is wrong, never the value."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

SIGNING_SECRET = 16  # bytes; Standard Webhooks makes them of 24 and more
SMART_PROCESS = 128  # the least entityTypeId of a smart process; below are deals, contacts and the like
# What stands in front is the path of a proxy; the code is the credential.
_INCOMING_WEBHOOK = re.compile(r"(?:/[^/]+)*?/rest/[1-9][0-9]*/(?P<code>[A-Za-z0-9_-]{8,})/?")


def split(text: object) -> object:
    """Comma-separated text as a row of texts."""
    # Line breaks separate too: a NAME_FILE with one key per line reads as one expects.
    return (
        tuple(item for part in re.split(r"[,\n]", text) if (item := part.strip()))
        if isinstance(text, str)
        else text
    )


def timezone(name: object) -> object:
    """A zone by its name."""
    try:
        return ZoneInfo(name) if isinstance(name, str) else name
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone such as Europe/Moscow") from None


def parts(url: str) -> SplitResult:
    """An http address in parts."""
    try:
        parts = urlsplit(url)
        well_formed = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        well_formed = False
    if not well_formed or parts.query or parts.fragment or "@" in parts.netloc or re.search(r"\s", url):
        raise ValueError("should be http(s)://host[:port][/path], without a query or a password")
    return parts


def base_url(url: str) -> str:
    """An http address without its last slash."""
    parts(url)
    return url.rstrip("/")


def bot_token(token: SecretStr) -> SecretStr:
    """A token as @BotFather gives it; one for a server of one's own may be shorter."""
    if token and not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token.get_secret_value()):
        raise ValueError("is not a bot token: digits, a colon, then letters, digits, _ or -")
    return token


def webhook_secret(secret: SecretStr) -> SecretStr:
    """What Telegram takes as secret_token."""
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
        raise ValueError("should be 1 to 256 letters, digits, _ or -")
    return secret


def api_key(key: SecretStr) -> SecretStr:
    """A key that can be sent either way."""
    # The alphabet of `Authorization: Bearer` (RFC 6750), so that every key can be sent either way.
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]{32,}", key.get_secret_value()):
        raise ValueError("should be at least 32 letters, digits or -._~+/=")
    return key


def database_url(url: str) -> str:
    """The address of a SQLite file or of a PostgreSQL database."""
    if url.startswith("postgres"):
        return postgres_url(url)
    scheme, found, path = url.partition(":///")
    if not found or scheme not in {"sqlite", "sqlite+aiosqlite"}:
        raise ValueError("should be sqlite+aiosqlite:///path/to/file.db or postgresql+asyncpg://…")
    if not path or path.startswith((":memory:", "?")):
        raise ValueError("should name a file: a database in memory forgets what the hub accepted")
    return f"sqlite+aiosqlite:///{path}"


def postgres_url(url: str) -> str:
    """The address of a PostgreSQL database, however its scheme is written."""
    scheme, found, rest = url.partition("://")
    if not found or scheme not in {"postgresql+asyncpg", "postgresql", "postgres"}:
        raise ValueError("should begin with postgresql+asyncpg://")
    try:
        parsed = urlsplit(url)
        parsed.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        raise ValueError("is not an address such as postgresql+asyncpg://user:password@host/name") from None
    if not parsed.path.strip("/"):
        raise ValueError("should name the database behind the host")
    return f"postgresql+asyncpg://{rest}"


def direct_url(url: str) -> str:
    """A PostgreSQL address, or nothing."""
    return postgres_url(url) if url else url


def optional_base_url(url: str) -> str:
    """A base address, or nothing."""
    return base_url(url) if url else url


def optional_address(url: SecretStr) -> SecretStr:
    """An http address, or nothing."""
    text = url.get_secret_value()
    try:
        well_formed = urlsplit(text).scheme in {"http", "https"} and urlsplit(text).hostname
    except ValueError:
        well_formed = None
    if text and not well_formed:
        raise ValueError("should be an http(s) address")
    return url


def portal_url(url: SecretStr) -> SecretStr:
    """An incoming webhook's address with its last slash, or nothing."""
    text = url.get_secret_value()
    if not text:
        return url
    parsed = parts(text)
    if parsed.scheme == "http" and not _is_loopback(parsed.hostname or ""):
        raise ValueError("should be https: portals refuse http")
    if not _INCOMING_WEBHOOK.fullmatch(parsed.path):
        raise ValueError("should be https://host/rest/<user>/<code>/ and end there, without a method's name")
    return SecretStr(text.rstrip("/") + "/")


def portal_code(url: str) -> str:
    """The secret part of an incoming webhook's address; empty without one."""
    found = _INCOMING_WEBHOOK.fullmatch(urlsplit(url).path)
    return found["code"] if found else ""


def domain(name: str) -> str:
    """A host's name in small letters, or nothing."""
    if not re.fullmatch(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)?", name):
        raise ValueError("should be a domain alone, such as example.bitrix24.ru")
    return name.lower()


def field_name(name: str) -> str:
    """A field of an item, or nothing."""
    if not re.fullmatch(r"(?:[A-Za-z][A-Za-z0-9_]*)?", name):
        raise ValueError("should be a field's name, such as UF_CRM_5_POLL_ID")
    return name


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def header_value(secret: SecretStr) -> SecretStr:
    """Something that can be sent in a header, or nothing."""
    if not re.fullmatch(r"[!-~]*", secret.get_secret_value()):
        raise ValueError("should be ASCII letters, digits and signs, without blanks")
    return secret


def signing_secret(secret: SecretStr) -> SecretStr:
    """A secret of Standard Webhooks: base64 behind whsec_, or text."""
    text = secret.get_secret_value()
    try:
        prefixed = text.startswith("whsec_")
        length = len(b64decode(text.removeprefix("whsec_"), validate=True) if prefixed else text)
    except ValueError:
        raise ValueError("should be base64 behind whsec_") from None
    if length < SIGNING_SECRET:
        raise ValueError(f"should hold {SIGNING_SECRET} bytes at least, to be beyond guessing")
    return secret


def host(host: str) -> str:
    """An address or a host name."""
    if re.search(r"[\s/@\[\]]", host):
        raise ValueError("should be an address or a host name alone")
    return host


def upper(text: object) -> object:
    """In capitals."""
    return text.upper() if isinstance(text, str) else text


def per_topic(text: object) -> object:
    """A number for all topics, or JSON with one for each."""
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        raise ValueError(
            'should be a number or a JSON object such as {"telegram": 20, "default": 5}'
        ) from None
    return value if isinstance(value, Mapping) else {"default": value}


def emoji(text: str) -> str:
    """Something that is no letter."""
    if text.isascii():
        raise ValueError("should be an emoji")
    return text


Port = Annotated[int, Field(ge=0, le=65535)]
# Groups have negative numbers; nothing written is no group.
ChatId = Annotated[
    Annotated[int, Field(lt=0, gt=-(2**52))] | None, BeforeValidator(lambda text: text or None)
]
SmartProcess = Annotated[
    Annotated[int, Field(ge=SMART_PROCESS, lt=2**31)] | None, BeforeValidator(lambda text: text or None)
]
UserId = Annotated[int, Field(gt=0, lt=2**52)]  # Telegram promises at most 52 significant bits
Emojis = Annotated[
    tuple[Annotated[str, AfterValidator(emoji)], ...], BeforeValidator(split), Field(min_length=1)
]
Jobs = Annotated[int, Field(ge=1, le=1000, strict=True)]
