"""Where the bot may write, and what it learns about chats."""

import pytest

from sandbox.telegram.people import Person
from sandbox.telegram.wire import WorldError
from sandbox.telegram.world import World
from tests.sandbox.conftest import ALICE, BORIS, Bot, Groups


async def test_a_stranger_s_chat_is_not_found_and_an_acquaintance_must_start_first(
    bot: Bot, world: World
) -> None:
    call = {"chat_id": BORIS.id, "text": "x"}
    assert await bot.refused("sendMessage", **call) == "Bad Request: chat not found"
    world.add_group("Shared", [ALICE.id, BORIS.id])
    description = await bot.refused("sendMessage", **call)
    assert description == "Forbidden: bot can't initiate conversation with a user"
    world.send_text(BORIS.id, BORIS.id, "/start")
    await bot.ok("sendMessage", **call)


async def test_a_blocked_bot_cannot_write_until_unblocked_and_hears_of_both(bot: Bot, world: World) -> None:
    call = {"chat_id": ALICE.id, "text": "x"}
    world.block(ALICE.id)
    assert await bot.refused("sendMessage", **call) == "Forbidden: bot was blocked by the user"
    world.unblock(ALICE.id)
    await bot.ok("sendMessage", **call)
    changes = [update["my_chat_member"] for update in await bot.updates()]
    assert [(c["old_chat_member"]["status"], c["new_chat_member"]["status"]) for c in changes] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]


async def test_a_deleted_account_cannot_be_written_to(bot: Bot, world: World) -> None:
    world.people[ALICE.id].deactivated = True
    assert await bot.refused("sendMessage", chat_id=ALICE.id, text="x") == "Forbidden: user is deactivated"


async def test_chats_that_do_not_exist_or_are_not_named(bot: Bot) -> None:
    for chat_id, reason in (
        (-100500, "chat not found"),
        ("@nowhere", "chat not found"),
        ("", "chat_id is empty"),
    ):
        assert await bot.refused("sendMessage", chat_id=chat_id, text="x") == f"Bad Request: {reason}"
    assert await bot.refused("sendMessage", text="x") == "Bad Request: chat_id is empty"


async def test_a_public_group_can_be_named_by_its_username(bot: Bot, world: World) -> None:
    group = world.add_group("Public", [ALICE.id], username="cats_public")
    sent = await bot.ok("sendMessage", chat_id="@Cats_Public", text="x")
    assert sent["chat"]["id"] == group.id


async def test_kicked_and_left_bots_are_forbidden(bot: Bot, world: World, groups: Groups) -> None:
    world.kick_bot(groups.admin.id)
    world.leave_bot(groups.member.id)
    world.kick_bot(groups.basic.id)
    expected = {
        groups.admin.id: "Forbidden: bot was kicked from the supergroup chat",
        groups.member.id: "Forbidden: bot is not a member of the supergroup chat",
        groups.basic.id: "Forbidden: bot was kicked from the group chat",
    }
    for chat_id, description in expected.items():
        assert await bot.refused("sendMessage", chat_id=chat_id, text="x") == description


async def test_the_bot_hears_of_every_change_of_its_place(bot: Bot, world: World) -> None:
    chat = world.add_group("New", [ALICE.id], bot="left").id
    world.add_bot(chat)
    world.promote_bot(chat, rights=["can_delete_messages"])
    world.demote_bot(chat)
    world.kick_bot(chat)
    updates = await bot.updates()
    members = [
        update["my_chat_member"]["new_chat_member"] for update in updates if "my_chat_member" in update
    ]
    assert [member["status"] for member in members] == ["member", "administrator", "member", "kicked"]
    assert members[1]["can_delete_messages"] is True
    assert members[1]["can_promote_members"] is False
    (added,) = [update["message"] for update in updates if "message" in update]
    assert added["new_chat_members"][0]["id"] == world.bot.id


async def test_a_migrated_group_names_its_successor_and_both_chats_say_so(
    bot: Bot, world: World, groups: Groups
) -> None:
    new = world.migrate(groups.basic.id)
    response = await bot.call("sendMessage", chat_id=groups.basic.id, text="x")
    assert response.json() == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new.id},
    }
    old, fresh = [update["message"] for update in await bot.updates()]
    assert (old["chat"]["id"], old["migrate_to_chat_id"]) == (groups.basic.id, new.id)
    assert (fresh["chat"]["id"], fresh["migrate_from_chat_id"]) == (new.id, groups.basic.id)
    assert (fresh["message_id"], fresh["sender_chat"]["id"]) == (1, new.id)
    await bot.ok("sendMessage", chat_id=new.id, text="x")
    with pytest.raises(WorldError):
        world.send_text(groups.basic.id, ALICE.id, "x")


async def test_get_chat_tells_reactions_only_when_they_are_limited(
    bot: Bot, world: World, groups: Groups
) -> None:
    assert "available_reactions" not in await bot.ok("getChat", chat_id=groups.admin.id)
    groups.admin.available_reactions = ["👍"]
    chat = await bot.ok("getChat", chat_id=groups.admin.id)
    assert chat["available_reactions"] == [{"type": "emoji", "emoji": "👍"}]
    groups.admin.available_reactions = []
    assert (await bot.ok("getChat", chat_id=groups.admin.id))["available_reactions"] == []
    private = await bot.ok("getChat", chat_id=ALICE.id)
    assert (private["type"], private["first_name"]) == ("private", "Alice")


async def test_members_and_administrators(bot: Bot, world: World, groups: Groups) -> None:
    chat = groups.admin.id
    world.add_person(Person(77, "Stranger"))
    expected = {ALICE.id: "creator", BORIS.id: "member", 77: "left", world.bot.id: "administrator"}
    for user, status in expected.items():
        assert (await bot.ok("getChatMember", chat_id=chat, user_id=user))["status"] == status
    unknown = await bot.refused("getChatMember", chat_id=chat, user_id=999)
    assert unknown == "Bad Request: PARTICIPANT_ID_INVALID"
    world.make_admin(chat, BORIS.id)
    admins = await bot.ok("getChatAdministrators", chat_id=chat)
    assert [member["user"]["id"] for member in admins] == [ALICE.id, BORIS.id]
    private = await bot.refused("getChatAdministrators", chat_id=ALICE.id)
    assert private == "Bad Request: there are no administrators in the private chat"


async def test_chat_actions_are_checked_and_shown(bot: Bot, world: World) -> None:
    await bot.ok("sendChatAction", chat_id=ALICE.id, action="typing")
    assert world.feed.after(world.feed.last - 1)[0][1] == {
        "type": "typing",
        "chat_id": ALICE.id,
        "action": "typing",
    }
    await bot.refused("sendChatAction", chat_id=ALICE.id, action="dancing")


async def test_commands_are_kept_per_scope_and_language(bot: Bot, world: World) -> None:
    start = {"command": "start", "description": "Begin"}
    chat = {"type": "chat", "chat_id": ALICE.id}
    await bot.ok("setMyCommands", commands=[start])
    await bot.ok("setMyCommands", commands=[start, {"command": "stats", "description": "Now"}], scope=chat)
    assert await bot.ok("getMyCommands") == [start]
    assert len(await bot.ok("getMyCommands", scope=chat)) == 2
    assert await bot.ok("getMyCommands", language_code="ru") == []
    await bot.ok("deleteMyCommands", scope=chat)
    assert await bot.ok("getMyCommands", scope=chat) == []


@pytest.mark.parametrize(
    ("commands", "scope", "reason"),
    [
        ([{"command": "Start!", "description": "x"}], None, "BOT_COMMAND_INVALID"),
        ([{"command": "x" * 33, "description": "x"}], None, "BOT_COMMAND_INVALID"),
        ([{"command": "x", "description": ""}], None, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "x", "description": "y" * 257}], None, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": f"c{n}", "description": "x"} for n in range(101)], None, "BOT_COMMANDS_TOO_MUCH"),
        ([], {"type": "chat", "chat_id": BORIS.id}, "chat not found"),
        ([], {"type": "planet"}, "can't parse BotCommandScope: unsupported type specified"),
    ],
)
async def test_commands_telegram_does_not_take(
    bot: Bot, commands: object, scope: object, reason: str
) -> None:
    description = await bot.refused("setMyCommands", commands=commands, scope=scope)
    assert description == f"Bad Request: {reason}"
