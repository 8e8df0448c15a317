"""Links between deals that held something of a person who is forgotten.

What deals hold is compared later on, so a pseudonym there would be taken for an edit: a value that is not
known any more is left out, and named as such.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import case

from storage.deal_links import LEFT, LOST
from storage.tables import deal_links

FORGOTTEN = "FORGOTTEN"  # among target_values: the fields that were left out
UNKNOWN = "forgotten"  # a fingerprint that no values have: the next event looks anew
_VALUES = ("source_values", "target_values")


def without_forgotten(row: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a link that change, without the values that `new` has otherwise than `row`."""
    gone = {
        name
        for column in _VALUES
        if column in new
        for name, value in row[column].items()
        if new[column].get(name) != value
    }
    if not gone:
        return dict(new)
    source, target = (
        {name: value for name, value in row[column].items() if name not in gone} for column in _VALUES
    )
    left = deal_links.c.target_fingerprint
    return {
        **new,
        "source_values": source,
        "source_fingerprint": UNKNOWN,
        "target_values": target | {FORGOTTEN: sorted(gone | set(row["target_values"].get(FORGOTTEN, ())))},
        "target_fingerprint": case((left.in_((LOST, LEFT)), left), else_=UNKNOWN),
    }
