"""Dictionaries, kinds of items, and the people who work in the portal."""

from typing import Any

from sandbox.bitrix24.dictionaries import Funnel, User
from sandbox.bitrix24.entities import DEAL, Entity
from sandbox.bitrix24.listing import split_prefix
from sandbox.bitrix24.methods.hit import Hit, Method, Methods
from sandbox.bitrix24.php import JsonObject, as_list, as_map
from sandbox.bitrix24.wire import Answer, Json, missing

_USER = ("user", "user_basic", "user_brief")


def dictionary_methods() -> Methods:
    """Statuses, funnels, kinds and users."""
    return {
        "crm.status.list": Method(_statuses),
        "crm.category.list": Method(_categories),
        "crm.type.list": Method(_types),
        "user.get": Method(_users, _USER),
        "user.current": Method(_current, _USER),
        "profile": Method(_profile, ()),
    }


def _matches(row: Json, asked: Any) -> bool:
    """Plain equality; conditions on what the row does not have are dropped."""
    for key, value in as_map(asked).items():
        name = split_prefix(key)[1]
        if name in row and str(row[name]) not in {str(one) for one in as_list(value)}:
            return False
    return True


def _statuses(hit: Hit) -> Answer:
    rows = [one.api() for one in hit.portal.dictionaries.statuses]
    found = [row for row in rows if _matches(row, hit.param("filter"))]
    return Answer(found, len(found))


def _categories(hit: Hit) -> Answer:
    if hit.param("entityTypeId") is None:
        raise missing("entityTypeId")
    funnels = hit.portal.dictionaries.funnels.values() if hit.integer("entityTypeId") == DEAL else ()
    found = [_category(one) for one in sorted(funnels, key=lambda one: one.sort)]
    return Answer({"categories": found}, len(found))


def _category(funnel: Funnel) -> Json:
    return {
        "id": funnel.id,
        "name": funnel.name,
        "sort": funnel.sort,
        "entityTypeId": DEAL,
        "isDefault": "N" if funnel.id else "Y",
        "originId": "",
        "originatorId": "",
    }


def _types(hit: Hit) -> Answer:
    kinds = [one for one in hit.portal.entities.values() if one.is_smart_process]
    rows = [_type(place + 1, one) for place, one in enumerate(kinds)]
    found = [row for row in rows if _matches(row, hit.param("filter"))]
    return Answer({"types": found}, len(found))


def _type(number: int, entity: Entity) -> Json:
    return {
        "id": number,
        "title": entity.title,
        "entityTypeId": entity.type_id,
        "code": "",
        "isCategoriesEnabled": "N",
        "isStagesEnabled": "N",
        "isClientEnabled": "N",
        "createdBy": 1,
    }


def _users(hit: Hit) -> Answer:
    rows = [_user(one) for one in hit.portal.dictionaries.users.values()]
    asked = {
        key.upper(): value for key, value in as_map(hit.param("filter")).items() if key.upper() != "ACTIVE"
    }
    found = [row for row in rows if _matches(row, asked)]
    return Answer(found, len(found))


def _user(user: User) -> Json:
    return {
        "ID": str(user.id),
        "ACTIVE": True,
        "NAME": user.name,
        "LAST_NAME": user.last_name,
        "EMAIL": user.email,
        "TIMESTAMP_X": JsonObject(),
        "UF_DEPARTMENT": [1],
        "USER_TYPE": "employee",
    }


def _current(hit: Hit) -> Answer:
    return Answer(_user(hit.portal.dictionaries.users[hit.user_id]))


def _profile(hit: Hit) -> Answer:
    user = hit.portal.dictionaries.users[hit.user_id]
    return Answer(
        {
            "ID": str(user.id),
            "ADMIN": user.is_admin,
            "NAME": user.name,
            "LAST_NAME": user.last_name,
            "PERSONAL_GENDER": "",
            "TIME_ZONE": "",
        }
    )
