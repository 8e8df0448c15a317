"""The buttons of cards that ask to choose."""

from telegram import Update

from bot.context import HubContext, asker_of
from bot.registry import ADMIN_CHANGES, ADMIN_READS, ROW, Registry, pressed_at, token_of
from services.flow.inquiry_presses import InquiryPresses
from services.flow.places import Press


class InquiryHandlers:
    """Hands an admin's choice to the inquiries, which know who may."""

    def __init__(self, presses: InquiryPresses) -> None:
        self._presses = presses

    def register(self, registry: Registry) -> None:
        """Choices, and the pages they stand on."""
        registry.press("pick", self.on_pick, ADMIN_CHANGES, carries=rf"{ROW}:\d{{1,9}}:\d{{1,4}}", asks=True)
        registry.press("turn", self.on_turn, ADMIN_READS, carries=rf"{ROW}:\d{{1,4}}")

    async def on_pick(self, update: Update, context: HubContext) -> None:
        """One of the answers."""
        press_id, place = pressed_at(update, context)
        token, version, chosen = token_of(context).split(":")
        press = Press(asker_of(update), place, press_id)
        await self._presses.pick(token, int(version), int(chosen), press, context.work)

    async def on_turn(self, update: Update, context: HubContext) -> None:
        """Another page of them."""
        press_id, place = pressed_at(update, context)
        token, page = token_of(context).split(":")
        await self._presses.turn(token, int(page), place, press_id, context.work)
