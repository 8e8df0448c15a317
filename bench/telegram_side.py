"""The Telegram side of the measurements: updates as bytes, and thirty handlers that do nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import msgspec
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BaseHandler,
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    filters,
)

from bot.application import HubApplication, build_application
from bot.client import build_client
from sandbox.server import build_sandbox, serving
from sandbox.telegram.world import World
from services.engine.clock import SystemClock

COMMANDS, BUTTONS, PATTERNS = 12, 8, 9  # and stickers, which come last
CHATS = 1_000
FIRST_CHAT = 500_000_000
NOON = 1_790_000_000  # Unix time

Handler = BaseHandler[Any, Any, Any]


def updates(count: int, first: int, random: Random) -> list[bytes]:
    """So many stickers sent to the bot in private chats, numbered from `first` on."""
    return [msgspec.json.encode(_update(first + place, random.randrange(CHATS))) for place in range(count)]


def _update(number: int, person: int) -> dict[str, Any]:
    """core.telegram.org/bots/api#update with a sticker, every field that Telegram sends."""
    user = {"id": FIRST_CHAT + person, "first_name": f"Person {person}", "username": f"person_{person}"}
    picture = {
        "file_id": "AAMCAgADGQEAAgF" + "x" * 60,
        "file_unique_id": "AQADbQEAAvsTCUpy",
        "file_size": 5418,
    }
    sticker = {
        "width": 512,
        "height": 512,
        "emoji": "🐱",
        "set_name": "Cats_by_bot",
        "is_animated": False,
        "is_video": False,
        "type": "regular",
        "thumbnail": picture | {"width": 128, "height": 128},
        "thumb": picture | {"width": 128, "height": 128},
        **picture,
    }
    message = {
        "message_id": number,
        "from": user | {"is_bot": False, "language_code": "ru"},
        "chat": user | {"type": "private"},
        "date": NOON,
        "sticker": sticker,
    }
    return {"update_id": number, "message": message}


@asynccontextmanager
async def stand_in() -> AsyncIterator[tuple[str, str]]:
    """A Bot API that answers getMe: its address and a bot's token."""
    clock = SystemClock()
    world = World(clock)
    async with serving(build_sandbox(clock, world=world)) as address:
        yield f"{address}/telegram", world.token


@asynccontextmanager
async def bare_application(
    api_url: str, token: str
) -> AsyncIterator[Application[Any, Any, Any, Any, Any, Any]]:
    """python-telegram-bot by itself, with the handlers."""
    builder = ApplicationBuilder().token(token).base_url(f"{api_url}/bot").updater(None).job_queue(None)
    async with builder.build() as application:
        application.add_handlers(handlers())
        yield application


@asynccontextmanager
async def our_application(api_url: str, token: str) -> AsyncIterator[HubApplication]:
    """The hub's application, with the same handlers in place of its own."""
    async with build_application(build_client(token, api_url)) as application:
        application.add_handlers(handlers())
        yield application


def handlers() -> list[Handler]:
    """Twelve commands, eight buttons, nine patterns and, last, stickers."""
    return [
        *(CommandHandler(f"command{number}", _nothing) for number in range(COMMANDS)),
        *(CallbackQueryHandler(_nothing, rf"^button{number}:") for number in range(BUTTONS)),
        *(MessageHandler(filters.Regex(rf"^pattern{number}"), _nothing) for number in range(PATTERNS)),
        MessageHandler(filters.Sticker.ALL, _nothing),
    ]


async def _nothing(_update: object, _context: Any) -> None:
    return None
