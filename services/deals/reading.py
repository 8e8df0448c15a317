"""Deals as their own portals have them now: a deal in one request, its people in another."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalNotFound, PortalUnavailable
from services.bitrix24.matching import Person
from services.bitrix24.questions import Question, ask, find, number_of, rows_of
from services.bitrix24.values import mapping
from services.deals.model import Deal, DealKey, SourceDeal
from services.flow.contacts import email_of, phone_of

GET, CONTACTS, ROWS = "crm.deal.get", "crm.deal.contact.items.get", "crm.deal.productrows.get"
CONTACT, COMPANY = "crm.contact.get", "crm.company.get"
MOST_VALUES = 5  # phones, and e-mails, of one contact
LONGEST_NAME = 50  # characters of a first or last name at the portal

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceContact:
    """A contact at its source: a Person for each of its phones and e-mails, the first ones first.

    One that has neither is one Person without them.
    """

    id: int
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class SourceCompany:
    """A company at its source."""

    id: int
    title: str


async def read_deal(portal: Portal, key: DealKey, *, urgent: bool = False) -> SourceDeal | None:
    """A deal with its contacts and product rows, in one request; None: there is no such deal.

    Raises what `ask` does.
    """
    number = {"id": key.id}
    questions: list[Question[Any]] = [
        deal_question(key.id),
        Question(Command(CONTACTS, number), _contact_ids),
        Question(Command(ROWS, number), rows_of),
    ]
    try:
        fields, contacts, rows = await ask(portal, questions, urgent=urgent)
    except PortalNotFound:
        return None
    return SourceDeal(key, fields, contacts, _company(fields), tuple(rows))


def deal_question(deal_id: int) -> Question[Fields]:
    """A deal's fields, under the portal's names."""

    def read(result: Any) -> Fields:
        if not isinstance(result, dict) or number_of(result.get("ID")) != deal_id:
            raise PortalUnavailable(f"{GET} answers with something else")
        return result

    return Question(Command(GET, {"id": deal_id}), read)


async def read_people(
    portal: Portal, contacts: Collection[int], company: int | None, *, urgent: bool = False
) -> tuple[list[SourceContact], SourceCompany | None]:
    """These contacts and the company, in one request; without those that are gone."""
    questions: list[Question[Any]] = [
        Question(Command(CONTACT, {"id": each}), partial(_read_contact, each)) for each in contacts
    ]
    if company is not None:
        questions.append(Question(Command(COMPANY, {"id": company}), partial(_read_company, company)))
    found = await find(portal, questions, urgent=urgent) if questions else []
    last = found.pop() if company is not None else None
    return [each for each in found if each], last


def _contact_ids(result: Any) -> tuple[int, ...]:
    rows = sorted(rows_of(result), key=lambda row: (row.get("IS_PRIMARY") != "Y", row.get("SORT") or 0))
    return tuple(number_of(row.get("CONTACT_ID")) for row in rows)


def _company(fields: Fields) -> int | None:
    try:
        return Deal(fields).company_id
    except ValueError:
        raise PortalUnavailable(f"{GET}: a company in another shape") from None


def _read_contact(number: int, row: Any) -> SourceContact:
    if not isinstance(row, dict):
        raise PortalUnavailable(f"{CONTACT} answers in another shape")
    name, last_name = (str(row.get(part) or "").strip()[:LONGEST_NAME] for part in ("NAME", "LAST_NAME"))
    phones = _spelled(row.get("PHONE"), phone_of)
    emails = _spelled(row.get("EMAIL"), email_of)
    pairs = list(zip_longest(phones, emails)) or [(None, None)]
    return SourceContact(number, tuple(Person(name, last_name, phone, email) for phone, email in pairs))


def _spelled(values: Any, spelling: Any) -> list[str]:
    """The values of a multifield, each once, in the one spelling by which people are known."""
    try:
        rows = [mapping(row) for row in mapping(values or []).values()]
    except ValueError:
        raise PortalUnavailable(f"{CONTACT}: values in another shape") from None
    known = (spelling(str(row.get("VALUE") or "")) for row in rows)
    return list(dict.fromkeys(each for each in known if each))[:MOST_VALUES]


def _read_company(number: int, row: Any) -> SourceCompany:
    if not isinstance(row, dict):
        raise PortalUnavailable(f"{COMPANY} answers in another shape")
    return SourceCompany(number, str(row.get("TITLE") or "").strip())
