"""The stage: a hub with a group of admins, and what everybody can do in front of it, allowed or not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import text

from sandbox.bitrix24.portal import Portal
from sandbox.bitrix24.seed import POLL_FORMS, PROGRAMMES
from sandbox.telegram.entities import find_entities
from sandbox.telegram.messages import Message
from sandbox.telegram.people import GROUP_ANONYMOUS_BOT, Person
from sandbox.telegram.wire import Json
from sandbox.telegram.world import World, chat_instance
from tests.e2e.conftest import Judged
from tests.e2e.matrix.actors import (
    ACTORS,
    ASKER,
    CHAT_OF,
    COUNCIL,
    NAMED_STAFF,
    OWNER,
    Kind,
    Spot,
    by_name,
)
from tests.e2e.wording import press_buttons
from tests.telegram_oracle import check_ledger
from tests.town import Town, TownClock, new_outside

PARTNER = "partner1.bitrix24.ru"
CLAIMED = "SELECT count(*) FROM jobs WHERE topic = 'telegram' AND state = 'claimed'"
LOOKS, LOOK = 20, 0.01  # at an update whose handler reads a file, and real seconds between two
A_WHILE = timedelta(hours=2)
WRITTEN = "%Y-%m-%dT%H:%M:%S.%fZ"  # how SQLite keeps moments
COURSE = "Chess for beginners"  # a programme that the portal has, beside its first poll form
TITLES: dict[Kind, str] = {"group": "A Crowd", "forum": "Topics", "admins": "The Council"}


def populate(world: World) -> int:
    """Everybody with an open private chat, and the three groups; the number of the forum's topic."""
    everybody = (*ACTORS, OWNER, ASKER)
    for actor in everybody:
        if actor.user_id not in world.people:
            name = actor.standing.capitalize()
            world.add_person(Person(actor.user_id, name, language_code="en", started=True))
    for kind, chat_id in CHAT_OF.items():
        members = [OWNER, *(actor for actor in (ASKER, *ACTORS) if kind in actor.belongs)]
        numbers = [actor.user_id for actor in members]
        world.add_group(TITLES[kind], numbers, chat_id=chat_id, is_forum=kind == "forum")
        for actor in ACTORS:
            if kind in actor.administers:
                world.make_admin(chat_id, actor.user_id)
    return world.add_topic(CHAT_OF["forum"], "Stickers", OWNER.user_id, told=False).id


class Stage:
    """A running hub, and deeds of people; a deed tells Telegram, and `rest` lets the hub do its part."""

    def __init__(self, town: Town, topic: int, partner: Portal) -> None:
        self.town = town
        self.partner = partner
        self.world = town.world
        self._topic = topic
        self._numbers = count(1)
        self._surfaces: dict[tuple[int, str], Message] = {}
        self.cards: dict[tuple[str, int], Message] = {}  # by what waits for a decision, and chat
        self.previewed: dict[int, Message] = {}  # a deal's card with the button, by chat
        self.questions: dict[tuple[str, int], Message] = {}  # by what they are about, and chat

    async def begin(self) -> None:
        """Everybody says hello, so that nobody is new later."""
        await self.rest()
        for who in (*ACTORS, OWNER, ASKER):
            self.says(Spot(by_name(who), "private"), "/start")
        for kind in CHAT_OF:
            self.says(Spot(OWNER, kind), "hello")
        await self.rest()

    async def at_work(self) -> None:
        """Whoever paused the work or blocked the bot: it goes on, and what waited is done."""
        for person in self.world.people.values():
            if person.blocked:
                self.world.unblock(person.id)
        if await self.is_paused():
            self.says(Spot(OWNER, "private"), "/resume")
            await self.rest()
        await self.town.settle()

    async def is_paused(self) -> bool:
        """Whether somebody had work pause."""
        return bool(await self.town.scalar("SELECT count(*) FROM switches WHERE is_on"))

    async def rest(self) -> None:
        """Every update is taken, and nothing goes on without time going on; what waits by rule may wait."""
        await self.town.rest()
        while self.world.updates.pending_count:
            await self.town.rest()
        for _ in range(LOOKS):
            if not await self.town.scalar(CLAIMED):
                return
            await asyncio.sleep(LOOK)
            await self.town.rest()

    async def make_room(self, spot: Spot) -> None:
        """What was proposed in that chat was proposed long ago, and nobody waits for a decision any more.

        There is a limit to either. And the chat wants proposals, whatever was chosen for it.
        """
        await self.executes("UPDATE approvals SET state = 'expired' WHERE state = 'pending'")
        then = (self.town.clock.now() - A_WHILE).strftime(WRITTEN)
        query = "UPDATE proposals SET created_at = :then WHERE chat_id = :chat"
        await self.executes(query, then=then, chat=spot.chat_id)
        await self.executes("UPDATE chats SET proposals = true WHERE chat_id = :chat", chat=spot.chat_id)

    def number(self) -> int:
        """A number that nothing here had before."""
        return next(self._numbers)

    def new_set(self) -> str:
        """A sticker set that exists in Telegram and nowhere else."""
        name = f"Matrix{self.number()}_by_bot"
        self.world.add_set(name, f"Title of {name}", count=1)
        return name

    def new_person(self) -> int:
        """Somebody nobody knows."""
        return self.world.add_person(first_name="Fresh").id

    def says(self, spot: Spot, words: str, *, reply_to: Message | None = None) -> Message:
        """Write a text; who does not belong to a group writes all the same."""
        content: Json = {"text": words}
        if entities := find_entities(words):
            content["entities"] = entities
        return self.writes(spot, content, reply_to=reply_to)

    def sends(self, spot: Spot, set_name: str) -> Message:
        """Send the first sticker of a set."""
        return self.writes(spot, {"sticker": self.world.library.sets[set_name.lower()].stickers[0].api()})

    def writes(self, spot: Spot, content: Json, *, reply_to: Message | None = None) -> Message:
        """Write anything."""
        chat, person = self.world.chat(spot.chat_id), self.world.person(spot.actor.user_id)
        anonymous = spot.actor.anonymous
        message = self.world.post(
            chat,
            GROUP_ANONYMOUS_BOT if anonymous else person,
            content,
            reply_to=reply_to,
            thread_id=self._topic if spot.kind == "forum" else None,
            sender_chat=chat if anonymous else None,
            writer=person if anonymous else None,
        )
        self.world.deliver(message)
        return message

    def presses(self, spot: Spot, message: Message, data: str) -> str:
        """Press a button, forged where the message bears none such; the query's id."""
        who, chat_id = spot.actor.user_id, spot.chat_id
        if data in press_buttons(message) and self.world.chat(chat_id).holds(who):
            return self.world.press(chat_id, message.message_id, who, data)
        query_id = self.world.queries.press(chat_id, who)
        payload: Json = {"id": query_id, "from": self.world.person(who).user(), "message": message.api()}
        payload |= {"chat_instance": chat_instance(chat_id), "data": data}
        self.world.updates.add("callback_query", payload, who, self.world.timestamp())
        return query_id

    def reacts(self, spot: Spot, message: Message, emoji: str) -> None:
        """Put an emoji on a message."""
        who, chat = spot.actor.user_id, self.world.chat(spot.chat_id)
        if spot.is_private or chat.holds(who):
            self.world.react(chat.id, message.message_id, who, [emoji], anonymous=spot.actor.anonymous)
            return
        payload: Json = {"chat": chat.api(), "message_id": message.message_id, "date": self.world.date()}
        payload |= {"user": self.world.person(who).user()}
        payload |= {"old_reaction": [], "new_reaction": [{"type": "emoji", "emoji": emoji}]}
        self.world.updates.add("message_reaction", payload, chat.id, self.world.date())

    def last(self, spot: Spot) -> Message:
        """The newest message of the bot in that chat."""
        return self.town.last(spot.chat_id)

    async def asks(self, spot: Spot, words: str) -> Message:
        """Write and wait; the bot's newest message there."""
        self.says(spot, words)
        await self.rest()
        return self.last(spot)

    async def finds(self, spot: Spot, message: Message, data: str) -> Message:
        """Press a button and wait; the bot's newest message there."""
        self.presses(spot, message, data)
        await self.rest()
        return self.last(spot)

    async def surface(self, spot: Spot, words: str = "/version") -> Message:
        """The bot's answer to an admin's words there; in private to somebody who has been one until now.

        The same message for the same words, however often.
        """
        known = (spot.chat_id, words)
        if known not in self._surfaces:
            who = spot if spot.is_private else Spot(OWNER, spot.kind)
            async with self.lifted(who):
                self._surfaces[known] = await self.asks(who, words)
        return self._surfaces[known]

    @asynccontextmanager
    async def lifted(self, spot: Spot) -> AsyncIterator[None]:
        """Whoever it is, an admin as long as the block lasts."""
        who = spot.actor.user_id
        await self.executes("UPDATE people SET role = 'admin' WHERE user_id = :who", who=who)
        yield
        await self.rest()
        await self.executes("UPDATE people SET role = NULL WHERE user_id = :who", who=who)

    async def executes(self, query: str, **values: object) -> None:
        """Put something in the database back to what it was."""
        statement = text(query)
        await self.town.switchboard.hub.database.write(lambda tx: tx.execute(statement, values).rowcount)


@asynccontextmanager
async def staged(folder: Path, template: Path) -> AsyncIterator[Stage]:
    """A stage for as long as the block lasts; everybody has said hello everywhere. The wire is judged."""
    clock = TownClock()
    async with new_outside(folder, clock=clock, template=template) as outside:
        topic = populate(outside.world)
        outside.portal.add_item(POLL_FORMS, TITLE="Which way?")
        outside.portal.add_item(PROGRAMMES, TITLE=COURSE)
        outside.portal.bucket.rate = None  # time stands still, and nothing would run out
        partner = outside.bitrix24.add_portal(PARTNER)
        partner.dictionaries.add_funnel(1, "Обучение")
        partner.bucket.rate = None
        settings = {
            "BITRIX24_SOURCES": json.dumps({PARTNER: {"url": partner.url(outside.sandbox)}}),
            "BITRIX24_BURST": "1000",
            "STAFF_IDS": str(NAMED_STAFF.user_id),
            "ADMIN_CHAT_ID": str(COUNCIL),
            "GALLERY_APPROVAL": "auto",
            "BACKUP_DIR": str(folder / "backups"),
        }
        async with outside.hub(portal=True, **settings) as town:  # type: ignore[arg-type]
            stage = Stage(town, topic, partner)
            await stage.begin()
            yield stage
    assert check_ledger(Judged(outside))
