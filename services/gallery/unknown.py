"""Sets that Telegram does not know: it is not asked about the same one over and over."""

from services.engine.clock import Clock
from services.engine.errors import NoSuchItem
from services.gallery.item import StickerSetReader
from services.gallery.model import StickerSetFacts

BELIEVED = 60.0  # seconds, as absence in the gallery is
MOST = 10_000  # names kept


class SparingReader:
    """A StickerSetReader that remembers what there is not; what there is it asks about each time."""

    def __init__(self, reader: StickerSetReader, clock: Clock, *, most: int = MOST) -> None:
        self._reader = reader
        self._clock = clock
        self._most = most
        self._unknown: dict[str, tuple[float, str]] = {}  # until when, and what to say; the oldest first

    async def sticker_set(self, name: str) -> StickerSetFacts:
        """See StickerSetReader."""
        key = name.lower()
        self._drop_old()
        if key in self._unknown:
            raise NoSuchItem(name, user_text=self._unknown[key][1])
        try:
            return await self._reader.sticker_set(name)
        except NoSuchItem as error:
            self._unknown.setdefault(key, (self._clock.monotonic() + BELIEVED, error.user_text))
            self._drop_old()
            raise

    def _drop_old(self) -> None:
        now = self._clock.monotonic()
        while self._unknown:
            oldest = next(iter(self._unknown))
            if self._unknown[oldest][0] > now and len(self._unknown) <= self._most:
                return
            del self._unknown[oldest]
