"""Contacts of the portal: matched by phone, then by e-mail, made when there is none, never changed."""

from dataclasses import dataclass
from typing import Any

from services.bitrix24.commands import Command
from services.bitrix24.matching import Person, contact_fields, is_ours, origin_params
from services.bitrix24.questions import Question, lowest, number_of, rows_of
from services.engine.cache import MISS, Region
from services.flow.contacts import email_of, phone_of
from services.programmes.model import origin_of
from storage.submissions import Submission

GET, ADD, LIST = "crm.contact.get", "crm.contact.add", "crm.contact.list"


@dataclass(frozen=True, slots=True)
class MadeContact:
    """A contact that an earlier try made, perhaps without the e-mail."""

    id: int
    has_email: bool


class Contacts:
    """Knows which contact somebody is, as far as that is cached."""

    def __init__(self, region: Region[str, int]) -> None:
        self._region = region

    def known(self, person: Person) -> int | None:
        """The contact, if it is cached: by the e-mail only while it is known that nobody bears the phone."""
        for key in person.keys:
            found = self._region.get(key, MISS)
            if found is not None:
                return None if found is MISS else found
        return None

    def learn(self, keys: list[str], contact_id: int) -> None:
        """Keep whose these are."""
        for key in keys:
            self._region.set(key, contact_id)

    def learn_match(self, person: Person, by: str, contact_id: int) -> None:
        """Keep by what a contact was found, and that nobody bears what is stronger."""
        for key in person.keys[: person.keys.index(by)]:
            self._region.set(key, None)
        self._region.set(by, contact_id)

    def forget(self, person: Person) -> None:
        """The cached contact is gone."""
        for key in person.keys:
            self._region.invalidate(key)


def person_of(row: Submission) -> Person:
    """Who handed this form in."""
    return Person(row.name, row.last_name, phone_of(row.phone), email_of(row.email))


def origin_question(submission_id: str) -> Question[MadeContact | None]:
    """Which contact an earlier try for this submission made."""
    origin = origin_of(submission_id)

    def read(result: Any) -> MadeContact | None:
        row = lowest([row for row in rows_of(result) if is_ours(row, origin)], "ID")
        return MadeContact(number_of(row["ID"]), bool(row.get("EMAIL"))) if row else None

    return Question(Command(LIST, origin_params(origin, "EMAIL")), read)


def add_command(person: Person, submission_id: str, *, with_email: bool) -> Command:
    """Makes the contact."""
    fields = contact_fields([person], origin_of(submission_id), with_email=with_email)
    return Command(ADD, {"fields": fields})


def get_command(contact_id: int) -> Command:
    """Fails when there is no such contact (any more)."""
    return Command(GET, {"id": contact_id})
