"""/doctor: everything is asked now, in a job of its own, and told by level."""

from tests.e2e.operating import answer, answers, steps
from tests.e2e.wording import head, words
from tests.town import ADMIN, API_KEY, CHEN, Outside, Town


async def test_findings_are_told_a_message_a_level(town: Town) -> None:
    begun = answers(town, await town.says(ADMIN, "/doctor"))[0]
    await steps(town, 11)
    told = [message.text for message in town.sent(ADMIN) if message is not begun]
    assert begun.text.startswith("🩺 Failed: 0, warnings: ")
    by_level = {text.split("\n")[0]: text for text in told}
    well = by_level[words("doctor-ok")]
    for name in ("database SQLite", "telegram @switchboard_demo_bot", "work jobs are worked", "disk "):
        assert name in well
    assert "HEARTBEAT_URL" in by_level[words("doctor-warning")]
    assert not [text for text in told if API_KEY in text or town.world.token in text]


async def test_it_is_told_while_work_is_paused_and_says_so(town: Town) -> None:
    question = answer(town, await town.says(ADMIN, "/pause"))
    await town.presses(ADMIN, question, question.buttons[0][0]["callback_data"])
    await town.says(ADMIN, "/doctor")
    await steps(town, 11)
    assert "work paused by Alice since 2026-01-15 12:00 UTC" in "".join(m.text for m in town.sent(ADMIN))


async def test_a_gallery_that_is_away_is_told_with_what_helps(outside: Outside) -> None:
    async with outside.hub(GALLERY_API_URL="http://127.0.0.1:9", GALLERY_API_KEY="k" * 32) as town:
        begun = answers(town, await town.says(ADMIN, "/doctor"))[0]
        await steps(town, 11)
        assert begun.text.startswith("🩺 Failed: 1")
        failed = next(m.text for m in town.sent(ADMIN) if head(m) == words("doctor-failed"))
        assert "gallery" in failed
        assert "GALLERY_API_URL" in failed


async def test_others_are_refused(town: Town) -> None:
    await town.says(CHEN, "/doctor")
    assert town.last(CHEN).text == words("error-not-allowed")
