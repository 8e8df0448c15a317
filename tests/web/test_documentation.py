"""What programs and people can read about the routes."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from fastapi.openapi.models import OpenAPI

from services.version import VERSION
from tests.web.door import Door, open_door

OPERATIONS = {
    ("post", "/telegram/webhook"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/api/v1/integration/health"),
    ("get", "/stats"),
    ("get", "/metrics"),
    ("get", "/gallery/sets"),
    ("get", "/gallery/sets/{name}"),
    ("put", "/gallery/sets/{name}"),
    ("delete", "/gallery/sets/{name}"),
    ("post", "/webhook/gallery"),
    ("post", "/api/v1/integration/poll-form"),
    ("get", "/api/v1/integration/poll-form/{submission_id}"),
    ("post", "/webhook/deal"),
    ("post", "/api/v1/deals/transfer"),
}


async def _description(door: Door) -> dict[str, Any]:
    response = await door.get("/openapi.json")
    assert response.status_code == 200
    description: dict[str, Any] = response.json()
    return description


def _operations(description: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method, path): operation
        for path, item in description["paths"].items()
        for method, operation in item.items()
    }


async def test_the_description_is_valid_and_lists_every_route(door: Door) -> None:
    description = await _description(door)

    OpenAPI.model_validate(description)
    assert description["info"] == {"title": "Switchboard", "version": VERSION}
    assert set(_operations(description)) == OPERATIONS


async def test_every_reference_in_the_description_leads_somewhere(door: Door) -> None:
    response = await door.get("/openapi.json")

    references = {
        each.removeprefix("#/components/schemas/") for each in re.findall(r'"\$ref":"([^"]+)"', response.text)
    }
    assert "Problem" in references
    assert references == set(response.json()["components"]["schemas"])


async def test_operations_have_ids_of_their_own_and_the_closed_ones_say_so(door: Door) -> None:
    operations = _operations(await _description(door))

    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    closed = {path for (_, path), operation in operations.items() if "security" in operation}
    assert closed == {
        "/stats",
        "/metrics",
        "/gallery/sets",
        "/gallery/sets/{name}",
        "/webhook/gallery",
        "/telegram/webhook",
        "/api/v1/integration/poll-form",
        "/api/v1/integration/poll-form/{submission_id}",
        "/webhook/deal",
        "/api/v1/deals/transfer",
    }
    ways = [set(way) for way in operations["post", "/webhook/gallery"]["security"]]
    assert ways == [{"key"}, {"bearer"}, {"signature"}]
    ways = [set(way) for way in operations["post", "/webhook/deal"]["security"]]
    assert ways == [{"key"}, {"bearer"}, {"robot"}]


async def test_bodies_are_described_also_where_the_route_reads_them_itself(door: Door) -> None:
    operations = _operations(await _description(door))

    for operation, required in {
        ("put", "/gallery/sets/{name}"): ["title", "kind"],
        ("post", "/webhook/gallery"): ["event", "name"],
        ("post", "/api/v1/integration/poll-form"): ["submission_id", "poll_id", "contact", "programs"],
        ("post", "/webhook/deal"): ["event", "data", "auth"],
        ("post", "/api/v1/deals/transfer"): ["domain", "ids"],
    }.items():
        body = operations[operation]["requestBody"]
        assert body["required"] is True
        assert body["content"]["application/json"]["schema"]["required"] == required


async def test_errors_are_described_as_problem_documents(door: Door) -> None:
    operations = _operations(await _description(door))

    for status in ("4XX", "5XX"):
        content = operations["get", "/gallery/sets"]["responses"][status]["content"]
        assert list(content) == ["application/problem+json"]
    assert "422" not in operations["get", "/gallery/sets"]["responses"]


async def test_outside_of_webhook_mode_the_description_knows_no_webhook(tmp_path: Path) -> None:
    async with open_door(tmp_path, secret=None) as door:
        description = await _description(door)

    assert "/telegram/webhook" not in description["paths"]
    assert "telegram" not in description["components"]["securitySchemes"]


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all tags of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


async def test_the_page_is_open_to_everybody_and_brings_all_it_needs(door: Door) -> None:
    response = await door.caller.get("/docs")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = _Page(response.text)
    assert all("src" not in attributes for _, attributes in page.tags)
    assert [attributes["href"] for attributes in page.of("link")] == ["data:,"]
    assert not re.search(r"https?://", response.text)
    assert "innerHTML" not in response.text
    assert page.of("html") == [{"lang": "en"}]
    labelled = {attributes.get("for") for attributes in page.of("label")}
    assert all(attributes["id"] in labelled for attributes in page.of("input"))


async def test_the_page_may_run_its_own_script_and_nothing_else(door: Door) -> None:
    policy = (await door.caller.get("/docs")).headers["content-security-policy"]

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules["script-src"])
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules["style-src"])
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
