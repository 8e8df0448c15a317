"""What a chat is told by itself: a switch for each kind of notice, and its quiet hours."""

from zoneinfo import ZoneInfo

from services.flow.items import Action
from services.flow.journal import Journal, actor_of
from services.flow.messages import Content, Text
from services.flow.places import Asker, Place
from services.flow.quiet_hours import QuietHours
from services.flow.roles import Roles
from services.flow.watch import Watch
from storage import chat_notices, chats
from storage.database import Transaction
from storage.records import Job

ON, OFF = "✅", "▫️"
OFFERED = (QuietHours(22 * 60, 8 * 60), QuietHours(23 * 60, 7 * 60))
KIND = "chat"  # in the journal


class ChatNotices:
    """Shows and changes what one chat is told; which chats are told all, the roles say."""

    def __init__(self, watch: Watch, roles: Roles, journal: Journal, zone: ZoneInfo) -> None:
        """`zone`: whose clock quiet hours go by."""
        self._watch = watch
        self._roles = roles
        self._journal = journal
        self._zone = zone

    @property
    def names(self) -> list[str]:
        """Of the kinds that a chat may be told of: those that this hub looks for."""
        return [kind.name for kind in self._watch.kinds]

    async def is_home(self, place: Place) -> bool:
        """Whether the place gets every kind that is not switched off there."""
        admin_chat = await self._roles.admin_chat()
        if admin_chat is not None:
            return place.chat_id == admin_chat
        return place.private and await self._roles.is_admin(place.chat_id)

    def shown(self, tx: Transaction, place: Place, *, home: bool) -> Content:
        """How the switches stand, each as a button that turns it."""
        switched, quiet = chat_notices.of(tx, place.chat_id), _quiet(tx, place.chat_id)
        head = Text("notices-home") if home else Text("notices-elsewhere")
        hours = {"hours": str(quiet), "zone": self._zone.key}
        actions = [_switch(name, switched.get(name, home)) for name in self.names]
        return Content(
            (head, Text("notices-quiet", hours) if quiet else Text("notices-always")),
            actions=(*actions, *_hours(quiet)),
        )

    def switch(self, tx: Transaction, job: Job, place: Place, by: Asker, name: str, *, wanted: bool) -> None:
        """Switch a kind on or off for the place's chat."""
        chat_id = place.chat_id
        before = chat_notices.of(tx, chat_id).get(name)
        if before != wanted:
            chat_notices.switch(tx, chat_id, name, wanted=wanted)
            change = ({"notices": {name: before}}, {"notices": {name: wanted}})
            self._record(tx, job, by, chat_id, *change)

    def keep_quiet(
        self, tx: Transaction, job: Job, place: Place, by: Asker, hours: QuietHours | None
    ) -> None:
        """Set the quiet hours of the place's chat, or with None end them."""
        chat_id = place.chat_id
        before = _quiet(tx, chat_id)
        if before != hours:
            chat_notices.keep_quiet(tx, chat_id, (hours.begin, hours.end) if hours else None)
            change = ({"quiet": _told(before)}, {"quiet": _told(hours)})
            self._record(tx, job, by, chat_id, *change)

    def _record(
        self, tx: Transaction, job: Job, by: Asker, chat_id: int, before: object, after: object
    ) -> None:
        actor = actor_of(by)
        self._journal.record(tx, job, actor, "change", KIND, str(chat_id), before=before, after=after)


def _quiet(tx: Transaction, chat_id: int) -> QuietHours | None:
    chat = chats.by_id(tx, chat_id)
    return QuietHours.of(chat.quiet_from, chat.quiet_until) if chat else None


def _told(hours: QuietHours | None) -> str | None:
    return str(hours) if hours else None


def _switch(name: str, is_on: bool) -> Action:
    press = f"notices:{'off' if is_on else 'on'}-{name}"
    return Action(f"button-notice-{name}", press, role="admin", params={"mark": ON if is_on else OFF})


def _hours(quiet: QuietHours | None) -> list[Action]:
    """Buttons in one row: for the usual hours but those that are set, and for an end of any."""
    offered = [each for each in OFFERED if each != quiet]
    actions = [
        Action(
            "button-quiet",
            f"quiet:{each.begin}-{each.end}",
            role="admin",
            params={"hours": str(each)},
            beside=each is not offered[0],
        )
        for each in offered
    ]
    ending = Action("button-quiet-off", "quiet:off", role="admin", beside=True)
    return [*actions, ending] if quiet else actions
