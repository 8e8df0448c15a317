"""Submissions: poll forms that were handed in, with what became of each programme."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update

from storage.database import Transaction
from storage.tables import jobs, submission_programmes, submissions
from storage.texts import storable
from storage.upserts import upsert

NAME, PHONE, EMAIL = 100, 100, 254  # characters kept


@dataclass(frozen=True, slots=True)
class Wanted:
    """One programme that was chosen: its title as titles are compared (`key`) and as given, and its deal."""

    key: str
    title: str
    deal_id: int | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A row. `phone` and `email` as given, empty for none. For `in_doubt` see the table."""

    id: str
    digest: str
    poll_id: int
    name: str
    last_name: str
    phone: str
    email: str
    comments: str
    job_id: int
    contact_id: int | None
    in_doubt: bool
    accepted_at: datetime
    done_at: datetime | None
    programmes: tuple[Wanted, ...] = ()


_COLUMNS = [submissions.c[name] for name in Submission.__slots__ if name != "programmes"]


def by_id(tx: Transaction, submission_id: str) -> Submission | None:
    """A submission with its programmes."""
    found = select(*_COLUMNS).where(submissions.c.id == storable(submission_id))
    row = tx.execute(found).one_or_none()
    return replace(Submission(*row), programmes=_programmes(tx, row.id)) if row else None


def put(tx: Transaction, row: Submission) -> bool:
    """Store a new one; False when its id is known already, and then nothing changes."""
    values = asdict(row)
    programmes: Sequence[Mapping[str, Any]] = values.pop("programmes")
    values |= {
        "name": storable(row.name)[:NAME],
        "last_name": storable(row.last_name)[:NAME],
        "phone": storable(row.phone)[:PHONE],
        "email": storable(row.email)[:EMAIL],
        "comments": storable(row.comments),
    }
    if not tx.execute(upsert(tx, submissions).values(values).on_conflict_do_nothing()).rowcount:
        return False
    wanted = [
        {**each, "title": storable(each["title"]), "submission_id": row.id, "position": position}
        for position, each in enumerate(programmes)
    ]
    if wanted:
        tx.execute(insert(submission_programmes), wanted)
    return True


def belongs_to(tx: Transaction, submission_id: str, job_id: int) -> None:
    """Keep which job works it."""
    tx.execute(_of(submission_id).values(job_id=job_id))


def begin(tx: Transaction, submission_id: str) -> None:
    """Something is about to be written at the portal."""
    tx.execute(_of(submission_id).values(in_doubt=True))


def learn(
    tx: Transaction,
    submission_id: str,
    *,
    contact_id: int | None,
    deals: Mapping[str, int],
    in_doubt: bool,
) -> None:
    """Keep what is known of the portal's contact and deals; `deals` maps programmes' keys to new ones."""
    tx.execute(_of(submission_id).values(contact_id=contact_id, in_doubt=in_doubt))
    for key, deal_id in deals.items():
        mine = submission_programmes.c.submission_id == submission_id, submission_programmes.c.key == key
        tx.execute(update(submission_programmes).where(*mine).values(deal_id=deal_id))


def finish(tx: Transaction, submission_id: str, at: datetime) -> None:
    """All that can be done for it is done."""
    tx.execute(_of(submission_id).values(done_at=at))


def waiting_for(tx: Transaction, key: str) -> list[str]:
    """Those that chose a programme and have no deal for it, oldest first; none that were given up.

    One whose first job died may have been done by a later one.
    """
    given_up = select(jobs.c.id).where(jobs.c.id == submissions.c.job_id, jobs.c.state == "dead")
    query = (
        select(submissions.c.id)
        .join(submission_programmes, submission_programmes.c.submission_id == submissions.c.id)
        .where(submission_programmes.c.key == key, submission_programmes.c.deal_id.is_(None))
        .where(or_(submissions.c.done_at.is_not(None), ~given_up.exists()))
        .order_by(submissions.c.accepted_at, submissions.c.id)
    )
    return list(tx.execute(query).scalars())


def _of(submission_id: str) -> Any:
    return update(submissions).where(submissions.c.id == submission_id)


def _programmes(tx: Transaction, submission_id: str) -> tuple[Wanted, ...]:
    columns = [submission_programmes.c[name] for name in Wanted.__slots__]
    query = select(*columns).where(submission_programmes.c.submission_id == submission_id)
    return tuple(Wanted(*row) for row in tx.execute(query.order_by(submission_programmes.c.position)))
