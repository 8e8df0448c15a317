"""Making a programme at the portal, once."""

from services.bitrix24.client import Portal
from services.bitrix24.errors import OutcomeUnknown, PortalUnavailable
from services.bitrix24.questions import number_of
from services.bitrix24.written import SENDING, SETTLING
from services.engine.clock import Clock
from services.engine.errors import HubError
from services.flow.leases import Hold
from services.programmes.catalogue import Catalogue
from services.programmes.model import LONGEST_TITLE, Programme, collapsed
from storage.database import Database

ADD = "crm.item.add"


class Planting:
    """Smart-process items bear no origin of ours, so a programme is known by its title alone."""

    def __init__(
        self, portal: Portal, catalogue: Catalogue, database: Database, clock: Clock, entity_type_id: int
    ) -> None:
        self._portal = portal
        self._catalogue = catalogue
        self._database = database
        self._clock = clock
        self._entity_type_id = entity_type_id

    async def plant(self, key: str, title: str) -> tuple[Programme, bool]:
        """The programme, and whether it is new. Before that every title at the portal is looked at.

        Raises Held while somebody else is at it or may be, PortalRefused, PortalUnavailable, OutcomeUnknown.
        """
        hold = Hold(self._database, self._clock)
        await hold.take([f"programme:{key}"], SENDING + SETTLING)
        try:
            found = (await self._catalogue.look_everywhere([key])).get(key)
            programme = found or await self._add(hold, title)
        except OutcomeUnknown:
            raise  # the hold lasts until it is sure what there is
        except HubError:
            await hold.release()
            raise
        await hold.release()
        return programme, found is None

    async def _add(self, hold: Hold, title: str) -> Programme:
        await hold.keep(SENDING + SETTLING, lambda tx: None)
        shown = collapsed(title)[:LONGEST_TITLE]
        params = {"entityTypeId": self._entity_type_id, "fields": {"title": shown}}
        try:
            async with self._clock.timeout(SENDING):
                done = await self._portal.call(ADD, params)
        except TimeoutError:
            raise OutcomeUnknown("no answer in time", retry_after=SETTLING) from None
        except OutcomeUnknown as error:
            await hold.keep(SETTLING, lambda tx: None)
            raise OutcomeUnknown(str(error), retry_after=SETTLING) from error
        item = done.result.get("item") if isinstance(done.result, dict) else None
        if not isinstance(item, dict):
            raise PortalUnavailable(f"{ADD} answers in another shape")
        return Programme(number_of(item.get("id")), shown)
