"""Contacts and companies of a deal, as the home portal knows them: linked, found, or made once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command
from services.bitrix24.matching import (
    ORIGINATOR,
    Match,
    contact_fields,
    match_questions,
    origin_question,
)
from services.bitrix24.outcomes import Done, Failed, Outcome
from services.bitrix24.questions import Question, ask, lowest, number_of, rows_of
from services.bitrix24.written import BAD_VALUE, SENDING, SETTLING, judge, send
from services.deals.mapping.schema import spoken
from services.deals.model import DealKey, SourceDeal
from services.deals.reading import SourceCompany, SourceContact, read_people
from services.engine.clock import Clock
from services.flow.leases import Hold
from storage import contact_links
from storage.database import Database, Transaction

READING = 60.0  # seconds that what is looked up is held
ADD, LIST = "crm.contact.add", "crm.contact.list"
ADD_COMPANY, LIST_COMPANIES = "crm.company.add", "crm.company.list"
CONTACT, COMPANY = "contact", "company"

Linked = dict[int, int]
"""The home portal's by the source's numbers."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something for the journal."""

    action: str
    kind: str
    key: str
    before: Any = None
    after: Any = None


@dataclass(slots=True)
class Learnt:
    """What became known of people; right also when the work on them was cut off."""

    contacts: Linked = field(default_factory=dict)
    companies: Linked = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)  # phones and e-mails whose contact is new


@dataclass(frozen=True, slots=True)
class Bound:
    """Whom a twin is bound to."""

    contacts: tuple[int, ...]
    company: int | None


@dataclass(frozen=True, slots=True)
class People:
    """Brings people of sources home."""

    home: Portal
    database: Database
    clock: Clock

    async def of(
        self, deal: SourceDeal, source: Portal, hold: Hold, learnt: Learnt, *, urgent: bool
    ) -> Bound:
        """Those of a deal, in its order; who is new at home is made. What is found out goes to `learnt`.

        Raises what portals raise, and Held while somebody else is at one of them.
        """
        await _Bringing(self, deal, source, hold, learnt, urgent).run()
        contacts = [learnt.contacts[each] for each in deal.contacts if each in learnt.contacts]
        company = learnt.companies.get(deal.company_id) if deal.company_id is not None else None
        return Bound(tuple(dict.fromkeys(contacts)), company)


_Asked = tuple[Question[Any], Callable[[Any], None]]


class _Bringing:
    """One deal's people."""

    def __init__(
        self, people: People, deal: SourceDeal, source: Portal, hold: Hold, learnt: Learnt, urgent: bool
    ) -> None:
        self._people = people
        self._deal = deal
        self._source = source
        self._hold = hold
        self._learnt = learnt
        self._urgent = urgent
        self._contacts: list[SourceContact] = []
        self._company: SourceCompany | None = None

    async def run(self) -> None:
        """Ask for nobody who is known."""
        await self._take_known()
        contacts, company = self._unknown()
        if not contacts and company is None:
            return
        found = await read_people(self._source, contacts, company, urgent=self._urgent)
        self._contacts, self._company = found
        await self._hold.take(self._names(), READING)
        await self._take_known()  # others may have been faster
        await self._look_up()
        await self._make()

    async def _take_known(self) -> None:
        contacts, companies = await self._people.database.read(self._known)
        self._learnt.contacts |= contacts
        self._learnt.companies |= companies
        self._contacts = [each for each in self._contacts if each.id not in contacts]
        if self._company and self._company.id in companies:
            self._company = None

    def _known(self, tx: Transaction) -> tuple[Linked, Linked]:
        domain, company = self._deal.key.domain, self._deal.company_id
        contacts = contact_links.of_source(tx, domain, "contact", self._deal.contacts)
        return contacts, contact_links.of_source(tx, domain, "company", [company] if company else [])

    def _unknown(self) -> tuple[list[int], int | None]:
        company = self._deal.company_id
        is_unknown = company is not None and company not in self._learnt.companies
        contacts = dict.fromkeys(each for each in self._deal.contacts if each not in self._learnt.contacts)
        return list(contacts), company if is_unknown else None

    def _names(self) -> list[str]:
        """What whoever may make one of them has to hold."""
        names = [name for each in self._contacts for person in each.people for name in person.lease_names]
        names += [f"contact:{self._origin(each.id)}" for each in self._contacts]
        if self._company:
            names += [f"company:{self._origin(self._company.id)}", f"company:{spoken(self._company.title)}"]
        return names

    def _origin(self, number: int) -> str:
        return DealKey(self._deal.key.domain, number).origin

    async def _look_up(self) -> None:
        """By its origin, by each phone, by each e-mail; a company by its title."""
        asked: list[_Asked] = []
        for contact in self._contacts:
            asked += self._questions_about(contact)
        if company := self._company:
            origin = self._origin(company.id)
            asked.append((origin_question(LIST_COMPANIES, origin), self._taker(COMPANY, company.id)))
            if company.title:
                asked.append((_title_question(company.title), self._taker(COMPANY, company.id)))
        answers = await ask(self._people.home, [question for question, _ in asked], urgent=self._urgent)
        for (_, take), answer in zip(asked, answers, strict=True):
            take(answer)

    def _questions_about(self, contact: SourceContact) -> list[_Asked]:
        origin = origin_question(LIST, self._origin(contact.id))
        matching = [question for each in contact.people for question in match_questions(each)]
        matching.sort(key=lambda question: question.command.params["type"] == "EMAIL")
        take = self._taker(CONTACT, contact.id)
        return [(origin, take), *((question, take) for question in matching)]

    def _taker(self, kind: str, number: int) -> Callable[[Any], None]:
        linked = self._learnt.contacts if kind == CONTACT else self._learnt.companies

        def take(found: Match | int | None) -> None:
            ids = found.ids if isinstance(found, Match) else (found,) if found else ()
            if ids and number not in linked:
                linked[number] = ids[0]
                self._note("link", kind, ids[0], number, **({"of": list(ids)} if len(ids) > 1 else {}))

        return take

    def _note(self, action: str, kind: str, target: int, number: int, **more: Any) -> None:
        after = {"source": f"{self._deal.key.domain}/{number}", **more}
        self._learnt.notes.append(Note(action, kind, str(target), after=after))

    async def _make(self) -> None:
        """Make who is missing; those who share a phone or an e-mail are one."""
        ones: dict[str, int] = {}
        same: dict[int, int] = {}
        for contact in self._contacts:
            if contact.id not in self._learnt.contacts:
                keys = _keys(contact)
                same[contact.id] = next((ones[key] for key in keys if key in ones), contact.id)
                ones = dict.fromkeys(keys, same[contact.id]) | ones
        contacts = [each for each in self._contacts if same.get(each.id) == each.id]
        company = self._company
        if company and (company.id in self._learnt.companies or not company.title):
            company = None
        await self._add(contacts, company)
        for number, other in same.items():
            self._learnt.contacts.setdefault(number, self._learnt.contacts[other])

    async def _add(
        self, contacts: list[SourceContact], company: SourceCompany | None, *, with_email: bool = True
    ) -> None:
        commands = [self._add_contact(each, with_email) for each in contacts]
        commands += [self._add_company(company)] if company else []
        if not commands:
            return
        people = self._people
        await self._hold.keep(SENDING + SETTLING, lambda tx: None)
        outcomes = await send(people.home, people.clock, commands, urgent=self._urgent)
        for contact, outcome in zip(contacts, outcomes, strict=False):
            self._made(CONTACT, contact.id, outcome)
        if company:
            self._made(COMPANY, company.id, outcomes[-1])
        again = [
            contact
            for contact, outcome in zip(contacts, outcomes, strict=False)
            if with_email and _is_disliked(contact, outcome)
        ]
        judge([each for each in outcomes if not (again and _is_bad_value(each))])
        await self._add(again, None, with_email=False)
        self._learnt.outdated += [key for contact in contacts for key in _keys(contact)]

    def _made(self, kind: str, number: int, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            target = number_of(outcome.result)
            (self._learnt.contacts if kind == CONTACT else self._learnt.companies)[number] = target
            self._note("add", kind, target, number)

    def _add_contact(self, contact: SourceContact, with_email: bool) -> Command:
        fields = contact_fields(contact.people, self._origin(contact.id), with_email=with_email)
        return Command(ADD, {"fields": fields})

    def _add_company(self, company: SourceCompany) -> Command:
        origin = {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": self._origin(company.id)}
        return Command(ADD_COMPANY, {"fields": {"TITLE": company.title, **origin}})


def _keys(contact: SourceContact) -> list[str]:
    return [key for person in contact.people for key in person.keys]


def _is_disliked(contact: SourceContact, outcome: Outcome) -> bool:
    """Whether it may be for the e-mail; the contact is somebody without it too."""
    return _is_bad_value(outcome) and any(person.email for person in contact.people)


def _is_bad_value(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) and outcome.error.code == BAD_VALUE


def _title_question(title: str) -> Question[int | None]:
    """Which company is called so."""
    params = {"filter": {"=TITLE": title}, "select": ["ID", "TITLE"], "order": {"ID": "ASC"}, "start": -1}

    def read(result: Any) -> int | None:
        same = [row for row in rows_of(result) if spoken(str(row.get("TITLE") or "")) == spoken(title)]
        row = lowest(same, "ID")
        return number_of(row["ID"]) if row else None

    return Question(Command(LIST_COMPANIES, params), read)
