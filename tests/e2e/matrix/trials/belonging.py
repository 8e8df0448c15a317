"""Who comes and goes: the bot itself, people, groups with a new number."""

from typing import Any

from tests.e2e.matrix.actors import COUNCIL, OWNER, Spot
from tests.e2e.matrix.stage import Stage
from tests.e2e.matrix.trial import Ready, Trial


def _new_group(stage: Stage, spot: Spot) -> int:
    """A basic group of two, as one may lose it."""
    members = [OWNER.user_id, spot.actor.user_id]
    return stage.world.add_group(f"Group {stage.number()}", members, chat_type="group").id


async def _bot(stage: Stage, spot: Spot) -> Ready:
    """Somebody blocks the bot, or throws it out."""
    who = spot.actor.user_id
    if spot.is_private:
        return Ready(
            lambda: stage.world.block(who), lambda traces: traces.has("chats", chat_id=who, active=False)
        )
    group = _new_group(stage, spot)
    return Ready(
        lambda: stage.world.kick_bot(group, by=who),
        lambda traces: traces.has("chats", chat_id=group, active=False),
    )


async def _person(stage: Stage, spot: Spot) -> Ready:
    """Somebody brings a friend: of interest among the admins."""
    friend = stage.new_person()
    return Ready(
        lambda: stage.world.join(spot.chat_id, friend, by=spot.actor.user_id),
        lambda traces: traces.has("members", chat_id=COUNCIL, user_id=friend, status="member"),
    )


async def _migration(stage: Stage, spot: Spot) -> Ready:
    group = _new_group(stage, spot)
    stage.world.send_text(group, OWNER.user_id, "hello")

    def effect(traces: Any) -> bool:
        moved_to = stage.world.chat(group).migrated_to
        return bool(traces.has("chats", chat_id=group, moved_to=moved_to))

    return Ready(lambda: stage.world.migrate(group, by=spot.actor.user_id), effect)


TRIALS = (
    Trial(
        "member",
        "person",
        _person,
        changes=True,
        works_in=("admins",),
        exists_in=("group", "forum", "admins"),
    ),
    Trial("message", "migration", _migration, changes=True, exists_in=("group",)),
    Trial("member", "bot", _bot, changes=True, exists_in=("private", "group")),  # whose chats are lost then
)
