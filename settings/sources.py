"""The source portals: their addresses, the tokens that prove their events, and which domains may be such."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PlainSerializer, SecretStr

from settings import values
from settings.declaring import Group

SHORTEST_TOKEN = 8  # characters of the application token, which the portal makes
SHORTEST_ROBOT_TOKEN = 16  # of the robots' one, which people make up
_EXAMPLE = 'should be a JSON object such as {"partner1.bitrix24.ru": {"url": "…", "application_token": "…"}}'
_PATTERN = r"(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"


def _address(url: SecretStr) -> SecretStr:
    if not url:
        raise ValueError("is needed")
    return values.portal_url(url)


def _token(shortest: int) -> AfterValidator:
    def checked(token: SecretStr) -> SecretStr:
        if token and not re.fullmatch(rf"[!-~]{{{shortest},500}}", token.get_secret_value()):
            raise ValueError(f"should be {shortest} ASCII letters, digits and signs at least, without blanks")
        return token

    return AfterValidator(checked)


Token = Annotated[SecretStr, _token(SHORTEST_TOKEN)]
_NONE = SecretStr("")


class SourcePortal(Group):
    """One source: its incoming webhook's address, and what its events and robots prove themselves with.

    A token that is empty, and so false, is proof of nothing.
    """

    url: Annotated[SecretStr, AfterValidator(_address)]
    application_token: Token = _NONE
    robot_token: Annotated[SecretStr, _token(SHORTEST_ROBOT_TOKEN)] = _NONE

    @property
    def secrets(self) -> Iterator[SecretStr]:
        """Every secret that is set."""
        yield from filter(None, (self.url, self.application_token, self.robot_token))

    @property
    def code(self) -> str:
        """The part of the address that is the credential itself."""
        return values.portal_code(self.url.get_secret_value())


def _by_domain(text: object) -> object:
    """JSON with a portal for each domain; never shows a key that is none, it may be an address."""
    if not isinstance(text, str):
        return text
    try:
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs) if text else []
    except (ValueError, RecursionError):
        raise ValueError(_EXAMPLE) from None
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        raise ValueError(_EXAMPLE)
    return {name: dict(portal) for name, portal in _checked(pairs)}


def _checked(pairs: list[tuple[str, object]]) -> Iterator[tuple[str, list[tuple[str, object]]]]:
    twice = Counter(name.lower() for name, _ in pairs)
    for name, portal in pairs:
        if not name:
            raise ValueError(_EXAMPLE)
        domain = values.domain(name)
        if twice[domain] > 1:
            raise ValueError(f"names {domain} twice")
        if not isinstance(portal, list) or not all(isinstance(pair, tuple) for pair in portal):
            raise ValueError(f"{domain} {_EXAMPLE}")
        yield domain, portal


def _distinct(sources: Mapping[str, SourcePortal]) -> Mapping[str, SourcePortal]:
    addresses = Counter(source.url.get_secret_value() for source in sources.values())
    if any(number > 1 for number in addresses.values()):
        raise ValueError("gives two portals the same url")
    return MappingProxyType(dict(sources))


def _hidden(sources: Mapping[str, BaseModel]) -> dict[str, object]:
    return {domain: source.model_dump(mode="json") for domain, source in sources.items()}


SourcePortals = Annotated[
    Mapping[str, SourcePortal],
    BeforeValidator(_by_domain),
    AfterValidator(_distinct),
    PlainSerializer(_hidden),
]


def _pattern(pattern: str) -> str:
    if not re.fullmatch(_PATTERN, pattern):
        raise ValueError("should be a domain, or *. and a domain for all below it")
    return pattern.lower()


Patterns = Annotated[
    tuple[Annotated[str, AfterValidator(_pattern)], ...], BeforeValidator(values.split), Field(min_length=1)
]


def is_allowed(domain: str, patterns: tuple[str, ...]) -> bool:
    """Whether a domain, in small letters, is one of the patterns or below one that begins with `*.`."""
    if not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*", domain):
        return False
    below = (pattern[1:] for pattern in patterns if pattern.startswith("*."))
    return domain in patterns or any(domain.endswith(ending) for ending in below)
