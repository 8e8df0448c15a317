"""What deals are called and made of, on their way from a source portal to the home portal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

TOPIC = "deals"  # of the inbox
DEAL = "deal"  # the kind of item
LARGEST = 2**53  # a larger number is not one in every JSON reader

Side = Literal["source", "home"]
Status = Literal["success", "skipped", "failed"]
Action = Literal["created", "updated", "unchanged", "conflict", "deleted", ""]


@dataclass(frozen=True, slots=True, order=True)
class DealKey:
    """A deal of a source portal. `domain` is in lower case."""

    domain: str
    id: int

    @property
    def text(self) -> str:
        """As people write it."""
        return f"{self.domain}/{self.id}"

    @property
    def origin(self) -> str:
        """ORIGIN_ID of its twin, whose ORIGINATOR_ID says that it is ours."""
        return f"{self.domain}:{self.id}"

    @property
    def job_key(self) -> str:
        """What its jobs have in common, also those that the twin's events ask for: one runs at a time."""
        return f"{DEAL}:{self.origin}"

    @classmethod
    def of_origin(cls, origin: str) -> "DealKey | None":
        """The deal whose twin bears this ORIGIN_ID; None when it is not one of ours."""
        domain, _, number = origin.rpartition(":")
        if not domain or not number.isascii() or not number.isdigit() or not 0 < int(number) < LARGEST:
            return None
        return cls(domain.lower(), int(number))


class Order(msgspec.Struct, frozen=True):
    """What a job is about: something may have changed on one side. `asked`: by a person or a program."""

    domain: str
    id: int
    side: Side = "source"
    asked: bool = False

    @property
    def key(self) -> DealKey:
        """The deal at the source."""
        return DealKey(self.domain, self.id)


class Verdict(msgspec.Struct, frozen=True):
    """What somebody answered about one deal, to hold if things still stand as they were shown.

    `take` the source's value of a field or `keep` the twin's, `shown` being the digest of both; or `delete`
    the twin of a deal that is gone.
    """

    choice: Literal["take", "keep", "delete"]
    field: str = ""
    shown: str = ""


class Ruled(Order, frozen=True):
    """An order that may bear a verdict; one without is stored as a plain one, so that it is joined."""

    verdict: Verdict | None = None


class Result(msgspec.Struct, frozen=True):
    """What became of it; `target` is the twin's number."""

    status: Status
    target: int | None = None
    action: Action = ""


@dataclass(frozen=True, slots=True)
class SourceDeal:
    """A deal as its portal has it now. `fields` as crm.deal.get gives them, the primary contact first."""

    key: DealKey
    fields: Mapping[str, Any]
    contacts: tuple[int, ...] = ()
    company_id: int | None = None
    rows: tuple[Mapping[str, Any], ...] = ()
