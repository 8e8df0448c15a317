"""`run.py demo`: hub and stand-ins on loopback, seeded, with no token, account or root needed."""

import asyncio
import json
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from commands.assembly import running
from commands.serve import stop_signal
from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.seed import HOME, PARTNER, POLL_FORMS, PROGRAMME_TITLES, PROGRAMMES
from sandbox.clock import SystemClock
from sandbox.server import build_sandbox, serving
from sandbox.telegram.seed import ALICE, SWITCHBOARD_ADMINS
from sandbox.telegram.stickers import StickerSet as StandInSet
from sandbox.telegram.world import World
from services.engine.observability import configure_logging
from services.hub import Hub
from settings import Settings, load_settings
from storage import sticker_sets
from storage.errors import DatabaseRefused
from storage.records import StickerSet

LISTED = ("MoonDogs", "PricklyFriends")  # sets of the stand-in that the gallery has from the start


async def demo(*, demo_port: int, sandbox_port: int) -> int:
    """Run both until Ctrl-C. The answer is the exit code: 1 when a port is taken."""
    stop = stop_signal()
    try:
        # The stand-ins forget everything at their end, so a hub that remembers would not fit them.
        with tempfile.TemporaryDirectory(prefix="switchboard-demo-") as folder:
            await _run(stop, Path(folder), demo_port, sandbox_port)
    except (DatabaseRefused, OSError) as error:
        sys.stderr.write(f"switchboard: {error} (DEMO_PORT {demo_port}, SANDBOX_PORT {sandbox_port})\n")
        return 1
    return 0


async def _run(stop: asyncio.Event, folder: Path, demo_port: int, sandbox_port: int) -> None:
    app = build_sandbox(SystemClock())
    world: World = app.state.telegram.world
    home, partner = (app.state.bitrix24.portals[domain] for domain in (HOME, PARTNER))
    key, token = secrets.token_urlsafe(32), secrets.token_hex(16)
    async with serving(app, port=sandbox_port) as sandbox:
        own = {"HTTP_PORT": str(demo_port), "API_KEYS": key}
        outside = _telegram(world, sandbox) | _home(home, sandbox) | _source(partner, sandbox, token)
        settings = _settings(own | outside, folder)
        configure_logging(settings.logs.level, settings.logs.format, settings.secrets())
        async with running(settings) as switchboard:
            await _seed(switchboard.hub, world)
            partner.events.subscribe(f"{switchboard.address}/webhook/deal", token)
            sys.stdout.write(_greeting(sandbox, switchboard.address, key))
            sys.stdout.flush()
            await stop.wait()


def _settings(connected: dict[str, str], folder: Path) -> Settings:
    return load_settings(
        connected
        | {
            "GALLERY_APPROVAL": "auto",
            "DEFAULT_LANGUAGE": "en",
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/switchboard.db",
            "LOG_FORMAT": "console",
            "LOG_LEVEL": "WARNING",
        },
        None,
        serving=True,
    )


def _telegram(world: World, sandbox: str) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": world.token,
        "TELEGRAM_API_URL": f"{sandbox}/telegram",
        "ADMIN_IDS": str(ALICE),
        "ADMIN_CHAT_ID": str(SWITCHBOARD_ADMINS),
    }


def _home(portal: Portal, sandbox: str) -> dict[str, str]:
    return {
        "BITRIX24_URL": portal.url(sandbox),
        "BITRIX24_DOMAIN": portal.domain,
        "POLL_FORM_ENTITY_TYPE_ID": str(POLL_FORMS),
        "PROGRAM_ENTITY_TYPE_ID": str(PROGRAMMES),
    }


def _source(portal: Portal, sandbox: str, token: str) -> dict[str, str]:
    source = {"url": portal.url(sandbox), "application_token": token}
    return {"BITRIX24_SOURCES": json.dumps({portal.domain: source})}


async def _seed(hub: Hub, world: World) -> None:
    rows = [_row(known) for known in map(world.library.find, LISTED) if known]
    await hub.database.write(lambda tx: [sticker_sets.add(tx, row) for row in rows])


def _row(known: StandInSet) -> StickerSet:
    return StickerSet(
        name=known.name,
        title=known.title,
        kind=known.sticker_type,
        count=len(known.stickers),
        added_by=ALICE,
        added_in=None,
        added_at=datetime.now(UTC),
    )


def _greeting(sandbox: str, hub: str, key: str) -> str:
    return (
        "\nSwitchboard demo is ready.\n\n"
        f"  Chat with the bot   {sandbox}/telegram/\n"
        f"  The portal          {sandbox}/portal/\n"
        f"  The hub             {hub}/docs\n"
        f"  Its health          {hub}/api/v1/integration/health\n"
        f"  API key             {key}\n\n"
        f"  Try: curl -H 'X-API-Key: {key}' {hub}/gallery/sets\n\n"
        "  Hand in a poll form, and find a contact and two deals in the portal:\n\n"
        f"{_poll_form(hub, key)}\n\n"
        "  In the chat: as Chen send a sticker and press “Add”; the card that asks for a decision comes\n"
        "  to “Switchboard admins”, where Alice or Dana says yes or no. /help tells what each may do.\n\n"
        "Ctrl-C stops everything.\n\n"
    )


def _poll_form(hub: str, key: str) -> str:
    """The command that sends one; its phone and titles are in no shell's way."""
    form = {
        "submission_id": "demo-1",
        "poll_id": 1,
        "contact": {"name": "Вера", "last_name": "Смирнова", "phone": "+7 916 123-45-67"},
        "programs": list(PROGRAMME_TITLES[:2]),
        "answers": {"Когда удобно заниматься?": "По вечерам"},
    }
    body = json.dumps(form, ensure_ascii=False)
    return (
        f"  curl -H 'X-API-Key: {key}' -H 'Content-Type: application/json' \\\n"
        f"    {hub}/api/v1/integration/poll-form \\\n"
        f"    -d '{body}'"
    )
