"""`run.py mapping`: what becomes of a deal, and making the fields that twins lack; a hub may run beside."""

import asyncio
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TextIO

from commands.asking import is_meant
from commands.check_settings import report_mapping
from commands.opening import open_database
from commands.portals import looking_at
from commands.tables import write_table
from services.deals.fields import Fields, Made, Missing
from services.deals.mapping.faults import MappingFaults
from services.deals.mapping.model import Mapping
from services.deals.mapping.reading import read_file
from services.deals.model import LARGEST, DealKey
from services.deals.preview import Line, Plan, Preview
from services.deals.twins import Twins
from services.engine.clock import SystemClock
from services.engine.errors import HubError
from services.engine.observability import Redactor, configure_logging
from services.flow.excerpts import Excerpt, excerpts
from services.flow.journal import Journal
from settings import Settings
from storage.database import Database
from storage.errors import DatabaseRefused, NoTablesYet, StorageUnavailable
from storage.sqlite import SqliteDatabase, path_of

ACTOR = "command line"
CELL = 60  # characters of a value
NOTHING = "-"
REASON = 200
COLUMNS = ("field", "source", "would be written", "twin now", "")
MARKS = {
    "written": "write",
    "overwritten": "write, undoing an edit at home",
    "kept": "kept: owner = home",
    "asked": "an admin is asked: owner = ask",
    "unchanged": "unchanged",
    "nothing": "the source has nothing",
}
ASKED_FOR = "once somebody asks"  # of a twin that was deleted at home
STAYS = {
    "always": "stays: the home portal made this of it",
    "on_add": "stays: only into a new twin",
    "if_empty": "stays: the twin has something there",
    "never": "stays: when = never",
}
LEFT_OUT = {
    "no_field": "left out: no such field at home",
    "read_only": "left out: nobody may write it at home",
    "link": "left out: its number means something else at home",
    "stage": "left out: the mapping leads this stage nowhere",
    "choice": "left out: no such choice at home",
    "value": "left out: it does not fit the field",
}
OUTCOMES = {
    "made": "made",
    "there": "there already",
    "refused": "refused",
    "unknown": "nobody knows whether it is there",
}


def test(settings: Settings, wanted: str, out: TextIO) -> int:
    """Show on `out` what a transfer of `[DOMAIN/]ID` would write; nothing is. The answer is the exit code."""
    rules, key = _rules(settings), _key(settings, wanted)
    if rules is None or key is None:
        return 2
    return _run(settings, _test(settings, rules, key, out))


def create_fields(settings: Settings, into: TextIO, out: TextIO, *, dry_run: bool) -> int:
    """Make the fields that twins lack, once that is meant (`into`). The answer is the exit code."""
    rules, faults = _rules(settings), _without_portals(settings)
    _complain(faults)
    if rules is None or faults:
        return 2
    return _run(settings, _create(settings, rules, into, out, dry_run=dry_run))


def _rules(settings: Settings) -> Mapping | None:
    """None when MAPPING_FILE is no mapping, which is told."""
    try:
        return read_file(settings.deals.mapping_path)
    except MappingFaults as error:
        report_mapping(error, sys.stderr)
        return None


def _key(settings: Settings, wanted: str) -> DealKey | None:
    """The deal at its source; None for what names none, which is told."""
    faults, domains = _without_portals(settings), list(settings.bitrix24.sources)
    domain, named, number = wanted.strip().lower().rpartition("/")
    if not (number.isascii() and number.isdigit() and 0 < int(number) < LARGEST):
        faults.append(f"{wanted!r} ends with no deal's number")
    if named and domains and domain not in domains:
        faults.append(f"{domain!r} is none of the portals of BITRIX24_SOURCES: {', '.join(domains)}")
    if not named and len(domains) > 1:
        faults.append(f"of which portal? Write {domains[0]}/{number}; there are {', '.join(domains)}")
    _complain(faults)
    return None if faults else DealKey(domain or domains[0], int(number))


def _without_portals(settings: Settings) -> list[str]:
    lacks = {"BITRIX24_URL": settings.bitrix24.home, "BITRIX24_SOURCES": settings.bitrix24.sources}
    return [f"{variable} is not set" for variable, given in lacks.items() if not given]


def _complain(faults: Sequence[str]) -> None:
    sys.stderr.writelines(f"switchboard: {fault}\n" for fault in faults)


def _run(settings: Settings, work: Coroutine[Any, Any, int]) -> int:
    configure_logging("CRITICAL", "console", settings.secrets(), sys.stderr)
    try:
        return asyncio.run(work)
    except (HubError, DatabaseRefused, StorageUnavailable) as error:
        _complain([Redactor(settings.secrets()).text(str(error) or type(error).__name__)])
        return 1


async def _test(settings: Settings, rules: Mapping, key: DealKey, out: TextIO) -> int:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        scratch = await _scratch(stack)
        database = await _database(settings, stack) or scratch
        opening = looking_at(settings, rules, database, counted_in=scratch, clock=clock)
        looking = await stack.enter_async_context(opening)
        plan = await Preview(looking, Twins(looking.sources.home, clock)).of(key)
    if plan is None:
        _complain([f"{key.domain} has no deal {key.id}"])
        return 1
    _show(plan, excerpts(Redactor(settings.secrets()).text), out)
    return 0


async def _scratch(stack: AsyncExitStack) -> Database:
    """An empty database that is gone afterwards: for counting requests where nothing may be written."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    scratch = SqliteDatabase(Path(folder) / "scratch.db")
    await scratch.open()
    stack.push_async_callback(scratch.close)
    return scratch


async def _database(settings: Settings, stack: AsyncExitStack) -> Database | None:
    """The hub's; None when no hub has run yet."""
    storage = settings.storage
    if not storage.is_postgres and not path_of(storage.database_url).exists():
        return None
    database = open_database(settings, beside=True)
    try:
        await database.open()
    except NoTablesYet:
        return None
    stack.push_async_callback(database.close)
    return database


def _show(plan: Plan, excerpt: Excerpt, out: TextIO) -> None:
    out.write(f"{plan.key.text}, {_twin(plan)}, mapping {plan.label}\n")
    is_gone = plan.gone is not None
    write_table([COLUMNS, *(_row(line, excerpt, is_gone) for line in plan.lines)], out)
    if plan.bound:
        out.write(f"brought over as well: {', '.join(sorted(plan.bound))}\n")
    if plan.passed_by:
        out.write(f"taken by no rule: {', '.join(plan.passed_by)}\n")
    when = f" {ASKED_FOR}" if is_gone else ""
    out.write(f"{plan.writes} of {len(plan.lines)} fields would be written{when}; nothing was\n")


def _twin(plan: Plan) -> str:
    if plan.gone is not None:
        return f"its twin {plan.gone} was deleted at home: nothing is written unless somebody asks for it"
    return f"its twin {plan.twin}" if plan.twin else "no twin yet: one would be made"


def _row(line: Line, excerpt: Excerpt, is_gone: bool) -> tuple[str, ...]:
    values = (excerpt(text, CELL) or NOTHING for text in (line.source, line.planned, line.present))
    return (line.field, *values, _mark(line, is_gone))


def _mark(line: Line, is_gone: bool) -> str:
    if is_gone and line.verdict == "written":
        return f"{MARKS['written']} {ASKED_FOR}"
    if line.verdict == "stays":
        return STAYS[line.why]
    return LEFT_OUT[line.why] if line.verdict == "left_out" else MARKS[line.verdict]


async def _create(settings: Settings, rules: Mapping, into: TextIO, out: TextIO, *, dry_run: bool) -> int:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        database = open_database(settings, beside=True)
        await database.open()
        stack.push_async_callback(database.close)
        opening = looking_at(settings, rules, database, counted_in=database, clock=clock)
        fields = Fields(await stack.enter_async_context(opening), Journal(clock))
        missing = await fields.missing()
        out.writelines(f"{_missing(each)}\n" for each in missing)
        wanted = [each for each in missing if each.given is not None]
        if not wanted or dry_run:
            out.write(f"{_fields(len(wanted))} to make\n")
            return 0
        if not await asyncio.to_thread(is_meant, f"Make {_fields(len(wanted))}?", into, out):
            out.write("nothing was changed\n")
            return 0
        made = await fields.make(wanted)
        await database.write(lambda tx: fields.record(tx, None, ACTOR, made))
    excerpt = excerpts(Redactor(settings.secrets()).text)
    out.writelines(f"{each.name}: {excerpt(_came_of(each), REASON)}\n" for each in made)
    return 0 if all(each.outcome in ("made", "there") for each in made) else 1


def _missing(field: Missing) -> str:
    return f"{field.name}: {field.type or 'has to be made in the portal, or named otherwise'}"


def _came_of(made: Made) -> str:
    said = OUTCOMES[made.outcome]
    return f"{said}: {made.reason}" if made.reason else said


def _fields(count: int) -> str:
    return f"{count} field{'' if count == 1 else 's'}"
