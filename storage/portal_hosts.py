"""Where a portal is now: one that was renamed answers with its new host, which is kept."""

from datetime import datetime

from sqlalchemy import select

from storage.database import Transaction
from storage.tables import portal_hosts
from storage.upserts import upsert


def host_of(tx: Transaction, domain: str) -> str | None:
    """The host that the portal set up as `domain` moved to; None when it never moved."""
    found: str | None = tx.execute(
        select(portal_hosts.c.host).where(portal_hosts.c.domain == domain)
    ).scalar_one_or_none()
    return found


def move(tx: Transaction, domain: str, host: str, *, at: datetime) -> None:
    """Keep the new host of a portal, in place of one that was kept before."""
    put = upsert(tx, portal_hosts).values(domain=domain, host=host, moved_at=at)
    fresh = {"host": host, "moved_at": at}
    tx.execute(put.on_conflict_do_update(index_elements=["domain"], set_=fresh))
