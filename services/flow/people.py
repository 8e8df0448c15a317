"""People and chats: what they are called, which language they read."""

from services.engine.clock import Clock
from storage import chats, messages, people
from storage.database import Database, Transaction
from storage.records import Chat, Person

LANGUAGES = ("ru", "en")


def primary(code: str | None) -> str | None:
    """The language of an IETF tag, without its region."""
    return (code or "").split("-")[0].lower() or None


def ours(code: str | None) -> str | None:
    """The language of an IETF tag when we have texts in it."""
    language = primary(code)
    return language if language in LANGUAGES else None


class People:
    """Knows languages, and which chats take messages."""

    def __init__(self, database: Database, clock: Clock, *, language: str) -> None:
        """`language` is what people read who neither chose one nor use a Telegram in one we have."""
        self._database = database
        self._clock = clock
        self._default = language

    async def language(
        self, user_id: int | None, telegram_says: str | None, chat_id: int | None = None
    ) -> str:
        """What was chosen for the chat, by the person, in the person's Telegram; else the hub's.

        Without `telegram_says`, as where the hub writes first, it is what Telegram said when they wrote last.
        """

        def unit(tx: Transaction) -> tuple[Chat | None, Person | None]:
            chat = chats.by_id(tx, chat_id) if chat_id is not None else None
            return chat, people.by_id(tx, user_id) if user_id is not None else None

        chat, person = await self._database.read(unit)
        chosen, said = (person.language, person.spoken) if person else (None, None)
        return (chat.language if chat else None) or chosen or ours(telegram_says or said) or self._default

    def chosen_language(self, tx: Transaction, user_id: int) -> str | None:
        """What the person chose."""
        person = people.by_id(tx, user_id)
        return person.language if person else None

    def choose_language(self, tx: Transaction, user_id: int, name: str, language: str | None) -> None:
        """Remember a chosen language, or that there is none."""
        people.choose_language(tx, user_id, language, name=name, at=self._clock.now())

    def meet(
        self,
        tx: Transaction,
        user_id: int,
        name: str,
        username: str | None,
        telegram_says: str | None = None,
    ) -> None:
        """Keep how a person is called, and the language their Telegram speaks, when it tells."""
        spoken, now = primary(telegram_says), self._clock.now()
        people.note(tx, user_id, name=name, username=username, spoken=spoken, at=now)

    def enter(self, tx: Transaction, chat_id: int, type_: str, title: str) -> None:
        """Keep what a chat is called; hearing from it means that it takes messages."""
        chats.note(tx, chat_id, type_=type_, title=title, at=self._clock.now())

    def membership(
        self, tx: Transaction, chat_id: int, type_: str, title: str, *, status: str, active: bool
    ) -> None:
        """Keep the bot's own standing in a chat."""
        now = self._clock.now()
        chats.membership(tx, chat_id, type_=type_, title=title, status=status, active=active, at=now)
        if not active:
            messages.drop_for_chat(tx, chat_id, at=now, reason=f"the bot is {status} there")

    def move(self, tx: Transaction, old: int, new: int) -> None:
        """A group has a new number."""
        chats.move(tx, old, new)

    def skip(self, tx: Transaction, chat_id: int) -> None:
        """Count an old message that nobody will answer."""
        chats.skip(tx, chat_id)

    def take_skipped(self, tx: Transaction, chat_id: int) -> int:
        """How many were passed over since it was last told."""
        return chats.take_skipped(tx, chat_id)

    async def chat(self, chat_id: int) -> Chat | None:
        """A chat the bot has seen."""
        return await self._database.read(lambda tx: chats.by_id(tx, chat_id))
