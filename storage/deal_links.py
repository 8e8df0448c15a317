"""Which deal of the home portal is the twin of which of a source, and what both were last seen to hold."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from storage.database import Transaction
from storage.tables import deal_links
from storage.upserts import insert_of, is_postgres

LOST, LEFT = "", "left"  # fingerprints of a twin that is not there any more; LEFT: nobody wants it back


@dataclass(frozen=True, slots=True)
class DealLink:
    """A row; see the table. `source_values` and `target_values` are canonical JSON by the twin's fields.

    `writes` counts those to the twin in the minute that began at `writes_since`.
    """

    source_domain: str
    source_deal_id: int
    target_deal_id: int
    source_values: Mapping[str, Any]
    source_fingerprint: str
    target_values: Mapping[str, Any]
    target_fingerprint: str
    mapping_version: str
    writes: int
    writes_since: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None

    @property
    def is_lost(self) -> bool:
        """Whether the twin was seen to be gone."""
        return self.target_fingerprint in (LOST, LEFT)


_COLUMNS = [deal_links.c[name] for name in DealLink.__slots__]
_KEY = ["source_domain", "source_deal_id"]


def _put_into(postgres: bool) -> Any:
    insert = insert_of(postgres, deal_links)
    fresh = {name: insert.excluded[name] for name in DealLink.__slots__ if name not in {*_KEY, "created_at"}}
    return insert.on_conflict_do_update(index_elements=_KEY, set_=fresh)


# Made once, for every event of a deal runs some of them, and making them costs more than that.
_OF_SOURCE = select(*_COLUMNS).where(
    deal_links.c.source_domain == bindparam("domain"), deal_links.c.source_deal_id == bindparam("deal")
)
_OF_TARGET = select(*_COLUMNS).where(deal_links.c.target_deal_id == bindparam("deal"))
_PUT = {postgres: _put_into(postgres) for postgres in (False, True)}
_FREE_TWIN = delete(deal_links).where(
    deal_links.c.target_deal_id == bindparam("twin"),
    or_(deal_links.c.source_domain != bindparam("domain"), deal_links.c.source_deal_id != bindparam("deal")),
)


def of_source(tx: Transaction, domain: str, deal_id: int) -> DealLink | None:
    """The link of a source's deal."""
    row = tx.execute(_OF_SOURCE, {"domain": domain, "deal": deal_id}).one_or_none()
    return DealLink(*row) if row else None


def of_sources(tx: Transaction, domain: str, deal_ids: Collection[int]) -> dict[int, DealLink]:
    """The links of some of a source's deals, by their ids there."""
    mine = deal_links.c.source_domain == domain, deal_links.c.source_deal_id.in_(deal_ids)
    rows = tx.execute(select(*_COLUMNS).where(*mine))
    return {row.source_deal_id: DealLink(*row) for row in rows}


def of_target(tx: Transaction, target_id: int) -> DealLink | None:
    """The link whose twin this deal of the home portal is."""
    row = tx.execute(_OF_TARGET, {"deal": target_id}).one_or_none()
    return DealLink(*row) if row else None


def put(tx: Transaction, link: DealLink) -> None:
    """Store it, in place of an earlier one of the same deal or of the same twin."""
    mine = {"domain": link.source_domain, "deal": link.source_deal_id}
    tx.execute(_FREE_TWIN, {"twin": link.target_deal_id, **mine})
    tx.execute(_PUT[is_postgres(tx)], {name: getattr(link, name) for name in DealLink.__slots__})


def mark_deleted(tx: Transaction, domain: str, deal_id: int, at: datetime) -> bool:
    """The source's deal is gone; False when that was known, or nothing is linked."""
    seen = update(deal_links).where(*_is(domain, deal_id), deal_links.c.deleted_at.is_(None))
    return tx.execute(seen.values(deleted_at=at)).rowcount == 1


def leave_lost(tx: Transaction, domain: str, deal_id: int) -> None:
    """Nobody wants the deal's lost twin back."""
    lost = update(deal_links).where(*_is(domain, deal_id), deal_links.c.target_fingerprint == LOST)
    tx.execute(lost.values(target_fingerprint=LEFT))


def page(tx: Transaction, domain: str, *, after: int, limit: int) -> list[tuple[int, Mapping[str, Any]]]:
    """A source's deals with numbers beyond `after`, in their order: each with its source_values."""
    mine = deal_links.c.source_domain == domain, deal_links.c.source_deal_id > after
    query = select(deal_links.c.source_deal_id, deal_links.c.source_values).where(*mine)
    rows = tx.execute(query.order_by(deal_links.c.source_deal_id).limit(limit))
    return [(number, values) for number, values in rows]


def _is(domain: str, deal_id: int) -> tuple[Any, Any]:
    return deal_links.c.source_domain == domain, deal_links.c.source_deal_id == deal_id
