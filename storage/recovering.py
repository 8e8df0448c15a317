"""What a process was sending when it ended."""

from datetime import datetime

from sqlalchemy import and_, case, literal_column, or_, update

from storage.database import Transaction
from storage.tables import messages


def recover(
    tx: Transaction, now: datetime, *, by: str, begun_before: datetime | None = None
) -> tuple[int, int]:
    """Take up what other processes, dead by now, were sending. Returns (put back, given up).

    What was begun later than `begun_before` is left alone.

    A text may have arrived, so it is repeated once at most: put back with two doubts it is not sent again,
    but ended by the sender, who knows whether parts of it follow. Anything else may be repeated freely.
    """
    of_others = or_(messages.c.sender.is_(None), messages.c.sender != by)
    is_old = or_(messages.c.begun_at.is_(None), messages.c.begun_at <= (begun_before or now))
    sending = and_(messages.c.state == literal_column("'sending'"), of_others, is_old)
    text = messages.c.kind == "text"
    given_up = tx.execute(
        update(messages)
        .where(sending, messages.c.kind == "answer")
        .values(state="unknown", reason="the process ended while sending", sent_at=now)
    ).rowcount
    back = tx.execute(
        update(messages)
        .where(sending)
        .values(
            state="waiting",
            attempts=messages.c.attempts + 1,
            doubts=messages.c.doubts + case((text, 1), else_=0),
        )
    ).rowcount
    return back, given_up
