"""Answers about values that the mapping's file says nothing of."""

from dataclasses import replace

from storage import mapping_answers
from storage.mapping_answers import MappingAnswer
from tests.storage.files import WatchedDatabase
from tests.storage.rows import NOON, at

ANSWER = MappingAnswer("partner1.bitrix24.ru", "STAGE_ID", "C1:UC_K8", "NEW", "5", NOON)


async def put(database: WatchedDatabase, row: MappingAnswer) -> None:
    await database.write(lambda tx: mapping_answers.put(tx, row))


async def test_answers_are_kept_by_source_field_and_value(database: WatchedDatabase) -> None:
    rows = [
        ANSWER,
        replace(ANSWER, value="C1:UC_K9", answer="WON"),
        replace(ANSWER, field="UF_CRM_A", answer="12"),
        replace(ANSWER, source_domain="partner2.bitrix24.ru", answer="LOSE"),
    ]
    for row in rows:
        await put(database, row)
    assert await database.read(lambda tx: mapping_answers.of_domain(tx, "partner1.bitrix24.ru")) == {
        ("STAGE_ID", "C1:UC_K8"): "NEW",
        ("STAGE_ID", "C1:UC_K9"): "WON",
        ("UF_CRM_A", "C1:UC_K8"): "12",
    }
    assert await database.read(lambda tx: mapping_answers.of_domain(tx, "nobody.bitrix24.ru")) == {}


async def test_a_later_answer_takes_the_place_of_the_first(database: WatchedDatabase) -> None:
    for row in (ANSWER, replace(ANSWER, answer="WON", answered_by="6", answered_at=at(60))):
        await put(database, row)
    found = await database.read(lambda tx: mapping_answers.of_domain(tx, ANSWER.source_domain))
    assert found == {("STAGE_ID", "C1:UC_K8"): "WON"}


async def test_texts_of_any_length_and_with_any_characters_are_stored(database: WatchedDatabase) -> None:
    row = replace(ANSWER, value="я" * 300, answer="\0\ud800" + "x" * 300, answered_by="n" * 200)
    await put(database, row)
    [(key, answer)] = (
        await database.read(lambda tx: mapping_answers.of_domain(tx, row.source_domain))
    ).items()
    assert key == ("STAGE_ID", "я" * 255)
    assert len(answer) == 255


async def test_an_answer_about_one_value_is_found_by_it(database: WatchedDatabase) -> None:
    await put(database, replace(ANSWER, answer=""))
    for value, answer in ((ANSWER.value, ""), ("C1:UC_K9", None)):
        found = await database.read(
            lambda tx, value=value: mapping_answers.of_value(tx, ANSWER.source_domain, "STAGE_ID", value)  # type: ignore[misc]
        )
        assert found == answer
