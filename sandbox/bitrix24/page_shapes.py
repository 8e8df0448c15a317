"""The JSON that the portals' page reads."""

from sandbox.bitrix24.doubles import doubles
from sandbox.bitrix24.entities import CONTACT, DEAL, Entity
from sandbox.bitrix24.faults import KINDS
from sandbox.bitrix24.fields import Field
from sandbox.bitrix24.ledger import Call, Command
from sandbox.bitrix24.methods import all_methods
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.wire import Json

_SHOWN = 200
_CALLS = 40
_LONGEST = 400
_TAIL = "COMMENTS ORIGINATOR_ID ORIGIN_ID"
_EDITABLE = {
    DEAL: f"TITLE CATEGORY_ID STAGE_ID CONTACT_ID OPPORTUNITY SOURCE_DESCRIPTION {_TAIL}",
    CONTACT: f"NAME LAST_NAME PHONE EMAIL {_TAIL}",
}
_EDITABLE_ITEM = "TITLE XML_ID"


def page_overview(portals: list[Portal]) -> list[Json]:
    """The portals and how much is in each."""
    return [{"domain": one.domain, "deals": len(one.deals), "contacts": len(one.contacts)} for one in portals]


def page_portal(portal: Portal, kind: int, text: str) -> Json:
    """All the page shows of one portal, with the newest records of one kind that hold the text."""
    entity = portal.entities[kind]
    rows = [one for one in reversed(entity.rows.values()) if text.casefold() in _searched(one)]
    return {
        "domain": portal.domain,
        "version": portal.version,
        "kinds": [{"id": one.type_id, "title": one.title, "count": len(one.rows)} for one in _kinds(portal)],
        "found": len(rows),
        "records": [page_row(portal, entity, one) for one in rows[:_SHOWN]],
        "fields": [_field(portal, entity.fields[name]) for name in editable(entity)],
        "limits": page_limits(portal),
        "faults": [one.api() for one in portal.faults.planned()],
        "fault_kinds": list(KINDS),
        "methods": sorted(all_methods()),
        "calls": [page_call(one) for one in reversed(portal.ledger.calls[-_CALLS:])],
        "figures": _figures(portal),
        "doubles": doubles(portal),
    }


def _kinds(portal: Portal) -> list[Entity]:
    return list(portal.entities.values())


def _searched(record: Json) -> str:
    return " ".join(str(value) for value in record.values() if value not in (None, [], "")).casefold()


def editable(entity: Entity) -> list[str]:
    """The fields that the page's form has."""
    return _EDITABLE.get(entity.type_id, _EDITABLE_ITEM if entity.is_smart_process else "TITLE").split()


def page_row(portal: Portal, entity: Entity, record: Json) -> Json:
    """One record: a name, a line about it, and what the form edits."""
    values = {name: _plain(record.get(name)) for name in editable(entity)}
    name = record.get("TITLE") or " ".join(filter(None, (record.get("NAME"), record.get("LAST_NAME"))))
    return {
        "id": int(record["ID"]),
        "name": name or f"#{record['ID']}",
        "about": _about(portal, entity, record),
        "values": values,
    }


def _about(portal: Portal, entity: Entity, record: Json) -> list[str]:
    if entity.type_id != DEAL:
        return [_plain(record.get(name)) for name in ("PHONE", "EMAIL") if record.get(name)]
    stage = portal.dictionaries.stage(int(record["CATEGORY_ID"]), record["STAGE_ID"])
    contact = portal.contacts.get(int(record["CONTACT_ID"] or 0))
    who = f"{contact['NAME'] or ''} {contact['LAST_NAME'] or ''}".strip() if contact else ""
    money = f"{record['OPPORTUNITY']} {record['CURRENCY_ID']}"
    return [one for one in (stage.name if stage else "", who, money) if one]


def _plain(value: object) -> str:
    """A value in one line; of several phones or addresses the first, which is the one the form changes."""
    if isinstance(value, list):
        return str(value[0]["VALUE"] if isinstance(value[0], dict) else value[0]) if value else ""
    return "" if value is None else str(value)


def _field(portal: Portal, known: Field) -> Json:
    choices = None
    if known.name == "CATEGORY_ID":
        choices = [[str(one.id), one.name] for one in portal.dictionaries.funnels.values()]
    elif known.name == "STAGE_ID":
        choices = [
            [one.status_id, f"{one.name} ({one.status_id})"]
            for one in portal.dictionaries.statuses
            if one.category_id is not None
        ]
    return {
        "name": known.name,
        "title": known.title,
        "choices": choices,
        "long": known.name == "COMMENTS",
        "fixed": known.immutable,
    }


def page_limits(portal: Portal) -> Json:
    """What the page's panel sets."""
    return {
        "rate": portal.bucket.rate,
        "burst": portal.bucket.burst,
        "latency": portal.latency,
        "command_latency": portal.command_latency,
        "operating_limit": portal.operating.limit,
        "event_delay": portal.events.delay,
        "event_drop_percent": portal.events.drop_percent,
    }


def _figures(portal: Portal) -> Json:
    ledger = portal.ledger
    return {
        "requests": ledger.requests,
        "commands": ledger.commands,
        "rejections": ledger.rejections,
        "blocked": ledger.blocked,
        "cut": ledger.cut,
        "operating": [[method, round(used, 2)] for method, used in portal.operating.table()[:5]],
    }


def page_call(call: Call) -> Json:
    """One request of the ledger."""
    return {
        "n": call.n,
        "at": call.at,
        "method": call.method,
        "status": call.status,
        "code": call.code,
        "applied": call.applied,
        "seconds": round(call.seconds, 3),
        "fault": call.fault,
        "commands": [_command(one) for one in call.commands],
    }


def _command(one: Command) -> Json:
    params = str(one.params)
    return {
        "name": one.name,
        "method": one.method,
        "params": params if len(params) <= _LONGEST else f"{params[:_LONGEST]}…",
        "applied": one.applied,
        "code": one.code,
    }
