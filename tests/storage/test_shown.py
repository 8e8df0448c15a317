"""What a message was written to show is found again, by its row and by the chat's number of it."""

from functools import partial

from storage import messages, sent_messages
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, new_message


async def test_the_content_of_a_row_is_found_by_its_number(database: WatchedDatabase) -> None:
    row = new_message(content={"texts": [{"key": "start"}]})
    number = await database.write(lambda tx: messages.put(tx, row))
    assert number
    assert await database.read(partial(sent_messages.content_of, message_id=number)) == row.content
    assert await database.read(partial(sent_messages.content_of, message_id=number + 1)) is None


async def test_the_content_of_a_sent_text_is_found_in_its_chat_only_and_never_that_of_an_edit(
    database: WatchedDatabase,
) -> None:
    for kind, chat_id, shown in (("edit", 1, "later"), ("text", 1, "first"), ("text", 2, "elsewhere")):
        row = new_message(kind, chat_id, content={"texts": [{"key": shown}]})
        number = await database.write(partial(messages.put, row=row))
        assert number
        await database.write(partial(messages.end, message_id=number, state="sent", at=NOON, sent_id=50))
    for chat_id, shown in ((1, "first"), (2, "elsewhere")):
        found = await database.read(partial(sent_messages.content_sent, chat_id=chat_id, sent_id=50))
        assert found == {"texts": [{"key": shown}]}
    assert await database.read(partial(sent_messages.content_sent, chat_id=1, sent_id=51)) is None
    assert await database.read(partial(sent_messages.content_sent, chat_id=3, sent_id=50)) is None
