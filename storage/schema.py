"""Brings a database's schema up to this code, and refuses one that is newer than it."""

from pathlib import Path

from sqlalchemy import Engine, inspect

from storage.errors import DatabaseRefused

REVISIONS = ("0001",)  # oldest first; a test holds them against the files in migrations/versions
HEAD = REVISIONS[-1]


def bring_up_to_date(engine: Engine, name: object) -> None:
    """Migrate when needed. Raises DatabaseRefused when the database is from a newer Switchboard."""
    revision = current_revision(engine)
    if revision == HEAD:
        return
    if revision is not None and revision not in REVISIONS:
        raise DatabaseRefused(
            f"{name} was written by a newer Switchboard (schema {revision}, this one knows up to {HEAD}); "
            "upgrade Switchboard or restore an older backup"
        )
    upgrade(engine)


def current_revision(engine: Engine) -> str | None:
    """The revision the database says it has; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return revision


def upgrade(engine: Engine) -> None:
    """Run the missing migrations in one transaction."""
    # Imported here because a database that is up to date, the usual start, needs none of it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
