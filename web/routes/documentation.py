"""What the routes are: the description for programs, and a page that shows it to people."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Response
from starlette.responses import HTMLResponse

from web.authentication import Check

PAGE = Path(__file__).parent.parent / "pages" / "docs.html"


def documentation_routes(describe: Callable[[], dict[str, Any]], may_read: Check) -> APIRouter:
    """`describe` gives the OpenAPI description; it is asked once."""
    router = APIRouter(include_in_schema=False)
    page = PAGE.read_text("utf-8")
    headers = {
        "Content-Security-Policy": _policy(page),
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
    described: list[bytes] = []

    @router.get("/openapi.json", dependencies=[Depends(may_read)])
    async def openapi() -> Response:
        if not described:
            described.append(msgspec.json.encode(describe()))
        return Response(described[0], media_type="application/json")

    @router.get("/docs")
    async def docs() -> Response:
        return HTMLResponse(page, headers=headers)

    return router


def _policy(page: str) -> str:
    # The page carries its one script and its one style, so nothing but these two may run or apply.
    script, style = (_hash_of(page, tag) for tag in ("script", "style"))
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash_of(page: str, tag: str) -> str:
    found = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    if found is None:
        raise ValueError(f"the page has no <{tag}>")
    digest = hashlib.sha256(found[1].encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
