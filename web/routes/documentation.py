"""/openapi.json for those with a key, and a page of our own that reads it: nothing from elsewhere."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from web.authentication import Scope, needs

_PAGE = Path(__file__).parent.parent / "pages" / "docs.html"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def documentation_router(app: FastAPI) -> APIRouter:
    """The description of the routes, closed to those without a key."""
    router = APIRouter(tags=["documentation"], dependencies=[Depends(needs(Scope.READ))])

    @router.get("/openapi.json", include_in_schema=False)
    async def description() -> dict[str, Any]:
        return app.openapi()

    return router


def documentation_page() -> Route:
    """The page /docs; public, because without a key it shows nothing."""
    html = _PAGE.read_text("utf-8")

    async def page(request: Request) -> Response:
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})

    return Route("/docs", page)
