"""`run.py keys`: make, list and revoke API keys, also beside a running hub."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from random import SystemRandom
from zoneinfo import ZoneInfo

from commands.opening import open_database
from commands.tables import write_table
from services.engine.clock import SystemClock
from services.engine.errors import NoSuchItem, Refused
from services.flow.keys import KeyRegister, Scope
from settings import Settings
from storage.errors import DatabaseRefused, StorageUnavailable
from storage.records import Key

ACTOR = "command line"
COLUMNS = ("id", "name", "hint", "scope", "created", "last used", "revoked")


def create(settings: Settings, name: str, scope: str) -> int:
    """Make a key and write it, alone on its line, to standard output. The answer is the exit code."""

    try:
        wanted = Scope.parse(scope)
    except Refused as error:
        return _failed(error, 2)

    async def act(register: KeyRegister) -> None:
        made = await register.create(name, wanted, actor=ACTOR)
        sys.stdout.write(f"{made.text}\n")
        sys.stderr.write(f"key {made.key.id} ({name}, {scope}); it is shown this once and never again\n")

    return _run(settings, act)


def show(settings: Settings) -> int:
    """Write all keys as a table, never the keys themselves. The answer is the exit code."""

    async def act(register: KeyRegister) -> None:
        zone = settings.telegram.timezone
        write_table([COLUMNS, *(_row(key, zone) for key in await register.everything())], sys.stdout)

    return _run(settings, act)


def revoke(settings: Settings, key_id: int) -> int:
    """Make a key good for nothing; once more changes nothing. The answer is the exit code."""

    async def act(register: KeyRegister) -> None:
        revoked = await register.revoke(key_id, actor=ACTOR)
        sys.stdout.write(f"key {key_id} {'is revoked' if revoked else 'was revoked before'}\n")

    return _run(settings, act)


def _run(settings: Settings, act: Callable[[KeyRegister], Awaitable[None]]) -> int:
    try:
        asyncio.run(_with_register(settings, act))
    except Refused as error:
        return _failed(error, 2)
    except (NoSuchItem, DatabaseRefused, StorageUnavailable) as error:
        return _failed(error, 1)
    return 0


async def _with_register(settings: Settings, act: Callable[[KeyRegister], Awaitable[None]]) -> None:
    database = open_database(settings, beside=True)
    await database.open()
    try:
        await act(KeyRegister(database, SystemClock(), SystemRandom()))
    finally:
        await database.close()


def _failed(error: Exception, code: int) -> int:
    sys.stderr.write(f"switchboard: {error}\n")
    return code


def _row(key: Key, zone: ZoneInfo) -> tuple[str, ...]:
    moments = (_time(moment, zone) for moment in (key.created_at, key.used_at, key.revoked_at))
    return (str(key.id), key.name, key.hint, key.scope, *moments)


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(" ", "minutes") if moment else "-"
