"""Reactions: only those that Telegram permits, in whichever spelling they were configured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reactions import FALLBACKS, PERMITTED, VARIATION, Reactions, permitted, plain


def test_there_are_the_seventy_three_that_bots_may_use() -> None:
    assert len(PERMITTED) == 73
    assert all(plain(value) == key for key, value in PERMITTED.items())


def test_a_check_mark_is_none_of_them_and_is_dropped() -> None:
    assert permitted(["✅", "👌"], "👍") == ("👌",)
    assert permitted(["✅"], "👍") == ("👍",)
    assert permitted([], "👍") == ("👍",)


def test_the_configured_order_is_kept() -> None:
    assert permitted(["🔥", "👌", "👍"], "🎉") == ("🔥", "👌", "👍")


@pytest.mark.parametrize("emoji", ["❤", "❤" + VARIATION, "☃", "☃" + VARIATION])
def test_an_emoji_counts_with_and_without_its_variation_selector(emoji: str) -> None:
    (found,) = permitted([emoji], "👍")
    assert found == PERMITTED[plain(emoji)]


@given(st.lists(st.text(max_size=4) | st.sampled_from(sorted(PERMITTED))))
def test_whatever_is_configured_only_permitted_ones_come_out(configured: list[str]) -> None:
    chosen = permitted(configured, "👍")
    assert chosen
    assert set(chosen) <= set(PERMITTED.values())


def test_each_purpose_has_its_own_first_choice() -> None:
    reactions = Reactions(exists=("👌", "👍"), added=("🎉",))
    assert (reactions.wanted("exists"), reactions.wanted("added")) == ("👌", "🎉")


@given(
    exists=st.lists(st.sampled_from(sorted(PERMITTED.values())), min_size=1, max_size=4),
    refused=st.sampled_from(sorted(PERMITTED.values())),
)
def test_instead_of_a_refused_one_another_permitted_one_is_tried(exists: list[str], refused: str) -> None:
    other = Reactions(tuple(exists), ("👍",)).instead_of(refused, "exists")
    assert plain(other) != plain(refused)
    assert plain(other) in PERMITTED


def test_the_next_configured_one_goes_before_the_common_ones() -> None:
    reactions = Reactions(exists=("👌", "🎉"), added=("👍",))
    assert reactions.instead_of("👌", "exists") == "🎉"
    assert plain(reactions.instead_of("👍", "added")) == FALLBACKS[1]
