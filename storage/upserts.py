"""INSERT … ON CONFLICT, which both databases know and SQLAlchemy spells per database."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Transaction


def upsert(tx: Transaction, table: Table) -> Any:
    """An insert with `on_conflict_do_nothing` and `on_conflict_do_update`, for the transaction's database."""
    return insert_of(is_postgres(tx), table)


def insert_of(postgres: bool, table: Table) -> Any:
    """The same for statements that are made once."""
    return postgresql.insert(table) if postgres else sqlite.insert(table)


def is_postgres(tx: Transaction) -> bool:
    """Whether the transaction runs on PostgreSQL."""
    return tx.dialect.name == "postgresql"
