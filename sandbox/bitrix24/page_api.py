"""The portals' page and its JSON."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.bitrix24 import writing
from sandbox.bitrix24.entities import DEAL, Entity
from sandbox.bitrix24.page_shapes import editable, page_limits, page_overview, page_portal
from sandbox.bitrix24.portal import WEBHOOK_USER, Portal
from sandbox.bitrix24.wire import Json, PageError, RestError
from sandbox.telegram.page_deeds import read_body

Endpoint = Callable[[Request], Awaitable[Response]]

_PAGE = Path(__file__).parent / "page"
_MOST = 100_000


class PageApi:
    """Routes under /portal; no authentication, for the sandbox listens on loopback only."""

    def __init__(self, portals: dict[str, Portal]) -> None:
        self._portals = portals

    def routes(self) -> list[BaseRoute]:
        """To stand before those of the REST API."""
        one = "/page/portals/{domain}"
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/page/portals", self.overview),
            ("GET", one, self.show),
            ("PUT", f"{one}/limits", self.limit),
            ("POST", f"{one}/faults", self.add_fault),
            ("DELETE", f"{one}/faults", self.remove_faults),
            ("DELETE", f"{one}/faults/{{id:int}}", self.remove_faults),
            ("POST", f"{one}/records/{{kind:int}}", self.add),
            ("PUT", f"{one}/records/{{kind:int}}/{{id:int}}", self.edit),
            ("DELETE", f"{one}/records/{{kind:int}}/{{id:int}}", self.delete),
        ]
        routes: list[BaseRoute] = [
            Route(path, _guarded(endpoint), methods=[method]) for method, path, endpoint in table
        ]
        static = StaticFiles(directory=_PAGE, check_dir=False)
        return [Route("/", self.index), *routes, Mount("/page/static", static)]

    def _portal(self, request: Request) -> Portal:
        found = self._portals.get(request.path_params["domain"].lower())
        if found is None:
            raise PageError("no such portal")
        return found

    def _entity(self, request: Request) -> tuple[Portal, Entity]:
        portal = self._portal(request)
        entity = portal.entities.get(request.path_params["kind"])
        if entity is None:
            raise PageError("no such kind")
        return portal, entity

    async def index(self, request: Request) -> Response:
        """The page itself."""
        return FileResponse(_PAGE / "index.html")

    async def overview(self, request: Request) -> Response:
        """The portals."""
        return JSONResponse({"portals": page_overview(list(dict.fromkeys(self._portals.values())))})

    async def show(self, request: Request) -> Response:
        """One portal; 204 when nothing has changed since `version`."""
        portal, asked = self._portal(request), request.query_params
        if asked.get("version") == str(portal.version):
            return Response(status_code=204)
        kind = int(asked.get("kind", DEAL))
        if kind not in portal.entities:
            raise PageError("no such kind")
        return JSONResponse(page_portal(portal, kind, asked.get("q", "").strip()))

    async def add(self, request: Request) -> Response:
        """A new record, as a person in the portal adds it."""
        portal, entity = self._entity(request)
        fields = _fields(entity, await read_body(request), {})
        return JSONResponse({"id": writing.add(portal, entity, fields, WEBHOOK_USER)}, 201)

    async def edit(self, request: Request) -> Response:
        """Change a record."""
        portal, entity = self._entity(request)
        number = _existing(request, entity)
        fields = _fields(entity, await read_body(request), entity.rows[number])
        writing.update(portal, entity, number, fields, WEBHOOK_USER, modern=True)
        return JSONResponse({"id": number})

    async def delete(self, request: Request) -> Response:
        """Take a record away."""
        portal, entity = self._entity(request)
        writing.delete(portal, entity, _existing(request, entity))
        return Response(status_code=204)

    async def limit(self, request: Request) -> Response:
        """Change limits and delays; a rate or an operating limit of null is none at all."""
        portal, body = self._portal(request), await read_body(request)
        wanted = {name: _number(name, value) for name, value in body.items()}
        if unknown := set(wanted) - set(page_limits(portal)):
            raise PageError(f"no such limit: {', '.join(sorted(unknown))}")
        _set_limits(portal, page_limits(portal) | wanted)
        return JSONResponse({"limits": page_limits(portal)})

    async def add_fault(self, request: Request) -> Response:
        """Plan a failure."""
        portal, body = self._portal(request), await read_body(request)
        times = body.get("times", 1)
        fault = portal.faults.plan(
            body["kind"],
            method=str(body["method"]) if body.get("method") else None,
            times=None if times is None else max(1, int(times)),
            after=max(0, int(body.get("after", 0))),
            inside=body.get("inside") is True,
            delay=float(body.get("delay", 1)),
        )
        return JSONResponse(fault.api(), 201)

    async def remove_faults(self, request: Request) -> Response:
        """Take back one failure, or all."""
        portal = self._portal(request)
        if "id" in request.path_params:
            portal.faults.remove(request.path_params["id"])
        else:
            portal.faults.clear()
        return Response(status_code=204)


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RestError as error:
            return JSONResponse({"error": error.description}, 400)
        except (ValueError, KeyError, TypeError) as error:
            text = f"missing: {error.args[0]}" if isinstance(error, KeyError) else str(error)
            return JSONResponse({"error": text}, 400)

    return guarded


def _existing(request: Request, entity: Entity) -> int:
    number: int = request.path_params["id"]
    if number not in entity.rows:
        raise PageError("it is not there any more")
    return number


def _fields(entity: Entity, body: Json, record: Json) -> Json:
    """What a form says, as a method's `fields`: a phone or an address replaces the first one."""
    fields = {name: value for name, value in body.items() if name in editable(entity)}
    for name in set(fields) & set(entity.multifields):
        first = (record.get(name) or [{}])[0]
        value: Json = {"VALUE": str(fields[name])}
        fields[name] = [value | ({"ID": first["ID"]} if first else {})]
    return fields


def _number(name: str, value: Any) -> float | None:
    if value is None and name in ("rate", "operating_limit"):
        return None
    if type(value) not in (int, float) or not 0 <= value <= _MOST:
        raise PageError(f"{name} is a number up to {_MOST}")
    return float(value)


def _set_limits(portal: Portal, limits: Json) -> None:
    portal.bucket.rate, portal.bucket.burst = limits["rate"], limits["burst"]
    portal.latency, portal.command_latency = limits["latency"], limits["command_latency"]
    portal.operating.limit = limits["operating_limit"]
    portal.events.delay, portal.events.drop_percent = limits["event_delay"], limits["event_drop_percent"]
    portal.touch()
