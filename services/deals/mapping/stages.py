"""A source's stage in the home portal."""

from collections.abc import Iterator

from services.deals.mapping.model import Mapping, StageTable
from services.deals.mapping.schema import PortalSchema, Stage, spoken


def home_stage(mapping: Mapping, stage_id: str, source: PortalSchema, home: PortalSchema) -> Stage | None:
    """Where the file leads; None when it has no such stage, or the home portal none of that id or name."""
    for table in mapping.funnels:
        target = _target(table, stage_id, source)
        if target is not None:
            return _at_home(table.home, target, home)
    return None


def is_named(mapping: Mapping, stage_id: str, source: PortalSchema) -> bool:
    """Whether the file says where a stage leads, be that there or not."""
    return any(_target(table, stage_id, source) is not None for table in mapping.funnels)


def _named(funnel: int | str) -> int | str:
    return spoken(funnel) if isinstance(funnel, str) else funnel


def _target(table: StageTable, stage_id: str, source: PortalSchema) -> str | None:
    if isinstance(table.source, int):
        return table.stages.get(stage_id)
    stage = source.stages.get(stage_id)
    if stage is None or source.names_of(stage)[0] != spoken(table.source):
        return None
    return table.stages.get(spoken(stage.name))


def _at_home(funnel: int | str, target: str, home: PortalSchema) -> Stage | None:
    if isinstance(funnel, str):
        return home.stage_named(funnel, target)
    return home.stages.get(target)


def has_table(mapping: Mapping, stage: Stage, source: PortalSchema) -> bool:
    """Whether the file says anything of the stage's funnel."""
    return any(_tables(mapping, stage, source))


def led_to(mapping: Mapping, stage: Stage, source: PortalSchema, home: PortalSchema) -> frozenset[int]:
    """The home funnels where the file leads others of the stage's funnel."""
    named = {_named(table.home) for table in _tables(mapping, stage, source)}
    return frozenset(one.id for one in home.funnels.values() if one.id in named or spoken(one.name) in named)


def _tables(mapping: Mapping, stage: Stage, source: PortalSchema) -> Iterator[StageTable]:
    names = stage.funnel, source.names_of(stage)[0]
    return (table for table in mapping.funnels if _named(table.source) in names)


def leads_nowhere(mapping: Mapping, home: PortalSchema) -> Iterator[str]:
    """The file's stages that the home portal has not, as the file names them."""
    for table in mapping.funnels:
        for target in dict.fromkeys(table.stages.values()):
            if _at_home(table.home, target, home) is None:
                yield target if isinstance(table.home, int) else f"{table.home} / {target}"
