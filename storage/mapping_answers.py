"""Answers about values that the mapping's file says nothing of: what a twin gets for a source's value."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from storage.database import Transaction
from storage.tables import mapping_answers
from storage.texts import storable
from storage.upserts import upsert

_LONGEST = {"value": 255, "answer": 255, "answered_by": 100}  # characters kept


@dataclass(frozen=True, slots=True)
class MappingAnswer:
    """A row: `value` of the source as the question told it, `answer` for the twin's `field`."""

    source_domain: str
    field: str
    value: str
    answer: str
    answered_by: str
    answered_at: datetime


_OF_DOMAIN = select(mapping_answers.c.field, mapping_answers.c.value, mapping_answers.c.answer).where(
    mapping_answers.c.source_domain == bindparam("domain")
)


def of_domain(tx: Transaction, domain: str) -> dict[tuple[str, str], str]:
    """What was answered about a source, by (field, value)."""
    found = tx.execute(_OF_DOMAIN, {"domain": domain})
    return {(field, value): answer for field, value, answer in found}


def of_value(tx: Transaction, domain: str, field: str, value: str) -> str | None:
    """What was answered about one value."""
    table = mapping_answers.c
    query = select(table.answer).where(table.source_domain == domain, table.field == field)
    return tx.execute(query.where(table.value == storable(value))).scalar_one_or_none()


def put(tx: Transaction, row: MappingAnswer) -> None:
    """Store an answer; a later one about the same takes its place."""
    values = asdict(row)
    for name, most in _LONGEST.items():
        values[name] = storable(values[name])[:most]
    insert = upsert(tx, mapping_answers).values(values)
    newest = {name: insert.excluded[name] for name in ("answer", "answered_by", "answered_at")}
    tx.execute(insert.on_conflict_do_update(index_elements=list(mapping_answers.primary_key), set_=newest))
