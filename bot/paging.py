"""Lists that are longer than a message: a page at a time, turned by buttons in place."""

from telegram import Update

from bot.context import HubContext
from bot.registry import pressed_at
from services.flow.items import Action
from services.flow.messages import Answer, Content, Messages
from storage.database import Transaction


def turns(press: str, number: int, last: int) -> tuple[Action, ...]:
    """The buttons to the pages before and after; they carry the page's number behind `press`."""
    found = []
    if number > 1:
        found.append(Action("button-page-before", f"{press}:{number - 1}", params={"page": number - 1}))
    if number < last:
        after = {"page": number + 1}
        found.append(Action("button-page-after", f"{press}:{number + 1}", params=after, beside=number > 1))
    return tuple(found)


def turn(messages: Messages, update: Update, context: HubContext, content: Content) -> None:
    """Answer the press on such a button: its message shows `content` from now on."""
    press_id, place = pressed_at(update, context)
    job = context.work.job

    def unit(tx: Transaction) -> None:
        messages.answer(tx, job, place, Answer(press_id))
        messages.edit_shown(tx, job, place, content)

    context.work.write(unit)
