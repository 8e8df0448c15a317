"""What the page says of figures that are known."""

import sys
import threading
from datetime import date
from math import nan

from bench.page import page, verdicts
from bench.profiling import Profiler
from bench.rounds import Figures, Goal, Heading, Table, ratio

FIGURES = {"ours": [30.0, 10.0, 40.0], "peer": [10.0, 10.0, 10.0]}


def table(*goals: Goal) -> Table:
    heading = Heading("Cache: a hit", "hits a second", "How it was done.", "peer", goals)
    return Table(heading, FIGURES, {"ours": {"event loop": [("telegram", 75.0), ("idle", 25.0)]}})


def test_a_ratio_is_the_median_of_the_ratios_within_rounds() -> None:
    figures = {"ours": [30.0, 10.0, 4.0], "peer": [10.0, 2.0, 1.0]}
    assert ratio(figures, "ours", "peer") == 4.0


def test_a_base_that_weighs_nothing_has_no_ratio() -> None:
    assert ratio({"ours": [1.0], "peer": [0.0]}, "ours", "peer") != 1.0


def test_a_goal_is_a_ratio_beside_a_peer_or_a_limit_of_its_own() -> None:
    assert Goal("", "ours", "peer", least=3.0).is_met(FIGURES)
    assert not Goal("", "ours", "peer", least=3.1).is_met(FIGURES)
    assert Goal("", "ours", most=30.0).is_met(FIGURES)
    assert not Goal("", "ours", most=29.0).is_met(FIGURES)


def test_the_page_tells_median_range_ratio_and_who_met_what() -> None:
    met, missed = Goal("twice", "ours", "peer", least=2.0), Goal("few", "ours", most=1.0, reason="Too many.")
    written = page([table(met, missed)], ["2 cores"], date(2026, 11, 21), 3.2)
    assert "| **ours** | 30 [10 – 40] | ×3.00 |" in written
    assert "| peer | 10 [10 – 10] | ×1 |" in written
    assert "| twice | ×3.00 | met |" in written
    assert "| few | 30 hits a second | **not met** |" in written
    assert "Too many." in written
    assert "- event loop: telegram 75 %, idle 25 %" in written
    assert "- 2 cores" in written


def test_nothing_is_explained_where_every_goal_is_met() -> None:
    written = page([table(Goal("twice", "ours", "peer", least=2.0))], [], date(2026, 11, 21), 1.0)
    assert "Short of the goal" not in written
    assert "event loop: telegram" not in written


def counting(*goals: Goal, failures: dict[str, str] | None = None) -> Table:
    heading = Heading("Portal: a list", "seconds", "How it was done.", "ours", goals)
    figures: Figures = {"ours": [2.0, 2.0, 3.0], "peer": [4.0, 4.0, 4.0]}
    requests: Figures = {"ours": [81.0, 81.0, 82.0], "peer": [nan, nan, nan]}
    return Table(heading, figures, columns={"requests": requests}, failures=failures or {})


def test_what_else_was_counted_has_columns_and_goals_of_its_own() -> None:
    few, fewer = (
        Goal("few", "ours", most=81.0, column="requests"),
        Goal("fewer", "ours", most=80.0, column="requests"),
    )
    written = page([counting(few, fewer)], [], date(2026, 11, 21), 1.0)
    assert "| | seconds | × | requests |\n|---|---:|---:|---:|" in written
    assert "| **ours** | 2 [2 – 3] | ×1 | 81 [81 – 82] |" in written
    assert "| peer | 4 [4 – 4] | ×2.00 | – |" in written
    assert "| few | 81 requests | met |" in written
    assert "| fewer | 81 requests | **not met** |" in written


def test_a_contender_that_failed_stays_in_the_table_and_meets_nothing() -> None:
    quick = Goal("quick", "peer", most=5.0)
    assert verdicts(counting(quick)) == ["met      quick: 4 seconds"]
    failed = counting(quick, failures={"peer": "ServerError"})
    assert verdicts(failed) == ["NOT MET  quick: 4 seconds"]
    assert "| peer: failed, ServerError | 4 [4 – 4] | – | – |" in page([failed], [], date(2026, 11, 21), 1.0)


def test_the_terminal_gets_one_line_a_goal() -> None:
    goals = Goal("twice", "ours", "peer", least=2.0), Goal("tenfold", "ours", "peer", least=10.0)
    assert verdicts(table(*goals)) == ["met      twice: ×3.00", "NOT MET  tenfold: ×3.00"]


def busy() -> int:
    return sum(number % 7 for number in range(200_000))


def test_a_profile_tells_threads_and_their_parts_apart() -> None:
    with Profiler() as profiler:
        busy()
        other = threading.Thread(target=busy, name="other")
        other.start()
        other.join()
    profile = profiler.profile()
    here = "tests/bench/test_page.py"
    assert here in dict(profile["event loop"])
    assert set(dict(profile.get("other", [(here, 1.0)]))) == {here}  # one thread alone from Python 3.12 on
    assert sum(share for parts in profile.values() for _, share in parts) <= 100.1


def test_after_a_profile_new_threads_are_left_alone() -> None:
    with Profiler():
        pass
    seen: list[object] = []
    other = threading.Thread(target=lambda: seen.append(sys.getprofile()))
    other.start()
    other.join()
    assert seen == [None]
