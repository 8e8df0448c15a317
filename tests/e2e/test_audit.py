"""/audit: one thing's story in order, with who, when, what changed and because of what."""

import pytest

from services.engine.observability import MASK
from services.flow.audit import ACTIONS, INDENT, LINE
from storage import journal
from tests.e2e.operating import answer, answers, confirm, plant
from tests.e2e.wording import head, press_buttons, words
from tests.town import ADMIN, BORIS, CHEN, LISTED, Outside, Town

SECRET = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX"


async def note(town: Town, number: int = 0, **more: object) -> None:
    row = {
        "at": town.clock.now(),
        "actor": f"user:{BORIS}",
        "action": "change",
        "kind": "stickerset",
        "key": "Cats_by_bot",
        "correlation_id": f"c{number}",
        "job_id": 1000 + number,
    }
    hub = town.switchboard.hub
    await hub.database.write(lambda tx: journal.add(tx, **row | more))  # type: ignore[arg-type]


async def test_a_sets_story_is_told_in_order_with_what_changed(town: Town) -> None:
    await town.lists(LISTED)
    await note(town, 1, before={"title": "Cats", "count": 3}, after={"title": "Dogs", "count": 3})
    await note(town, 2, action="remove", actor="key:4", before={"title": "Dogs"})
    for wanted in (LISTED, LISTED.upper(), f"https://t.me/addstickers/{LISTED}"):
        told = answer(town, await town.says(ADMIN, f"/audit {wanted}")).text
        assert words("audit-title", kind="stickerset", key="", count=3).split("–")[1] in told
        order = [told.index(part) for part in ("Chen (", "title: Cats → Dogs", "key:4 removed")]
        assert order == sorted(order)
        assert "count: 3 →" not in told
        assert "15 Jan 2026, 15:00" in told, "in the settings' zone"
        assert "job 1001 · c1" in told


async def test_long_stories_turn_page_by_page(town: Town) -> None:
    for number in range(20):
        await note(town, number, after={"number": number})
    listed = answer(town, await town.says(ADMIN, "/audit Cats_by_bot"))
    assert "number: 7" in listed.text
    assert "number: 8" not in listed.text
    await town.presses(ADMIN, listed, "v1:audit:8")
    assert words("audit-range", first=9, last=16, count=20) in listed.text
    assert press_buttons(listed) == ["v1:audit:0", "v1:audit:16"]
    await town.presses(ADMIN, listed, "v1:audit:16")
    assert "number: 19" in listed.text
    assert press_buttons(listed) == ["v1:audit:8"]


async def test_pages_of_long_entries_are_one_message_each_and_nothing_is_left_out(town: Town) -> None:
    for number in range(20):
        fields = {f"field{place}": f"{number}.{place} 🐈 " + "long " * 40 for place in range(number % 6)}
        await note(town, number, after=fields | {"number": number})
    listed = answer(town, await town.says(ADMIN, "/audit Cats_by_bot"))
    pages = [listed.text]
    while "number: 19" not in listed.text:
        await town.presses(ADMIN, listed, press_buttons(listed)[-1])
        pages.append(listed.text)
    assert len(town.sent(ADMIN)) == 1
    told = "\n".join([*pages, ""])
    for number in range(20):
        assert told.count(f"number: {number}\n") == 1
        assert all(f"field{place}: {number}.{place} 🐈 long" in told for place in range(number % 6))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_words_of_a_line_take_no_more_than_is_counted_for_them(language: str) -> None:
    action = max((words(f"audit-{each}", language) for each in ACTIONS), key=len)
    nothing = {"actor": "", "kind": "", "key": ""}
    head = words("audit-entry-of", language, at="15 января 2026 г., 15:00:00", action=action, **nothing)
    assert len(head) <= LINE
    assert len(words("audit-change-line", language, change="")) < INDENT


async def test_going_back_shows_the_entries_before(town: Town) -> None:
    for number in range(20):
        await note(town, number, after={f"field{place}": "long " * 40 for place in range(6)} | {"no": number})
    listed = answer(town, await town.says(ADMIN, "/audit Cats_by_bot"))
    first = listed.text
    await town.presses(ADMIN, listed, press_buttons(listed)[0])
    assert listed.text != first
    await town.presses(ADMIN, listed, press_buttons(listed)[0])
    assert listed.text == first


async def test_of_an_entry_longer_than_a_message_the_rest_is_counted(town: Town) -> None:
    await note(town, after={f"field{place}": "long " * 40 for place in range(40)})
    [told] = answers(town, await town.says(ADMIN, "/audit Cats_by_bot"))
    shown = told.text.count("field")
    assert 15 < shown < 40
    assert words("audit-more", count=40 - shown).strip() in told.text


async def test_the_story_of_a_job_and_of_a_person(outside: Outside) -> None:
    async with outside.hub() as town:
        number = await plant(town, CHEN)
        await confirm(town, answer(town, await town.says(ADMIN, f"/retry {number}")))
        for wanted in (f"job {number}", f"JOB #{number}", f"user {ADMIN}"):
            told = answer(town, await town.says(ADMIN, f"/audit {wanted}")).text
            assert "Alice (500100200) retried" in told
            assert "reason: NetworkError" in told


async def test_without_an_item_the_last_entries_are_told(town: Town) -> None:
    assert answer(town, await town.says(ADMIN, "/audit")).text == words("audit-empty")
    for number in range(25):
        await note(town, number, after={"number": number})
    told = answer(town, await town.says(ADMIN, "/audit")).text
    assert "number: 4\n" not in told
    assert told.index("number: 5\n") < told.index("number: 24\n")
    assert "stickerset Cats_by_bot" in told


async def test_nothing_known_is_told(town: Town) -> None:
    told = answer(town, await town.says(ADMIN, "/audit Nobody_by_bot")).text
    assert told == words("audit-none", kind="stickerset", key="Nobody_by_bot")
    for wanted in ("!!!", "job 99999999999999999999 x"):
        assert answer(town, await town.says(ADMIN, f"/audit {wanted}")).text == words("audit-usage")
    huge = answer(town, await town.says(ADMIN, "/audit job 99999999999999999999")).text
    assert huge == words("audit-none", kind="job", key="99999999999999999999")


async def test_secrets_are_masked(town: Town) -> None:
    await note(town, before={"token": "abc-secret-abc"}, after={"token": f"bot{SECRET}", "note": "<b>x</b>"})
    told = answer(town, await town.says(ADMIN, "/audit Cats_by_bot")).text
    assert SECRET not in told
    assert "abc-secret-abc" not in told
    assert "<b>x</b>" in told


async def test_names_hold_no_secret_and_no_phone_and_pages_still_turn(town: Town) -> None:
    phone, key = "+79161234567", "https://host.test/list?token=abc-secret-abc"
    for number in range(10):
        await note(town, number, kind="region", key=phone, after={"number": number})
    await note(town, 11, kind="region", key=key, actor=f"bot{SECRET}", action=f"bot{SECRET}")
    await note(town, 12, kind=f"/bot{SECRET[:14]}", key="two\nlines")
    latest = answer(town, await town.says(ADMIN, "/audit")).text
    assert "two lines" not in latest  # of several lines the first
    assert "two" in latest
    listed = answer(town, await town.says(ADMIN, f"/audit region {phone}"))
    assert head(listed) == words("audit-title", kind="region", key=f"{MASK}67", count=10)
    await town.presses(ADMIN, listed, "v1:audit:8")
    assert words("audit-range", first=9, last=10, count=10) in listed.text
    none = answer(town, await town.says(ADMIN, "/audit region +79990001122")).text
    assert none == words("audit-none", kind="region", key=f"{MASK}22")
    told = answer(town, await town.says(ADMIN, f"/audit region {key}")).text
    for shown in (latest, listed.text, told):
        assert "9161234" not in shown
        assert "abc-secret-abc" not in shown
        assert SECRET[10:14] not in shown
    assert "https://host.test/list?token=" in latest


async def test_others_are_refused(town: Town) -> None:
    await town.says(CHEN, "/audit")
    assert town.last(CHEN).text == words("error-not-allowed")
