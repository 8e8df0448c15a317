"""What happens in the run: who is there, which stickers they send, and when the hub is killed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from sandbox.telegram.people import Person
from sandbox.telegram.stickers import Sticker
from sandbox.telegram.world import World
from services.engine.failpoints import NAMES

FIRST_PERSON = 600_000_001
FIRST_GROUP = -1_002_000_000_001
MEMBERS = 4  # people in a group
IN_PRIVATE = 0.7  # share of the stickers
TITLES = ("Cats & Co", "<b>Moon Dogs</b>", "Кошки «Мурка»", "1 < 2 > 0", "Ёжики 🦔", 'Say "hi"')


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything; `kills_each` is per failpoint."""

    stickers: int
    people: int
    groups: int
    kills_each: int
    listed: int
    unlisted: int

    @property
    def kills(self) -> int:
        """Kills in all."""
        return self.kills_each * len(NAMES)


LONG = Size(stickers=1000, people=50, groups=10, kills_each=4, listed=20, unlisted=120)
SHORT = Size(stickers=100, people=10, groups=3, kills_each=1, listed=5, unlisted=20)


@dataclass(frozen=True, slots=True)
class Sending:
    """One sticker to be sent."""

    chat_id: int
    person_id: int
    sticker: Sticker


@dataclass(frozen=True, slots=True)
class Kill:
    """Die at the `passages`-th hit of `point`, armed once `after` stickers have been sent."""

    point: str
    passages: int
    after: int


@dataclass(frozen=True, slots=True)
class Program:
    """The whole plan. `listed` names the sets that the gallery has from the start."""

    groups: dict[int, tuple[int, ...]]
    listed: tuple[str, ...]
    sendings: tuple[Sending, ...]
    kills: tuple[Kill, ...]

    def people_in(self, chat_id: int) -> Sequence[int]:
        """Who could press a button there."""
        return self.groups.get(chat_id, (chat_id,))


def new_program(world: World, size: Size, seed: int) -> Program:
    """Fill a world with people, groups and sets, and draw a plan."""
    random = Random(seed)
    people = tuple(_person(world, number) for number in range(size.people))
    groups = dict(_group(world, random, people, number) for number in range(size.groups))
    listed = tuple(_set(world, f"Listed_{n}_by_bot", n) for n in range(size.listed))
    unlisted = tuple(_set(world, f"Fresh_{n}_by_bot", n) for n in range(size.unlisted))
    sendings = tuple(_sending(world, random, people, groups, listed, unlisted) for _ in range(size.stickers))
    return Program(groups, listed, sendings, _kills(random, size))


def _person(world: World, number: int) -> int:
    name, language = f"Person {number}", ("en", "ru")[number % 2]
    person = Person(FIRST_PERSON + number, name, username=f"person_{number}", language_code=language)
    person.started = True
    return world.add_person(person).id


def _group(world: World, random: Random, people: Sequence[int], number: int) -> tuple[int, tuple[int, ...]]:
    members = tuple(random.sample(people, MEMBERS))
    return world.add_group(f"Group {number}", members, chat_id=FIRST_GROUP - number).id, members


def _set(world: World, name: str, number: int) -> str:
    world.add_set(name, f"{TITLES[number % len(TITLES)]} {number}", count=3)
    return name


def _sending(
    world: World,
    random: Random,
    people: Sequence[int],
    groups: dict[int, tuple[int, ...]],
    listed: Sequence[str],
    unlisted: Sequence[str],
) -> Sending:
    if random.random() < IN_PRIVATE:
        chat_id = person_id = random.choice(people)
    else:
        chat_id = random.choice(tuple(groups))
        person_id = random.choice(groups[chat_id])
    name = random.choice(listed if random.random() < 0.5 else unlisted)
    return Sending(chat_id, person_id, random.choice(world.library.sets[name.lower()].stickers))


def _kills(random: Random, size: Size) -> tuple[Kill, ...]:
    points = [*NAMES] * size.kills_each
    random.shuffle(points)
    share = size.stickers // (size.kills + 1)
    # One claim takes several jobs, so its point is passed less often than the others.
    most = {"claim": max(share // 6, 1)}
    return tuple(
        Kill(point, random.randint(1, most.get(point, share // 2)), share // 2 + number * share)
        for number, point in enumerate(points)
    )
