"""What the bot needs in a group, and what it says once when it lacks it.

Telegram shows a bot whose privacy mode is on no stickers, unless it is an administrator, and reactions only
to administrators (core.telegram.org/bots/features#privacy-mode, core.telegram.org/bots/api#update).
"""

from services.engine.work import Work
from services.flow.members import ADMINISTERS
from services.flow.messages import Content, Messages, Text
from services.flow.places import Place
from services.flow.roles import Roles
from storage import chats
from storage.database import Database, Transaction
from storage.records import Chat

STICKERS, REACTIONS = "stickers", "reactions"
GROUPS = ("group", "supergroup")


def lacking(status: str | None, *, reads_all: bool) -> frozenset[str]:
    """What a bot of that status is not shown. `reads_all`: its privacy mode is off."""
    if status in ADMINISTERS:
        return frozenset()
    return frozenset({REACTIONS}) if reads_all else frozenset({REACTIONS, STICKERS})


class Rights:
    """Knows what each group lacks, and was told of."""

    def __init__(self, database: Database, messages: Messages, roles: Roles) -> None:
        self._database = database
        self._messages = messages
        self._roles = roles

    async def look(self, work: Work, place: Place, status: str, *, reads_all: bool) -> None:
        """The bot's standing in a group has changed: say what it lacks, if that is news there."""
        lacks = lacking(status, reads_all=reads_all)
        decides = await self._roles.is_admin_chat(place.chat_id)

        def unit(tx: Transaction) -> None:
            chat = chats.by_id(tx, place.chat_id)
            told = frozenset((chat.lacks or "").split(",")) if chat else frozenset()
            chats.note_lacks(tx, place.chat_id, ",".join(sorted(lacks)))
            if lacks - told:
                self._messages.text(tx, work.job, place, _content(lacks, decides=decides), name="rights")

        work.write(unit)

    async def groups(self) -> list[Chat]:
        """The groups the bot is in, by title."""
        return await self._database.read(chats.groups)


def _content(lacks: frozenset[str], *, decides: bool) -> Content:
    key = "rights-stickers" if STICKERS in lacks else "rights-reactions"
    more = (Text("rights-deciding"),) if decides else ()
    return Content((Text(key), *more))
