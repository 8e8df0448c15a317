"""Texts from anywhere, as every database takes them."""

import pytest

from storage import chats, faults, people
from storage.faults import Occurrence
from storage.texts import storable
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON


@pytest.mark.parametrize("text", ["half a \ud83d character", "a\0b", "x" * 5000])
async def test_a_fault_is_stored_whatever_its_words_hold(database: WatchedDatabase, text: str) -> None:
    await database.write_row(faults.record, Occurrence(f"kind {text}", text, None, NOON))
    [found] = await database.read(lambda tx: faults.newest(tx, most=5))
    assert found.sample == storable(text)


@pytest.mark.parametrize("text", ["half a \ud83d character", "a\0b", "x" * 5000])
async def test_people_and_chats_may_be_called_anything(database: WatchedDatabase, text: str) -> None:
    await database.write(lambda tx: people.note(tx, 1, name=text, username=text, at=NOON))
    await database.write(lambda tx: chats.note(tx, 1, type_="supergroup", title=text, at=NOON))
    person = await database.read(lambda tx: people.by_id(tx, 1))
    chat = await database.read(lambda tx: chats.by_id(tx, 1))
    assert person
    assert chat
    assert person.name == storable(text)[:200]
    assert chat.title == storable(text)[:255]


def test_ordinary_texts_stay_as_they_are() -> None:
    assert storable("Лунные псы 🐕 — «да»") == "Лунные псы 🐕 — «да»"
