"""The tables `[[funnels]]`: which stage of a source's funnel is which stage at home."""

from collections import Counter
from typing import Any

from services.deals.mapping.faults import Found, place
from services.deals.mapping.model import StageTable
from services.deals.mapping.schema import spoken

_KEYS = ("source", "home", "stages")


def read_stage_tables(found: Found, value: Any) -> tuple[StageTable, ...]:
    """All of them; what is wrong is kept in `found`."""
    if not isinstance(value, list) or not value:
        found.fault("funnels", "is no list of tables [[funnels]]")
        return ()
    tables = tuple(_table(found, f"funnels[{number}]", one) for number, one in enumerate(value, 1))
    sources = Counter(_named(one.source) for one in tables)
    if any(count > 1 for name, count in sources.items() if name != ""):
        found.fault("funnels", "have two tables for one source funnel")
    return tables


def _named(funnel: int | str) -> int | str:
    return spoken(funnel) if isinstance(funnel, str) else funnel


def _table(found: Found, where: str, value: Any) -> StageTable:
    table = found.table(where, value, _KEYS)
    source, home = (_funnel(found, place(where, key), table.get(key)) for key in ("source", "home"))
    stages = found.texts(place(where, "stages"), table.get("stages"))
    for stage, target in stages.items():
        _of_funnel(found, place(place(where, "stages"), stage), source, stage)
        _of_funnel(found, place(place(where, "stages"), stage), home, target)
    return StageTable(source, home, _keyed(found, where, source, stages))


def _funnel(found: Found, where: str, value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    if isinstance(value, str) and value.strip():
        return value
    found.fault(where, "is neither a funnel's number nor its name")
    return ""


def _of_funnel(found: Found, where: str, funnel: int | str, stage: str) -> None:
    """The stages of funnel 3 are `C3:…`, those of funnel 0 have no such beginning."""
    if not isinstance(funnel, int) or not stage:
        return
    prefix = f"C{funnel}:" if funnel else ""
    if not stage.startswith(prefix) or (not funnel and ":" in stage):
        shown = (
            f"ids of stages in funnel {funnel} begin with {prefix}" if funnel else "funnel 0 has ids as NEW"
        )
        found.fault(where, f"is no stage of its funnel: {shown}")


def _keyed(found: Found, where: str, source: int | str, stages: Any) -> dict[str, str]:
    if isinstance(source, int):
        return dict(stages)
    named = {spoken(key): target for key, target in stages.items()}
    if len(named) < len(stages):
        found.fault(place(where, "stages"), "names one stage twice")
    return named
