"""What deals are called and made of, on their way from a source portal to the home portal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from services.bitrix24.values import Money, amount, day, identity, moment

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


_MARKUP = re.compile(r"<[^<>]*>|\[/?[a-zA-Z*]+[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal as any portal has it: a view of what crm.deal.get or crm.deal.list gave, each value in its unit.

    A list gives few of them, and what was not asked for is as if there were nothing. What is no value of its
    kind raises ValueError where it is looked at. https://apidocs.bitrix24.com/api-reference/crm/deals/
    """

    fields: Mapping[str, Any]

    @property
    def id(self) -> int | None:
        """Its number in that portal."""
        return identity(self.fields.get("ID"))

    @property
    def title(self) -> str:
        """ "" for one that has none."""
        return str(self.fields.get("TITLE") or "").strip()

    @property
    def stage_id(self) -> str:
        """With its funnel's prefix but in funnel 0, as `C1:NEW`."""
        return str(self.fields.get("STAGE_ID") or "")

    @property
    def sum(self) -> Money:
        """OPPORTUNITY in whole units of CURRENCY_ID (ISO 4217), not in hundredths."""
        currency = str(self.fields.get("CURRENCY_ID") or "")
        return Money(amount(self.fields.get("OPPORTUNITY")) or Decimal(), currency)

    @property
    def modified_at(self) -> datetime | None:
        """DATE_MODIFY in UTC, by the portal's clock, in whole seconds."""
        return moment(self.fields.get("DATE_MODIFY"))

    @property
    def closes_on(self) -> date | None:
        """CLOSEDATE: a day of the portal's, though it is written as a moment."""
        return day(self.fields.get("CLOSEDATE"))

    @property
    def company_id(self) -> int | None:
        """A link to a company of the same portal."""
        return identity(self.fields.get("COMPANY_ID"))

    @property
    def comments(self) -> str:
        """As text: the portal keeps HTML, older ones BB codes."""
        return " ".join(_MARKUP.sub(" ", str(self.fields.get("COMMENTS") or "")).split())

    @property
    def origin(self) -> tuple[str, str]:
        """ORIGINATOR_ID and ORIGIN_ID: who made it of what."""
        return str(self.fields.get("ORIGINATOR_ID") or ""), str(self.fields.get("ORIGIN_ID") or "")

    @property
    def own_fields(self) -> Mapping[str, Any]:
        """UF_*, the fields that a portal's people have made, as far as something is in them."""
        return {name: value for name, value in self.fields.items() if name.startswith("UF_") and value}

    @property
    def parents(self) -> Mapping[str, int]:
        """The items of smart processes that it belongs to, by PARENT_ID_<entityTypeId>."""
        linked = {name: value for name, value in self.fields.items() if name.startswith("PARENT_ID_")}
        found = {name: identity(value) for name, value in linked.items()}
        return {name: number for name, number in found.items() if number}


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

    @property
    def deal(self) -> Deal:
        """Its fields with their meaning."""
        return Deal(self.fields)
