"""The time that all processes on a database share: the database's own."""

from datetime import datetime

from sqlalchemy import func, select

from storage.database import Transaction


def now(tx: Transaction) -> datetime:
    """PostgreSQL's clock at this moment."""
    moment: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
    return moment
