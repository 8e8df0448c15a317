"""What a chat's administrators choose for it: whether the bot proposes there, which language it speaks."""

from dataclasses import replace

from services.engine.errors import StaleButton
from services.engine.work import Work
from services.flow.items import Action
from services.flow.journal import Journal, actor_of
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.people import LANGUAGES, People
from services.flow.places import Asker, Place
from storage import chats
from storage.database import Transaction
from storage.records import Chat

OWN = "own"  # each person's own language
NO_CHOICE = f"set:language-{OWN}"
CHOICES = ("proposals-on", "proposals-off", *(f"language-{each}" for each in (*LANGUAGES, OWN)))


class ChatSettings:
    """Shows the settings with a button for each choice, and keeps what is chosen."""

    def __init__(self, people: People, messages: Messages, journal: Journal) -> None:
        self._people = people
        self._messages = messages
        self._journal = journal

    def show(self, work: Work, place: Place, *, asker: Asker, admin: bool) -> None:
        """Say what is chosen here. `admin`: the asker may also switch notices."""

        def unit(tx: Transaction) -> None:
            shown = self._content(tx, place, asker, admin)
            self._messages.text(tx, work.job, place, shown, name="settings")

        work.write(unit)

    def choose(
        self, work: Work, place: Place, choice: str, press_id: str, *, asker: Asker, admin: bool
    ) -> None:
        """Keep one of CHOICES, pressed below the settings' message, which then shows it.

        In a private chat the language is the person's, as by /lang. There is no other choice: for one
        raises StaleButton.
        """
        what, _, value = choice.partition("-")
        if place.private and what != "language":
            raise StaleButton("a private chat has its language alone")

        def unit(tx: Transaction) -> None:
            if place.private:
                language = self._choose_own(tx, asker, value)
            else:
                language = self._choose(tx, work, place, what, value, asker)
            there = replace(place, language=language or place.language)
            self._messages.answer(tx, work.job, there, Answer(press_id, Text("settings-saved")))
            self._messages.edit_shown(tx, work.job, there, self._content(tx, there, asker, admin))

        work.write(unit)

    def _choose_own(self, tx: Transaction, asker: Asker, value: str) -> str | None:
        language = value if value in LANGUAGES else None
        self._people.choose_language(tx, asker.user_id or 0, asker.name, language)
        return language

    def _choose(
        self, tx: Transaction, work: Work, place: Place, what: str, value: str, asker: Asker
    ) -> str | None:
        chosen: bool | str | None = value == "on" if what == "proposals" else value
        chosen = None if chosen == OWN else chosen
        chat = chats.by_id(tx, place.chat_id)
        before = {what: getattr(chat, what) if chat else None}
        if before != {what: chosen}:
            chats.choose(tx, place.chat_id, **{what: chosen})
            actor, key, after = actor_of(asker), str(place.chat_id), {what: chosen}
            self._journal.record(tx, work.job, actor, "settings", "chat", key, before=before, after=after)
        return chosen if isinstance(chosen, str) else None

    def _content(self, tx: Transaction, place: Place, asker: Asker, admin: bool) -> Content:
        chat = chats.by_id(tx, place.chat_id)
        notices = (Text("settings-notices"),) if admin else ()
        if place.private:
            language = self._people.chosen_language(tx, asker.user_id or 0)
            texts = (Text("settings-own"), Text(f"settings-own-language-{language or OWN}"), *notices)
            return Content(texts, actions=_languages(Action("button-own-language", NO_CHOICE)))
        on = chat is None or chat.proposals
        texts = (
            Text("settings-chat", {"title": chat.title if chat else str(place.chat_id)}),
            Text(f"settings-proposals-{'on' if on else 'off'}"),
            Text(f"settings-language-{_language_of(chat)}"),
            *notices,
        )
        switch = "off" if on else "on"
        toggle = Action(f"button-proposals-{switch}", f"set:proposals-{switch}")
        return Content(texts, actions=(toggle, *_languages(Action("button-each-own", NO_CHOICE))))


def _language_of(chat: Chat | None) -> str:
    return (chat.language if chat else None) or OWN


def _languages(none: Action) -> tuple[Action, ...]:
    """A button for each language, in one row, and one for none."""
    named = [
        Action(f"button-language-{each}", f"set:language-{each}", beside=index > 0)
        for index, each in enumerate(LANGUAGES)
    ]
    return (*named, none)
