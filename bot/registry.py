"""Everything the bot answers to, in one list: each entry says who may, and nothing gets past its rule."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from telegram import ReactionTypeEmoji, Update
from telegram.ext import (
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    MessageReactionHandler,
    filters,
)

from bot.application import HubApplication
from bot.context import HubContext, asker_of, is_private
from bot.reactions import plain
from bot.rendering import PRESS_VERSION
from bot.speech import FRESH, place_of_press
from services.engine.errors import NotAllowed
from services.flow.places import Place
from services.flow.roles import RANK, Role, Roles

Handle = Callable[[Update, HubContext], Coroutine[Any, Any, None]]
YES, NO, LOOK = "👍", "👎", "👀"
ROW = "[A-Za-z0-9_-]+"  # the token of a row that says what a button is for


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may: a role, or with `chat` the chat's own administrators (in private: everybody).

    What `changes` something asks Telegram afresh who somebody is. With `bare_reads` a command changes
    something only by what follows its name; alone it reads.
    """

    role: Role | Literal["chat"] = "everyone"
    changes: bool = False
    bare_reads: bool = False


EVERYONE = Rule()
STAFF_READS = Rule("staff")
ADMIN_READS = Rule("admin")
ADMIN_CHANGES = Rule("admin", changes=True)
ADMIN_LISTS = Rule("admin", changes=True, bare_reads=True)
CHAT_ADMIN = Rule("chat", changes=True)
CHAT_SHOWS = Rule("chat", changes=True, bare_reads=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing the bot answers to."""

    kind: Literal["command", "press", "reaction", "message", "member"]
    name: str
    rule: Rule


class Gate:
    """Lets through whom a rule lets through."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def keep(self, rule: Rule, handle: Handle) -> Handle:
        """The handler behind the rule. Raises NotAllowed, Anonymous, Unavailable."""

        async def guarded(update: Update, context: HubContext) -> None:
            await self._check(rule, update, context)
            await handle(update, context)

        return handle if rule.role == "everyone" else guarded

    async def _check(self, rule: Rule, update: Update, context: HubContext) -> None:
        asker, chat = asker_of(update), update.effective_chat
        if chat is None:
            raise NotAllowed("nowhere")
        place = Place(chat.id, is_private(chat), context.language)
        changes = rule.changes and (bool(context.args) or not rule.bare_reads)
        if rule.role != "chat":
            await self._roles.require(asker, rule.role, place, changes=changes)
        elif asker.user_id is None:
            await self._roles.require(asker, "admin", place, changes=changes)
        elif not place.private and not await self._roles.administers(chat.id, asker.user_id):
            raise NotAllowed("not an administrator of this chat")


class Registry:
    """Registers handlers with the library, in the order given: the first that fits an update gets it."""

    def __init__(self, application: HubApplication, gate: Gate) -> None:
        self._application = application
        self._gate = gate
        self._reactions: dict[str, Handle] = {}
        self.entries: list[Entry] = []

    def command(self, name: str, handle: Handle, rule: Rule = EVERYONE) -> None:
        """A command; an edit does not run it again. Its description is the text `command-<name>`."""
        self._application.add_handler(CommandHandler(name, self._kept("command", name, rule, handle), FRESH))

    def press(
        self, name: str, handle: Handle, rule: Rule = EVERYONE, *, carries: str = "", asks: bool = False
    ) -> None:
        """Buttons whose data is `<name>`, or `<name>:` and what matches `carries` (match group 1).

        With `asks` the handler's service holds to the rule itself, as it journals who was refused.
        """
        pattern = rf"^{PRESS_VERSION}:{name}:({carries})$" if carries else rf"^{PRESS_VERSION}:{name}()$"
        kept = self._kept("press", name, rule, handle)
        self._application.add_handler(CallbackQueryHandler(handle if asks else kept, pattern))

    def commands(self, role: Role, *, chat_admin: bool) -> list[str]:
        """What somebody of this role may ask; `chat_admin`: they administer the chat, or it is theirs."""
        return [
            each.name
            for each in self.entries
            if each.kind == "command"
            and (chat_admin if each.rule.role == "chat" else RANK[each.rule.role] <= RANK[role])
        ]

    def any_press(self, handle: Handle) -> None:
        """Buttons that nothing registered before knows."""
        self._application.add_handler(CallbackQueryHandler(self._kept("press", "unknown", EVERYONE, handle)))

    def message(self, name: str, which: filters.BaseFilter, handle: Handle, *, group: int = 0) -> None:
        """Fresh messages of some sort; one of a lower `group` is asked before."""
        kept = self._kept("message", name, EVERYONE, handle)
        self._application.add_handler(MessageHandler(which & FRESH, kept), group)

    def member(self, name: str, which: int, handle: Handle) -> None:
        """Changes of who is what in a chat; `which` is a constant of ChatMemberHandler."""
        kept = self._kept("member", name, EVERYONE, handle)
        self._application.add_handler(ChatMemberHandler(kept, which))

    def reaction(self, emoji: str, handle: Handle) -> None:
        """A person puts this emoji, who had not before. Nobody is asked twice: its service knows the rule."""
        if not self._reactions:
            updated = MessageReactionHandler.MESSAGE_REACTION_UPDATED
            self._application.add_handler(
                MessageReactionHandler(self._on_reaction, message_reaction_types=updated)
            )
        self._reactions[emoji] = self._kept("reaction", emoji, EVERYONE, handle)

    def _kept(self, kind: str, name: str, rule: Rule, handle: Handle) -> Handle:
        self.entries.append(Entry(kind, name, rule))  # type: ignore[arg-type]
        return self._gate.keep(rule, handle)

    async def _on_reaction(self, update: Update, context: HubContext) -> None:
        reaction = update.message_reaction
        if reaction is None or reaction.user is None:  # anonymous: nobody to act for
            return
        before = {_emoji(each) for each in reaction.old_reaction}
        added = {_emoji(each) for each in reaction.new_reaction} - before
        if {YES, NO} <= added:  # both at once say nothing
            return
        for emoji, handle in self._reactions.items():
            if emoji in added:
                await handle(update, context)


class Handlers(Protocol):
    """Some of what the bot answers to."""

    def register(self, registry: Registry) -> None:
        """Enter it into the list."""
        ...


def token_of(context: HubContext) -> str:
    """What a pressed button carries behind its name."""
    return context.match.group(1) if context.match else ""


def pressed_at(update: Update, context: HubContext) -> tuple[str, Place]:
    """The press's id and the message that bears the button. Raises StaleButton."""
    query = update.callback_query
    assert query is not None  # noqa: S101 - only handlers of presses ask
    return query.id, place_of_press(query, context.language)


def _emoji(reaction: object) -> str | None:
    return plain(reaction.emoji) if isinstance(reaction, ReactionTypeEmoji) else None
