"""What the doctor asks beside that which the parts register themselves, in a running hub and without one."""

from collections.abc import Sequence
from pathlib import Path

from bot.client import Client
from bot.probe import TelegramProbe
from services.engine.health import Health, Probe, Told
from services.engine.storage_probe import StorageProbe, register_disk
from services.flow.backups import folder_of
from services.hub import Hub
from settings import Settings
from storage.postgres import PostgresDatabase
from storage.sqlite import path_of

_NO_HEARTBEAT = Told("warning", "nobody hears of it when the hub falls silent", "set HEARTBEAT_URL")


def register_probes(settings: Settings, hub: Hub, client: Client) -> None:
    """Everything but the database, which need not be open."""
    health = hub.health
    if not settings.work.backup_interval_hours or folder_of(settings) is None:
        health.register("backup", probe=always(_no_backups(settings)))
    register_disk(health, _folders(settings))
    if not settings.work.heartbeat_url.get_secret_value():
        health.register("heartbeat", probe=always(_NO_HEARTBEAT))
    TelegramProbe(client, settings.telegram, hub.clock).register(health)


def register_database(hub: Hub) -> StorageProbe:
    """The questions to a database that is open."""
    database = hub.database
    pooled = isinstance(database, PostgresDatabase) and database.facts.pooled
    probe = StorageProbe(database, hub.clock, pooled=pooled)
    hub.health.register("database", probe=probe.probe)
    return probe


def always(told: Told) -> Probe:
    """A probe whose finding is known."""

    async def probe() -> Sequence[Told]:
        return [told]

    return probe


def silence(health: Health, *names: str) -> None:
    """Have nothing asked of these: what they would ask is not there."""

    async def nothing() -> Sequence[Told]:
        return []

    for name in names:
        health.register(name, probe=nothing)


def _no_backups(settings: Settings) -> Told:
    if not settings.work.backup_interval_hours:
        return Told("warning", "no regular backups", "set BACKUP_INTERVAL_HOURS")
    return Told("warning", "no regular backups: there is no folder for them", "set BACKUP_DIR")


def _folders(settings: Settings) -> list[Path]:
    data = [] if settings.storage.is_postgres else [path_of(settings.storage.database_url).parent]
    backups = folder_of(settings)
    return list(dict.fromkeys([*data, *([backups] if backups else [])]))
