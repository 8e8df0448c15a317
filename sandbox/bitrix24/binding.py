"""Which contacts a deal has, and which of them is the primary one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.bitrix24.fields import whole
from sandbox.bitrix24.php import as_list, as_map
from sandbox.bitrix24.wire import Json

if TYPE_CHECKING:
    from sandbox.bitrix24.portal import Portal


def bound(portal: "Portal", deal_id: int) -> list[int]:
    """The deal's contacts, the primary one first."""
    return [one["CONTACT_ID"] for one in portal.bindings.get(deal_id, [])]


def bind_written(portal: "Portal", deal_id: int, fields: Mapping[str, Any]) -> bool:
    """What CONTACT_IDS (all of them) or CONTACT_ID (the primary one) in a write do; whether any changed."""
    before = bound(portal, deal_id)
    if "CONTACT_IDS" in fields:
        bind(portal, deal_id, [whole(one) for one in as_list(fields["CONTACT_IDS"])])
    elif "CONTACT_ID" in fields:
        first = whole(fields["CONTACT_ID"])
        bind(portal, deal_id, [first, *(one for one in before[1:] if one != first)] if first else [])
    return bound(portal, deal_id) != before


def bind(portal: "Portal", deal_id: int, contact_ids: list[int]) -> None:
    """Replace the deal's contacts. That they exist is not looked at, as in a portal."""
    wanted = [one for one in dict.fromkeys(contact_ids) if one > 0]
    _keep(portal, deal_id, [_row(one, place) for place, one in enumerate(wanted)])


def bind_items(portal: "Portal", deal_id: int, items: Any) -> None:
    """Replace the deal's contacts by those of crm.deal.contact.items.set; the flagged or first is primary."""
    rows = [{name.upper(): value for name, value in as_map(one).items()} for one in as_list(items)]
    rows = [row for row in rows if whole(row.get("CONTACT_ID")) > 0]
    rows.sort(key=lambda row: row.get("IS_PRIMARY") != "Y")
    kept: dict[int, Json] = {}
    for row in rows:
        number = whole(row["CONTACT_ID"])
        binding = _row(number, len(kept)) | {"ROLE_ID": whole(row.get("ROLE_ID"))}
        if "SORT" in row:
            binding["SORT"] = whole(row["SORT"])
        kept.setdefault(number, binding)
    _keep(portal, deal_id, list(kept.values()))


def add_one(portal: "Portal", deal_id: int, row: Mapping[str, Any]) -> bool:
    """Add a contact behind the others (before them when it is flagged); False when it is there already."""
    number, before = whole(row.get("CONTACT_ID")), bound(portal, deal_id)
    if number in before:
        return False
    bind(portal, deal_id, [number, *before] if row.get("IS_PRIMARY") == "Y" else [*before, number])
    return True


def forget_contact(portal: "Portal", contact_id: int) -> None:
    """A contact is deleted: no deal has it any more."""
    for deal_id in [one for one in portal.bindings if contact_id in bound(portal, one)]:
        bind(portal, deal_id, [one for one in bound(portal, deal_id) if one != contact_id])


def _row(contact_id: int, place: int) -> Json:
    return {
        "CONTACT_ID": contact_id,
        "SORT": 10 * (place + 1),
        "ROLE_ID": 0,
        "IS_PRIMARY": "N" if place else "Y",
    }


def _keep(portal: "Portal", deal_id: int, rows: list[Json]) -> None:
    portal.bindings[deal_id] = rows
    portal.deals[deal_id]["CONTACT_ID"] = str(rows[0]["CONTACT_ID"]) if rows else None
    portal.touch()
