"""The sign that a gallery elsewhere cannot be reached."""

from collections.abc import Mapping

from services.engine.errors import HubError
from services.flow.excerpts import Excerpt
from services.flow.faults import Faults
from services.flow.watch import Cause, Findings
from services.gallery.remote import RemoteGallery
from services.gallery.wire import SYSTEM
from storage.records import Notice

REASON = 200  # characters of it
UNANSWERED = f"{SYSTEM}.unavailable"  # the fault that the doors count for each question


class GalleryAway:
    """Asks the gallery itself, but only when something was noticed or told before."""

    def __init__(self, remote: RemoteGallery, faults: Faults, excerpt: Excerpt) -> None:
        self._remote = remote
        self._faults = faults
        self._excerpt = excerpt

    async def look(self, opened: Mapping[str, Notice]) -> Findings:
        """Whether it is away now; one call that failed and then did not is no cause."""
        if not opened and await self._remote.check() is None:
            return Findings()
        try:
            await self._remote.probe()
        except HubError as error:
            reason = await self._remote.check() or str(error)
            return Findings([await self._cause(reason, opened.get(""))])
        return Findings()

    async def _cause(self, reason: str, notice: Notice | None) -> Cause:
        """`count` is how many questions had no answer since it was first told."""
        so_far = (await self._faults.totals()).get(UNANSWERED, 0)
        before = notice.params["before"] if notice else so_far
        params = {"reason": self._excerpt(reason, REASON), "before": before}
        return Cause("", max(so_far - before, 0), params)
