"""Which Bot API methods the hub uses. This file runs last: a method that no list names fails here."""

import aiogram.methods

from tests.e2e.test_webhook_mode import webhook_settings
from tests.town import BORIS, CHEN, GROUP, LISTED, UNLISTED, Outside, TownClock

USED = {
    "answerCallbackQuery",
    "deleteMessage",
    "deleteMyCommands",
    "deleteWebhook",
    "editMessageText",
    "getChatAdministrators",
    "getChatMember",
    "getCustomEmojiStickers",
    "getMe",
    "getStickerSet",
    "getUpdates",
    "getWebhookInfo",
    "sendMessage",
    "setMessageReaction",
    "setMyCommands",
    "setWebhook",
}


async def test_the_hub_uses_these_methods_and_no_others(
    outside: Outside, clock: TownClock, methods_used: set[str]
) -> None:
    async with outside.hub(**webhook_settings()) as town:
        await town.sends(BORIS, UNLISTED, GROUP)
        await town.presses(CHEN, town.last(GROUP))
        await town.sends(BORIS, LISTED, GROUP)
        (emoji,) = town.world.add_set("Moods", sticker_type="custom_emoji", count=1).stickers
        town.world.send_custom_emoji(BORIS, BORIS, [str(emoji.custom_emoji_id)])
        await town.settle()
    crew = outside.world.add_group("Crew", [BORIS, CHEN])
    async with outside.hub(ADMIN_CHAT_ID=str(crew.id)) as town:
        await clock.leap(60)  # polling begins when the webhook is gone
        town.world.kick(crew.id, CHEN)
        await town.settle()
        await clock.leap(86401)
        await town.settle()
    here = {call.method for call in outside.world.ledger.calls}
    assert here == USED
    assert here | methods_used == USED


def test_aiogram_knows_every_one_of_them() -> None:
    assert all(hasattr(aiogram.methods, name[0].upper() + name[1:]) for name in USED)
