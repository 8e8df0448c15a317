"""The older methods of deals, contacts and companies."""

from collections.abc import Callable
from typing import Any

from sandbox.bitrix24 import listing, writing
from sandbox.bitrix24.entities import COMPANY, CONTACT, DEAL, Entity
from sandbox.bitrix24.fields import Field, classic_read
from sandbox.bitrix24.methods.hit import Hit, Method, Methods
from sandbox.bitrix24.php import as_list, as_map
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.wire import Answer, Json, classic, not_found

_CONTACT_IDS = Field("CONTACT_IDS", "crm_contact", "Контакты", multiple=True)


def record_methods() -> Methods:
    """Seven methods each, crm.deal.add and so on."""
    table: Methods = {}
    for name, type_id in (("deal", DEAL), ("contact", CONTACT), ("company", COMPANY)):
        for verb, make in _VERBS.items():
            table[f"crm.{name}.{verb}"] = Method(_bound(make, type_id))
    return table


def _bound(run: Callable[[Hit, Entity], Answer], type_id: int) -> Callable[[Hit], Answer]:
    return lambda hit: run(hit, hit.portal.entities[type_id])


def existing(hit: Hit, entity: Entity) -> int:
    """The id of the record that is asked for. Raises RestError."""
    number = hit.integer("id")
    if number <= 0:
        raise classic("ID is not defined or invalid.")
    if number not in entity.rows:
        raise not_found()
    return number


def _add(hit: Hit, entity: Entity) -> Answer:
    return Answer(writing.add(hit.portal, entity, hit.fields(), hit.user_id))


def _update(hit: Hit, entity: Entity) -> Answer:
    number = existing(hit, entity)
    writing.update(hit.portal, entity, number, hit.fields(), hit.user_id)
    return Answer(True)


def _delete(hit: Hit, entity: Entity) -> Answer:
    writing.delete(hit.portal, entity, existing(hit, entity))
    return Answer(True)


def _get(hit: Hit, entity: Entity) -> Answer:
    record = entity.rows[existing(hit, entity)]
    return Answer(shown(hit.portal, entity, record, list(entity.fields)))


def _fields(hit: Hit, entity: Entity) -> Answer:
    known = entity.fields | ({"CONTACT_IDS": _CONTACT_IDS} if entity.type_id == DEAL else {})
    return Answer({name: one.api() for name, one in known.items()})


def _list(hit: Hit, entity: Entity) -> Answer:
    tests = classic_tests(entity.fields, hit.param("filter"))
    order = listing.order_of(entity.fields, hit.param("order"))
    page = listing.page_of(entity.rows, tests, order, hit.start, listing.after_id(hit.param("filter")))
    names = selected(entity, hit.param("select"))
    rows = [shown(hit.portal, entity, one, names) for one in page.records]
    return Answer(rows, page.total or 0, page.next)


_VERBS: dict[str, Callable[[Hit, Entity], Answer]] = {
    "add": _add,
    "get": _get,
    "list": _list,
    "update": _update,
    "delete": _delete,
    "fields": _fields,
}


def classic_tests(fields: dict[str, Field], asked: Any) -> list[listing.Test]:
    """The conditions of a filter. Unknown fields are dropped without a word, and do not narrow the list."""
    found = [(*listing.split_prefix(key), value) for key, value in as_map(asked).items()]
    return [listing.test_of(fields[name], sign, value) for sign, name, value in found if name in fields]


def selected(entity: Entity, asked: Any) -> list[str]:
    """The fields of a list: all but the multifields, unless told; ID is always there."""
    wanted = [str(one) for one in as_list(asked)] or ["*", "UF_*"]
    names = ["ID"]
    for one in wanted:
        if one == "*":
            names += [name for name, known in entity.fields.items() if _in_star(known)]
        elif one == "UF_*":
            names += [name for name, known in entity.fields.items() if known.is_dynamic]
        elif one in entity.fields:
            names.append(one)
    return list(dict.fromkeys(names))


def _in_star(known: Field) -> bool:
    return not known.is_dynamic and known.type != "crm_multifield"


def shown(portal: Portal, entity: Entity, record: Json, names: list[str]) -> Json:
    """A record as the older methods give it. Multifields without values are left out."""
    fields, found = entity.fields, {}
    for name in names:
        value = record.get(name)
        if fields[name].type != "crm_multifield":
            found[name] = classic_read(fields[name], value, portal.zone)
        elif value:
            found[name] = value
    return found
