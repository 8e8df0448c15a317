"""Lists: filters with their prefixes, order, pages of fifty, and the fields that are given."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import islice
from operator import ge, gt, le, lt
from typing import Any

from sandbox.bitrix24.fields import IDS, LINKS, Field, whole
from sandbox.bitrix24.php import as_list, as_map
from sandbox.bitrix24.wire import Json

PAGE = 50
_PREFIX = re.compile(r"^(!=%|!%=|!@|!%|!=|>=|<=|=%|%=|><|!|>|<|=|@|%)?(.*)$", re.DOTALL)

Test = Callable[[Json], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `total` is None where nobody counted."""

    records: list[Json]
    total: int | None
    next: int | None


def collated(text: str) -> str:
    """A text as the portal's database compares it: letter case, trailing blanks and ё are nothing to it."""
    return text.casefold().replace("ё", "е").rstrip(" ")


def split_prefix(key: str) -> tuple[str, str]:
    """A filter's key as its operator (perhaps empty) and its field."""
    found = _PREFIX.match(key)
    return (found[1] or "", found[2]) if found else ("", key)


def page_of(
    rows: Mapping[int, Json], tests: list[Test], order: list[tuple[Field, bool]], start: int, after: int = 0
) -> Page:
    """Fifty records from the page that `start` is on; -1 is the first, uncounted.

    None of those up to the id `after` passes the tests, so they are not looked at: what an index is for.
    """
    found: Iterable[Json] = (one for one in _behind(rows, after) if all(test(one) for test in tests))
    if order and (order[0][0].name, order[0][1]) != ("ID", False):
        found = _sorted(found, order)
    if start < 0:
        return Page(list(islice(found, PAGE)), None, None)
    every = list(found)
    begin = start // PAGE * PAGE
    following = begin + PAGE
    return Page(every[begin:following], len(every), following if following < len(every) else None)


def after_id(asked: Any) -> int:
    """The id behind which all records are that a filter lets pass; 0 for one that does not say."""
    bounds = [asked[key] for key in (">ID", ">id") if isinstance(asked, dict) and key in asked]
    return max((whole(one) for one in bounds if not isinstance(one, dict | list)), default=0)


def _behind(rows: Mapping[int, Json], after: int) -> Iterable[Json]:
    ids = list(rows)
    return map(rows.__getitem__, islice(ids, bisect_right(ids, after), None))


def _sorted(found: Iterable[Json], order: list[tuple[Field, bool]]) -> list[Json]:
    records = list(found)
    for known, descending in reversed(order):
        records.sort(key=lambda one: _rank(known, one.get(known.name)), reverse=descending)
    return records


def _rank(known: Field, value: Any) -> tuple[bool, Any]:
    return (False, 0) if value in (None, "") else (True, comparable(known, value))


def order_of(fields: Mapping[str, Field], order: Any) -> list[tuple[Field, bool]]:
    """What a list is sorted by, and whether downwards; unknown fields are dropped."""
    asked = ((name, str(way).upper().startswith("DESC")) for name, way in as_map(order).items())
    return [(fields[name], way) for name, way in asked if name in fields]


def comparable(known: Field, value: Any) -> Any:
    """A kept or asked value in a form that compares."""
    if known.type in IDS:
        return whole(value)
    if known.type == "double":
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return Decimal(0)
    if known.type in ("date", "datetime"):
        return _moment(str(value), whole_days=known.type == "date")
    return collated(str(value))


def _moment(text: str, *, whole_days: bool) -> float:
    """Seconds since 1970; what says no offset is taken as UTC, what is no time is the beginning of all."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    if whole_days:
        moment = datetime.combine(moment.date(), time(), UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def test_of(known: Field, operator: str, asked: Any) -> Test:
    """Whether a record passes one condition of a filter."""
    if isinstance(asked, dict | list) or operator in ("@", "!@"):
        wanted = {comparable(known, one) for one in as_list(asked)}
        denied = operator.startswith("!")
        return lambda one: bool(wanted & _values(known, one)) != denied
    if operator in (">", ">=", "<", "<="):
        return _range_test(known, operator, asked)
    if "%" in operator and known.type not in LINKS:
        return _like_test(known, operator, asked)
    denied = operator.startswith("!")
    if asked is None or asked is False or asked == "":
        return lambda one: (not _values(known, one)) != denied
    wanted_one = comparable(known, asked)
    return lambda one: (wanted_one in _values(known, one)) != denied


def _values(known: Field, record: Json) -> set[Any]:
    value = record.get(known.name)
    if known.type == "crm_multifield":
        return {comparable(known, one["VALUE"]) for one in value or []}
    found = value if isinstance(value, list) else [value]
    return {comparable(known, one) for one in found if one not in (None, "")}


def _range_test(known: Field, operator: str, asked: Any) -> Test:
    bound, name = comparable(known, asked), known.name
    compare: Callable[[Any, Any], bool] = {">": gt, ">=": ge, "<": lt, "<=": le}[operator]
    if name == "ID":  # long lists are read by it, page after page
        return lambda one: compare(int(one["ID"]), bound)

    def test(record: Json) -> bool:
        value = record.get(name)
        return value not in (None, "") and compare(comparable(known, value), bound)

    return test


def _like_test(known: Field, operator: str, asked: Any) -> Test:
    """`%` finds the text anywhere; `=%` and `%=` take the text's own % and _ as wildcards."""
    text, denied = collated(str(asked)), operator.startswith("!")
    if "=" not in operator:
        return lambda one: any(text in value for value in _texts(known, one)) != denied
    pattern = re.compile(re.escape(text).replace("%", ".*").replace("_", "."), re.DOTALL)
    return lambda one: any(pattern.fullmatch(value) for value in _texts(known, one)) != denied


def _texts(known: Field, record: Json) -> set[str]:
    return {str(value) for value in _values(known, record)}
