"""The home portal, what the hub looks for in it, and the portals whose deals come there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationInfo, field_validator

from settings import values
from settings.declaring import Group, row
from settings.sources import Patterns, SourcePortal, SourcePortals, Token, is_allowed


class Bitrix24(Group):
    """The home portal. `url` is empty, and so false, without one; it ends with a slash."""

    url: Annotated[SecretStr, AfterValidator(values.portal_url)] = row(
        "BITRIX24_URL",
        "",
        "Address of the home portal's incoming webhook, as the portal shows it.",
        secret=True,
    )
    domain: Annotated[str, AfterValidator(values.domain)] = row(
        "BITRIX24_DOMAIN", "", "Domain of the home portal, when BITRIX24_URL does not say it."
    )
    application_token: Token = row(
        "BITRIX24_APPLICATION_TOKEN",
        "",
        "What the home portal's outgoing webhook proves itself with, as the portal shows it.",
        secret=True,
    )
    allowed_domains: Patterns = row(
        "BITRIX24_ALLOWED_DOMAINS",
        "*.bitrix24.ru",
        "Domains that portals may have, comma-separated; *. stands for whatever is before the rest.",
    )
    sources: SourcePortals = row(
        "BITRIX24_SOURCES",
        "",
        'Portals whose deals come here, as JSON: {"domain": {"url", "application_token", "robot_token"}}.',
        secret=True,
    )
    batch_enabled: bool = row(
        "BATCH_ENABLED", "true", "Whether calls that wait share one request to the portal."
    )
    batch_size: int = row("BATCH_SIZE", "50", "Calls that share one request at most.", ge=1, le=50)
    retry_max_attempts: int = row(
        "BITRIX24_RETRY_MAX_ATTEMPTS", "3", "How often a call is tried; 1 repeats nothing.", ge=1, le=20
    )
    retry_delay: float = row(
        "BITRIX24_RETRY_DELAY", "1.0", "Seconds before the first repetition.", ge=0, le=3600
    )
    retry_backoff: float = row(
        "BITRIX24_RETRY_BACKOFF", "2.0", "How many times longer each next wait is.", ge=1, le=10
    )
    retry_max_delay: float = row(
        "BITRIX24_RETRY_MAX_DELAY", "30", "Seconds between two tries at most.", ge=0, le=3600
    )
    rate_per_second: float = row(
        "BITRIX24_RATE_PER_SECOND", "2", "Requests a second that the portal takes for good.", gt=0, le=100
    )
    burst: int = row(
        "BITRIX24_BURST", "50", "Requests that the portal takes at once after a rest.", ge=1, le=1000
    )
    timeout: float = row(
        "BITRIX24_TIMEOUT", "30", "Seconds that one call may take; shared requests get 70.", gt=0, le=600
    )

    @field_validator("allowed_domains")
    @classmethod
    def _allows_home(cls, patterns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        told = info.data.get("application_token") and {"url", "domain"} <= info.data.keys()
        home = _home(info.data["url"], info.data["domain"]) if told else ""
        if home and not is_allowed(home, patterns):
            raise ValueError("leaves the home portal out, whose events BITRIX24_APPLICATION_TOKEN is for")
        return patterns

    @field_validator("sources")
    @classmethod
    def _allowed(
        cls, sources: Mapping[str, SourcePortal], info: ValidationInfo
    ) -> Mapping[str, SourcePortal]:
        for domain in sources if "allowed_domains" in info.data else ():
            if not is_allowed(domain, info.data["allowed_domains"]):
                raise ValueError(f"names {domain}, which BITRIX24_ALLOWED_DOMAINS does not allow")
        if {"url", "domain"} <= info.data.keys() and _home(info.data["url"], info.data["domain"]) in sources:
            raise ValueError("names the home portal, which is no source")
        return sources

    @property
    def home(self) -> str:
        """The home portal's domain; empty without a portal."""
        return _home(self.url, self.domain)

    @property
    def code(self) -> str:
        """The part of the address that is the credential itself, wherever else it may turn up."""
        return values.portal_code(self.url.get_secret_value())

    @property
    def codes(self) -> list[str]:
        """The same of all portals."""
        return [self.code, *(source.code for source in self.sources.values())]

    def allows(self, domain: str) -> bool:
        """Whether a portal may have this domain, in small letters."""
        return is_allowed(domain, self.allowed_domains)


def _home(url: SecretStr, domain: str) -> str:
    return domain or urlsplit(url.get_secret_value()).hostname or ""


class Programmes(Group):
    """Poll forms and programmes: smart processes of the home portal."""

    poll_form_entity_type_id: values.SmartProcess = row(
        "POLL_FORM_ENTITY_TYPE_ID", "", "entityTypeId of the smart process that holds the poll forms."
    )
    program_entity_type_id: values.SmartProcess = row(
        "PROGRAM_ENTITY_TYPE_ID", "", "entityTypeId of the smart process that holds the programmes."
    )
    poll_form_id_field: Annotated[str, AfterValidator(values.field_name)] = row(
        "POLL_FORM_ID_FIELD", "", "Field of a poll form that holds its poll_id; empty: the item's own id."
    )
    deal_category_id: int = row(
        "PROGRAM_DEAL_CATEGORY_ID", "0", "Funnel in which the deals of poll forms begin.", ge=0, lt=2**31
    )

    @field_validator("program_entity_type_id")
    @classmethod
    def _both_or_none(cls, program: int | None, info: ValidationInfo) -> int | None:
        poll_form = info.data.get("poll_form_entity_type_id", program)
        if (program is None) != (poll_form is None):
            raise ValueError("and POLL_FORM_ENTITY_TYPE_ID belong together: set both or none")
        if program is not None and program == poll_form and "poll_form_entity_type_id" in info.data:
            raise ValueError("should differ from POLL_FORM_ENTITY_TYPE_ID")
        return program

    @property
    def is_on(self) -> bool:
        """Whether poll forms are taken."""
        return self.poll_form_entity_type_id is not None and self.program_entity_type_id is not None

    @property
    def processes(self) -> dict[str, int]:
        """The smart processes that the portal has to have, by the variable that names them."""
        named = {
            "POLL_FORM_ENTITY_TYPE_ID": self.poll_form_entity_type_id,
            "PROGRAM_ENTITY_TYPE_ID": self.program_entity_type_id,
        }
        return {variable: number for variable, number in named.items() if number is not None}


class Deals(Group):
    """Deals of the source portals on their way home."""

    mapping_file: str = row(
        "MAPPING_FILE", "", "TOML file that says which fields go where; empty: the built-in mapping."
    )
    sync_interval: float = row(
        "DEALS_SYNC_INTERVAL",
        "300",
        "Seconds between two looks for changes that no event told of.",
        ge=10,
        le=86_400,
    )

    @property
    def mapping_path(self) -> Path | None:
        """The same; None for the built-in mapping."""
        return Path(self.mapping_file) if self.mapping_file else None
