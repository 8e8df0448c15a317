"""Two portals of the sandbox, their schemas, and a deal of the one as the hub reads it."""

from collections.abc import Mapping
from typing import Any

from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.fields import classic_read
from sandbox.bitrix24.portal import WEBHOOK_USER, Portal
from sandbox.bitrix24.user_fields import add_user_field
from sandbox.bitrix24.writing import add, update
from services.deals.mapping.model import Mapping as Rules
from services.deals.mapping.reading import read
from services.deals.mapping.schema import PortalSchema
from services.deals.model import DealKey, SourceDeal
from tests.clock import HandClock

PARTNER = "partner1.bitrix24.ru"
NOON = HandClock().now()


def new_portal(domain: str = PARTNER, zone: str = "Europe/Moscow") -> Portal:
    return Portal(domain, HandClock(), zone=zone)


def with_field(portal: Portal, name: str, kind: str = "string", *texts: str, many: bool = False) -> None:
    given = {"FIELD_NAME": name, "USER_TYPE_ID": kind, "MULTIPLE": "Y" if many else "N"}
    add_user_field(portal, given | {"LIST": [{"VALUE": one} for one in texts]})


def schema_of(portal: Portal) -> PortalSchema:
    """From what the portal answers to the three methods."""
    known, rows = portal.dictionaries, portal.dictionaries.statuses
    return PortalSchema.of(
        {name: one.api() for name, one in portal.entities[DEAL].fields.items()},
        {"categories": [{"id": one.id, "name": one.name} for one in known.funnels.values()]},
        [one.api() for one in rows],
    )


def write(portal: Portal, fields: Mapping[str, Any], number: int | None = None) -> int:
    """As crm.deal.add, or crm.deal.update of `number`."""
    if number is None:
        return add(portal, portal.entities[DEAL], fields, WEBHOOK_USER)
    update(portal, portal.entities[DEAL], number, fields, WEBHOOK_USER)
    return number


def shown(portal: Portal, number: int) -> dict[str, Any]:
    """As crm.deal.get."""
    fields = portal.entities[DEAL].fields
    return {
        name: classic_read(fields[name], value, portal.zone) if name in fields else value
        for name, value in portal.deals[number].items()
    }


def deal_of(fields: Mapping[str, Any], number: int = 12) -> SourceDeal:
    return SourceDeal(DealKey(PARTNER, number), fields)


def mapping_of(text: str) -> Rules:
    return read(f"version = 1\n{text}".encode())
