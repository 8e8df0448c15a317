"""People by phone and e-mail: one spelling for each, so that the same person is known again."""

import re
import unicodedata

LONGEST_PHONE = 15  # digits of an international number, https://www.itu.int/rec/T-REC-E.164
SHORTEST_PHONE = 7  # fewer are somebody's extension or an emergency number, which many people give
COUNTED = 10  # digits from which on a number is written with its country or city
_EXTENSION = re.compile(r"[;#]|(?:ext|доб|вн|x)\.?\s*[:№]?\s*\d{1,6}\s*\)?\s*$", re.IGNORECASE)
_LOCAL = re.compile(r"[3-69]\d{9}")  # a Russian city's or mobile number without the country
_EMAIL = re.compile(
    r"[^\s@<>\"(),;:\\\[\]]{1,64}@(?:[^\s@<>\"(),;:\\\[\]./]{1,63}\.)+(?!\d+$)[^\s@<>\"(),;:\\\[\]./]{2,63}"
)


def normalised_phone(text: str) -> str:
    """The digits by which portals compare phones; two of one person's spellings may still differ.

    The rule is Bitrix24's own: `8` before ten digits is Russia's `7`, leading `00`, `011` and `0` go, and
    what follows `;` or `#` is an extension.
    """
    number = re.split("[;#]", text, maxsplit=1)[0]
    is_international = number.strip().startswith("+")
    digits = re.sub(r"[^0-9]", "", number)
    if len(digits) < COUNTED:
        return digits
    if digits[0] == "8" and digits[1] not in "012" and not is_international:
        return "7" + digits[1:]
    return re.sub("^(?:00|011|0)", "", digits)


def phone_of(text: str) -> str | None:
    """A phone in one spelling: digits with the country's first. None for what is no phone.

    Extensions are cut off, a Russian number without its country gets it, and `8 10`, by which one dials
    abroad from Russia, goes.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    cut = _EXTENSION.search(plain)
    number = plain[: cut.start()] if cut else plain
    digits = normalised_phone("".join(_digit(character) for character in number))
    if digits.startswith("810") and len(digits) > len("810") + COUNTED - 1:
        digits = digits.removeprefix("810")
    elif "+" not in number and _LOCAL.fullmatch(digits):
        digits = "7" + digits
    return digits if SHORTEST_PHONE <= len(digits) <= LONGEST_PHONE else None


def person_key(text: str) -> str | None:
    """By which somebody is known who gives this phone or e-mail; None for what is neither."""
    return email_of(text) or phone_of(text)


def spellings_of(phone: str) -> list[str]:
    """How a phone from `phone_of` may stand at a portal, the usual one first; at most three."""
    spellings = [f"+{phone}"]
    if len(phone) == COUNTED + 1 and phone.startswith("7"):
        spellings += [f"8{phone[1:]}", phone[1:]]
    return spellings


def email_of(text: str) -> str | None:
    """An e-mail address in small letters; None for what is none."""
    address = unicodedata.normalize("NFKC", text).strip().removeprefix("mailto:").lower()
    return address if len(address) <= 254 and _EMAIL.fullmatch(address) else None


def _digit(character: str) -> str:
    """A digit of any script as an ASCII one."""
    value = unicodedata.digit(character, None)
    return character if value is None else str(value)
