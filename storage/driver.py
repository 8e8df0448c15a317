"""SQLite's own connection, for the few statements that run for every job.

Making such a statement out of objects costs more than running it. What it raises is sqlite3's, which the
writer understands as well as SQLAlchemy's.
"""

import sqlite3

from storage.database import Transaction


def of(tx: Transaction) -> sqlite3.Connection:
    """The connection under a transaction on SQLite."""
    connection = tx.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - PostgreSQL has ways of its own
    return connection
