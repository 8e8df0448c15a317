"""The library the hub uses, against the stand-in."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReactionTypeEmoji,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter
from telegram.request import HTTPXRequest
from telegram.warnings import PTBDeprecationWarning

from sandbox.telegram.world import World
from sandbox.transport import LoopbackTransport
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, BORIS, Groups


def _bot(app: Starlette, clock: HandClock, token: str) -> Bot:
    def request() -> HTTPXRequest:
        return HTTPXRequest(httpx_kwargs={"transport": LoopbackTransport(app, clock)})

    root = "http://sandbox.test/telegram"
    return Bot(
        token,
        base_url=f"{root}/bot",
        base_file_url=f"{root}/file/bot",
        request=request(),
        get_updates_request=request(),
    )


@pytest.fixture
async def library(app: Starlette, world: World, clock: HandClock) -> AsyncIterator[Bot]:
    async with _bot(app, clock, world.token) as bot:
        yield bot


async def test_a_conversation(library: Bot, world: World) -> None:
    sticker = world.add_set("Cats_by_x", "<b>Cats & Co</b>").stickers[0]
    await library.get_updates(allowed_updates=Update.ALL_TYPES)
    seen = world.send_sticker(ALICE.id, ALICE.id, sticker)
    (update,) = await library.get_updates()
    assert update.message is not None
    assert update.message.sticker is not None
    found = await library.get_sticker_set(str(update.message.sticker.set_name).upper())
    assert (found.title, len(found.stickers)) == ("<b>Cats & Co</b>", 3)
    sent = await library.send_message(
        ALICE.id,
        "<b>New</b>",
        parse_mode="HTML",
        reply_parameters=ReplyParameters(seen.message_id, allow_sending_without_reply=True),
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Add", callback_data="v1:x")]]),
    )
    assert sent.text_html == "<b>New</b>"
    query_id = world.press(ALICE.id, sent.message_id, ALICE.id, "v1:x")
    assert await library.answer_callback_query(query_id, "Done")
    edited = await library.edit_message_text("Listed", ALICE.id, sent.message_id)
    assert not isinstance(edited, bool)
    assert edited.reply_markup is None
    assert await library.set_message_reaction(ALICE.id, seen.message_id, [ReactionTypeEmoji("👍")])
    world.react(ALICE.id, sent.message_id, ALICE.id, ["🔥"])
    kinds = [
        update.to_dict().keys() - {"update_id"} for update in await library.get_updates(update.update_id + 1)
    ]
    assert kinds == [{"callback_query"}, {"message_reaction"}]


async def test_files_and_photos(library: Bot, world: World) -> None:
    sticker = world.add_set("Cats_by_x").stickers[0]
    file = await library.get_file(sticker.thumbnail_id)
    assert (await file.download_as_bytearray())[:4] == b"RIFF"
    sent = await library.send_photo(ALICE.id, b"\xff\xd8 picture", caption="Week")
    assert sent.caption == "Week"
    assert (
        await (await library.get_file(sent.photo[-1].file_id)).download_as_bytearray()
    ) == b"\xff\xd8 picture"


async def test_chats_commands_and_the_webhook(library: Bot, world: World, groups: Groups) -> None:
    chat = await library.get_chat(groups.forum.id)
    assert chat.is_forum
    assert [m.user.id for m in await library.get_chat_administrators(groups.admin.id)] == [ALICE.id]
    assert (await library.get_chat_member(groups.admin.id, world.bot.id)).status == "administrator"
    await library.set_my_commands([BotCommand("start", "Begin")], scope=BotCommandScopeChat(ALICE.id))
    assert (await library.get_my_commands(BotCommandScopeChat(ALICE.id)))[0].command == "start"
    await library.set_webhook("http://hub.test:8020/hook", secret_token="s", allowed_updates=["message"])
    info = await library.get_webhook_info()
    assert (info.url, info.allowed_updates) == ("http://hub.test:8020/hook", ("message",))
    with pytest.raises(Conflict):
        await library.get_updates()
    assert await library.delete_webhook()


async def test_every_error_is_the_one_the_library_knows(
    library: Bot, app: Starlette, world: World, groups: Groups, clock: HandClock
) -> None:
    with pytest.raises(BadRequest, match="Stickerset_invalid"):
        await library.get_sticker_set("Nothing")
    world.block(ALICE.id)
    with pytest.raises(Forbidden, match="blocked"):
        await library.send_message(ALICE.id, "x")
    new = world.migrate(groups.basic.id)
    with pytest.raises(ChatMigrated) as migrated:
        await library.send_message(groups.basic.id, "x")
    assert migrated.value.new_chat_id == new.id
    world.faults.add("429", times=1, retry_after=3)
    with pytest.warns(PTBDeprecationWarning), pytest.raises(RetryAfter):
        await library.send_message(groups.admin.id, "x")
    with pytest.raises(BadRequest, match="Chat not found"):
        await library.send_message(BORIS.id + 1, "x")
    with pytest.raises(InvalidToken):
        await _bot(app, clock, f"1:{'A' * 35}").get_me()
