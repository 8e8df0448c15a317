"""Holds what came of a history against the rules: three accounts, the portal's, the hub's and the answers."""

from collections import Counter
from collections.abc import Iterator

from sandbox.bitrix24.doubles import doubles
from sandbox.bitrix24.ledger import Call
from sandbox.bitrix24.methods.duplicates import values_of
from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from sandbox.bitrix24.wire import Json
from tests.chaos.forms.books import Kept
from tests.chaos.forms.people import key_of
from tests.chaos.forms.play import Play
from tests.e2e.poll_forms import FORM

BUDGET = 2  # requests for a submission when nothing goes wrong
OPEN_CARDS = frozenset({"pending", "rejected", "failed"})


def breaches(play: Play) -> list[str]:
    """A line for everything that is not as it has to be; empty when all is well."""
    verdict = _Verdict(play)
    return [
        *verdict.twice(),
        *verdict.contacts(),
        *verdict.lost(),
        *verdict.deals(),
        *verdict.stored(),
        *verdict.cards(),
        *verdict.told(),
        *verdict.answered(),
        *verdict.dear(),
        *verdict.logged(),
    ]


class _Verdict:
    def __init__(self, play: Play) -> None:
        self._play = play
        self._portal = play.portal
        self._programmes = play.portal.items[PROGRAMMES]
        self._made: dict[str, dict[str, int]] = {form.id: {} for form in play.history.forms}
        for number, deal in self._portal.deals.items():
            _, submission, programme = str(deal["ORIGIN_ID"]).split(":")
            self._made[submission][self._key(int(programme))] = number

    def _key(self, programme: int) -> str:
        return key_of(self._programmes[programme]["TITLE"])

    def twice(self) -> Iterator[str]:
        """Contacts of one person, deals of one choice, programmes of one title."""
        yield from doubles(self._portal)
        emails = (email for row in self._portal.contacts.values() for email in values_of("EMAIL", row))
        titles = map(self._key, self._programmes)
        for found in (Counter(emails), Counter(titles)):
            yield from (f"{count} of {what}" for what, count in found.items() if count > 1)

    def contacts(self) -> Iterator[str]:
        """The one that was there before is as it was, and the others are as they were handed in."""
        for number, contact in self._portal.contacts.items():
            if number == self._play.found:
                if contact != self._play.before:
                    yield f"the found contact was changed to {contact}"
                continue
            _, submission = str(contact["ORIGIN_ID"]).split(":")
            name = f"{contact['NAME']} {contact['LAST_NAME'] or ''}".strip()
            if name != self._play.kept[submission].name:
                yield f"contact {number} is called {name!r} instead of {self._play.kept[submission].name!r}"

    def lost(self) -> Iterator[str]:
        """Every submission came to an end, or is dead with its reason."""
        for form in self._play.history.forms:
            kept = self._play.kept.get(form.id)
            if kept is None:
                yield f"{form.id} was never stored"
            elif not kept.is_done and not (kept.job == "dead" and kept.reason):
                yield f"{form.id} is neither done nor scheduled nor dead with a reason: {kept}"

    def deals(self) -> Iterator[str]:
        """Each deal says what its submission chose."""
        for number, deal in self._portal.deals.items():
            _, submission, programme = str(deal["ORIGIN_ID"]).split(":")
            kept = self._play.kept[submission]
            wanted = {
                "TITLE": f"{self._programmes[int(programme)]['TITLE']} — {kept.name}",
                "SOURCE_DESCRIPTION": FORM,
                "ORIGINATOR_ID": "switchboard",
                f"PARENT_ID_{PROGRAMMES}": programme,
                f"PARENT_ID_{POLL_FORMS}": "1",
            }
            said = {name: str(deal[name]) for name in wanted}
            if said != wanted:
                yield f"deal {number} says {said} instead of {wanted}"
            if self._key(int(programme)) not in kept.deals:
                yield f"deal {number} is for what {submission} did not choose"
            yield from self._owner(number, deal, kept)

    def _owner(self, number: int, deal: Json, kept: Kept) -> Iterator[str]:
        contact = int(deal["CONTACT_ID"] or 0)
        there = {kept.contact_id} if kept.is_done else {0, kept.contact_id, *self._portal.contacts}
        if contact not in there | self._play.removed:
            yield f"deal {number} belongs to contact {contact} instead of {kept.contact_id}"

    def stored(self) -> Iterator[str]:
        """What the hub's database says of contacts and deals is so, and of those done it is all."""
        for kept in self._play.kept.values():
            stored = {key: deal for key, deal in kept.deals.items() if deal is not None}
            made = self._made[kept.id]
            is_over = kept.is_done and kept.job != "dead"
            if stored != made if is_over else not stored.items() <= made.items():
                yield f"{kept.id} has the deals {stored} stored, at the portal are {made}"
            there = {*self._portal.contacts, *self._play.removed} | (set() if kept.is_done else {None})
            if kept.contact_id not in there:
                yield f"{kept.id} has a contact stored that never was: {kept.contact_id}"

    def cards(self) -> Iterator[str]:
        """Whoever chose what is not there waits for a decision, or has it."""
        for kept in self._play.kept.values():
            missing = [key for key, deal in kept.deals.items() if deal is None]
            for key in missing if kept.is_done and kept.job != "dead" else []:
                state = self._play.decided.get(key)
                if state not in OPEN_CARDS:
                    yield f"{kept.id} waits for {key!r}, whose card is {state}"

    def told(self) -> Iterator[str]:
        """Whoever asks how a submission stands hears what is stored."""
        for kept in self._play.kept.values():
            deals = {key: deal for key, deal in kept.deals.items() if deal is not None}
            said = self._play.standing[kept.id]
            unknown = {key for key in kept.deals if kept.is_done} - deals.keys()
            wanted = ("success" if kept.is_done else "failed", kept.contact_id, deals, unknown)
            if _shown(said) != wanted:
                yield f"{kept.id} is told as {said} instead of {wanted}"

    def answered(self) -> Iterator[str]:
        """No answer of the door is a mistake, and none says what is not so."""
        differing = {self._play.history.forms[n].id for n in self._differing()}
        for submission, answer in self._play.answers:
            if answer.status_code == 409 and submission in differing:
                continue
            if answer.status_code not in {200, 202, 503}:
                yield f"{submission} was answered {answer.status_code}: {answer.text}"
            elif answer.status_code != 503:
                yield from self._held(submission, answer.json())

    def _differing(self) -> set[int]:
        return {act.differing for act in self._play.history.acts if act.differing is not None}

    def _held(self, submission: str, said: Json) -> Iterator[str]:
        _, contact, deals, _ = _shown(said)
        if not deals.items() <= self._made[submission].items():
            yield f"{submission} heard of the deals {deals}, there are {self._made[submission]}"
        if contact not in {None, *self._portal.contacts, *self._play.removed}:
            yield f"{submission} heard of contact {contact}"

    def dear(self) -> Iterator[str]:
        """Nothing went wrong, so few requests were enough."""
        if not self._play.history.is_calm:
            return
        count = sum(map(_is_of_submission, self._portal.ledger.calls))
        most = BUDGET * len(self._play.history.forms)
        if count > most:
            yield f"{count} requests for {most // BUDGET} submissions"

    def logged(self) -> Iterator[str]:
        """No error in a log, no secret anywhere."""
        for life in self._play.lives:
            yield from map(str, life.complaints())
            yield from (f"leaked: {secret}" for secret in life.leaked())


def _shown(said: Json) -> tuple[str, int | None, dict[str, int], set[str]]:
    deals = {key_of(title): deal for title, deal in said["deal_ids"].items()}
    return said["status"], said["contact_id"], deals, set(map(key_of, said["unknown_programs"]))


def _is_of_submission(call: Call) -> bool:
    """A look for a programme alone may be an approval's."""
    others = {"crm.item.list", "crm.item.add", "server.time"}
    return any(command.method not in others for command in call.commands)
