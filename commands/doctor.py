"""`run.py doctor`: every part asked now, what is wrong, and what to do."""

import asyncio
import sys
from contextlib import AsyncExitStack
from random import SystemRandom
from typing import TextIO

from bot.client import Client, build_client
from bot.door import build_bot
from commands.assembly import ports_of
from commands.opening import open_database
from commands.probes import always, register_database, register_probes, silence
from services.engine.clock import SystemClock
from services.engine.failpoints import NoFailpoints
from services.engine.health import Told
from services.engine.observability import Redactor, configure_logging
from services.engine.storage_probe import register_file
from services.flow.backups import folder_of
from services.hub import Hub, Terms, build_hub
from settings import Settings
from storage.database import Database
from storage.errors import DatabaseRefused, NoTablesYet
from storage.sqlite import path_of

Findings = list[tuple[str, Told]]


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
        _register(settings, hub, client, refusal)
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


def _register(settings: Settings, hub: Hub, client: Client, refusal: Told | None) -> None:
    """What is asked beside that which the parts register themselves. `refusal`: the database is not open."""
    health = hub.health
    register_probes(settings, hub, client)
    if refusal is None:
        probe = register_database(hub)
        if not settings.storage.is_postgres:
            register_file(health, probe, path_of(settings.storage.database_url))
        return
    health.register("database", probe=always(refusal))
    silence(health, "work", "admins", "admin chat", "groups")
    if settings.work.backup_interval_hours and folder_of(settings):
        health.register("backup", probe=always(Told("warning", "nothing to back up yet")))
