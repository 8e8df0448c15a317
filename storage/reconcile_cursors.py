"""How far each portal's deals have been compared, and when one was heard of last."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from storage.database import Transaction
from storage.tables import reconcile_cursors
from storage.upserts import upsert


@dataclass(frozen=True, slots=True)
class Cursor:
    """Changes up to `since`, in the portal's own time, have been seen; `state` is JSON of the reconcile."""

    source_domain: str
    since: datetime
    state: str | None = None
    heard_at: datetime | None = None
    finished_at: datetime | None = None


_COLUMNS = [reconcile_cursors.c[name] for name in Cursor.__slots__]


def by_domain(tx: Transaction, domain: str) -> Cursor | None:
    """The cursor of a portal; None while nothing is known of it."""
    row = tx.execute(select(*_COLUMNS).where(reconcile_cursors.c.source_domain == domain)).one_or_none()
    return Cursor(*row) if row else None


def every(tx: Transaction) -> list[Cursor]:
    """Those of all portals that there ever were."""
    found = tx.execute(select(*_COLUMNS).order_by(reconcile_cursors.c.source_domain))
    return [Cursor(*row) for row in found]


def keep(tx: Transaction, domain: str, since: datetime, state: str | None) -> None:
    """Store how far a pass is. `since` is where a cursor that is new begins; another one stays."""
    _put(tx, domain, since, {"state": state})


def finish(tx: Transaction, domain: str, since: datetime, state: str | None, *, at: datetime) -> None:
    """A pass is complete: the next one begins at `since`."""
    _put(tx, domain, since, {"since": since, "state": state, "finished_at": at})


def _put(tx: Transaction, domain: str, since: datetime, fresh: dict[str, object]) -> None:
    put = upsert(tx, reconcile_cursors).values({"source_domain": domain, "since": since} | fresh)
    tx.execute(put.on_conflict_do_update(index_elements=["source_domain"], set_=fresh))
