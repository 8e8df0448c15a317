"""Attempts that fail: how often they are repeated, when, and what a person hears in the end."""

from services.engine.errors import Refused, Unavailable
from services.engine.observability import current_correlation_id
from services.engine.work import Work
from storage.records import Job
from tests.services.engine.workshop import Workshop, effect, effects, failing_with


async def test_three_attempts_within_a_minute_then_dead(shop: Workshop) -> None:
    moments: list[float] = []

    async def handle(job: Job, work: Work) -> None:
        moments.append(shop.clock.monotonic())
        assert job.attempts == len(moments)
        raise Unavailable("portal", "down")

    shop.topic(handle)
    receipt = await shop.accept()
    await shop.clock.advance(60)
    assert len(moments) == 3
    assert 0 <= moments[1] - moments[0] <= 1
    assert 0 <= moments[2] - moments[1] <= 2
    found = await shop.state(receipt)
    assert (found.state, found.attempts, found.reason) == ("dead", 3, "Unavailable: portal: down")
    assert shop.faults.recorded == [("job.telegram.Unavailable", "portal: down")] * 3


async def test_a_named_wait_is_kept_to_the_second(shop: Workshop) -> None:
    moments: list[float] = []

    async def handle(job: Job, work: Work) -> None:
        moments.append(shop.clock.monotonic())
        if len(moments) == 1:
            raise Unavailable("telegram", retry_after=42.5)

    shop.topic(handle)
    receipt = await shop.accept()
    await shop.clock.advance(60)
    assert moments == [1000, 1042.5]
    assert (await shop.state(receipt)).state == "done"


async def test_a_named_wait_beyond_the_window_is_the_end(shop: Workshop) -> None:
    shop.topic(failing_with(Unavailable("telegram", retry_after=61)))
    receipt = await shop.accept()
    await shop.settle()
    assert (await shop.state(receipt)).state == "dead"


async def test_the_window_begins_with_the_first_failure_and_not_with_the_accepting(shop: Workshop) -> None:
    shop.topic(failing_with(Unavailable("telegram", retry_after=59)), started=False)
    receipt = await shop.accept()
    await shop.clock.advance(1000)
    shop.workers.start(shop.inbox.topics[0])
    await shop.clock.advance(1)
    assert (await shop.state(receipt)).state == "waiting"
    await shop.clock.advance(59)
    found = await shop.state(receipt)
    assert (found.state, found.attempts) == ("dead", 2)


async def test_a_permanent_error_is_dead_at_once_with_its_reason_and_a_last_word(shop: Workshop) -> None:
    words: list[tuple[int, str]] = []

    async def last_word(job: Job, work: Work, error: Exception) -> None:
        words.append((job.id, str(error)))
        effect(work)

    shop.topic(failing_with(Refused("not with us")), last_word=last_word)
    receipt = await shop.accept()
    await shop.settle()
    found = await shop.state(receipt)
    assert (found.state, found.attempts, found.reason) == ("dead", 1, "Refused: not with us")
    assert words == [(receipt.job_id, "not with us")]
    assert await effects(shop.database) == [receipt.job_id]  # the last word's; what the handler meant is gone


async def test_the_last_word_is_said_once_after_the_last_attempt(shop: Workshop) -> None:
    words: list[str] = []

    async def last_word(job: Job, work: Work, error: Exception) -> None:
        words.append(str(error))

    shop.topic(failing_with(ValueError("a mistake of ours")), last_word=last_word)
    await shop.accept()
    await shop.clock.advance(60)
    assert words == ["a mistake of ours"]


async def test_a_dead_job_sets_its_key_free(shop: Workshop) -> None:
    async def handle(job: Job, work: Work) -> None:
        if job.payload == "bad":
            raise Refused("no")

    shop.topic(handle)
    await shop.accept(payload="bad")
    good = await shop.accept(payload="good")
    await shop.settle()
    assert (await shop.state(good)).state == "done"


async def test_what_is_logged_while_a_job_is_handled_bears_its_correlation_id(shop: Workshop) -> None:
    seen: list[str | None] = []

    async def handle(job: Job, work: Work) -> None:
        seen.append(current_correlation_id())
        assert seen[-1] == job.correlation_id

    shop.topic(handle)
    for key in ("chat:1", "chat:2"):
        await shop.accept(key)
    await shop.settle()
    assert len(set(seen)) == 2


async def test_a_last_word_that_fails_buries_the_job_no_less(shop: Workshop) -> None:
    async def last_word(job: Job, work: Work, error: Exception) -> None:
        work.write(lambda tx: tx.exec_driver_sql("INSERT INTO nowhere VALUES (1)"))

    shop.topic(failing_with(Refused("wrong in itself")), last_word=last_word)
    receipt = await shop.accept()
    await shop.settle()
    found = await shop.state(receipt)
    assert (found.state, found.lapses, found.reason) == ("dead", 0, "Refused: wrong in itself")
    assert "job.telegram.last_word" in [kind for kind, _ in shop.faults.recorded]


async def test_a_reason_is_its_first_line_without_what_cannot_be_stored(shop: Workshop) -> None:
    shop.topic(failing_with(Refused("half \ud83d\n[SQL: INSERT INTO people VALUES ('Ann')]")))
    receipt = await shop.accept()
    await shop.settle()
    assert (await shop.state(receipt)).reason == "Refused: half ?"
