"""A mapping from its file, https://toml.io: everything that is wrong with it is told at once."""

import math
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast, get_args

from services.deals.mapping.concat import FIELD_NAME, parts
from services.deals.mapping.faults import Found, MappingFaults, place
from services.deals.mapping.model import FUNNEL, STAGE, Mapping, Owner, Rule, When
from services.deals.mapping.schema import spoken
from services.deals.mapping.stage_tables import read_stage_tables

DEFAULT = Path(__file__).with_name("default.toml")
LARGEST = 1_000_000  # bytes of a file; and the highest version
_MAKERS = ("source", "value", "concat", "now")
_KEYS = (*_MAKERS, "default", "values", "when", "owner")
_THE_HUBS = frozenset({"ID", "ORIGINATOR_ID", "ORIGIN_ID", "CONTACT_ID", "CONTACT_IDS", "COMPANY_ID"})


def read_file(path: Path | None) -> Mapping:
    """The mapping of a file, or the built-in one. Raises MappingFaults, also when it cannot be read."""
    try:
        with (path or DEFAULT).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise MappingFaults([f"the file cannot be read: {error.strerror}"]) from None
    return read(data)


def read(data: bytes) -> Mapping:
    """The mapping that a file's bytes are. Raises MappingFaults with all that is wrong."""
    document = _document(data)
    found = Found()
    found.table("", document, ("version", "fields", "funnels"))
    version = _version(found, document.get("version"))
    rules = _rules(found, document.get("fields"))
    tables = read_stage_tables(found, document["funnels"]) if "funnels" in document else ()
    _stages_fit(found, rules, "funnels" in document)
    if found.faults:
        raise MappingFaults(found.faults)
    return Mapping(version, sha256(data).hexdigest(), rules, tables)


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST:
        raise MappingFaults([f"the file is longer than {LARGEST} bytes"])
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise MappingFaults(["the file is no UTF-8 text"]) from None
    except tomllib.TOMLDecodeError as error:
        raise MappingFaults([f"the file is no TOML: {error}"]) from None
    except (ValueError, RecursionError):
        raise MappingFaults(["the file is no TOML: a number is too long, or it is nested too deep"]) from None


def _version(found: Found, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST:
        return value
    found.fault("version", f"is no whole number from 1 to {LARGEST}")
    return 0


def _rules(found: Found, tables: Any) -> dict[str, Rule]:
    fields = found.table("fields", {} if tables is None else tables)
    if not fields:
        found.fault("fields", "names no field")
    return {target: _rule(found, target, table) for target, table in fields.items()}


def _rule(found: Found, target: str, value: Any) -> Rule:
    where = place("fields", target)
    table = found.table(where, value, _KEYS)
    for message in _target_faults(target):
        found.fault(where, message)
    makers = [key for key in _MAKERS if key in table]
    if len(makers) != 1:
        found.fault(where, f"needs exactly one of {', '.join(_MAKERS)}")
    if "default" in table and not {"source", "concat"} & table.keys():
        found.fault(place(where, "default"), "is only for what has source or concat")
    if "values" in table and "source" not in table:
        found.fault(place(where, "values"), "is only for what has source")
    return Rule(
        target,
        source=_field(found, where, table),
        value=_constant(found, where, table, "value"),
        concat=_concat(found, where, table),
        now=_now(found, where, table),
        default=_constant(found, where, table, "default"),
        values=_values(found, where, table),
        when=cast("When", _choice(found, where, table, "when", get_args(When))),
        owner=cast("Owner", _choice(found, where, table, "owner", get_args(Owner))),
    )


def _target_faults(target: str) -> Iterator[str]:
    if not FIELD_NAME.fullmatch(target):
        yield "is no name of a field, such as TITLE or UF_CRM_CITY"
    if target in _THE_HUBS:
        yield "is set by the hub itself"


def _field(found: Found, where: str, table: Any) -> str:
    if "source" not in table:
        return ""
    name = found.text(place(where, "source"), table["source"])
    if name and not FIELD_NAME.fullmatch(name):
        found.fault(place(where, "source"), "is no name of a field, such as TITLE or UF_CRM_CITY")
    return name


def _constant(found: Found, where: str, table: Any, key: str) -> Any:
    if key not in table:
        return None
    given = table[key]
    try:
        return [_scalar(one) for one in given] if isinstance(given, list) else _scalar(given)
    except ValueError as error:
        found.fault(place(where, key), str(error))
        return None


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError("is a moment without its offset")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is no number")
    if not isinstance(value, str | int | float):
        raise ValueError("is no text, number, flag, date or list of them")
    return value


def _concat(found: Found, where: str, table: Any) -> str:
    if "concat" not in table:
        return ""
    pattern = found.text(place(where, "concat"), table["concat"])
    try:
        parts(pattern)
    except ValueError as error:
        found.fault(place(where, "concat"), str(error))
    return pattern


def _now(found: Found, where: str, table: Any) -> bool:
    if table.get("now", True) is not True:
        found.fault(place(where, "now"), "may only be true")
    return "now" in table


def _values(found: Found, where: str, table: Any) -> dict[str, str]:
    if "values" not in table:
        return {}
    given = found.texts(place(where, "values"), table["values"])
    named = {spoken(key): one for key, one in given.items()}
    if len(named) < len(given):
        found.fault(place(where, "values"), "names one value twice")
    return named


def _choice(found: Found, where: str, table: Any, key: str, options: tuple[str, ...]) -> str:
    return found.choice(place(where, key), table[key], options) if key in table else options[0]


def _stages_fit(found: Found, rules: dict[str, Rule], has_tables: bool) -> None:
    stage, funnel = rules.get(STAGE), rules.get(FUNNEL)
    where = place("fields", STAGE)
    if stage and stage.source and stage.source != STAGE:
        found.fault(place(where, "source"), f"may only be {STAGE}")
    if stage and (stage.concat or stage.now or stage.values):
        found.fault(where, f"is made of source = {STAGE!r} and the tables [[funnels]], or is a value")
    if stage and stage.source and not has_tables:
        found.fault(where, "needs a table [[funnels]]")
    if has_tables and not (stage and stage.source):
        found.fault("funnels", f"is only for a field {STAGE} whose source is {STAGE}")
    if funnel and stage:
        found.fault(place("fields", FUNNEL), f"comes with {STAGE}")
    elif funnel and (funnel.source or funnel.concat or funnel.now):
        found.fault(place("fields", FUNNEL), "may only be a value")
