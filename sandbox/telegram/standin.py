"""The stand-in put together: its world, its pusher and its routes."""

from dataclasses import dataclass

from starlette.routing import BaseRoute

from sandbox.telegram.api import BotApi
from sandbox.telegram.delivery import Delivery
from sandbox.telegram.desk import Desk
from sandbox.telegram.page_api import PageApi
from sandbox.telegram.world import World


@dataclass(frozen=True, slots=True)
class TelegramStandIn:
    """`routes` go under /telegram; somebody has to await `delivery.run(client)` for webhooks to be pushed."""

    world: World
    delivery: Delivery
    routes: list[BaseRoute]


def build_telegram(world: World) -> TelegramStandIn:
    """Wire a stand-in around a world."""
    desk = Desk(world)
    routes: list[BaseRoute] = [*BotApi(world, desk).routes(), *PageApi(world).routes()]
    return TelegramStandIn(world, Delivery(world, desk), routes)
