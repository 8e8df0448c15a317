"""Run the benchmarks and write the page: `make bench`."""

import argparse
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import uvloop

from bench import (
    accept_postgres,
    accept_sqlite,
    cache_cleanup,
    cache_hits,
    cache_memory,
    cache_ratio,
    deals,
    deals_operating,
    poll_forms,
    portal_adds,
    portal_list,
    portal_operating,
    updates,
)
from bench.machine import facts
from bench.page import page, rows, verdicts
from bench.rounds import LONG, SHORT, Scale, Table
from services.engine.observability import configure_logging

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SEED = 20_261_121

Program = Callable[[Scale, Random], Coroutine[Any, Any, Table]]

PROGRAMS: dict[str, Program] = {
    "hit": cache_hits.plain_hits,
    "load": cache_hits.loading_hits,
    "memory": cache_memory.traced_few,
    "memory-rss": cache_memory.resident_few,
    "memory-many": cache_memory.resident_many,
    "cleanup": cache_cleanup.cleanup_stall,
    "ratio": cache_ratio.hit_ratio,
    "sqlite-1": accept_sqlite.accept_one,
    "sqlite-64": accept_sqlite.accept_many,
    "postgres-1": accept_postgres.accept_one,
    "postgres-64": accept_postgres.accept_many,
    "updates": updates.updates_to_handlers,
    "portal-adds-50": portal_adds.adds_at_50,
    "portal-adds-500": portal_adds.adds_at_500,
    "portal-list-0": portal_list.list_at_0,
    "portal-list-150": portal_list.list_at_150,
    "portal-operating": portal_operating.operating_time,
    "poll-forms": poll_forms.poll_forms,
    "deals-transfer": deals.deals_transferred,
    "deals-events": deals.events_answered,
    "deals-operating": deals_operating.deals_at_the_limit,
}


def main(arguments: list[str]) -> None:
    """Run all programs, or those that are named; only a run of all writes the page."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("programs", nargs="*", metavar="program", help=f"of {', '.join(PROGRAMS)}; else all")
    parser.add_argument("--long", action="store_true", help="more and longer rounds")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.programs) - set(PROGRAMS):
        parser.error(f"no such program: {', '.join(sorted(unknown))}")
    configure_logging("ERROR", "console", (), sys.stderr)  # what was refused or put off is in the tables
    started = monotonic()
    tables = [_run(name, LONG if asked.long else SHORT) for name in asked.programs or PROGRAMS]
    if not asked.programs:
        minutes = (monotonic() - started) / 60
        PAGE.write_text(page(tables, facts(), datetime.now(UTC).date(), minutes), "utf-8")
        sys.stdout.write(f"Written: docs/{PAGE.name}\n")


def _run(name: str, scale: Scale) -> Table:
    sys.stdout.write(f"{name} …\n")
    sys.stdout.flush()
    table: Table = uvloop.run(PROGRAMS[name](scale, Random(SEED)))
    sys.stdout.write("\n".join([table.heading.title, *rows(table), *verdicts(table), ""]) + "\n")
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
