"""Source portals as settings: which are taken, what is refused, and that nothing of them shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.test_settings import PORTAL, faults, load

SOURCE = "https://partner1.bitrix24.ru/rest/1/codeofpartner1/"
ROBOT = "robots-of-partner1"


def sources(**portals: Any) -> str:
    """BITRIX24_SOURCES with these portals; one is given by its name below bitrix24.ru."""
    return json.dumps({f"{name}.bitrix24.ru": portal for name, portal in portals.items()})


def test_source_portals_are_named_by_their_domains_and_may_lack_tokens() -> None:
    both = {"url": SOURCE, "application_token": "token-of-partner1", "robot_token": ROBOT}
    other = {"url": "https://partner2.bitrix24.ru/rest/9/codeofpartner2"}
    found = load(
        BITRIX24_URL=PORTAL, BITRIX24_SOURCES=sources(Partner1=both, partner2=other)
    ).bitrix24.sources
    assert list(found) == ["partner1.bitrix24.ru", "partner2.bitrix24.ru"]
    first, second = found.values()
    assert first.application_token.get_secret_value() == "token-of-partner1"
    assert first.robot_token.get_secret_value() == ROBOT
    assert second.url.get_secret_value().endswith("/codeofpartner2/")
    assert not second.application_token
    assert not second.robot_token
    assert not load().bitrix24.sources
    with pytest.raises(TypeError):
        found["partner3.bitrix24.ru"] = second  # type: ignore[index]


def test_the_addresses_and_tokens_of_source_portals_are_secrets(tmp_path: Path) -> None:
    both = {"url": SOURCE, "application_token": "token-of-partner1", "robot_token": ROBOT}
    (tmp_path / "sources").write_text(sources(partner1=both) + "\n")
    settings = load(BITRIX24_URL=PORTAL, BITRIX24_SOURCES_FILE=str(tmp_path / "sources"))
    secrets = {SOURCE, "codeofpartner1", "token-of-partner1", ROBOT}
    assert secrets < set(settings.secrets())
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.masked())]
    assert not [text for text in shown for secret in secrets if secret in text]
    assert dict(settings.masked())["BITRIX24_SOURCES"] == f"3 set, {len(SOURCE)}, 17, 18 characters"
    assert dict(load().masked())["BITRIX24_SOURCES"] == "not set"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{", "should be a JSON object"),
        ("[1]", "should be a JSON object"),
        ('"leaked"', "should be a JSON object"),
        ('{"": {}}', "should be a JSON object"),
        ('{"https://leaked/": {}}', "should be a domain alone"),
        ('{"partner1.bitrix24.ru": "leaked"}', "should be a JSON object"),
        (sources(partner1={}), "url"),
        (sources(partner1={"url": ""}), "is needed"),
        (sources(partner1={"url": "http://partner1.bitrix24.ru/rest/1/leakedleaked/"}), "https"),
        (sources(partner1={"url": SOURCE, "application_token": "leaked"}), "8 ASCII"),
        (sources(partner1={"url": SOURCE, "robot_token": "leaked-leaked"}), "16 ASCII"),
        (sources(partner1={"url": SOURCE, "token": "leaked"}), "not permitted"),
        (sources(partner1={"url": SOURCE}, PARTNER1={"url": SOURCE}), "partner1.bitrix24.ru twice"),
        (sources(partner1={"url": SOURCE}, partner2={"url": SOURCE}), "the same url"),
        (sources(example={"url": SOURCE}), "home portal"),
    ],
)
def test_source_portals_that_cannot_be_used_are_refused_without_showing_anything(
    value: str, said: str
) -> None:
    found = faults(BITRIX24_URL=PORTAL, BITRIX24_SOURCES=value)
    assert found.keys() == {"BITRIX24_SOURCES"}
    assert said in found["BITRIX24_SOURCES"]
    assert "leaked" not in found["BITRIX24_SOURCES"]


@pytest.mark.parametrize(
    "domain",
    ["evil-bitrix24.ru", "bitrix24.ru.evil.com", "bitrix24.ru", "partner1.bitrix24.com", "localhost"],
)
def test_a_source_outside_the_allowed_domains_is_a_fault(domain: str) -> None:
    given = json.dumps({domain: {"url": SOURCE}})
    found = faults(BITRIX24_URL=PORTAL, BITRIX24_SOURCES=given)
    assert found == {"BITRIX24_SOURCES": f"names {domain}, which BITRIX24_ALLOWED_DOMAINS does not allow"}
    allowed = f"*.bitrix24.ru, {domain.upper()}"
    assert load(BITRIX24_URL=PORTAL, BITRIX24_SOURCES=given, BITRIX24_ALLOWED_DOMAINS=allowed)


@pytest.mark.parametrize(
    ("domain", "allowed"),
    [
        ("partner1.bitrix24.ru", True),
        ("a.partner1.bitrix24.ru", True),
        ("crm.example.com", True),
        ("bitrix24.ru", False),
        (".bitrix24.ru", False),
        ("evil-bitrix24.ru", False),
        ("evil.com/.bitrix24.ru", False),
        ("evil.com#.bitrix24.ru", False),
        ("evil.com\n.bitrix24.ru", False),
        ("bitrix24.ru.evil.com", False),
        ("partner1.bitrix24.ru.", False),
        ("partner1.bitrix24.ru:8080", False),
        ("раrtner1.bitrix24.ru", False),
        ("www.crm.example.com", False),
        ("", False),
    ],
)
def test_a_domain_is_allowed_by_its_whole_end_only(domain: str, allowed: bool) -> None:
    settings = load(BITRIX24_ALLOWED_DOMAINS="*.bitrix24.ru,crm.example.com")
    assert settings.bitrix24.allows(domain) is allowed


@pytest.mark.parametrize("patterns", ["*", "*.", "b*.bitrix24.ru", "https://x.bitrix24.ru", "*.*.ru"])
def test_a_pattern_is_a_domain_or_all_below_one(patterns: str) -> None:
    assert faults(BITRIX24_ALLOWED_DOMAINS=patterns).keys() == {"BITRIX24_ALLOWED_DOMAINS"}


def test_source_portals_need_a_home_and_events_of_the_home_an_allowed_domain() -> None:
    found = faults(BITRIX24_SOURCES=sources(partner1={"url": SOURCE}))
    assert found == {"BITRIX24_URL": "is needed for deals: BITRIX24_SOURCES is set"}
    elsewhere = {"BITRIX24_URL": "https://crm.example.com/rest/1/abcdefgh12345678/"}
    assert load(given=elsewhere)
    found = faults(given=elsewhere, BITRIX24_APPLICATION_TOKEN="token-of-home")
    assert found.keys() == {"BITRIX24_ALLOWED_DOMAINS"}
    assert load(
        given=elsewhere, BITRIX24_APPLICATION_TOKEN="token-of-home", BITRIX24_ALLOWED_DOMAINS="*.example.com"
    )
