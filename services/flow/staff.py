"""Staff: who is given a role in the chat, and who loses it again."""

from typing import Any

from services.engine.clock import Clock
from services.engine.work import Work
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Messages, Text
from services.flow.people import People
from services.flow.places import Asker, Place
from services.flow.roles import Holder, Role, Roles
from storage import chats, people
from storage.database import Database, Transaction
from storage.records import Person

ROLES: tuple[Role, ...] = ("admin", "staff")


class Staff:
    """Gives and takes the role, and tells who has one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        roles: Roles,
        people: People,
        messages: Messages,
        journal: Journal,
    ) -> None:
        self._database = database
        self._clock = clock
        self._roles = roles
        self._people = people
        self._messages = messages
        self._journal = journal

    async def shown(self) -> Content:
        """Everybody who is known to have a role, and by what."""
        holders = await self._roles.holders()
        known = await self._database.read(lambda tx: people.by_ids(tx, [each.user_id for each in holders]))
        texts: list[Text] = []
        for role in ROLES:
            lines = [_line(each, known.get(each.user_id)) for each in holders if each.role == role]
            texts += [Text(f"staff-{role}"), *lines] if lines else [Text(f"staff-no-{role}")]
        return Content((*texts, Text("staff-usage")))

    async def add(self, whom: Asker, by: Asker, place: Place, work: Work) -> None:
        """Make somebody staff. Answers in the place, and tells the person when the bot may write there."""
        user_id = whom.user_id or 0
        has, language = await self._roles.shown(user_id), await self._people.language(user_id, None)

        def unit(tx: Transaction) -> None:
            given = self._roles.given(tx, user_id)
            role = has if given == "everyone" else given
            answer = Text("staff-already", self._facts(tx, whom, role))
            if role == "everyone":
                self._give(tx, work, whom, "staff", by)
                self._tell(tx, work, user_id, language, Text("staff-you-are"))
                answer = Text("staff-added", self._facts(tx, whom))
            self._messages.text(tx, work.job, place, Content((answer,)), name="staff")

        work.write(unit)

    async def remove(self, whom: Asker, by: Asker, place: Place, work: Work) -> None:
        """Take away the role that somebody was given in the chat; answers and tells as `add` does."""
        user_id = whom.user_id or 0
        has, language = await self._roles.shown(user_id), await self._people.language(user_id, None)

        def unit(tx: Transaction) -> None:
            given, refusal = self._roles.given(tx, user_id), self._refusal(tx, whom, by)
            answer = Text("staff-not" if has == "everyone" else "staff-by-chat", self._facts(tx, whom))
            if given != "everyone" and not refusal:
                self._give(tx, work, whom, None, by)
                self._tell(tx, work, user_id, language, Text("staff-you-were"))
                answer = Text("staff-removed", self._facts(tx, whom))
            self._messages.text(tx, work.job, place, Content((refusal or answer,)), name="staff")

        work.write(unit)

    def _refusal(self, tx: Transaction, whom: Asker, by: Asker) -> Text | None:
        if whom.user_id == by.user_id:
            return Text("staff-not-yourself")
        named = self._roles.is_named(whom.user_id or 0)
        return Text("staff-named", self._facts(tx, whom)) if named else None

    def _give(self, tx: Transaction, work: Work, whom: Asker, role: Role | None, by: Asker) -> None:
        user_id, now = whom.user_id or 0, self._clock.now()
        known = people.by_id(tx, user_id)
        before, after = {"role": known.role if known else None}, {"role": role}
        people.give_role(tx, user_id, role, name=whom.name, by=by.user_id, at=now)
        key = str(user_id)
        self._journal.record(tx, work.job, actor_of(by), "role", "user", key, before=before, after=after)

    def _tell(self, tx: Transaction, work: Work, user_id: int, language: str, text: Text) -> None:
        chat = chats.by_id(tx, user_id)
        if chat and chat.active:
            there = Place(user_id, private=True, language=language)
            self._messages.text(tx, work.job, there, Content((text,)), name="staff.told")

    def _facts(self, tx: Transaction, whom: Asker, role: Role = "everyone") -> dict[str, Any]:
        name = whom.name or _name_of(people.by_id(tx, whom.user_id or 0))
        return {"name": name, "user_id": whom.user_id, "role": {"text": f"role-{role}"}}


def _name_of(person: Person | None) -> Any:
    """What somebody is called, or a text that says that nobody knows."""
    return person.name if person and person.name else {"text": "staff-unknown"}


def _line(holder: Holder, person: Person | None) -> Text:
    params = {"name": _name_of(person), "user_id": holder.user_id}
    return Text("staff-line", params | {"source": {"text": f"source-{holder.source}"}})
