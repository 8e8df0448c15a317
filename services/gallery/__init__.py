"""The sticker gallery."""

from dataclasses import dataclass

from services.engine.cache import Cache, Region
from services.engine.clock import Clock
from services.gallery.item import REGION, StickerSetKind, StickerSetReader
from services.gallery.sets import StickerSets
from settings import Cache as CacheSettings
from storage.database import Database
from storage.records import StickerSet

ABSENT_SECONDS = 60.0  # how long "not in the gallery" is believed
DAY = 86400.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Gallery:
    """The gallery's rooms: its cache region, the kind of item, and the list."""

    region: Region[str, StickerSet]
    kind: StickerSetKind
    sets: StickerSets


def build_gallery(
    settings: CacheSettings, database: Database, clock: Clock, cache: Cache, reader: StickerSetReader
) -> Gallery:
    """Make them, with the region `stickerset` of the cache."""
    region: Region[str, StickerSet] = cache.region(
        REGION,
        capacity=settings.stickerset_size,
        ttl=settings.stickerset_ttl_days * DAY,
        absent_ttl=ABSENT_SECONDS,
        stale=settings.stale_seconds,
        cleanup_interval=settings.stickerset_cleanup_interval_hours * HOUR,
    )
    return Gallery(region, StickerSetKind(database, clock, region, reader), StickerSets(database))
