"""Deals that portals and programs tell of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyQuery, HTTPAuthorizationCredentials
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.bitrix24.events import LARGEST, LONGEST_DOMAIN, PortalEvent, ShapeError, portal_event
from services.deals.event_counts import EventCounts
from services.deals.gate import OTHER, PATH, DomainNotAllowed, DomainNotConfigured, Gate, TokenRefused
from services.deals.intake import Standing
from services.engine.clock import Clock
from storage.errors import StorageUnavailable
from web.authentication import API_KEY, BEARER, Check
from web.bodies import body_of, described

MOST_IDS = 50
TOKEN = APIKeyQuery(
    name="token",
    scheme_name="robot",
    description="A portal's robot_token; events carry auth[application_token] in the body instead.",
    auto_error=False,
)

Refusal = ShapeError | DomainNotAllowed | DomainNotConfigured | TokenRefused
Refusals = (ShapeError, DomainNotAllowed, DomainNotConfigured, TokenRefused)
# What failed calls are counted under; beside these there is `storage`, and `unexpected` for all others.
_WORDS: dict[type[Exception], str] = {
    ShapeError: "shape",
    DomainNotAllowed: "domain",
    DomainNotConfigured: "not_configured",
    TokenRefused: "unauthorized",
}
_WORDS_OF_STATUSES = {401: "unauthorized", 403: "unauthorized", 413: "size"}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data", "auth"],
    "properties": {
        "event": {"type": "string", "examples": ["ONCRMDEALUPDATE"]},
        "data": {
            "type": "object",
            "required": ["FIELDS"],
            "properties": {
                "FIELDS": {
                    "type": "object",
                    "required": ["ID"],
                    "properties": {"ID": {"type": ["integer", "string"]}},
                }
            },
        },
        "ts": {"type": ["integer", "string"], "description": "Seconds; with it a repetition is known."},
        "auth": {
            "type": "object",
            "required": ["domain"],
            "properties": {"domain": {"type": "string"}, "application_token": {"type": "string"}},
        },
    },
}
_FORM = (
    "The same with brackets in the names, as portals send it; or a robot's document_id[] and auth[domain]."
)

Number = Annotated[int, Field(gt=0, lt=LARGEST)]


class DealIntake(Protocol):
    """Takes what was let in. Raises StorageUnavailable."""

    async def receive(self, event: PortalEvent) -> Standing:
        """Keep a portal's own event; nobody waits."""
        ...

    async def hand_in(self, event: PortalEvent) -> Standing:
        """Keep what a program tells of, and wait a little for what becomes of it."""
        ...

    async def transfer(self, domain: str, ids: Sequence[int]) -> list[Standing]:
        """Have these deals of a source looked at, and wait a little."""
        ...


class DealAnswer(BaseModel):
    """How a deal stands; `target_deal_id` is its twin in the home portal, null while none is known."""

    model_config = ConfigDict(from_attributes=True)

    status: Literal["success", "skipped", "duplicate", "accepted", "failed"]
    source_deal_id: int
    target_deal_id: int | None
    timestamp: datetime


class DealTransfer(BaseModel):
    """Deals of a source portal that are to be transferred now."""

    model_config = ConfigDict(strict=True)

    domain: Annotated[str, Field(min_length=1, max_length=LONGEST_DOMAIN)]
    ids: Annotated[list[Number], Field(max_length=MOST_IDS)]


class DealAnswers(BaseModel):
    """One answer for each id, in their order."""

    results: list[DealAnswer]


class DealDoor:
    """The gate, what is behind it, and the counting of who comes."""

    def __init__(self, gate: Gate, intake: DealIntake, counts: EventCounts, clock: Clock) -> None:
        self.gate = gate
        self.intake = intake
        self._counts = counts
        self._clock = clock

    def read(self, body: bytes, content_type: str) -> PortalEvent:
        """What a body claims, of a domain that may. Raises ShapeError and what Gate.admit raises."""
        try:
            event = portal_event(body, content_type)
        except ShapeError:
            self._counts.received(OTHER)
            raise
        self._counts.received(self.gate.label(event.domain))
        self.gate.admit(event.domain)
        return event

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count how a call ends, and turn what was refused into problems."""
        begun, failed = self._clock.monotonic(), "unexpected"
        try:
            yield
            failed = ""
        except Refusals as error:
            failed = _WORDS[type(error)]
            raise _problem(error) from error
        except (HTTPException, StorageUnavailable) as error:
            failed = _word_for(error)
            raise
        finally:
            if failed:
                self._counts.refused(failed)
            self._counts.took(self._clock.monotonic() - begun)

    def answer(self, standing: Standing) -> DealAnswer:
        """What is said of it."""
        self._counts.processed(standing.status)
        return DealAnswer.model_validate(standing)


def deal_routes(door: DealDoor, may_tell: Check) -> APIRouter:
    """Telling of a deal, and having some transferred."""
    router = APIRouter(tags=["deals"])
    _telling(router, door, may_tell)
    _transferring(router, door, may_tell)
    return router


def _telling(router: APIRouter, door: DealDoor, may_tell: Check) -> None:
    @router.post(
        PATH,
        openapi_extra=_described(),
        responses={202: {"model": DealAnswer, "description": "Stored; the result is not known yet"}},
    )
    async def deal_webhook(
        request: Request,
        response: Response,
        header: Annotated[str | None, Security(API_KEY)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
        token: Annotated[str | None, Security(TOKEN)],
    ) -> DealAnswer:
        """Something happened to a deal: an event of a portal, a robot's call, or JSON that a program sends.

        A portal proves itself with its application token, a robot with `token`; they are answered at once.
        Who has a key of scope webhook waits a little for the result.
        """
        with door.counted():
            event = door.read(await request.body(), request.headers.get("content-type", ""))
            if not (header or bearer):
                door.gate.prove(event, token or "")
                return door.answer(await door.intake.receive(event))
            await may_tell(header, bearer)
            answer = door.answer(await door.intake.hand_in(event))
        response.status_code = _status(answer)
        return answer


def _transferring(router: APIRouter, door: DealDoor, may_tell: Check) -> None:
    @router.post(
        "/api/v1/deals/transfer",
        dependencies=[Depends(may_tell)],
        openapi_extra=described(DealTransfer),
        responses={202: {"model": DealAnswers, "description": "Stored; not all results are known yet"}},
    )
    async def transfer_deals(request: Request, response: Response) -> DealAnswers:
        """Have deals of a source portal transferred now, and wait a little for the results."""
        wanted = await body_of(request, DealTransfer)
        domain = wanted.domain.lower()
        try:
            door.gate.admit_source(domain)
        except Refusals as error:
            raise _problem(error) from error
        found = await door.intake.transfer(domain, wanted.ids)
        results = [DealAnswer.model_validate(each) for each in found]
        response.status_code = max(map(_status, results), default=200)
        return DealAnswers(results=results)


def _status(answer: DealAnswer) -> int:
    return 202 if answer.status == "accepted" else 200


def _problem(error: Refusal) -> Exception:
    """What to answer to a call that was refused."""
    match error:
        case ShapeError():
            return RequestValidationError(
                [{"type": "shape", "loc": ("body", error.where), "msg": str(error)}]
            )
        case DomainNotAllowed():
            return HTTPException(403, "Portals of this domain are not allowed: see BITRIX24_ALLOWED_DOMAINS.")
        case DomainNotConfigured():
            return HTTPException(422, "No deals of this domain are taken: see BITRIX24_SOURCES.")
        case TokenRefused():
            detail = "This address needs a key, or the token of the portal that sends."
            return HTTPException(401, detail, {"WWW-Authenticate": 'Bearer realm="switchboard"'})


def _word_for(error: HTTPException | StorageUnavailable) -> str:
    if isinstance(error, StorageUnavailable):
        return "storage"
    return _WORDS_OF_STATUSES.get(error.status_code, "unexpected")


def _described() -> dict[str, Any]:
    """For OpenAPI: the body as programs send it, and as portals do."""
    schemas = {
        "application/json": _EVENT,
        "application/x-www-form-urlencoded": {"type": "object", "description": _FORM},
    }
    content = {kind: {"schema": schema} for kind, schema in schemas.items()}
    return {"requestBody": {"required": True, "content": content}}
