"""What only deals have: contacts, product rows and user fields of one's own."""

from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.bitrix24 import binding
from sandbox.bitrix24.entities import DEAL
from sandbox.bitrix24.fields import whole
from sandbox.bitrix24.methods.hit import Hit, Method, Methods
from sandbox.bitrix24.methods.records import existing
from sandbox.bitrix24.php import as_list, as_map
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.user_fields import add_user_field
from sandbox.bitrix24.wire import Answer, Json, classic

_ROW_DEFAULTS: Json = {
    "PRODUCT_ID": 0,
    "PRODUCT_NAME": "",
    "DISCOUNT_TYPE_ID": 2,
    "DISCOUNT_RATE": 0,
    "DISCOUNT_SUM": 0,
    "TAX_RATE": 0,
    "TAX_INCLUDED": "N",
    "CUSTOMIZED": "Y",
    "MEASURE_CODE": 796,
    "MEASURE_NAME": "шт",
}


def deal_methods() -> Methods:
    """Contacts, product rows and user fields of deals."""
    return {
        "crm.deal.contact.items.get": Method(_contacts),
        "crm.deal.contact.items.set": Method(_set_contacts),
        "crm.deal.contact.add": Method(_add_contact),
        "crm.deal.productrows.get": Method(_rows),
        "crm.deal.productrows.set": Method(_set_rows),
        "crm.deal.userfield.list": Method(_user_fields),
        "crm.deal.userfield.add": Method(_add_user_field),
    }


def _deal(hit: Hit) -> int:
    return existing(hit, hit.portal.entities[DEAL])


def _contacts(hit: Hit) -> Answer:
    return Answer([dict(one) for one in hit.portal.bindings.get(_deal(hit), [])])


def _set_contacts(hit: Hit) -> Answer:
    number, items = _deal(hit), hit.param("items")
    if not isinstance(items, dict | list):
        raise classic("The parameter 'items' must be array.")
    binding.bind_items(hit.portal, number, items)
    return Answer(True)


def _add_contact(hit: Hit) -> Answer:
    number, fields = _deal(hit), hit.fields()
    if whole(fields.get("CONTACT_ID")) <= 0:
        raise classic("The parameter 'fields' is not valid.")
    return Answer(binding.add_one(hit.portal, number, fields))


def _rows(hit: Hit) -> Answer:
    return Answer([dict(one) for one in hit.portal.product_rows.get(_deal(hit), [])])


def _set_rows(hit: Hit) -> Answer:
    number, rows = _deal(hit), hit.param("rows")
    if not isinstance(rows, dict | list):
        raise classic("The parameter 'rows' must be array.")
    portal = hit.portal
    kept = [_row(portal, number, as_map(one)) for one in as_list(rows)]
    portal.product_rows[number] = kept
    deal = portal.deals[number]
    if deal["IS_MANUAL_OPPORTUNITY"] != "Y":
        total = sum((Decimal(str(one["PRICE"])) * Decimal(str(one["QUANTITY"])) for one in kept), Decimal())
        deal["OPPORTUNITY"] = f"{total:.2f}"
    portal.touch()
    return Answer(True)


def _row(portal: Portal, deal_id: int, given: Json) -> Json:
    """One row; numbers are given back as numbers."""
    row = {name: _like(default, given.get(name, default)) for name, default in _ROW_DEFAULTS.items()}
    price, quantity = _number(given.get("PRICE")), _number(given.get("QUANTITY", 1))
    owner = {"ID": str(next(portal.numbers)), "OWNER_ID": str(deal_id), "OWNER_TYPE": "D"}
    return owner | row | {"PRICE": price, "QUANTITY": quantity}


def _like(default: Any, value: Any) -> Any:
    return _number(value) if isinstance(default, int) else str(value)


def _number(value: Any) -> int | float:
    try:
        amount = Decimal(str(value or 0))
    except InvalidOperation:
        return 0
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _user_fields(hit: Hit) -> Answer:
    asked = as_map(hit.param("filter"))
    found = [
        one for one in hit.portal.user_fields if all(str(one.get(k)) == str(v) for k, v in asked.items())
    ]
    return Answer(found, len(found))


def _add_user_field(hit: Hit) -> Answer:
    fields = {name.upper(): value for name, value in hit.fields().items()}
    name = str(fields.get("FIELD_NAME") or "")
    if not name:
        raise classic("The 'FIELD_NAME' field is not found.")
    return Answer(add_user_field(hit.portal, fields))
