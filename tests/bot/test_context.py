"""Who is behind an update."""

from typing import Any

import pytest
from telegram import Update

from bot.context import asker_of
from services.flow.places import Asker

GROUP = {"id": -1001, "type": "supergroup", "title": "Fans"}
CHANNEL = {"id": -1002, "type": "channel", "title": "News"}
STAND_IN = {"id": 136817688, "is_bot": True, "first_name": "Channel"}
HIDDEN = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}


def message(sender: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"message_id": 1, "date": 0, "chat": GROUP, "from": sender, "text": "hi"} | more


@pytest.mark.parametrize(
    ("sender", "chat"), [(HIDDEN, GROUP), (STAND_IN, CHANNEL)], ids=["a group", "a channel"]
)
def test_whoever_writes_as_a_chat_is_nobody_in_person(sender: dict[str, Any], chat: dict[str, Any]) -> None:
    update = Update.de_json({"update_id": 1, "message": message(sender, sender_chat=chat)})
    assert asker_of(update) == Asker(None, str(chat["title"]))


def test_a_press_on_a_message_of_a_chat_is_still_a_persons() -> None:
    query = {"id": "1", "from": ANN, "chat_instance": "1", "data": "v1:add:x"}
    update = Update.de_json({"update_id": 1, "callback_query": query | {"message": message(ANN)}})
    assert asker_of(update) == Asker(7, "Ann")
