"""The rooms below the doors, and how they are made. The doors get rooms, never the hub."""

from services.hub.engine import task_kind
from services.hub.plan import listen, plan
from services.hub.terms import Ports, Terms, new_token
from services.hub.watching import WatchingRooms
from settings import Settings
from storage.database import Database

__all__ = ["Hub", "Ports", "Terms", "build_hub", "new_token", "task_kind"]


class Hub(WatchingRooms):
    """All rooms, each made of others when it is first asked for. Nothing runs and nothing is connected."""


def build_hub(settings: Settings, ports: Ports, database: Database, terms: Terms) -> Hub:
    """Make every room, with what they hear of each other and what happens regularly."""
    hub = Hub(settings, ports, database, terms)
    listen(hub)
    plan(hub, settings, ports)
    _ = hub.statistics, hub.health, hub.metrics  # they tell since when, so they are there from the start
    return hub
