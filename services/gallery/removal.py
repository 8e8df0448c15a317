"""Taking a set off the gallery, once the admin who wants it has confirmed."""

from typing import Any

from services.engine.cache import Region
from services.engine.clock import Clock
from services.engine.errors import NoSuchItem
from services.engine.work import Work
from services.flow.confirmations import Confirmations, Confirmed
from services.flow.items import Kind
from services.flow.journal import actor_of
from services.flow.messages import Content, Text
from services.flow.places import Asker, Place
from services.gallery.changes import Author, told
from services.gallery.source import GallerySource
from storage.records import Job, StickerSet

ACTION = "remove"


class Removal:
    """Asks, and removes what was confirmed."""

    def __init__(
        self,
        source: GallerySource,
        clock: Clock,
        region: Region[str, StickerSet],
        kind: Kind,
        confirmations: Confirmations,
    ) -> None:
        self._source = source
        self._clock = clock
        self._region = region
        self._kind = kind
        self._confirmations = confirmations
        self._begun: set[int] = set()  # jobs that this process has told the gallery of and not finished yet
        confirmations.register(ACTION, self._remove)

    async def ask(self, name: str, asker: Asker, place: Place, work: Work) -> None:
        """Put the question. Raises NoSuchItem for what is not listed, Unavailable, Anonymous."""
        listed = (await self._source.look_up([name])).get(name.lower())
        if listed is None:
            raise NoSuchItem(name, user_text="error-not-listed")
        before = told(listed)
        question = Content((Text("remove-question"),), self._kind.card(before))
        self._confirmations.ask(work, place, asker, ACTION, before, question)

    async def _remove(self, before: dict[str, Any], confirmed: Confirmed) -> Content:
        """`before` is what was listed when it was asked. Twice is once."""
        work, name = confirmed.work, str(before["name"])
        listed = (await self._source.look_up([name])).get(name.lower())
        if listed is None and self._is_first_try(work.job):  # else an earlier one may have done it
            return Content((Text("remove-gone", {"title": before["title"]}),))
        job = work.job
        author = Author(actor_of(confirmed.by), self._clock.now(), job.id, job.correlation_id)
        self._begun.add(job.id)
        await self._source.carry_out_removal(name, author)
        was = told(listed) if listed else before
        work.write(lambda tx: self._source.remove_in(tx, name, author, was))
        work.afterwards(lambda: self._done(job, name))
        return Content((Text("removed", {"title": was["title"], "name": confirmed.by.name}),))

    def _is_first_try(self, job: Job) -> bool:
        # While our own database is away a job is handled again without that being another attempt.
        return job.attempts == 1 and job.replays == 0 and job.id not in self._begun

    def _done(self, job: Job, name: str) -> None:
        self._begun.discard(job.id)
        self._region.invalidate(name.lower())
