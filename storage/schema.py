"""Brings a database's schema up to this code, and refuses one that is newer than it."""

from pathlib import Path

from sqlalchemy import Connection, inspect

from storage.errors import DatabaseRefused, NoTablesYet

REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
)  # oldest first; a test holds them against the files in migrations/versions
HEAD = REVISIONS[-1]


def bring_up_to_date(connection: Connection, name: object) -> None:
    """Migrate when needed, in the connection's transaction.

    Raises DatabaseRefused when the database is from a newer Switchboard.
    """
    if not _is_current(connection, name):
        upgrade(connection)


def assert_current(connection: Connection, name: object) -> None:
    """Raise DatabaseRefused unless the schema is the one of this code; NoTablesYet for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        raise NoTablesYet(f"{name} has no tables yet: start the hub once")
    if not _is_current(connection, name):
        raise DatabaseRefused(f"{name} has the tables of an older Switchboard: run `migrate` first")


def current_revision(connection: Connection) -> str | None:
    """The revision the database says it has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the missing migrations up to a revision in the connection's transaction."""
    # Imported here because a database that is up to date, the usual start, needs none of it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _is_current(connection: Connection, name: object) -> bool:
    revision = current_revision(connection)
    if revision is not None and revision not in REVISIONS:
        raise DatabaseRefused(
            f"{name} was written by a newer Switchboard (schema {revision}, this one knows up to {HEAD}); "
            "upgrade Switchboard or restore an older backup"
        )
    return revision == HEAD
