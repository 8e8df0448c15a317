"""Everything that exists in the stand-in, and the rules of who sees what. No HTTP here."""

from collections import defaultdict
from random import Random

from sandbox.clock import Clock
from sandbox.telegram.bell import Traffic
from sandbox.telegram.command_menu import MenuKey, menu_of
from sandbox.telegram.faults import Faults
from sandbox.telegram.feed import Feed
from sandbox.telegram.ledger import Ledger
from sandbox.telegram.limits import Limiter, Pace
from sandbox.telegram.messages import Message
from sandbox.telegram.page_shapes import page_chat, page_limits, page_message, page_reactions
from sandbox.telegram.people import GROUP_ANONYMOUS_BOT, Chat, Person
from sandbox.telegram.queries import Queries
from sandbox.telegram.stickers import Library
from sandbox.telegram.updates import Updates
from sandbox.telegram.wire import Json, WorldError, utf16_slice

DEMO_TOKEN = "110201543:DEMO-Switchboard-Sandbox-Token-0001"  # noqa: S105 (a made-up bot of the stand-in)
DEMO_BOT = Person(110201543, "Switchboard Demo", username="switchboard_demo_bot", is_bot=True)


class State:
    """The world's things. `privacy` is the bot's setting at BotFather; each group keeps a copy of it.

    With a `pace` calls are limited from the start; see `limit`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        token: str = DEMO_TOKEN,
        bot: Person = DEMO_BOT,
        random: Random | None = None,
        privacy: bool = True,
        pace: Pace | None = None,
        keep: int = 100000,
    ) -> None:
        self.clock = clock
        self.token = token
        self.bot = bot
        self.privacy = privacy
        self.random = random or Random(1)
        self.traffic = Traffic()
        self.feed = Feed()
        self.ledger = Ledger(keep)
        self.faults = Faults(clock.monotonic)
        self.limiter = Limiter(pace, clock.monotonic)
        self.updates = Updates(self.timestamp, keep)
        self.queries = Queries(self.timestamp)
        self.closing = False
        self._message_ids: defaultdict[int, int] = defaultdict(int)
        self._empty()
        self.faults.changed.append(self._faults_changed)
        self.updates.mode_changed.append(self._mode_changed)

    def _empty(self) -> None:
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.library = Library()
        self.commands: dict[MenuKey, list[Json]] = {}
        self.photos: dict[str, bytes] = {}
        self.pictures: dict[int, bytes] = {}
        self.photo_sizes: dict[str, list[Json]] = {}

    @property
    def in_flight(self) -> int:
        """Requests being worked on; those that only wait for time or news do not count."""
        return self.traffic.in_flight

    def timestamp(self) -> float:
        """Seconds since 1970."""
        return self.clock.now().timestamp()

    def date(self) -> int:
        """Telegram's dates are whole seconds."""
        return int(self.timestamp())

    def close(self) -> None:
        """Let every waiting poll and stream go, so that a server can stop at once."""
        self.closing = True
        self.updates.end_poll("closing")
        self.updates.bell.ring()
        self.feed.close()

    async def until_closing(self) -> None:
        """Return when the stand-in closes."""
        while not self.closing:
            await self.updates.bell.wait()

    def chat(self, chat_id: int) -> Chat:
        """A chat by id. Raises WorldError."""
        if chat_id not in self.chats:
            raise WorldError(f"no such chat: {chat_id}")
        return self.chats[chat_id]

    def person(self, user_id: int) -> Person:
        """A person by id. Raises WorldError."""
        if user_id not in self.people:
            raise WorldError(f"no such person: {user_id}")
        return self.people[user_id]

    def message(self, chat_id: int, message_id: int) -> Message:
        """A message that has not been deleted. Raises WorldError."""
        message = self.chat(chat_id).messages.get(message_id)
        if message is None or message.deleted:
            raise WorldError(f"no such message: {chat_id}:{message_id}")
        return message

    def next_message_id(self, chat: Chat) -> int:
        """Supergroups count for themselves; private chats and basic groups share the bot's counter."""
        key = chat.id if chat.type == "supergroup" else 0
        self._message_ids[key] += 1
        return self._message_ids[key]

    def post(
        self,
        chat: Chat,
        sender: Person,
        content: Json,
        *,
        reply_to: Message | None = None,
        thread_id: int | None = None,
        markup: Json | None = None,
        service: str | None = None,
        sender_chat: Chat | None = None,
        writer: Person | None = None,
        origin: Json | None = None,
        force_reply: Json | None = None,
        opens_topic: bool = False,
    ) -> Message:
        """Put a message into a chat and tell the page. `thread_id` names a topic, None is General."""
        message = Message(chat, self.next_message_id(chat), sender, self.date(), content)
        message.reply_to, message.markup, message.service = reply_to, markup, service
        message.sender_chat, message.writer, message.origin = sender_chat, writer, origin
        message.force_reply = force_reply
        _place(message, message.message_id if opens_topic else thread_id)
        chat.messages[message.message_id] = message
        self.feed.publish({"type": "message", "message": page_message(message)})
        return message

    def deliver(self, message: Message, kind: str = "message") -> None:
        """Tell the bot about a message, if it may see it."""
        message.seen = self.bot_sees(message)
        if message.seen:
            date = message.edit_date or message.date
            self.updates.add(kind, message.api(), message.chat.id, date)

    def bot_sees(self, message: Message) -> bool:
        """Bots never see each other; the rest is https://core.telegram.org/bots/features#privacy-mode."""
        chat = message.chat
        if message.sender.is_bot and message.sender_chat is None:
            return False
        if chat.type == "private":
            return True
        if not chat.bot_is_in:
            return False
        if chat.bot_is_admin or not chat.privacy or message.service:
            return True
        replied = message.reply_to is not None and message.reply_to.sender.id == self.bot.id
        return replied or self._commands_us(message)

    def _commands_us(self, message: Message) -> bool:
        """A command with our name; one without any when no other bot was the last to write there."""
        name = f"@{(self.bot.username or '').lower()}"
        for entity in message.content.get("entities", []):
            if entity["type"] == "bot_command" and entity["offset"] == 0:
                word = utf16_slice(message.text, 0, entity["length"]).lower()
                return word.endswith(name) if "@" in word else self._wrote_last(message.chat)
        return False

    def _wrote_last(self, chat: Chat) -> bool:
        bots = (one.sender for one in reversed(chat.messages.values()) if one.sender.is_bot)
        return next((bot.id for bot in bots if bot is not GROUP_ANONYMOUS_BOT), self.bot.id) == self.bot.id

    def commands_for(self, chat_id: int, user_id: int) -> list[Json]:
        """The command menu that this person's client shows in that chat."""
        chat, person = self.chat(chat_id), self.person(user_id)
        return menu_of(self.commands, chat, person) if chat.bot_is_in and chat.holds(user_id) else []

    def show_commands(self) -> None:
        """Tell the page that some command list changed."""
        self.feed.publish({"type": "commands"})

    def show_edited(self, message: Message) -> None:
        """Tell the page that a message changed."""
        self.feed.publish({"type": "edited", "message": page_message(message)})

    def show_deleted(self, message: Message) -> None:
        """Tell the page that a message is gone."""
        self.feed.publish({"type": "deleted", "chat_id": message.chat.id, "message_id": message.message_id})

    def show_reactions(self, message: Message) -> None:
        """Tell the page about a message's reactions."""
        where = {"chat_id": message.chat.id, "message_id": message.message_id}
        self.feed.publish({"type": "reactions", **where, "reactions": page_reactions(message)})

    def limit(self, pace: Pace | None) -> None:
        """Enforce Telegram's rates from now on, or with None no longer; what was counted is forgotten."""
        self.limiter = Limiter(pace, self.clock.monotonic)
        self.feed.publish({"type": "limits", "limits": page_limits(pace)})

    def show_chat(self, chat: Chat) -> None:
        """Tell the page that other people are in a chat, or others administer it."""
        self.feed.publish({"type": "chat", "chat": page_chat(chat)})

    def _faults_changed(self) -> None:
        self.feed.publish({"type": "faults", "faults": self.faults.shown()})

    def _mode_changed(self) -> None:
        self.feed.publish({"type": "mode", "mode": self.updates.mode})

    def inject(self, update: Json) -> int:
        """Give the bot any update as it is, whatever it allows; answers its update_id."""
        return self.updates.inject(update)

    def sent(self, chat_id: int) -> list[Message]:
        """What the bot has written in a chat and nobody has deleted, oldest first."""
        messages = self.chat(chat_id).messages.values()
        return [message for message in messages if message.sender is self.bot and not message.deleted]

    def bot_reaction(self, chat_id: int, message_id: int) -> str | None:
        """The emoji (or custom emoji id) the bot has put on a message."""
        message = self.chat(chat_id).messages[message_id]
        for reaction in message.reactions.get(self.bot.id, []):
            return str(reaction.get("emoji") or reaction.get("custom_emoji_id"))
        return None


def _place(message: Message, thread_id: int | None) -> None:
    """Set the thread: a topic, or the root of the replies in a supergroup without topics."""
    chat, reply = message.chat, message.reply_to
    if chat.is_forum:
        topic = thread_id if thread_id is not None else (reply.thread if reply else None)
        message.thread_id, message.is_topic = topic, topic is not None
    elif chat.type == "supergroup" and reply is not None:
        message.thread_id = reply.thread_id or reply.message_id
