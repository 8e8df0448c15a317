"""Custom emoji lead to their sets, with one question to Telegram at most."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.gallery.emoji import MOST_IDS, EmojiSets


@dataclass
class Telegram:
    """Its own word about emoji: the set of emoji "Cats.3" is Cats."""

    asked: list[list[str]] = field(default_factory=list)

    async def sets_of_emoji(self, ids: Sequence[str]) -> list[str]:
        self.asked.append(list(ids))
        return [each.partition(".")[0] for each in ids]


async def test_each_set_is_named_once_in_the_order_of_the_emoji() -> None:
    telegram = Telegram()
    assert await EmojiSets(telegram).names(["Cats.1", "Dogs.1", "cats.2", "Cats.1"]) == ["Cats", "Dogs"]
    assert telegram.asked == [["Cats.1", "Dogs.1", "cats.2"]]


async def test_without_emoji_nobody_is_asked() -> None:
    telegram = Telegram()
    assert await EmojiSets(telegram).names([]) == []
    assert telegram.asked == []


async def test_no_more_are_asked_about_than_one_question_takes() -> None:
    telegram = Telegram()
    names = await EmojiSets(telegram).names([f"Set{number}.1" for number in range(300)])
    assert len(names) == len(telegram.asked[0]) == MOST_IDS
    assert len(telegram.asked) == 1
