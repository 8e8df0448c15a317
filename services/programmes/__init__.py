"""Educational programmes, and the poll forms by which people choose them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from services.bitrix24.client import Portal
from services.engine.cache import Cache, Region
from services.engine.clock import Clock
from services.engine.inbox import Inbox, Topic
from services.flow.approvals import Approvals
from services.flow.contacts import person_key
from services.flow.journal import Journal
from services.programmes.attempt import Rooms
from services.programmes.catalogue import Catalogue
from services.programmes.comments import Comments
from services.programmes.contacts import Contacts
from services.programmes.deals import Deals
from services.programmes.forms import PollForms
from services.programmes.item import POLL_FORMS, PROGRAMMES, PollFormKind, ProgrammeKind
from services.programmes.jobs import CONTACT, SubmissionJobs
from services.programmes.model import PollForm, Programme, key_of
from services.programmes.planting import Planting
from services.texts import Texts
from settings import Settings
from storage.database import Database

__all__ = ["SPELLINGS", "Programmes", "build_programmes"]

ABSENT_SECONDS = 60.0  # how long "there is none" is believed
# How the keys of regions are written, for /invalidate.
SPELLINGS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {PROGRAMMES: key_of, CONTACT: person_key}
)
MOST = 10_000  # forms, programmes, and contacts that are kept each


@dataclass(frozen=True, slots=True)
class Programmes:
    """The rooms of poll forms: what the portal has, the kinds of item, and what is handed in."""

    catalogue: Catalogue
    programme_kind: ProgrammeKind
    poll_form_kind: PollFormKind
    forms: PollForms
    _database: Database
    _journal: Journal
    _rooms: Rooms

    def topic(self, approvals: Approvals, concurrency: int) -> Topic:
        """What works the submissions; `approvals` decide about programmes that nobody knows."""
        return SubmissionJobs(self._database, self._rooms, self._journal, approvals).topic(concurrency)


def build_programmes(
    settings: Settings,
    portal: Portal,
    database: Database,
    clock: Clock,
    cache: Cache,
    inbox: Inbox,
    journal: Journal,
) -> Programmes | None:
    """Make them, with the cache's regions `poll_form`, `educational_program` and `contact`.

    None: the settings name no smart processes, so the feature is off.
    """
    own = settings.programmes
    form_type, programme_type = own.poll_form_entity_type_id, own.program_entity_type_id
    if form_type is None or programme_type is None:
        return None
    ttl = settings.cache
    forms: Region[str, PollForm] = _region(cache, POLL_FORMS, ttl.ttl_poll_forms, ttl.stale_seconds)
    programmes: Region[str, Programme] = _region(
        cache, PROGRAMMES, ttl.ttl_educational_programs, ttl.stale_seconds
    )
    contacts: Region[str, int] = _region(cache, CONTACT, ttl.ttl_contacts, ttl.stale_seconds)
    catalogue = Catalogue(portal, own, forms, programmes)
    comments = Comments(Texts.load(), settings.telegram.default_language)
    planting = Planting(portal, catalogue, database, clock, programme_type)
    return Programmes(
        catalogue,
        ProgrammeKind(catalogue, planting, programmes, clock, inbox, _page_of(portal, programme_type)),
        PollFormKind(catalogue, _page_of(portal, form_type)),
        PollForms(database, clock, inbox, comments, settings.work.webhook_wait_seconds),
        database,
        journal,
        Rooms(portal, clock, catalogue, Contacts(contacts), Deals(own), comments),
    )


def _region(cache: Cache, name: str, ttl: float, stale: float) -> Region[str, Any]:
    return cache.region(name, capacity=MOST, ttl=ttl, absent_ttl=ABSENT_SECONDS, stale=stale)


def _page_of(portal: Portal, entity_type_id: int) -> str:
    return f"https://{portal.domain}/crm/type/{entity_type_id}/details/{{id}}/"
