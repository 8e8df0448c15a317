"""Contacts of the portal: matched by phone, then by e-mail, made when there is none, never changed."""

from dataclasses import dataclass
from typing import Any

from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.values import mapping
from services.engine.cache import MISS, Region
from services.flow.contacts import email_of, phone_of, spellings_of
from services.programmes.model import ORIGINATOR, origin_of
from services.programmes.questions import Question, lowest, number_of, rows_of
from storage.submissions import Submission

GET, ADD, LIST = "crm.contact.get", "crm.contact.add", "crm.contact.list"
FIND = "crm.duplicate.findbycomm"  # https://apidocs.bitrix24.com/api-reference/crm/duplicates


@dataclass(frozen=True, slots=True)
class Person:
    """Who handed a form in. `phone` and `email` in the one spelling by which people are known, or None."""

    name: str
    last_name: str
    phone: str | None
    email: str | None

    @classmethod
    def of(cls, row: Submission) -> "Person":
        """Who handed this one in."""
        return cls(row.name, row.last_name, phone_of(row.phone), email_of(row.email))

    @property
    def full_name(self) -> str:
        """As deals are titled."""
        return f"{self.name} {self.last_name}".strip()

    @property
    def keys(self) -> list[str]:
        """What the person is known by, the stronger first."""
        return [key for key in (self.phone, self.email) if key]

    @property
    def lease_names(self) -> list[str]:
        """What whoever may make this contact has to hold."""
        return [f"contact:{key}" for key in self.keys]


@dataclass(frozen=True, slots=True)
class Match:
    """The contacts that bear a phone or an e-mail (`by`)."""

    by: str
    ids: tuple[int, ...]


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


def match_questions(person: Person) -> list[Question[Match]]:
    """Which contacts bear the phone, and which the e-mail; in this order."""
    questions = []
    if person.phone:
        questions.append(_match("PHONE", person.phone, spellings_of(person.phone)))
    if person.email:
        questions.append(_match("EMAIL", person.email, [person.email]))
    return questions


def _match(kind: str, by: str, values: list[str]) -> Question[Match]:
    def read(result: Any) -> Match:
        if result is None or result == []:  # PHP's way to write an empty map
            return Match(by, ())
        if not isinstance(result, dict) or not isinstance(ids := result.get("CONTACT") or [], dict | list):
            raise PortalUnavailable(f"{FIND} answers in another shape")
        return Match(by, tuple(sorted(map(number_of, mapping(ids).values()))))

    params = {"type": kind, "values": values, "entity_type": "CONTACT"}
    return Question(Command(FIND, params), read)


def origin_question(submission_id: str) -> Question[MadeContact | None]:
    """Which contact an earlier try for this submission made."""
    origin = origin_of(submission_id)
    params = {
        "filter": {"=ORIGINATOR_ID": ORIGINATOR, "=ORIGIN_ID": origin},
        "select": ["ID", "ORIGINATOR_ID", "ORIGIN_ID", "EMAIL"],
        "order": {"ID": "ASC"},
        "start": -1,
    }

    def read(result: Any) -> MadeContact | None:
        row = lowest([row for row in rows_of(result) if is_ours(row, origin)], "ID")
        return MadeContact(number_of(row["ID"]), bool(row.get("EMAIL"))) if row else None

    return Question(Command(LIST, params), read)


def is_ours(row: Any, origin: str) -> bool:
    """Whether a row of the portal is what it was asked for: an unknown filter is dropped there in silence."""
    return (row.get("ORIGINATOR_ID"), row.get("ORIGIN_ID")) == (ORIGINATOR, origin)


def add_command(person: Person, submission_id: str, *, with_email: bool) -> Command:
    """Makes the contact."""
    fields: dict[str, Any] = {
        "NAME": person.name,
        "LAST_NAME": person.last_name,
        "ORIGINATOR_ID": ORIGINATOR,
        "ORIGIN_ID": origin_of(submission_id),
    }
    if person.phone:
        fields["PHONE"] = [{"VALUE": f"+{person.phone}", "VALUE_TYPE": "MOBILE"}]
    if person.email and with_email:
        fields["EMAIL"] = [{"VALUE": person.email, "VALUE_TYPE": "HOME"}]
    return Command(ADD, {"fields": fields})


def get_command(contact_id: int) -> Command:
    """Fails when there is no such contact (any more)."""
    return Command(GET, {"id": contact_id})
