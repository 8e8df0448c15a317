"""crm.item.*: the newer way to the same records, and the only one to smart processes."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.bitrix24 import binding, listing, multifields, writing
from sandbox.bitrix24.entities import DEAL, Entity
from sandbox.bitrix24.fields import Field, modern_read, whole
from sandbox.bitrix24.methods.hit import Hit, Method, Methods
from sandbox.bitrix24.php import as_list, as_map, is_true
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.wire import Answer, Json, RestError, item_not_found, missing

_RENAMED = {
    "DATE_CREATE": "createdTime",
    "DATE_MODIFY": "updatedTime",
    "CREATED_BY_ID": "createdBy",
    "MODIFY_BY_ID": "updatedBy",
    "MOVED_BY_ID": "movedBy",
}
_WORD = re.compile(r"_([a-z0-9])")


def item_methods() -> Methods:
    """All of them."""
    verbs = {
        "list": _list,
        "get": _get,
        "add": _add,
        "update": _update,
        "delete": _delete,
        "fields": _fields,
    }
    return {f"crm.item.{verb}": Method(_bound(run)) for verb, run in verbs.items()}


def modern_name(name: str, *, original: bool = False) -> str:
    """A classic name in camelCase; those of user fields are irregular, and kept where `original` is asked."""
    if name.startswith("UF_CRM_"):
        return name if original else f"ufCrm_{name.removeprefix('UF_CRM_')}"
    return _RENAMED.get(name) or _WORD.sub(lambda found: found[1].upper(), name.lower())


def _bound(run: Callable[[Hit, Entity], Answer]) -> Callable[[Hit], Answer]:
    return lambda hit: run(hit, _entity(hit))


def _entity(hit: Hit) -> Entity:
    if hit.param("entityTypeId") is None:
        raise missing("entityTypeId")
    entity = hit.portal.entities.get(hit.integer("entityTypeId"))
    if entity is None:
        raise RestError("NOT_FOUND", "Смарт-процесс не найден")
    return entity


def _number(hit: Hit, entity: Entity) -> int:
    if hit.param("id") is None:
        raise missing("id")
    if (number := hit.integer("id")) not in entity.rows:
        raise item_not_found()
    return number


def _classic(entity: Entity) -> dict[str, str]:
    """Every name a field may have here → its classic one."""
    names = [*entity.fields, *(["CONTACT_IDS"] if entity.type_id == DEAL else [])]
    return {modern_name(name): name for name in names} | {name: name for name in names}


def _is_original(hit: Hit) -> bool:
    flag = hit.param("useOriginalUfNames")
    return flag != "N" and is_true(flag)


def _list(hit: Hit, entity: Entity) -> Answer:
    names, order = _classic(entity), as_map(hit.param("order"))
    classic_order = {names[name]: way for name, way in order.items() if name in names}
    tests = _tests(hit, entity, names)
    sorting = listing.order_of(entity.fields, classic_order)
    after = listing.after_id(hit.param("filter"))
    page = listing.page_of(entity.rows, tests, sorting, hit.start, after)
    wanted = _selected(names, hit.param("select"))
    items = [_item(hit.portal, entity, one, wanted, original=_is_original(hit)) for one in page.records]
    return Answer({"items": items}, page.total, page.next)


def _tests(hit: Hit, entity: Entity, names: dict[str, str]) -> list[listing.Test]:
    tests = []
    for key, value in as_map(hit.param("filter")).items():
        operator, name = listing.split_prefix(key)
        if name not in names:
            text = f"Invalid filter: field '{name}' is not allowed in filter"
            raise RestError("INVALID_ARG_VALUE", text)
        tests.append(_test(hit.portal, entity, names[name], operator, value))
    return tests


def _test(portal: Portal, entity: Entity, name: str, operator: str, value: Any) -> listing.Test:
    if name == "CONTACT_IDS":
        wanted = {whole(one) for one in as_list(value)}
        return lambda one: bool(wanted & set(binding.bound(portal, int(one["ID"]))))
    return listing.test_of(entity.fields[name], operator, value)


def _selected(names: dict[str, str], asked: Any) -> list[str]:
    wanted = [str(one) for one in as_list(asked)]
    every = list(dict.fromkeys(names.values()))
    if not wanted or "*" in wanted:
        return every
    chosen = [names[one] for one in wanted if one in names]
    if "UF_*" in wanted or "uf*" in wanted:
        chosen += [name for name in every if name.startswith("UF_")]
    return list(dict.fromkeys(["ID", *chosen]))


def _get(hit: Hit, entity: Entity) -> Answer:
    return _answer(hit, entity, _number(hit, entity))


def _add(hit: Hit, entity: Entity) -> Answer:
    fields = _written(hit, entity)
    _check_stage(hit.portal, entity, {}, fields)
    return _answer(hit, entity, writing.add(hit.portal, entity, fields, hit.user_id))


def _update(hit: Hit, entity: Entity) -> Answer:
    number, fields = _number(hit, entity), _written(hit, entity)
    _check_stage(hit.portal, entity, entity.rows[number], fields)
    writing.update(hit.portal, entity, number, fields, hit.user_id, modern=True)
    return _answer(hit, entity, number)


def _delete(hit: Hit, entity: Entity) -> Answer:
    writing.delete(hit.portal, entity, _number(hit, entity))
    return Answer([])


def _fields(hit: Hit, entity: Entity) -> Answer:
    original = _is_original(hit)
    found = {
        modern_name(name, original=original): one.api() | {"upperName": name}
        for name, one in entity.fields.items()
    }
    return Answer({"fields": found})


def _written(hit: Hit, entity: Entity) -> Json:
    names, given = _classic(entity), hit.fields()
    fields = {names[name]: value for name, value in given.items() if name in names}
    return fields | multifields.from_modern(given.get("fm"))


def _check_stage(portal: Portal, entity: Entity, record: Json, fields: Json) -> None:
    """Unlike the older methods these refuse a stage that the funnel does not have."""
    if entity.type_id != DEAL or not fields.get("STAGE_ID"):
        return
    funnel = whole(fields.get("CATEGORY_ID", record.get("CATEGORY_ID")))
    if funnel in portal.dictionaries.funnels and portal.dictionaries.stage(funnel, str(fields["STAGE_ID"])):
        return
    raise RestError("CRM_FIELD_ERROR_VALUE_NOT_VALID", "Неверное значение поля «Стадия сделки»")


def _answer(hit: Hit, entity: Entity, number: int) -> Answer:
    names = list(dict.fromkeys(_classic(entity).values()))
    item = _item(hit.portal, entity, entity.rows[number], names, original=_is_original(hit))
    return Answer({"item": item})


def _item(portal: Portal, entity: Entity, record: Json, names: list[str], *, original: bool) -> Json:
    shape: Json = {}
    for name in names:
        known = entity.fields.get(name)
        if known is None:
            shape["contactIds"] = binding.bound(portal, int(record["ID"]))
        elif known.type != "crm_multifield":
            shape[modern_name(name, original=original)] = _value(known, record, portal)
    if set(entity.multifields) & set(names):
        shape["fm"] = multifields.modern(record, entity.multifields)
    return shape | {"entityTypeId": entity.type_id}


def _value(known: Field, record: Json, portal: Portal) -> Any:
    return modern_read(known, record.get(known.name), portal.zone)
