"""People of a portal by phone and e-mail, and what is there of our making by its origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.bitrix24.commands import Command
from services.bitrix24.errors import PortalUnavailable
from services.bitrix24.questions import Question, lowest, number_of, rows_of
from services.bitrix24.values import mapping
from services.flow.contacts import spellings_of

ORIGINATOR = "switchboard"  # by which a portal's objects are known as made by this hub
FIND = "crm.duplicate.findbycomm"  # https://apidocs.bitrix24.com/api-reference/crm/duplicates


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody. `phone` and `email` in the one spelling by which people are known, or None."""

    name: str
    last_name: str
    phone: str | None
    email: str | None

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
    """The contacts that bear a phone or an e-mail (`by`), the oldest first."""

    by: str
    ids: tuple[int, ...]


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


def contact_fields(people: Sequence[Person], origin: str, *, with_email: bool = True) -> dict[str, Any]:
    """What a new contact is written with: somebody, once for each phone and e-mail."""
    fields: dict[str, Any] = {
        "NAME": people[0].name,
        "LAST_NAME": people[0].last_name,
        "ORIGINATOR_ID": ORIGINATOR,
        "ORIGIN_ID": origin,
    }
    if phones := [each.phone for each in people if each.phone]:
        fields["PHONE"] = [{"VALUE": f"+{phone}", "VALUE_TYPE": "MOBILE"} for phone in phones]
    if with_email and (emails := [each.email for each in people if each.email]):
        fields["EMAIL"] = [{"VALUE": email, "VALUE_TYPE": "HOME"} for email in emails]
    return fields


def origin_params(origins: str | list[str], *more: str) -> dict[str, Any]:
    """Parameters of a list of what we have made, by ORIGIN_ID; `more` are fields to read beside it."""
    by = {"=ORIGIN_ID": origins} if isinstance(origins, str) else {"@ORIGIN_ID": origins}
    return {
        "filter": {"=ORIGINATOR_ID": ORIGINATOR, **by},
        "select": ["ID", "ORIGINATOR_ID", "ORIGIN_ID", *more],
        "order": {"ID": "ASC"},
        "start": -1,
    }


def is_ours(row: Mapping[str, Any], origin: str) -> bool:
    """Whether a row of the portal is what it was asked for: an unknown filter is dropped there in silence."""
    return (row.get("ORIGINATOR_ID"), row.get("ORIGIN_ID")) == (ORIGINATOR, origin)


def origin_question(method: str, origin: str) -> Question[int | None]:
    """The oldest that we made for this origin, by the list method of its kind."""

    def read(result: Any) -> int | None:
        row = lowest([row for row in rows_of(result) if is_ours(row, origin)], "ID")
        return number_of(row["ID"]) if row else None

    return Question(Command(method, origin_params(origin)), read)
