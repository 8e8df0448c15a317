"""One try at a submission: what is missing at the portal is looked up, then written, each in one request."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from services.bitrix24.client import Portal
from services.bitrix24.commands import Command, Reference
from services.bitrix24.errors import OutcomeUnknown, PortalNotFound, PortalRefused, PortalUnavailable
from services.bitrix24.matching import Match, match_questions
from services.bitrix24.outcomes import Done, Failed, Outcome, Unknown
from services.bitrix24.questions import Question, ask, number_of
from services.bitrix24.written import BAD_VALUE, SENDING, SETTLING, judge, send
from services.engine.clock import Clock
from services.engine.errors import HubError, Refused
from services.flow.leases import Hold
from services.programmes import contacts, deals
from services.programmes.catalogue import Catalogue
from services.programmes.comments import Comments
from services.programmes.contacts import Contacts, person_of
from services.programmes.deals import Deals, DealTerms
from services.programmes.model import PollForm, Programme, origin_of
from storage import submissions
from storage.submissions import Submission, Wanted

READING = 60.0  # seconds that what is looked up is held
WRITES = 20  # in one request: at a second and a third each, it ends well within those


@dataclass(frozen=True, slots=True)
class Rooms:
    """What a try works with."""

    portal: Portal
    clock: Clock
    catalogue: Catalogue
    contacts: Contacts
    deals: Deals
    comments: Comments


@dataclass(slots=True)
class Note:
    """Something for the journal."""

    action: str
    kind: str
    key: str
    after: dict[str, Any]


@dataclass(slots=True)
class Learnt:
    """What is known of the portal; `in_doubt`: there may be more. `deals` by the programmes' keys."""

    contact_id: int | None
    deals: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)  # keys of the cache's contacts
    in_doubt: bool = False


class ContactGone(PortalUnavailable):
    """The contact that was known is not there any more; nothing was written."""


class Attempt:
    """Brings one submission as far as possible. `learnt` is right also when `run` raises."""

    def __init__(
        self, rooms: Rooms, row: Submission, hold: Hold, made: Mapping[str, Programme], *, again: bool
    ) -> None:
        """`hold` has to hold the submission already; `made` are programmes that surely are there, by key.

        `again`: it was worked to some end before. A restored database may know less than was done since.
        """
        self._rooms = rooms
        self._row = row
        self._hold = hold
        self._urgent = row.done_at is None  # somebody waits
        self._looks_first = again or row.in_doubt
        self._person = person_of(row)
        self._wanted = [each.key for each in row.programmes if each.deal_id is None]
        self._programmes: dict[str, Programme | None] = dict(made)
        self._form: PollForm | None = None
        self._was_known = True  # the contact was there before
        self._is_seen = False  # in this try, at the portal
        self._unlinked: dict[str, int] = {}  # made by an earlier try, without the right contact
        self._with_email = True
        self.learnt = Learnt(row.contact_id, in_doubt=row.in_doubt)

    async def run(self) -> None:
        """Look up and write. Raises PortalRefused, Refused, PortalUnavailable, OutcomeUnknown, Held."""
        await self._look_up()
        await self._bring()

    async def look_everywhere(self, keys: Collection[str]) -> None:
        """Look for these of `unknown` past the portal's own comparison, and go on. Raises as `run` does."""
        catalogue = self._rooms.catalogue
        self._programmes |= dict.fromkeys(keys) | await catalogue.look_everywhere(keys)
        catalogue.learn_programmes({key: self._programmes[key] for key in keys})
        await self._bring()

    @property
    def unknown(self) -> list[str]:
        """The keys of programmes that the portal does not have."""
        return [key for key in self._wanted if key not in self.learnt.deals]

    @property
    def form(self) -> PollForm | None:
        """The poll's form, once it is looked up."""
        return self._form

    async def _bring(self) -> None:
        try:
            await self._write()
        except ContactGone:
            self._rooms.contacts.forget(self._person)
            self.learnt.outdated += self._person.keys
            self.learnt.contact_id = None
            await self._look_up()
            await self._write()

    async def _look_up(self) -> None:
        """Learn all that is not known, with one request; after a try whose end nobody knows with two."""
        if self.learnt.contact_id is None:
            self.learnt.contact_id = self._rooms.contacts.known(self._person)
        if self.learnt.contact_id is None:
            await self._hold.take(self._person.lease_names, READING)
            self.learnt.contact_id = self._rooms.contacts.known(self._person)  # others may have been faster
        self._is_seen = self.learnt.contact_id is None
        await self._ask()
        if self._form is None:
            raise Refused(f"there is no poll form for poll {self._row.poll_id}")
        if self._looks_first or self.learnt.in_doubt:
            await self._recover()

    async def _ask(self) -> None:
        catalogue = self._rooms.catalogue
        self._form = catalogue.known_form(self._row.poll_id)
        self._programmes |= catalogue.known_programmes(
            [key for key in self._wanted if key not in self._programmes]
        )
        asked: list[tuple[Question[Any], Callable[[Any], None]]] = []
        if self._form is None:
            asked.append((catalogue.form_question(self._row.poll_id), self._take_form))
        titles = {each.key: each.title for each in self._row.programmes if self._has_to_be_found(each)}
        asked += [(each, self._take_programmes) for each in catalogue.titles_questions(titles)]
        if self.learnt.contact_id is None:
            asked += [(each, self._take_match) for each in match_questions(self._person)]
        questions = [question for question, _ in asked]
        answers = await ask(self._rooms.portal, questions, urgent=self._urgent)
        for (_, take), answer in zip(asked, answers, strict=True):
            take(answer)

    def _take_form(self, form: PollForm | None) -> None:
        self._form = form
        self._rooms.catalogue.learn_form(self._row.poll_id, form)

    def _has_to_be_found(self, wanted: Wanted) -> bool:
        return wanted.deal_id is None and wanted.key not in self._programmes

    def _take_programmes(self, found: Mapping[str, Programme | None]) -> None:
        """What is missing may yet be found by `look_everywhere`, so nobody is told of it."""
        self._rooms.catalogue.learn_programmes({key: each for key, each in found.items() if each})
        self._programmes |= found

    def _take_match(self, match: Match) -> None:
        """Phone before e-mail, and of several contacts the oldest."""
        if self.learnt.contact_id is not None or not match.ids:
            return
        self.learnt.contact_id = match.ids[0]
        self._rooms.contacts.learn_match(self._person, match.by, match.ids[0])
        if len(match.ids) > 1:
            self._note("choose", "contact", match.ids[0], {"of": list(match.ids)})

    async def _recover(self) -> None:
        """Find what earlier tries made, by its origin."""
        questions: list[Question[Any]] = []
        if is_new := self._row.contact_id is None:
            questions.append(contacts.origin_question(self._row.id))
        made = {origin_of(self._row.id, each): key for key, each in self._todo().items()}
        questions += deals.origin_questions(self._row.id, list(self._todo().values()))
        answers = await ask(self._rooms.portal, questions, urgent=self._urgent)
        if is_new and (contact := answers.pop(0)):
            self._with_email = contact.has_email
            self._made_contact(contact.id)
        for found in answers:
            for origin, deal in found.items():
                if deal.contact_id and deal.contact_id == self.learnt.contact_id:
                    self._made_deal(made[origin], deal.id)
                else:
                    self._unlinked[made[origin]] = deal.id
        self._looks_first, self.learnt.in_doubt = False, bool(self._unlinked)

    def _todo(self) -> dict[str, Programme]:
        """The programmes without a deal, by key."""
        made = {*self.learnt.deals, *self._unlinked}
        return {key: found for key in self._wanted if key not in made and (found := self._programmes[key])}

    async def _write(self) -> None:
        """Make what is missing, a request for so many."""
        while self.learnt.contact_id is None or self._todo() or self._unlinked:
            before = self._before()
            keys = list(self._todo())[: WRITES - len(before)]
            contact = Reference("c0") if self.learnt.contact_id is None else self.learnt.contact_id
            links = {} if keys else dict(islice(self._unlinked.items(), WRITES - 1))
            writes = [self._deal(key, contact) for key in keys]
            writes += [deals.link_command(deal_id, contact) for deal_id in links.values()]
            outcomes = await self._send([*before, *writes])
            if before and not self._take_contact(before[0], outcomes[0]):
                continue
            # Without a contact whatever refers to it is found by its origin, and mended.
            if self.learnt.contact_id is not None:
                self._take_deals([*keys, *links], outcomes[len(before) :])
            judge(outcomes)
        self.learnt.in_doubt = False

    def _take_deals(self, keys: Sequence[str], outcomes: Sequence[Outcome]) -> None:
        for key, outcome in zip(keys, outcomes, strict=True):
            if isinstance(outcome, Done):
                linked = self._unlinked.pop(key, None)
                self._made_deal(key, linked or number_of(outcome.result))

    def _before(self) -> list[Command]:
        """What a request begins with: the contact is made, or shows whether it is still there."""
        if self.learnt.contact_id is None:
            self._was_known = False
            return [contacts.add_command(self._person, self._row.id, with_email=self._with_email)]
        return [] if self._is_seen else [contacts.get_command(self.learnt.contact_id)]

    def _deal(self, key: str, contact: int | Reference) -> Command:
        programme = self._programmes[key]
        if programme is None or self._form is None:
            raise AssertionError("a deal for what is not there")
        comments = self._rooms.comments.of_deal(
            self._row, self._person, was_known=self._was_known, without_email=not self._with_email
        )
        terms = DealTerms(self._row.id, self._person.full_name, self._form, comments)
        return self._rooms.deals.add_command(terms, programme, contact)

    async def _send(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        """Write, once it is written here that something may be there that nobody knows of."""
        await self._hold.keep(SENDING + SETTLING, lambda tx: submissions.begin(tx, self._row.id))
        self.learnt.in_doubt = True
        try:
            outcomes = await send(
                self._rooms.portal, self._rooms.clock, commands, halt=True, urgent=self._urgent
            )
        except HubError as error:
            self.learnt.in_doubt = isinstance(error, OutcomeUnknown) or bool(self._unlinked)
            raise
        self.learnt.in_doubt = any(isinstance(each, Unknown) for each in outcomes) or bool(self._unlinked)
        return outcomes

    def _take_contact(self, command: Command, outcome: Outcome) -> bool:
        """What became of the contact; False when it has to be made in another way. Raises ContactGone."""
        failure = outcome.error if isinstance(outcome, Failed) else None
        if command.method == contacts.GET:
            if isinstance(failure, PortalNotFound):
                raise ContactGone("the contact is gone")
            self._is_seen = isinstance(outcome, Done)
        elif isinstance(outcome, Done):
            self._made_contact(number_of(outcome.result))
        elif failure and self._can_do_without_email(failure):
            self._with_email = False
            self._note("refused", "submission", self._row.id, {"reason": failure.description})
            return False
        return True

    def _can_do_without_email(self, error: PortalRefused) -> bool:
        """An address that looks well may be none for the portal; a phone is enough to know somebody by."""
        return error.code == BAD_VALUE and self._with_email and len(self._person.keys) > 1

    def _made_contact(self, contact_id: int) -> None:
        self._was_known, self._is_seen = False, True
        self.learnt.contact_id = contact_id
        keys = self._person.keys if self._with_email else self._person.keys[:1]
        self._rooms.contacts.learn(keys, contact_id)
        self._note("add", "contact", contact_id, {"submission": self._row.id})

    def _made_deal(self, key: str, deal_id: int) -> None:
        self.learnt.deals[key] = deal_id
        programme = self._programmes[key]
        title = programme.title if programme else key
        after = {"submission": self._row.id, "programme": title, "contact": self.learnt.contact_id}
        self._note("add", "deal", deal_id, after)

    def _note(self, action: str, kind: str, key: int | str, after: dict[str, Any]) -> None:
        self.learnt.notes.append(Note(action, kind, str(key), after))
