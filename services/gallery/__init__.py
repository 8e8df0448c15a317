"""The sticker gallery."""

from dataclasses import dataclass

from services.engine.cache import Cache, Region
from services.engine.clock import Clock
from services.engine.inbox import Inbox
from services.flow.items import ApprovalMode
from services.gallery.item import REGION, StickerSetKind, StickerSetReader
from services.gallery.local import LocalGallery
from services.gallery.recheck import Recheck
from services.gallery.remote import RemoteGallery
from services.gallery.sets import StickerSets
from services.gallery.source import GallerySource
from services.gallery.wire import GalleryWire
from settings import Cache as CacheSettings
from storage.database import Database
from storage.records import StickerSet

ABSENT_SECONDS = 60.0  # how long "not in the gallery" is believed
DAY = 86400.0
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Gallery:
    """The gallery's rooms: where it is kept, its cache region, the kind of item, and the list.

    A gallery of one's own has its sets checked again (`recheck`); one elsewhere is `remote`.
    """

    source: GallerySource
    region: Region[str, StickerSet]
    kind: StickerSetKind
    sets: StickerSets
    recheck: Recheck | None
    remote: RemoteGallery | None


def build_gallery(
    settings: CacheSettings,
    database: Database,
    clock: Clock,
    cache: Cache,
    reader: StickerSetReader,
    *,
    inbox: Inbox,
    elsewhere: GalleryWire | None = None,
    approval: ApprovalMode = "direct",
) -> Gallery:
    """Make them, with the region `stickerset` of the cache; `elsewhere` leads to a gallery not our own.

    `approval` says whose "add" needs an admin's yes.
    """
    region: Region[str, StickerSet] = cache.region(
        REGION,
        capacity=settings.stickerset_size,
        ttl=settings.stickerset_ttl_days * DAY,
        absent_ttl=ABSENT_SECONDS,
        stale=settings.stale_seconds,
        cleanup_interval=settings.stickerset_cleanup_interval_hours * HOUR,
    )
    remote = RemoteGallery(elsewhere, database, clock) if elsewhere else None
    source: GallerySource = remote or LocalGallery(database, clock)
    return Gallery(
        source,
        region,
        StickerSetKind(source, clock, region, reader, approval),
        StickerSets(source, database, clock, region),
        None if remote else Recheck(database, clock, inbox, region, reader),
        remote,
    )
