"""Which database the settings mean. Apart from the assembly: a command that needs no more starts sooner."""

from services.engine.clock import SystemClock
from services.engine.supervisor import Supervisor
from settings import Settings
from storage.database import Database
from storage.postgres import PostgresDatabase
from storage.sqlite import SqliteDatabase, path_of


def open_database(settings: Settings, *, beside: bool = False) -> Database:
    """The database that the settings name, not opened yet. `beside` is for tools while a hub may run."""
    storage = settings.storage
    if not storage.is_postgres:
        return SqliteDatabase(path_of(storage.database_url), beside=beside)
    return PostgresDatabase(
        storage.database_url,
        direct_url=storage.direct_url,
        pool_size=storage.pool_size,
        query_timeout=storage.query_timeout,
        spawn=Supervisor(SystemClock()).spawn_once,
        beside=beside,
    )
