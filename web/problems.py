"""Every error of the web door as an RFC 9457 problem document; the one converter."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.engine.errors import HubError, NoSuchItem, NotAllowed, NotRecognised, Unavailable
from services.engine.observability import current_correlation_id
from storage.errors import StorageUnavailable

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"  # seconds, when nobody knows better


class TooLarge(Exception):
    """The body grew past the limit (bytes) while it was read."""

    def __init__(self, most: int) -> None:
        super().__init__(f"The body is larger than {most} bytes.")


_STATUS: Mapping[type[HubError], int] = {
    NotAllowed: 403,
    NoSuchItem: 404,
    NotRecognised: 422,
    Unavailable: 503,
}


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """One problem document. `detail` is for the caller to read: never a traceback, never a secret."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "correlation_id": current_correlation_id(),
    }
    return Response(msgspec.json.encode(body), status, dict(headers or {}), MEDIA_TYPE)


def register(app: FastAPI) -> None:
    """Make every error of the application a problem."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HubError, _of_hub)
    app.add_exception_handler(StorageUnavailable, _of_storage)
    app.add_exception_handler(TooLarge, _of_size)
    app.add_exception_handler(Exception, _of_anything)


async def _of_anything(_: Request, error: Exception) -> Response:
    # The details are in the log, under the same correlation id.
    log.error("web.failed", exc_info=error)
    return problem(500, "Something went wrong here; it has been noted.")


async def _of_size(_: Request, error: Exception) -> Response:
    return problem(413, str(error), {"Connection": "close"})


async def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    return problem(error.status_code, str(error.detail), error.headers)


async def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    details = error.errors()
    broken = any(each["type"] == "json_invalid" for each in details)
    said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in details)
    return problem(400 if broken else 422, said)


async def _of_hub(_: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)  # noqa: S101 - registered for nothing else
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    wait = error.retry_after
    headers = {"Retry-After": str(int(wait) + 1) if wait else RETRY_AFTER} if status == 503 else None
    return problem(status, str(error), headers)


async def _of_storage(_: Request, error: Exception) -> Response:
    log.error("web.storage_unavailable", exc_info=error)
    return problem(
        503, "The hub cannot store anything just now; nothing was accepted.", {"Retry-After": RETRY_AFTER}
    )
