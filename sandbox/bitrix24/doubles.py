"""Looking for what must not be there twice: records with one origin, contacts with one phone."""

from sandbox.bitrix24.methods.duplicates import values_of
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.wire import Json


def doubles(portal: Portal) -> list[str]:
    """One line for each origin and each phone that several records have; empty when all is well."""
    return [
        *_same_origin("deals", portal.deals),
        *_same_origin("contacts", portal.contacts),
        *_same_phone(portal.contacts),
    ]


def _same_origin(kind: str, rows: dict[int, Json]) -> list[str]:
    found: dict[tuple[str, str], list[int]] = {}
    for number, one in rows.items():
        if one.get("ORIGIN_ID"):
            origin = str(one.get("ORIGINATOR_ID") or ""), str(one["ORIGIN_ID"])
            found.setdefault(origin, []).append(number)
    return [f"{kind} {ids} are all {origin}" for origin, ids in found.items() if len(ids) > 1]


def _same_phone(rows: dict[int, Json]) -> list[str]:
    found: dict[str, list[int]] = {}
    for number, one in rows.items():
        for phone in values_of("PHONE", one):
            found.setdefault(phone, []).append(number)
    return [f"contacts {ids} all have {phone}" for phone, ids in found.items() if len(ids) > 1]
