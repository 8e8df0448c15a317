"""`run.py migrate`: bring the database's tables up to date without serving."""

import asyncio
import sys

from commands.opening import open_database
from settings import Settings
from storage.errors import DatabaseRefused
from storage.schema import HEAD


def migrate(settings: Settings) -> int:
    """Open (which migrates) and close. The answer is the exit code."""
    try:
        asyncio.run(_open_and_close(settings))
    except DatabaseRefused as error:
        sys.stderr.write(f"switchboard: {error}\n")
        return 1
    sys.stdout.write(f"the database is at schema {HEAD}\n")
    return 0


async def _open_and_close(settings: Settings) -> None:
    database = open_database(settings)
    await database.open()
    await database.close()
