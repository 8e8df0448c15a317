"""Confirmations: what is dangerous is asked about first, and done when the same person says yes in time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from services.engine.clock import Clock
from services.engine.errors import Anonymous, NotAllowed, StaleButton
from services.engine.work import Work
from services.flow.items import Action
from services.flow.messages import Answer, Content, Messages, Text
from services.flow.places import Asker, Place
from services.flow.roles import Role, Roles
from storage import confirmations, sent_messages
from storage.database import Database, Transaction
from storage.records import Confirmation

LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody meant it: who, where (`place.message_id` shows the question), and the job to write in.

    `shown_row` is the outbox's row of the question: edits of it tell how it goes on.
    """

    by: Asker
    place: Place
    work: Work
    shown_row: int


# Does it: outside calls first, writes into the work. What the question's message shows from then on.
Operation = Callable[[dict[str, Any], Confirmed], Awaitable[Content]]


@dataclass(frozen=True, slots=True)
class _Known:
    operation: Operation
    role: Role


class Confirmations:
    """Asks, and does what was confirmed. Modules register what they want to be asked about."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        messages: Messages,
        roles: Roles,
        new_token: Callable[[], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._messages = messages
        self._roles = roles
        self._new_token = new_token
        self._known: dict[str, _Known] = {}

    @property
    def actions(self) -> dict[str, Role]:
        """Every action that may be asked about, with the role it needs."""
        return {action: known.role for action, known in self._known.items()}

    def register(self, action: str, operation: Operation, *, role: Role = "admin") -> None:
        """Make an action known, ≤ 40 characters. The role is asked for afresh when yes is said.

        An operation may be run again by a repeated job, so twice has to be once.
        """
        self._known[action] = _Known(operation, role)

    def ask(
        self, work: Work, place: Place, asker: Asker, action: str, params: dict[str, Any], question: Content
    ) -> None:
        """Put the question, with two buttons below it. `params` is JSON. Raises Anonymous."""
        if asker.user_id is None:
            raise Anonymous("a confirmation needs a person")
        user_id, token = asker.user_id, self._new_token()
        buttons = (
            Action("button-confirm", f"sure:{token}"),
            Action("button-cancel", f"drop:{token}", beside=True),
        )
        shown = replace_actions(question, buttons)

        def unit(tx: Transaction) -> None:
            row = self._messages.text(tx, work.job, place, shown, name=f"confirm.{action}")
            if row is not None:
                expires = self._clock.now() + LIFE
                confirmations.put(
                    tx, Confirmation(token, action, params, user_id, place.chat_id, row, expires)
                )

        work.write(unit)

    async def take(self, token: str, yes: bool, by: Asker, place: Place, press_id: str, work: Work) -> None:
        """A question's button was pressed. Raises StaleButton, NotAllowed, and what the operation raises.

        In time is a press that came in time, whenever it is worked: an earlier try may have done it already.
        """
        row = await self._database.read(lambda tx: _shown_at(tx, token, place))
        pressed_at = work.job.accepted_at
        if row is None or row.action not in self._known:
            raise StaleButton(token, user_text="error-stale-confirmation")
        if row.user_id != by.user_id:
            raise NotAllowed("another person's question", user_text="error-not-yours")
        if row.used_at or row.expires_at <= pressed_at:
            raise StaleButton(token, user_text="error-stale-confirmation")
        outcome = Content((Text("cancelled"),))
        if yes:
            known = self._known[row.action]
            await self._roles.require(by, known.role, place, changes=True)
            outcome = await known.operation(row.params, Confirmed(by, place, work, row.shown_row))
        work.write(lambda tx: self._close(tx, work, row, place, press_id, outcome))

    def _close(
        self, tx: Transaction, work: Work, row: Confirmation, place: Place, press_id: str, outcome: Content
    ) -> None:
        confirmations.use(tx, row.token, at=self._clock.now())
        self._messages.answer(tx, work.job, place, Answer(press_id))
        self._messages.edit(tx, work.job, place, outcome, row=row.shown_row)


def _shown_at(tx: Transaction, token: str, place: Place) -> Confirmation | None:
    """The question behind a button, if this is the message that asks it.

    Its time runs from when it could be read: a busy group's messages wait their turn.
    """
    row = confirmations.by_token(tx, token)
    if row is None or row.chat_id != place.chat_id:
        return None
    _, number = sent_messages.sent_id(tx, row.shown_row) or ("", None)
    if number not in {None, place.message_id}:  # None: nobody heard which it became
        return None
    sent_at = sent_messages.sent_at(tx, row.shown_row)
    return replace(row, expires_at=max(row.expires_at, sent_at + LIFE)) if sent_at else row


def replace_actions(content: Content, actions: tuple[Action, ...]) -> Content:
    """The content with these buttons and no others."""
    return Content(content.texts, content.card, content.links, actions)
