"""The web application: every route in one readable list, and what surrounds them."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from services.engine.cache import Cache
from services.engine.clock import Clock
from services.engine.errors import FaultRecorder
from services.engine.health import Health
from services.engine.observability import Redactor
from services.flow.statistics import Statistics
from services.version import VERSION
from settings import Http
from web.authentication import Keys, Scope, requires
from web.middleware import Envelope, SizeLimit, TimeLimit
from web.openapi import PROBLEMS, describe
from web.problems import on_error
from web.routes import health as health_module
from web.routes import telegram
from web.routes.documentation import documentation_routes
from web.routes.gallery import StickerSetSearch, gallery_routes
from web.routes.health import health_routes
from web.routes.statistics import statistics_routes
from web.routes.telegram import TelegramWebhook, UpdateIntake

__all__ = ["UpdateIntake", "build_web"]

_FREQUENT = (telegram.PATH, health_module.LIVE, health_module.READY, health_module.INTEGRATION)
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def build_web(
    *,
    http: Http,
    clock: Clock,
    health: Health,
    statistics: Statistics,
    cache: Cache,
    sticker_sets: StickerSetSearch,
    faults: FaultRecorder,
    intake: UpdateIntake,
    webhook_secret: str | None,
) -> FastAPI:
    """Make the door. `webhook_secret` None or empty: no webhook, its address answers 404."""
    keys = [key.get_secret_value() for key in http.api_keys]
    redactor = Redactor([*keys, webhook_secret or ""])
    may_read = requires(Scope.READ, Keys((key, Scope.ADMIN) for key in keys))
    webhook = TelegramWebhook(intake, faults, webhook_secret) if webhook_secret else None
    app = _empty(http, clock, _plain_routes(webhook))
    for router in (
        health_routes(health, cache, redactor),
        statistics_routes(statistics, cache, may_read),
        gallery_routes(sticker_sets, may_read),
        documentation_routes(lambda: describe(app), may_read),
    ):
        app.include_router(router)
    return app


def _plain_routes(webhook: TelegramWebhook | None) -> list[BaseRoute]:
    """The frequent ones, looked at first and without the price of dependency injection."""
    routes: list[BaseRoute] = [Route(health_module.LIVE, health_module.alive)]
    if webhook:
        routes.insert(0, Route(telegram.PATH, webhook.receive, methods=["POST"]))
    return routes


def _empty(http: Http, clock: Clock, routes: list[BaseRoute]) -> FastAPI:
    """The application with what surrounds the routes; its description and pages are our own."""
    return FastAPI(
        title="Switchboard",
        version=VERSION,
        openapi_url=None,
        routes=routes,
        redirect_slashes=False,  # a redirect would be built from the caller's Host header
        responses=PROBLEMS,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers={HTTPException: on_error, RequestValidationError: on_error},
        middleware=[
            Middleware(Envelope, clock=clock, quiet=_FREQUENT),
            Middleware(TimeLimit, clock=clock, seconds=http.request_timeout, arrival_only=(telegram.PATH,)),
            Middleware(SizeLimit, most=http.max_request_bytes),
        ],
        telemetry=_NO_TELEMETRY,
    )
