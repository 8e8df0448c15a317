"""Who fills forms in, and how differently the same phone, address and programme are written."""

from dataclasses import dataclass

from tests.e2e.poll_forms import CHESS, MATHS, PHYSICS

FOUND_PHONE = "9219876543"  # that of a contact which the portal had before


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody; `phone` is ten digits, phone and e-mail may be empty."""

    name: str
    last_name: str
    phone: str
    email: str

    @property
    def full_name(self) -> str:
        """As deals are titled."""
        return f"{self.name} {self.last_name}".strip()


PEOPLE = (
    Person("Анна", "Смирнова", "9161234567", "anna@example.com"),
    Person("Анна", "Смирнова", "9161234567", ""),
    Person("Аня", "", "", "anna@example.com"),
    Person("Пётр", "Котов", "9035550101", "anna@example.com"),  # another phone, the same address
    Person("Ольга", "Белова", FOUND_PHONE, "olga@example.com"),
    Person("Иван", "$result[c0]", "9990001122", ""),  # what a batch would take for a reference
)

_PHONES = ("+7 ({0}) {1}-{2}", "8{0}{1}{2}", "{0}{1}{2}", "007 {0} {1} {2}", "+7{0}{1}{2} доб. 12")
SPELLINGS = len(_PHONES)

KNOWN = (MATHS, PHYSICS, CHESS)
UNKNOWN = ("Астрономия", "Латынь")
TITLES = (*KNOWN, "математика  БАЗА", "  физика", *UNKNOWN, "АСТРОНОМИЯ")


def phone_as(person: Person, spelling: int) -> str | None:
    """The phone in one of its spellings; None without one."""
    digits = person.phone
    return _PHONES[spelling].format(digits[:3], digits[3:6], digits[6:]) if digits else None


def email_as(person: Person, spelling: int) -> str | None:
    """The address in small letters or, every other time, in capitals."""
    return (person.email.upper() if spelling % 2 else person.email) or None


def key_of(title: str) -> str:
    """What two spellings of a programme have in common."""
    return " ".join(title.split()).casefold()
