"""The command menus: from what is registered and the texts `command-<name>`.

Which one a person sees Telegram decides by the narrowest scope that has one
(core.telegram.org/bots/api#determining-list-of-commands). They are decoration: who may do what is
checked when it is done.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import structlog
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeDefault,
)
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.client import Client
from bot.outcomes import unavailable
from bot.registry import Registry
from services.engine.inbox import DAY, Inbox, Offer, Topic
from services.engine.retry import RetryPolicy
from services.engine.work import Work
from services.flow.roles import RANK, Role, Roles
from services.texts import LANGUAGES, Texts
from storage import menus
from storage.database import Database
from storage.records import Job

log = structlog.get_logger(__name__)

TOPIC = "telegram.menus"
EVERY = "menus:every"  # the key of jobs that set all of them
ANYBODY = ""  # the language of those who read none that has a list of its own
RETRY = RetryPolicy(attempts=10, window=DAY, delay=5.0, cap=1800.0)

Scoped = tuple[BotCommandScope, Sequence[str]]


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job's payload: one person's menu, or all; `chats` get one of their own, `former` lose it."""

    user: int | None = None
    chats: list[int] = []
    former: list[int] = []


class Menus:
    """Works the topic `telegram.menus`. A job sets what is right when it is worked, so twice is once."""

    def __init__(
        self,
        client: Client,
        registry: Registry,
        roles: Roles,
        inbox: Inbox,
        database: Database,
        *,
        language: str,
    ) -> None:
        """`language` is for people who read neither of ours."""
        self._client = client
        self._registry = registry
        self._roles = roles
        self._inbox = inbox
        self._database = database
        self._language = language
        self._texts = Texts.load()

    def topic(self) -> Topic:
        """The row that the inbox needs."""
        return Topic(TOPIC, self.handle, 1, RETRY, own_keys=True)

    async def offer(self) -> None:
        """Store a job for all of them, unless the last one set the same."""
        scopes = await self._every()
        digest = self._digest(scopes)
        row = await self._database.read(lambda tx: menus.last(tx, TOPIC, EVERY))
        dedup_id, state, payload = row or ("0:", "dead", "{}")
        number, _, known = dedup_id.partition(":")
        if known == digest and state != "dead":
            return
        last, chats = msgspec.json.decode(payload, type=Order), _chats_of(scopes)
        # What may be left of an earlier time goes, also when the job that was to do it is dead.
        order = Order(chats=sorted(chats), former=sorted({*last.chats, *last.former} - chats))
        offered = msgspec.json.encode(order).decode()
        await self._inbox.accept(TOPIC, EVERY, f"{int(number) + 1}:{digest}", offered)

    def renew(self, work: Work, user_id: int) -> None:
        """Somebody's role may be another one now, or their chat is open at last: set their own menu."""
        payload = msgspec.json.encode(Order(user=user_id)).decode()
        dedup_id = f"job:{work.job.id}:{user_id}"
        self._inbox.follow_up(work, TOPIC, Offer(f"menus:{user_id}", dedup_id, payload))

    def by_role(self, role: Role) -> list[tuple[Role, list[str]]]:
        """The commands that somebody of this role may ask, each with the least role that may."""
        found: list[tuple[Role, list[str]]] = []
        told: set[str] = set()
        for each in (each for each in RANK if RANK[each] <= RANK[role]):
            names = [name for name in self._registry.commands(each, chat_admin=True) if name not in told]
            told.update(names)
            found += [(each, names)] if names else []
        return found

    async def handle(self, job: Job, work: Work) -> dict[str, int]:
        """Set one person's menu, or all. Raises Unavailable."""
        order = msgspec.json.decode(job.payload, type=Order)
        scopes = [await self._own(order.user)] if order.user else await self._every()
        scopes += _emptied(set(order.former) - _chats_of(scopes))
        return {"set": sum([await self._set(*scoped) for scoped in scopes])}

    async def _own(self, user_id: int) -> Scoped:
        """A person's private chat; without a role there is nothing to say beyond what everyone sees."""
        role = await self._roles.of(user_id)
        names = [] if role == "everyone" else self._registry.commands(role, chat_admin=True)
        return BotCommandScopeChat(user_id), names

    async def _every(self) -> list[Scoped]:
        commands, chat = self._registry.commands, await self._roles.admin_chat()
        private, group = commands("everyone", chat_admin=True), commands("everyone", chat_admin=False)
        found: list[Scoped] = [
            (BotCommandScopeDefault(), private),
            (BotCommandScopeAllPrivateChats(), private),
            (BotCommandScopeAllGroupChats(), group),
            (BotCommandScopeAllChatAdministrators(), private),
        ]
        if chat:
            admins = BotCommandScopeChatAdministrators(chat)
            found.append((BotCommandScopeChat(chat), commands("staff", chat_admin=False)))
            found.append((admins, commands("admin", chat_admin=True)))
        for holder in await self._roles.holders():
            found.append((BotCommandScopeChat(holder.user_id), commands(holder.role, chat_admin=True)))
        return found

    async def _set(self, scope: BotCommandScope, names: Sequence[str]) -> int:
        """One scope in every language; 0 when its chat takes none, which /start there makes good."""
        try:
            for language, commands in self._lists(names):
                if commands:
                    await self._client.set_my_commands(commands, scope, language or None)
                else:
                    await self._client.delete_my_commands(scope, language or None)
        except (BadRequest, Forbidden) as error:
            log.info("menus.not_set", details={"scope": scope.to_dict(), "reason": error.message})
            return 0
        except TelegramError as error:
            raise unavailable(error) from error
        return 1

    def _lists(self, names: Sequence[str]) -> Iterator[tuple[str, list[BotCommand]]]:
        for language in (ANYBODY, *LANGUAGES):
            spoken = language or self._language
            about = [self._texts.translate(spoken, f"command-{name}") for name in names]
            yield language, [BotCommand(*each) for each in zip(names, about, strict=True)]

    def _digest(self, scopes: Sequence[Scoped]) -> str:
        """Of everything that would be set, by which bot."""
        every: list[Any] = [self._client.token.split(":")[0]]
        for scope, names in scopes:
            lists = [[command.to_dict() for command in commands] for _, commands in self._lists(names)]
            every.append([scope.to_dict(), lists])
        return sha256(msgspec.json.encode(every)).hexdigest()


def _chats_of(scopes: Sequence[Scoped]) -> set[int]:
    """The chats that have a menu of their own."""
    return {int(scope.chat_id) for scope, _ in scopes if isinstance(scope, BotCommandScopeChat)}


def _emptied(chats: set[int]) -> list[Scoped]:
    """Chats whose own menus go; a group had two."""
    own: list[Scoped] = [(BotCommandScopeChat(chat), ()) for chat in sorted(chats)]
    return own + [(BotCommandScopeChatAdministrators(chat), ()) for chat in sorted(chats) if chat < 0]
