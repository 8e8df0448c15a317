"""The home portal, and what the hub looks for in it."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationInfo, field_validator

from settings import values
from settings.declaring import Group, row


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

    @property
    def home(self) -> str:
        """The home portal's domain; empty without a portal."""
        return self.domain or urlsplit(self.url.get_secret_value()).hostname or ""

    @property
    def code(self) -> str:
        """The part of the address that is the credential itself, wherever else it may turn up."""
        return values.portal_code(self.url.get_secret_value())


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
