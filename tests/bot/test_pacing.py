"""How much may be said when: as fast as Telegram lets, never faster, and silent when told so."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing import DOCUMENTED, MARGIN, Pacing
from sandbox.telegram.limits import Limiter
from sandbox.telegram.limits import Pace as JudgesPace

ANNE, BEN, GROUP, CLUB = 1, 2, -1, -2
SOON = 2 * MARGIN
METHODS = {
    "text": "sendmessage",
    "edit": "editmessagetext",
    "reaction": "setmessagereaction",
    "delete": "deletemessage",
    "answer": "answercallbackquery",
}


@pytest.fixture
def pacing() -> Pacing:
    return Pacing(DOCUMENTED)


def send(pacing: Pacing, chat: int, now: float, kind: str = "text", *, times: int = 1) -> None:
    for _ in range(times):
        pacing.end(pacing.begin(chat, kind, now), now)


def may_send(pacing: Pacing, chat: int, now: float) -> bool:
    return not pacing.is_halted(now) and chat not in pacing.resting(now)


def test_a_chat_takes_three_texts_at_once_and_then_one_a_second(pacing: Pacing) -> None:
    send(pacing, ANNE, 0.0, times=3)
    assert not may_send(pacing, ANNE, 0.99)
    assert may_send(pacing, ANNE, 1 + SOON)
    send(pacing, ANNE, 1 + SOON)
    assert not may_send(pacing, ANNE, 1.99)
    assert may_send(pacing, ANNE, 2 + 2 * SOON)


def test_a_chat_that_rests_holds_up_no_other(pacing: Pacing) -> None:
    send(pacing, ANNE, 0.0, times=3)
    assert may_send(pacing, BEN, 0.0)


def test_a_group_takes_twenty_texts_a_minute(pacing: Pacing) -> None:
    for second in range(20):
        assert may_send(pacing, GROUP, 2.0 * second)
        send(pacing, GROUP, 2.0 * second)
    assert not may_send(pacing, GROUP, 59.9)
    assert pacing.resting(59.9)[GROUP] == pytest.approx(60, abs=SOON)
    assert may_send(pacing, GROUP, 60 + SOON)


def test_four_reactions_count_as_much_as_one_text_in_a_group(pacing: Pacing) -> None:
    send(pacing, GROUP, 0.0, "reaction", times=76)
    assert may_send(pacing, GROUP, 1.0)
    send(pacing, GROUP, 1.0, "reaction")
    assert not may_send(pacing, GROUP, 2.0)


def test_reactions_leave_a_private_chats_second_alone(pacing: Pacing) -> None:
    send(pacing, ANNE, 0.0, "reaction", times=20)
    assert may_send(pacing, ANNE, 0.0)


def test_thirty_calls_a_second_is_all_there_is(pacing: Pacing) -> None:
    for chat in range(100, 130):
        assert pacing.has_room(0.0)
        send(pacing, chat, 0.0)
    assert not pacing.has_room(0.99)
    assert pacing.next_change(0.5) == pytest.approx(0.5, abs=SOON)
    assert pacing.has_room(1 + SOON)


def test_an_answer_to_a_press_uses_nothing_up(pacing: Pacing) -> None:
    send(pacing, ANNE, 0.0, "answer", times=100)
    assert may_send(pacing, ANNE, 0.0)
    assert pacing.has_room(0.0)


def test_what_is_on_its_way_counts_from_its_beginning(pacing: Pacing) -> None:
    for chat in range(100, 130):
        pacing.begin(chat, "text", 0.0)
    assert not pacing.has_room(14.0)  # Telegram may count them at any moment still


def test_what_never_reached_telegram_uses_nothing_up(pacing: Pacing) -> None:
    for _ in range(50):
        pacing.end(pacing.begin(GROUP, "text", 0.0), 0.0, counts=False)
    assert may_send(pacing, GROUP, 0.0)
    assert pacing.has_room(0.0)


def test_a_halt_ends_at_its_time_whatever_ends_before(pacing: Pacing) -> None:
    on_its_way = pacing.begin(BEN, "text", 0.0)
    pacing.halt(ANNE, 30, 1.0)
    pacing.end(on_its_way, 2.0)
    send(pacing, BEN, 3.0)
    assert not may_send(pacing, ANNE, 30.99)
    assert may_send(pacing, ANNE, 31.0)


def test_a_shorter_halt_does_not_end_a_longer_one(pacing: Pacing) -> None:
    pacing.halt(ANNE, 30, 0.0)
    pacing.halt(ANNE, 5, 10.0)
    assert not may_send(pacing, ANNE, 29.99)


def test_two_chats_halted_within_moments_halt_everything_until_the_later_end(pacing: Pacing) -> None:
    pacing.halt(ANNE, 30, 0.0)
    assert not pacing.is_halted(0.0)
    pacing.halt(BEN, 5, 1.0)
    assert pacing.is_halted(29.99)
    assert not pacing.is_halted(30.0)


def test_chats_halted_one_long_after_the_other_halt_nobody_else(pacing: Pacing) -> None:
    pacing.halt(ANNE, 30, 0.0)
    pacing.halt(BEN, 30, 10.0)
    assert not pacing.is_halted(10.0)


def test_a_halt_for_no_chat_is_for_everything(pacing: Pacing) -> None:
    pacing.halt(None, 8, 0.0)
    pacing.halt(None, 2, 1.0)
    assert pacing.is_halted(7.99)
    assert pacing.next_change(1.0) == 7.0
    assert not pacing.is_halted(8.0)


def test_what_went_out_before_the_start_counts(pacing: Pacing) -> None:
    pacing.recall([(GROUP, "text", -50.0 + 2 * number) for number in range(20)], 0.0)
    assert not may_send(pacing, GROUP, 0.0)
    assert may_send(pacing, GROUP, 10 + SOON)


def test_recalling_again_counts_nothing_twice_and_ends_no_halt(pacing: Pacing) -> None:
    pacing.halt(ANNE, 30, 0.0)
    for _ in range(5):
        pacing.recall([(GROUP, "text", -30.0)] * 5, 0.0)
    assert may_send(pacing, GROUP, 0.0)
    assert not may_send(pacing, ANNE, 0.0)


def test_nothing_changes_by_itself_when_nobody_rests(pacing: Pacing) -> None:
    send(pacing, ANNE, 0.0)
    assert pacing.next_change(0.0) == float("inf")


@dataclass
class Run:
    """Queues of chats worked as the sender does, each call reaching a judge somewhere on its way."""

    pacing: Pacing = field(default_factory=lambda: Pacing(DOCUMENTED))
    now: float = 0.0
    refused: int = 0

    def work(self, queues: dict[int, list[tuple[str, float, float]]]) -> float:
        judge = Limiter(JudgesPace(), lambda: self.now)
        busy, events, numbers = set[int](), list[tuple[float, int, int, str, float]](), count()
        calls = {}
        while any(queues.values()) or events:
            resting = self.pacing.resting(self.now)
            for chat, queue in queues.items():
                if queue and chat not in busy and chat not in resting and self.pacing.has_room(self.now):
                    kind, there, back = queue.pop(0)
                    calls[chat] = self.pacing.begin(chat, kind, self.now)
                    busy.add(chat)
                    heapq.heappush(events, (self.now + there, next(numbers), chat, kind, back))
            change = self.now + self.pacing.next_change(self.now)
            if not events or events[0][0] > change:
                self.now = change
                continue
            self.now, _, chat, kind, back = heapq.heappop(events)
            if back >= 0:
                self.refused += judge.wait(METHODS[kind], chat) > 0
                heapq.heappush(events, (self.now + back, next(numbers), chat, kind, -1.0))
            else:
                self.pacing.end(calls[chat], self.now)
                busy.discard(chat)
        return self.now


def flood(random: Random) -> dict[int, list[tuple[str, float, float]]]:
    """Many calls for few chats or for many, quick or slow; each takes so long there, and so long back."""
    chats = random.choice([[ANNE], [GROUP], [GROUP, CLUB, ANNE], range(10, 70)])
    kinds = random.choice(
        [["text"], ["reaction"], ["text", "edit", "reaction", "reaction", "delete", "answer"]]
    )
    slowest = random.choice([0.001, 0.1, 0.9])
    queues = defaultdict(list)
    for _ in range(random.randint(50, 200)):
        ways = random.uniform(0, slowest), random.uniform(0, slowest)
        queues[random.choice(chats)].append((random.choice(kinds), *ways))
    return queues


@settings(deadline=None, max_examples=50)
@given(st.randoms(use_true_random=False))
def test_a_judge_with_telegrams_limits_refuses_nothing(random: Random) -> None:
    run = Run()
    run.work(flood(random))
    assert not run.refused


def test_the_judge_refuses_who_does_not_ask() -> None:
    judge = Limiter(JudgesPace(), lambda: 0.0)
    assert [judge.wait("sendmessage", ANNE) > 0 for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("chats", "texts", "least"),
    [([ANNE], 10, 7.0), ([GROUP], 45, 122.0), (range(100, 200), 2, 6.0)],
    ids=["a chat's second", "a group's minute", "everybody's second"],
)
def test_no_time_is_wasted_either(chats: list[int], texts: int, least: float) -> None:
    queues = {chat: [("text", 0.0, 0.0)] * texts for chat in chats}
    assert least <= Run().work(queues) <= 1.02 * least
