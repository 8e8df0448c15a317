"""The web application: every route in one readable list, and what surrounds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from services.deals.gate import PATH as DEAL_EVENTS
from services.engine.cache import Cache
from services.engine.clock import Clock
from services.engine.errors import FaultRecorder
from services.engine.health import Health
from services.engine.observability import Redactor
from services.flow.statistics import Statistics
from services.version import VERSION
from settings import Http
from web.authentication import Check, Keyring, Scope, StoredKeys, requires
from web.middleware import Envelope, SizeLimit, TimeLimit
from web.openapi import PROBLEMS, describe
from web.problems import on_error
from web.routes import health as health_module
from web.routes import metrics as metrics_module
from web.routes import telegram
from web.routes.deals import DealDoor, deal_routes
from web.routes.documentation import documentation_routes
from web.routes.gallery import StickerSetList, gallery_routes
from web.routes.health import health_routes
from web.routes.metrics import Metrics, metrics_routes
from web.routes.poll_forms import PollFormIntake, poll_form_routes
from web.routes.statistics import statistics_routes
from web.routes.telegram import TelegramWebhook, UpdateIntake
from web.routes.webhooks import StickerSetMemory, webhook_routes
from web.signatures import Repeats, Signatures, SignedOrKeyed, signed_or_keyed

__all__ = ["UpdateIntake", "build_web"]

_FREQUENT = (
    telegram.PATH,
    health_module.LIVE,
    health_module.READY,
    health_module.INTEGRATION,
    metrics_module.PATH,
    DEAL_EVENTS,
)
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


@dataclass(frozen=True, slots=True)
class _Guards:
    """What a closed route asks for; `call` lets signed webhooks in as well as keys."""

    read: Check
    admin: Check
    webhook: Check
    call: SignedOrKeyed


class StickerSetRoom(StickerSetList, StickerSetMemory, Protocol):
    """The gallery, as the routes need it."""


def build_web(
    *,
    http: Http,
    clock: Clock,
    health: Health,
    statistics: Statistics,
    cache: Cache,
    sticker_sets: StickerSetRoom,
    faults: FaultRecorder,
    intake: UpdateIntake,
    webhook_secret: str | None,
    stored_keys: StoredKeys,
    metrics: Metrics,
    gallery_secrets: Sequence[str] = (),
    deals: DealDoor,
    poll_forms: PollFormIntake | None = None,
) -> FastAPI:
    """Make the door. `webhook_secret` None or empty: no webhook, its address answers 404.

    `gallery_secrets` sign calls of /webhook/gallery; with none of them only keys open it.
    """
    keys = [key.get_secret_value() for key in http.api_keys]
    redactor = Redactor([*keys, webhook_secret or ""])
    guards = _guards(Keyring(keys, stored_keys), Signatures(gallery_secrets, clock))
    webhook = TelegramWebhook(intake, faults, webhook_secret) if webhook_secret else None
    app = _empty(http, clock, _plain_routes(webhook))
    for router in (
        health_routes(health, cache, redactor),
        statistics_routes(statistics, cache, guards.read),
        metrics_routes(metrics, guards.read),
        gallery_routes(sticker_sets, guards.read, guards.admin),
        webhook_routes(sticker_sets, guards.call, Repeats(clock)),
        poll_form_routes(poll_forms, guards.webhook, guards.read),
        deal_routes(deals, guards.webhook),
        documentation_routes(lambda: describe(app), guards.read),
    ):
        app.include_router(router)
    return app


def _guards(keyring: Keyring, signatures: Signatures) -> _Guards:
    return _Guards(
        read=requires(Scope.READ, keyring),
        admin=requires(Scope.ADMIN, keyring),
        webhook=requires(Scope.WEBHOOK, keyring),
        call=signed_or_keyed(signatures, requires(Scope.WEBHOOK, keyring)),
    )


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
