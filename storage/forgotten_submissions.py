"""Submissions whose person is forgotten."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from storage.database import Transaction
from storage.tables import submission_programmes, submissions

PAGE = 1000  # rows read at once


class Bearer(NamedTuple):
    """Who handed a form in, as they said."""

    id: str
    name: str
    last_name: str
    phone: str
    email: str


def every(tx: Transaction) -> Iterator[Bearer]:
    """All that are stored, a page at a time."""
    columns, after = [submissions.c[name] for name in Bearer._fields], ""
    while page := tx.execute(
        select(*columns).where(submissions.c.id > after).order_by(submissions.c.id).limit(PAGE)
    ).all():
        yield from (Bearer(*row) for row in page)
        after = page[-1].id


def forget(tx: Transaction, submission_id: str, pseudonym: str) -> None:
    """Put a pseudonym in the place of the person, the id and the answers.

    What the portal has is kept by its numbers; what was chosen and never got a deal is not wanted any more.
    """
    stored = tx.execute(select(submissions).where(submissions.c.id == submission_id)).one()
    said = {"name": pseudonym, "last_name": "", "phone": "", "email": "", "comments": "", "digest": ""}
    over = {"in_doubt": False, "done_at": stored.done_at or stored.accepted_at}
    programmes = submission_programmes.c.submission_id == submission_id
    tx.execute(delete(submission_programmes).where(programmes, submission_programmes.c.deal_id.is_(None)))
    rename(tx, submission_id, pseudonym, **said, **over)


def rename(tx: Transaction, submission_id: str, pseudonym: str, **other: Any) -> None:
    """Give it an id made of the pseudonym, and what belongs to it with it; `other` columns change, too."""
    number = tx.execute(select(func.count()).where(submissions.c.id.startswith(pseudonym))).scalar_one()
    stored = tx.execute(select(submissions).where(submissions.c.id == submission_id)).one()
    new_id = f"{pseudonym}-{number + 1}"
    tx.execute(insert(submissions).values({**stored._asdict(), **other, "id": new_id}))
    programmes = submission_programmes.c.submission_id == submission_id
    tx.execute(update(submission_programmes).where(programmes).values(submission_id=new_id))
    tx.execute(delete(submissions).where(submissions.c.id == submission_id))
