"""Which contact or company of the home portal stands for which of a source."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from storage.database import Transaction
from storage.tables import contact_links
from storage.upserts import upsert

Kind = Literal["contact", "company"]


def of_source(tx: Transaction, domain: str, kind: Kind, source_ids: Collection[int]) -> dict[int, int]:
    """The home portal's by the source's ids; without those that nothing is known of."""
    mine = contact_links.c.source_domain == domain, contact_links.c.kind == kind
    query = select(contact_links.c.source_id, contact_links.c.target_id)
    rows = tx.execute(query.where(*mine, contact_links.c.source_id.in_(source_ids)))
    return {row.source_id: row.target_id for row in rows}


def put(tx: Transaction, domain: str, kind: Kind, linked: Mapping[int, int], at: datetime) -> None:
    """Link these, the home portal's by the source's ids; what was linked otherwise is linked anew."""
    for source_id, target_id in sorted(linked.items()):
        row = {"source_domain": domain, "kind": kind, "source_id": source_id}
        new = {"target_id": target_id, "linked_at": at}
        stored = upsert(tx, contact_links).values(row | new)
        tx.execute(stored.on_conflict_do_update(index_elements=list(row), set_=new))
