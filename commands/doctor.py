"""`run.py doctor`: every part asked now, what is wrong, and what to do."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import SystemRandom
from typing import TextIO

from bot.client import build_client
from bot.door import build_bot
from bot.probe import TelegramProbe
from commands.assembly import open_database, ports_of
from services.engine.clock import SystemClock
from services.engine.failpoints import NoFailpoints
from services.engine.health import Probe, Told
from services.engine.observability import Redactor, configure_logging
from services.engine.storage_probe import StorageProbe, register_disk, register_file
from services.flow.backups import folder_of
from services.hub import Hub, Terms, build_hub
from settings import Settings
from storage.database import Database
from storage.errors import DatabaseRefused, NoTablesYet
from storage.postgres import PostgresDatabase
from storage.sqlite import path_of

Findings = list[tuple[str, Told]]

_NO_HEARTBEAT = Told("warning", "nobody hears of it when the hub falls silent", "set HEARTBEAT_URL")


def doctor(settings: Settings, out: TextIO) -> int:
    """One line a finding on `out`. The answer is the exit code: 1 when something failed."""
    configure_logging("CRITICAL", "console", settings.secrets(), sys.stderr)
    findings: Findings = [("settings", Told("ok", "complete and well-formed"))]
    findings += asyncio.run(_examined(settings))
    redact = Redactor(settings.secrets()).text
    width = max(len(name) for name, _ in findings)
    out.writelines(redact(f"{_line(name, told, width)}\n") for name, told in findings)
    failed = sum(told.level == "failed" for _, told in findings)
    warnings = sum(told.level == "warning" for _, told in findings)
    out.write(f"{failed} failed, {warnings} warnings\n" if failed or warnings else "all is well\n")
    return 1 if failed else 0


def _line(name: str, told: Told, width: int) -> str:
    text = f"{told.what}. To do: {told.hint}" if told.hint else told.what
    return f"{told.level:<7}  {name:<{width}}  {' '.join(text.split())}".rstrip()


async def _examined(settings: Settings) -> Findings:
    """The hub put together as for serving, but nothing of it started; one may run beside."""
    async with AsyncExitStack() as stack:
        database = open_database(settings, beside=True)
        refusal = await _opened(database, settings)
        if refusal is None:
            stack.push_async_callback(database.close)
        client = build_client(settings.telegram.bot_token.get_secret_value(), settings.telegram.api_url)
        stack.push_async_callback(client.shutdown)
        terms = Terms(SystemClock(), SystemRandom(), NoFailpoints(), Redactor(settings.secrets()).text)
        hub = build_hub(settings, ports_of(settings, client, stack), database, terms)
        build_bot(settings, hub, client)
        _register(settings, hub, refusal)
        TelegramProbe(client, settings.telegram, hub.clock).register(hub.health)
        return await hub.health.examine()


async def _opened(database: Database, settings: Settings) -> Told | None:
    """None once the database is open, else why it cannot be."""
    storage = settings.storage
    if not storage.is_postgres and not path_of(storage.database_url).exists():
        return Told("warning", f"there is none yet at {path_of(storage.database_url)}", "start the hub once")
    try:
        await database.open()
    except NoTablesYet:
        return Told("warning", "there are no tables in it yet", "start the hub once")
    except DatabaseRefused as error:
        return Told("failed", str(error))
    return None


def _register(settings: Settings, hub: Hub, refusal: Told | None) -> None:
    """What is asked beside that which the parts register themselves. `refusal`: the database is not open."""
    health = hub.health
    if refusal:
        health.register("database", probe=_always(refusal))
    else:
        _register_database(settings, hub)
    if not settings.work.backup_interval_hours or folder_of(settings) is None:
        health.register("backup", probe=_always(_no_backups(settings)))
    elif refusal:
        health.register("backup", probe=_always(Told("warning", "nothing to back up yet")))
    register_disk(health, _folders(settings))
    if not settings.work.heartbeat_url.get_secret_value():
        health.register("heartbeat", probe=_always(_NO_HEARTBEAT))


def _register_database(settings: Settings, hub: Hub) -> None:
    database = hub.database
    pooled = isinstance(database, PostgresDatabase) and database.facts.pooled
    probe = StorageProbe(database, hub.clock, pooled=pooled)
    hub.health.register("database", probe=probe.probe)
    if not settings.storage.is_postgres:
        register_file(hub.health, probe, path_of(settings.storage.database_url))


def _no_backups(settings: Settings) -> Told:
    if not settings.work.backup_interval_hours:
        return Told("warning", "no regular backups", "set BACKUP_INTERVAL_HOURS")
    return Told("warning", "no regular backups: there is no folder for them", "set BACKUP_DIR")


def _folders(settings: Settings) -> list[Path]:
    data = [] if settings.storage.is_postgres else [path_of(settings.storage.database_url).parent]
    backups = folder_of(settings)
    return list(dict.fromkeys([*data, *([backups] if backups else [])]))


def _always(told: Told) -> Probe:
    async def probe() -> Sequence[Told]:
        return [told]

    return probe
