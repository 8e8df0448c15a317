"""/start /help /lang /whoami /version, and the small menu's buttons."""

from telegram import Update

from bot.context import HubContext, asker_of, is_private, place_of
from bot.menus import Menus
from bot.registry import Registry
from bot.speech import answer_press, message_of, say
from services.flow.claims import Claims, is_code
from services.flow.items import Action
from services.flow.messages import Content, Messages, Text
from services.flow.people import LANGUAGES, People
from services.flow.roles import Role, Roles
from services.version import VERSION
from storage.database import Transaction

LANGUAGE_ACTIONS = tuple(Action(f"button-language-{each}", f"lang:{each}") for each in LANGUAGES)
LANGUAGE_QUESTION = Content((Text("language-question"),), actions=LANGUAGE_ACTIONS)
MENU = (Action("button-help", "menu:help"), Action("button-language", "menu:lang"))


class PeopleHandlers:
    """What everyone may ask about the bot and about themselves."""

    def __init__(
        self, people: People, roles: Roles, claims: Claims, menus: Menus, messages: Messages
    ) -> None:
        self._people = people
        self._roles = roles
        self._claims = claims
        self._menus = menus
        self._messages = messages

    def register(self, registry: Registry) -> None:
        """Commands everywhere, buttons of the menu and of the language question."""
        registry.command("start", self.on_start)
        registry.command("help", self.on_help)
        registry.command("lang", self.on_lang)
        registry.command("whoami", self.on_whoami)
        registry.command("version", self.on_version)
        registry.press("menu", self.on_menu, carries="help|lang")
        registry.press("lang", self.on_language, carries="|".join(LANGUAGES))

    async def on_start(self, update: Update, context: HubContext) -> None:
        """/start: what this is, and two buttons; /start CODE in private may make an admin."""
        asker, place = asker_of(update), place_of(message_of(update), context.language)
        role = await self._roles.shown(asker.user_id) if place.private else "everyone"
        code = " ".join(context.args or []) if place.private and role != "admin" else ""
        is_open = bool(code) and await self._claims.are_open()
        may_be_code = is_open or is_code(code)  # what else links to the bot carry is nobody's concern
        if asker.user_id is not None and (is_open or role != "everyone"):
            self._menus.renew(context.work, asker.user_id)  # before /start their chat takes no menu

        job = context.work.job

        def unit(tx: Transaction) -> None:
            claimed = is_open and self._claims.take(tx, job, asker, code)
            texts = (Text("claimed"),) if claimed else (Text("start"),)
            refused = (Text("claim-refused"),) if may_be_code and not claimed else ()
            self._messages.text(tx, job, place, Content((*texts, *refused), actions=MENU))

        context.work.write(unit)

    async def on_help(self, update: Update, context: HubContext) -> None:
        """/help: everything this person may do."""
        say(self._messages, update, context, await self._help(update))

    async def on_lang(self, update: Update, context: HubContext) -> None:
        """/lang ru, or /lang for the question."""
        asker = asker_of(update)
        if not context.args or asker.user_id is None:
            say(self._messages, update, context, LANGUAGE_QUESTION)
        elif context.args[0].lower() in LANGUAGES:
            await self._choose(update, context, context.args[0].lower())
        else:
            say(
                self._messages,
                update,
                context,
                Content((Text("language-unknown"),), actions=LANGUAGE_ACTIONS),
            )

    async def on_whoami(self, update: Update, context: HubContext) -> None:
        """/whoami: what an admin needs to know to give somebody rights."""
        asker, message = asker_of(update), message_of(update)
        key = "whoami" if asker.user_id is not None else "whoami-anonymous"
        role = {"text": f"role-{await self._roles.shown(asker.user_id)}"}
        facts = {"name": asker.name, "user_id": asker.user_id, "role": role, "chat_id": message.chat.id}
        say(self._messages, update, context, Content((Text(key, facts),)))

    async def on_version(self, update: Update, context: HubContext) -> None:
        """/version."""
        say(self._messages, update, context, Content((Text("version", {"version": VERSION}),)))

    async def on_menu(self, update: Update, context: HubContext) -> None:
        """A button of the small menu says what the command says."""
        wanted = context.match.group(1) if context.match else "help"
        content = await self._help(update) if wanted == "help" else LANGUAGE_QUESTION
        answer_press(self._messages, update, context, None, content)

    async def on_language(self, update: Update, context: HubContext) -> None:
        """A language was pressed."""
        language = context.match.group(1) if context.match else ""
        asker = asker_of(update)
        if language and asker.user_id is not None:
            user_id = asker.user_id
            context.work.write(lambda tx: self._people.choose_language(tx, user_id, asker.name, language))
            context.language = language
            answer_press(self._messages, update, context, Text("language-chosen"))

    async def _choose(self, update: Update, context: HubContext, language: str) -> None:
        asker, chat = asker_of(update), await self._people.chat(message_of(update).chat.id)
        user_id = asker.user_id or 0
        context.work.write(lambda tx: self._people.choose_language(tx, user_id, asker.name, language))
        context.language = language
        elsewhere = (Text("language-of-chat"),) if chat and chat.language else ()
        say(self._messages, update, context, Content((Text("language-chosen"), *elsewhere)))

    async def _help(self, update: Update) -> Content:
        """In a group only what everyone may do: others read it too."""
        chat = update.effective_chat
        quiet = chat is None or not (is_private(chat) or await self._roles.is_admin_chat(chat.id))
        role = "everyone" if quiet else await self._roles.shown(asker_of(update).user_id)
        return Content((Text("help"), *self._sections(role)))

    def _sections(self, role: Role) -> list[Text]:
        return [
            text
            for each, names in self._menus.by_role(role)
            for text in (Text(f"help-{each}"), *map(_line, names))
        ]


def _line(name: str) -> Text:
    return Text("help-line", {"command": name, "about": {"text": f"command-{name}"}})
