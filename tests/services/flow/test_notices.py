"""Notices: one message a cause and chat, edited, ended, and never a flood."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.settlement import GIVE_UP_AFTER
from services.flow.items import Action
from services.flow.messages import Text
from services.flow.notice_kinds import NoticeKind
from storage import chat_notices, chats, messages
from storage.database import Transaction
from tests.services.flow.conftest import ADMIN, ANN, House, Row
from tests.storage.files import rows
from tests.storage.rows import NOON, new_message

DEALS = NoticeKind("deals", Action("button-run-doctor", "run:doctor"))  # as a feature will declare one
LOST = NoticeKind("lost", recovers=False)
ALARM = NoticeKind("alarm", urgent=True)
GROUP = -100
MINUTE = 60.0


@dataclass
class Desk:
    """Causes told and messages looked at, minute by minute; each job is finished as the inbox does."""

    house: House

    async def _finish(self, unit: Any) -> None:
        work = self.house.work()
        work.write(lambda tx: unit(tx, work))
        await self.house.finish(work)

    async def tell(
        self, kind: NoticeKind = DEALS, subject: str = "portal", count: int = 1, **params: Any
    ) -> None:
        notices = self.house.hub.notices
        await self._finish(lambda tx, work: notices.tell(tx, kind, subject, count=count, **params))

    async def recover(self, kind: NoticeKind = DEALS, subject: str = "portal") -> None:
        await self._finish(lambda tx, work: self.house.hub.notices.recovered(tx, kind, subject))

    async def write(self, admin_chat: int | None = None) -> None:
        """What the topic `notices` does each minute, for the causes told by others."""
        admins = frozenset({ADMIN})
        await self._finish(lambda tx, work: self.house.hub.notices.write(tx, work.job, admins, admin_chat))

    async def minutes(self, count: int, admin_chat: int | None = None) -> None:
        """So many minutes with a look in each; what is written goes out at once."""
        for _ in range(count):
            await self.house.clock.advance(MINUTE)
            await self.write(admin_chat)
            await self.send()

    async def send(self) -> list[Row]:
        """All that waits goes out; what it was."""
        waiting = await self.house.outbox()
        now = self.house.clock.now()

        def unit(tx: Transaction) -> None:
            for row in waiting:
                messages.end(
                    tx, row.id, "sent", at=now, sent_id=1000 + row.id if row.kind == "text" else None
                )

        await self.house.database.write(unit)
        self.sent += waiting
        return waiting

    def __post_init__(self) -> None:
        self.sent: list[Row] = []

    @property
    def told(self) -> list[tuple[str, int, str]]:
        """(kind of message, chat, text) of all that went out."""
        return [(row.kind, row.chat_id, row.keys[0]) for row in self.sent]


async def enter(house: House, chat_id: int, **more: Any) -> None:
    def unit(tx: Transaction) -> None:
        type_ = "private" if chat_id > 0 else "supergroup"
        chats.note(tx, chat_id, type_=type_, title="x", at=house.clock.now())
        if more:
            chats.choose(tx, chat_id, **more)

    await house.database.write(unit)


@pytest.fixture
async def desk(house: House) -> Desk:
    house.hub.notices.register([DEALS, LOST, ALARM])
    await enter(house, ADMIN)
    return Desk(house)


async def test_a_cause_is_one_message_however_often_it_is_told(desk: Desk) -> None:
    for _ in range(5):
        await desk.tell(count=27)
        await desk.minutes(1)
    assert desk.told == [("text", ADMIN, "notice-deals")]
    [text] = desk.sent[0].shown.texts
    assert text.params["count"] == 27
    assert text.params["since"] == {"clock": "2026-01-15T12:00:00+00:00"}
    assert desk.sent[0].shown.actions == (DEALS.action,)


async def test_what_changes_is_edited_into_the_same_message_once_a_minute(desk: Desk) -> None:
    await desk.tell(count=1)
    await desk.minutes(1)
    for count in (2, 3, 4):
        await desk.tell(count=count, portal="home")
    await desk.minutes(1)
    await desk.minutes(3)
    assert desk.told == [("text", ADMIN, "notice-deals"), ("edit", ADMIN, "notice-deals")]
    assert desk.sent[1].target_row == desk.sent[0].id
    assert desk.sent[1].shown.texts[0].params | {"since": 0} == {"count": 4, "portal": "home", "since": 0}


async def test_a_cause_that_changes_all_the_time_is_edited_ever_more_rarely(desk: Desk) -> None:
    for minute in range(24 * 60):
        await desk.tell(count=minute)
        await desk.minutes(1)
    assert 20 < len(desk.sent) < 60
    last = desk.sent[-1].shown.texts[0].params["count"]
    assert last > 0.85 * 24 * 60


async def test_while_nothing_goes_out_edits_do_not_pile_up(desk: Desk) -> None:
    await desk.tell(count=1)
    await desk.minutes(1)
    for count in range(2, 10):
        await desk.tell(count=count)
        await desk.house.clock.advance(MINUTE)
        await desk.write()
    assert [row.kind for row in await desk.house.outbox()] == ["edit"]


async def test_causes_of_other_subjects_are_told_apart(desk: Desk) -> None:
    await desk.tell(subject="one")
    await desk.tell(subject="two")
    await desk.minutes(1)
    assert len(desk.sent) == 2


async def test_the_end_is_told_in_reply_once_it_has_held_for_two_minutes(desk: Desk) -> None:
    await desk.tell(count=3)
    await desk.minutes(2)
    await desk.recover()
    await desk.minutes(1)
    assert len(desk.sent) == 1
    await desk.minutes(5)
    assert desk.told[1:] == [("text", ADMIN, "notice-deals-over")]
    assert desk.sent[1].reply_to == 1000 + desk.sent[0].id
    [text] = desk.sent[1].shown.texts
    assert text.params["lasted"] == {"seconds": 120}
    assert text.params["ended"] == {"clock": "2026-01-15T12:02:00+00:00"}
    assert text.params["count"] == 3


async def test_a_cause_that_is_over_before_anybody_was_told_leaves_nothing(desk: Desk) -> None:
    await desk.tell()
    await desk.recover()
    await desk.minutes(20)
    assert desk.sent == []
    await desk.recover()  # what was not there is no matter
    await desk.minutes(1)
    assert await rows(desk.house.database, "SELECT state FROM notices") == [("told",)]


async def test_a_message_that_could_not_go_out_is_taken_back_when_it_is_over(desk: Desk) -> None:
    await desk.tell()
    await desk.write()
    await desk.recover()
    await desk.write()
    assert await desk.house.outbox() == []
    await desk.minutes(20)
    assert desk.sent == []


async def test_a_message_that_may_have_arrived_is_not_taken_back(desk: Desk) -> None:
    await desk.tell()
    await desk.write()
    await desk.house.database.write(lambda tx: tx.exec_driver_sql("UPDATE messages SET doubts = 1"))
    await desk.recover()
    await desk.minutes(20)
    assert [key for _, _, key in desk.told] == ["notice-deals", "notice-deals-over"]


async def test_a_cause_that_comes_back_at_once_goes_on_as_the_same_notice(desk: Desk) -> None:
    await desk.tell()
    await desk.minutes(2)
    for _ in range(6):
        await desk.recover()
        await desk.minutes(1)
        await desk.tell()
        await desk.minutes(1)
    assert [kind for kind, _, _ in desk.told] == ["text"] + ["edit"] * (len(desk.told) - 1)
    assert await rows(desk.house.database, "SELECT state, returns FROM notices") == [("open", 6)]
    assert Text("notice-returns", {"count": 6}) in desk.sent[-1].shown.texts
    assert desk.sent[-1].shown.texts[0].params["since"] == {"clock": "2026-01-15T12:00:00+00:00"}


async def test_one_that_comes_and_goes_is_not_told_more_than_a_few_times_an_hour(desk: Desk) -> None:
    for _ in range(12):  # three minutes away, two there: long enough to hear of the first end
        await desk.tell()
        await desk.minutes(3)
        await desk.recover()
        await desk.minutes(2)
    texts = [key for kind, _, key in desk.told if kind == "text"]
    assert texts == ["notice-deals", "notice-deals-over", "notice-deals"]
    await desk.minutes(20)
    assert desk.told[-1] == ("text", ADMIN, "notice-deals-over")


async def test_one_that_comes_back_later_is_news(desk: Desk) -> None:
    for _ in range(2):
        await desk.tell()
        await desk.minutes(1)
        await desk.recover()
        await desk.minutes(11)
    assert [key for _, _, key in desk.told] == ["notice-deals", "notice-deals-over"] * 2
    assert await rows(desk.house.database, "SELECT state, returns FROM notices") == [("told", 0)] * 2


async def test_the_end_of_what_only_happened_is_nothing_to_tell_and_the_next_is_news(desk: Desk) -> None:
    for _ in range(2):
        await desk.tell(LOST)
        await desk.minutes(1)
        await desk.recover(LOST)
        await desk.minutes(3)
    assert [key for _, _, key in desk.told] == ["notice-lost"] * 2


async def test_in_quiet_hours_only_what_is_urgent_is_told(desk: Desk) -> None:
    quiet = (15 * 60, 16 * 60)  # it is 15:00 in Moscow
    await desk.house.database.write(lambda tx: chat_notices.keep_quiet(tx, ADMIN, quiet))
    await desk.tell()
    await desk.tell(LOST)
    await desk.tell(ALARM)
    await desk.minutes(30)
    await desk.recover()
    await desk.minutes(29)
    assert desk.told == [("text", ADMIN, "notice-alarm")]
    await desk.minutes(1)
    assert desk.told[1:] == [("text", ADMIN, "notice-lost")]  # the other was over before it was shown


async def test_an_end_in_quiet_hours_waits_for_the_morning(desk: Desk) -> None:
    quiet = (15 * 60 + 5, 16 * 60)
    await desk.house.database.write(lambda tx: chat_notices.keep_quiet(tx, ADMIN, quiet))
    await desk.tell()
    await desk.minutes(6)
    await desk.recover()
    await desk.minutes(53)
    assert len(desk.sent) == 1
    await desk.minutes(1)
    assert desk.told[1:] == [("text", ADMIN, "notice-deals-over")]


async def test_a_chat_that_wants_a_kind_gets_it_and_one_that_does_not_gets_none(desk: Desk) -> None:
    await enter(desk.house, GROUP)
    await desk.house.database.write(lambda tx: chat_notices.switch(tx, GROUP, "deals", wanted=True))
    await desk.house.database.write(lambda tx: chat_notices.switch(tx, ADMIN, "deals", wanted=False))
    await desk.tell()
    await desk.tell(LOST)
    await desk.minutes(1)
    assert sorted(desk.told) == [("text", GROUP, "notice-deals"), ("text", ADMIN, "notice-lost")]


async def test_a_chat_that_begins_to_want_a_kind_hears_what_is_the_matter(desk: Desk) -> None:
    await desk.tell()
    await desk.minutes(1)
    await enter(desk.house, GROUP)
    await desk.house.database.write(lambda tx: chat_notices.switch(tx, GROUP, "deals", wanted=True))
    await desk.minutes(1)
    assert desk.told[1:] == [("text", GROUP, "notice-deals")]


async def test_with_an_admins_group_notices_go_there_and_to_no_admin(desk: Desk) -> None:
    await desk.tell()
    await desk.minutes(1, GROUP)
    assert desk.told == [("text", GROUP, "notice-deals")]


async def test_who_is_no_admin_any_more_gets_nothing_whatever_they_switched_on(desk: Desk) -> None:
    await enter(desk.house, ANN)
    await desk.house.database.write(lambda tx: chat_notices.switch(tx, ANN, "deals", wanted=True))
    await desk.tell()
    await desk.minutes(1)
    assert [chat for _, chat, _ in desk.told] == [ADMIN]


async def test_an_admin_who_never_spoke_with_the_bot_gets_it_when_they_do(house: House) -> None:
    house.hub.notices.register([DEALS])
    desk = Desk(house)
    await desk.tell()
    await desk.minutes(1)
    assert desk.sent == []
    await enter(house, ADMIN)
    await desk.minutes(1)
    assert [chat for _, chat, _ in desk.told] == [ADMIN]


async def test_a_chat_that_blocked_the_bot_gets_it_when_it_lets_it_in_again(desk: Desk) -> None:
    await desk.tell()
    await desk.write()
    now = desk.house.clock.now()

    def blocked(tx: Transaction) -> None:
        chats.deactivate(tx, ADMIN)
        messages.drop_for_chat(tx, ADMIN, at=now, reason="blocked")

    await desk.house.database.write(blocked)
    await desk.minutes(3)
    assert desk.sent == []
    await enter(desk.house, ADMIN)
    await desk.minutes(3)
    assert desk.told == [("text", ADMIN, "notice-deals")]


async def test_an_admins_group_that_does_not_exist_is_tried_once(desk: Desk) -> None:
    await desk.tell()
    await desk.write(GROUP)
    query = "UPDATE messages SET state = 'dropped', reason = 'chat not found'"
    await desk.house.database.write(lambda tx: tx.exec_driver_sql(query))
    await desk.minutes(5, GROUP)
    assert desk.sent == []
    await enter(desk.house, GROUP)  # the bot was added
    await desk.minutes(5, GROUP)
    assert desk.told == [("text", GROUP, "notice-deals")]


@pytest.mark.parametrize(
    ("chosen", "spoken", "expected"), [(None, None, "en"), (None, "ru", "ru"), ("en", "ru", "en")]
)
async def test_a_notice_is_in_the_language_of_its_reader(
    desk: Desk, chosen: str | None, spoken: str | None, expected: str
) -> None:
    house = desk.house
    if chosen:
        await house.database.write(lambda tx: house.hub.people.choose_language(tx, ADMIN, "A", chosen))
    if spoken:
        row = new_message(chat_id=ADMIN, language=spoken)

        def unit(tx: Transaction) -> None:
            messages.end(tx, messages.put(tx, row) or 0, "sent", at=NOON, sent_id=5)

        await house.database.write(unit)
    await desk.tell()
    await desk.minutes(1)
    languages = await rows(house.database, "SELECT language FROM notice_messages")
    assert languages == [(expected,)]


async def test_a_group_reads_the_language_that_was_chosen_for_it(desk: Desk) -> None:
    await enter(desk.house, GROUP, language="ru")
    await desk.tell()
    await desk.minutes(1, GROUP)
    assert await rows(desk.house.database, "SELECT language FROM notice_messages") == [("ru",)]


async def test_a_kind_of_another_version_is_left_alone(desk: Desk) -> None:
    await desk.tell(NoticeKind("of-tomorrow"))
    await desk.minutes(3)
    assert desk.sent == []


async def test_what_lasts_into_the_next_day_says_since_which_day(desk: Desk) -> None:
    await desk.tell(count=1)
    await desk.minutes(1)
    await desk.house.clock.advance(timedelta(days=1).total_seconds())
    await desk.tell(count=2)
    await desk.minutes(1)
    assert desk.sent[-1].shown.texts[0].params["since"] == {"moment": "2026-01-15T12:00:00+00:00"}


async def failed(house: House, seconds: float) -> None:
    """Everything that waits is given up so long from now."""
    await house.clock.advance(seconds)
    now = house.clock.now()
    waiting = [row.id for row in await house.outbox()]

    def unit(tx: Transaction) -> None:
        for row in waiting:
            messages.end(tx, row, "failed", at=now, reason="no connection")

    await house.database.write(unit)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (GIVE_UP_AFTER.total_seconds(), [("text", ADMIN, "notice-deals")]),  # Telegram was away for a day
        (MINUTE, []),  # Telegram refused it, and would again
    ],
)
async def test_a_notice_given_up_for_its_age_is_told_anew_and_a_refused_one_is_not(
    desk: Desk, seconds: float, told: list[tuple[str, int, str]]
) -> None:
    await desk.tell()
    await desk.write()
    await failed(desk.house, seconds)
    await desk.minutes(3)
    assert desk.told == told
    await desk.recover()
    await desk.minutes(3)
    assert [key for _, _, key in desk.told[len(told) :]] == ["notice-deals-over"] * len(told)


async def test_a_group_with_a_new_number_knows_what_it_was_told(desk: Desk) -> None:
    supergroup = -1000000000100
    await enter(desk.house, GROUP)
    await desk.tell(subject="shown")
    await desk.minutes(1, GROUP)
    await desk.tell(subject="waits")
    await desk.house.clock.advance(MINUTE)
    await desk.write(GROUP)
    await desk.house.database.write(lambda tx: chats.move(tx, GROUP, supergroup))
    await desk.minutes(3, supergroup)
    assert desk.told == [("text", GROUP, "notice-deals"), ("text", supergroup, "notice-deals")]
    await desk.tell(subject="shown", count=2)  # cannot be edited there
    await desk.minutes(1, supergroup)
    await desk.recover(subject="shown")
    await desk.minutes(3, supergroup)
    assert desk.told[2:] == [
        ("text", supergroup, "notice-deals"),
        ("text", supergroup, "notice-deals-over"),
    ]
    assert desk.sent[-1].reply_to == 1000 + desk.sent[-2].id


async def test_an_end_told_after_the_group_got_its_new_number_answers_no_message(desk: Desk) -> None:
    supergroup = -1000000000100
    await enter(desk.house, GROUP)
    await desk.tell()
    await desk.minutes(1, GROUP)
    await desk.house.database.write(lambda tx: chats.move(tx, GROUP, supergroup))
    await desk.recover()
    await desk.minutes(3, supergroup)
    assert desk.told[1:] == [("text", supergroup, "notice-deals-over")]
    assert desk.sent[-1].reply_to is None


async def test_one_that_comes_back_again_ten_minutes_later_is_news_after_its_end(desk: Desk) -> None:
    await desk.tell()
    await desk.minutes(1)
    await desk.recover()
    await desk.minutes(1)
    await desk.tell()  # it came back once: the end has to hold for longer
    await desk.minutes(1)
    await desk.recover()
    await desk.minutes(9)
    assert desk.told[-1] == ("text", ADMIN, "notice-deals-over")
    await desk.house.clock.advance(MINUTE)
    await desk.tell()
    await desk.write()
    assert [row.keys for row in await desk.house.outbox()] == [["notice-deals"]]
