"""HTTP's door: every route in one readable list."""

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.hub import Hub
from services.version import VERSION
from settings import Settings
from web import problems
from web.authentication import Keys
from web.middleware import Envelope
from web.routes.documentation import documentation_page, documentation_router
from web.routes.gallery import gallery_router
from web.routes.health import HealthRoutes
from web.routes.stats import stats_router
from web.routes.telegram import TelegramWebhook, UpdateIntake


def build_web(settings: Settings, hub: Hub, intake: UpdateIntake) -> ASGIApp:
    """The application inside its envelope of limits."""
    return Envelope(
        build_application(settings, hub, intake),
        clock=hub.clock,
        most_bytes=settings.http.max_request_bytes,
        seconds=settings.http.request_timeout,
    )


def build_application(settings: Settings, hub: Hub, intake: UpdateIntake) -> FastAPI:
    """The routes. What needs no describing is a plain route: it costs half as much."""
    app = FastAPI(title="Switchboard", version=VERSION, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.keys = Keys([key.get_secret_value() for key in settings.http.api_keys])
    secret = settings.telegram.webhook_secret.get_secret_value()
    webhook = TelegramWebhook(intake, secret if settings.telegram.mode == "webhook" else None, hub.faults)
    app.router.routes += [
        webhook.route(),
        *HealthRoutes(hub.health, hub.cache).routes(),
        documentation_page(),
    ]
    app.include_router(stats_router(hub.cache, hub.statistics))
    app.include_router(gallery_router(hub.gallery.sets))
    app.include_router(documentation_router(app))
    problems.register(app)
    return app
