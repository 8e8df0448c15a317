"""crm.duplicate.findbycomm: who has this phone or address."""

from sandbox.bitrix24.entities import COMPANY, CONTACT
from sandbox.bitrix24.methods.hit import Hit, Method, Methods
from sandbox.bitrix24.php import as_list
from sandbox.bitrix24.wire import Answer, Json, classic, normal_phone

_ENTITIES = {"CONTACT": CONTACT, "COMPANY": COMPANY}
_MOST_VALUES = 20
_MOST_HITS = 20


def duplicate_methods() -> Methods:
    """The one there is."""
    return {"crm.duplicate.findbycomm": Method(_find)}


def _find(hit: Hit) -> Answer:
    """Ids by kind; without `entity_type` a kind with many hits hides the others. Values that are no text are
    skipped.
    """
    kind = str(hit.param("type") or "").upper()
    if kind not in ("PHONE", "EMAIL"):
        raise classic("Communication type is not defined.")
    values = [one for one in as_list(hit.param("values")) if isinstance(one, str) and one][:_MOST_VALUES]
    if not values:
        raise classic("Communication values is not defined.")
    asked = str(hit.param("entity_type") or "").upper()
    wanted = {compared(kind, one) for one in values}
    found: dict[str, list[int]] = {}
    left = None if asked else _MOST_HITS
    for name, type_id in _ENTITIES.items():
        if asked in ("", name):
            rows = hit.portal.entities[type_id].rows
            ids = [number for number, one in rows.items() if wanted & values_of(kind, one)][:left]
            left = None if left is None else left - len(ids)
            found |= {name: ids} if ids else {}
    return Answer(found)


def compared(kind: str, value: str) -> str:
    """A phone or an address in the form that is compared."""
    return normal_phone(value) if kind == "PHONE" else value.strip().lower()


def values_of(kind: str, record: Json) -> set[str]:
    """All a record has of them, in that form."""
    return {compared(kind, one["VALUE"]) for one in record.get(kind) or []} - {""}
