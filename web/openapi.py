"""The OpenAPI description: what FastAPI knows of its routes, completed by what it cannot see."""

from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from web.problems import MEDIA_TYPE
from web.routes import health, telegram

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457; the log tells more under the correlation id.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "correlation_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "correlation_id": {"type": "string", "format": "uuid"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["where", "message"],
                "properties": {"where": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_PROBLEM_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be served as it is", "content": _PROBLEM_CONTENT},
    "5XX": {"description": "The hub cannot serve now", "content": _PROBLEM_CONTENT},
}

# Plain routes (no dependency injection, for speed) are unknown to FastAPI.
_PLAIN: dict[str, dict[str, Any]] = {
    health.LIVE: {
        "get": {
            "tags": ["health"],
            "summary": "Alive",
            "description": "Answers as long as the process turns.",
            "operationId": "alive",
            "responses": {
                "200": {
                    "description": "Alive",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["status"],
                                "properties": {"status": {"const": "alive"}},
                            }
                        }
                    },
                }
            },
        }
    },
    telegram.PATH: {
        "post": {
            "tags": ["telegram"],
            "summary": "Receive an update",
            "description": "For Telegram alone. 200 with an empty body once the update is stored.",
            "operationId": "telegram_webhook",
            "security": [{"telegram": []}],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            "responses": {
                "200": {"description": "Stored, now or earlier"},
                **{str(status): answer for status, answer in PROBLEMS.items()},
            },
        }
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole description of `app`, plain routes included."""
    description = app.openapi()
    served = {route.path for route in app.routes if isinstance(route, Route)}
    paths = description.setdefault("paths", {})
    paths |= {path: item for path, item in _PLAIN.items() if path in served}
    components = description.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    if telegram.PATH in served:
        scheme = {"type": "apiKey", "in": "header", "name": telegram.SECRET_HEADER}
        components.setdefault("securitySchemes", {})["telegram"] = scheme
    return description
