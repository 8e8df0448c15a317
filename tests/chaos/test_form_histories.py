"""Poll forms through random histories: never a second contact or deal, and none that is forgotten.

The portal fails in every way its stand-in knows, the hub is stopped and killed, contacts vanish and
programmes are decided about meanwhile; time is virtual. A failing history is shown as it is planned.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

import pytest
import structlog

from services.bitrix24 import written
from services.bitrix24.commands import Command
from services.bitrix24.matching import Person
from services.bitrix24.outcomes import NotRun, Outcome, Unknown
from services.engine.observability import ADOPTED
from services.programmes.attempt import Attempt
from tests.chaos.forms.many import play_all, play_in_processes

FEW, MANY = 50, 1000
LEAST = 100  # of the many in which each kind of fault strikes


@pytest.fixture(scope="module", autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level, {name: logging.getLogger(name).level for name in ADOPTED}
    yield
    root.handlers, level, adopted = before
    root.setLevel(level)
    for name, former in adopted.items():
        logging.getLogger(name).setLevel(former)
    structlog.reset_defaults()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("numbers", [range(FEW // 2), range(FEW // 2, FEW)], ids=["one half", "the other"])
def test_fifty_random_histories_leave_nothing_twice_and_nothing_lost(numbers: range) -> None:
    """In two halves, which two processes may play at one time; each kind of fault strikes in either."""
    tally = play_all(numbers)
    print(tally.table())
    assert tally.histories == len(numbers)
    assert tally.seldom(1) == []


async def _looks_for_nothing(self: Attempt) -> None:
    self.learnt.in_doubt = False


def _knows_all(commands: Sequence[Command], told: Sequence[Outcome]) -> list[Outcome]:
    return [NotRun(each.reason) if isinstance(each, Unknown) else each for each in told]


@pytest.mark.parametrize(
    ("where", "name", "instead", "first"),
    [
        pytest.param(Attempt, "_recover", _looks_for_nothing, 9, id="another try does not look first"),
        pytest.param(Person, "lease_names", (), 2, id="nobody holds a phone"),
        pytest.param(written, "read", _knows_all, 9, id="an unknown outcome counts as none"),
    ],
)
def test_histories_catch_a_planted_bug(where: Any, name: str, instead: Any, first: int) -> None:
    """`first` is the first of the fifty that shows it, which saves playing those before."""
    with patch.object(where, name, instead), pytest.raises(AssertionError, match=r"are all|all have"):
        play_all(range(first, FEW))


@pytest.mark.chaos
@pytest.mark.timeout(3600)
def test_a_thousand_random_histories_leave_nothing_twice_and_nothing_lost() -> None:
    tally = play_in_processes(range(MANY))
    print(tally.table())
    assert tally.histories == MANY
    assert tally.seldom(LEAST) == []
