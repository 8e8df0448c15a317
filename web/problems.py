"""Errors as problem documents (RFC 9457); the one place where an exception becomes an answer."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.engine.errors import Refused, Unavailable
from services.engine.observability import current_correlation_id
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

# For the statuses that the router raises without a word of its own.
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take this method.",
}
_UNEXPECTED = "Something failed here. The log tells what, under this correlation id."


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """An answer with a problem document; `errors` says which inputs are wrong: `where` and `message`."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "correlation_id": current_correlation_id(),
    }
    if errors:
        document["errors"] = errors
    return Response(msgspec.json.encode(document), status, headers, MEDIA_TYPE)


def problem_of(error: Exception) -> Response:
    """The answer to a request that ended in `error`. What nobody foresaw is logged, and told to nobody."""
    match error:
        case HTTPException():
            return problem(error.status_code, _detail(error), headers=_headers(error))
        case RequestValidationError():
            return _invalid(error)
        case Refused():
            return problem(400, "The request is wrong in itself; sending it again does not help.")
        case StorageUnavailable() | Unavailable():
            log.warning("web.unavailable", details={"reason": str(error)})
            after = str(math.ceil(error.retry_after or 1))
            return problem(503, "This cannot be answered now; try again.", headers={"Retry-After": after})
    log.error("web.unexpected_error", exc_info=error)
    return problem(500, _UNEXPECTED)


async def on_error(request: Request, error: Exception) -> Response:
    """`problem_of` in the shape of an exception handler."""
    return problem_of(error)


def _detail(error: HTTPException) -> str:
    if error.detail != HTTPStatus(error.status_code).phrase:
        return error.detail
    return _DETAILS.get(error.status_code, error.detail)


def _headers(error: HTTPException) -> Mapping[str, str] | None:
    headers = error.headers
    if headers and headers.get("Allow") == "GET":
        return {**headers, "Allow": "GET, HEAD"}  # every GET answers HEAD too, see web/middleware.py
    return headers


def _invalid(error: RequestValidationError) -> Response:
    # Only place and rule: the input itself may be a secret.
    found = error.errors()
    errors = [{"where": ".".join(map(str, one["loc"])), "message": str(one["msg"])} for one in found]
    if any(one["type"] == "json_invalid" for one in found):
        return problem(400, "The body is not JSON.", errors=errors)
    return problem(422, "The request has values that cannot be used.", errors=errors)
