"""Metrics for Prometheus (prometheus.io/docs/instrumenting/exposition_formats)."""

from typing import Protocol

from fastapi import APIRouter, Depends, Response
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request

from web.authentication import Check

PATH = "/metrics"
_CONTENT = {"text/plain": {"schema": {"type": "string"}}}


class Metrics(Collector, Protocol):
    """The figures."""

    async def refresh(self) -> None:
        """Make what is not in memory current. Never raises for the database's sake."""
        ...


def metrics_routes(metrics: Metrics, may_read: Check) -> APIRouter:
    """The route that Prometheus scrapes."""
    router = APIRouter(tags=["statistics"], dependencies=[Depends(may_read)])

    @router.get(PATH, response_class=Response, responses={200: {"content": _CONTENT}})
    async def show_metrics(request: Request) -> Response:
        """Figures of this process in Prometheus' text format, or as OpenMetrics where that is accepted."""
        await metrics.refresh()
        write, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(write(metrics), headers={"Content-Type": media_type})

    return router
