"""Turning the pages of a list in place; services/flow/paging.py makes the buttons."""

from telegram import Update

from bot.context import HubContext
from bot.registry import pressed_at
from services.flow.messages import Answer, Content, Messages
from storage.database import Transaction


def turn(messages: Messages, update: Update, context: HubContext, content: Content) -> None:
    """Answer the press on such a button: its message shows `content` from now on."""
    press_id, place = pressed_at(update, context)
    job = context.work.job

    def unit(tx: Transaction) -> None:
        messages.answer(tx, job, place, Answer(press_id))
        messages.edit_shown(tx, job, place, content)

    context.work.write(unit)
