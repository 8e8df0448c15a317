"""Items: anything a person can ask about. Each kind answers the same four questions (DESIGN §1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

from services.engine.work import Work
from services.flow.places import Asker, Place
from services.flow.roles import Role
from storage.database import Transaction


class Fact(msgspec.Struct, frozen=True):
    """One line of a card: a text key for its name, and a number, a text, or a moment (ISO 8601, UTC)."""

    label: str
    value: int | str
    is_moment: bool = False


class Link(msgspec.Struct, frozen=True):
    """An address with a text key for its label."""

    label: str
    url: str


class Action(msgspec.Struct, frozen=True):
    """Something that can be done: a text key, what its button carries (≤ 60 bytes), the role that may.

    `params` are put into the label by name; one that is `beside` another shares the row before it.
    """

    label: str
    press: str
    role: Role = "everyone"
    params: dict[str, Any] = {}
    beside: bool = False


class Card(msgspec.Struct, frozen=True):
    """How an item shows itself, for any door: its own title, facts, a link and actions."""

    title: str
    facts: tuple[Fact, ...] = ()
    link: Link | None = None
    actions: tuple[Action, ...] = ()


# auto: admins add at once, others ask, and without any admin everybody adds; direct: nobody asks; review:
# everybody does.
ApprovalMode = Literal["auto", "direct", "review"]


# Kinds that have texts of their own where those of sticker sets speak of the gallery.
OWN_WORDS = frozenset({"programme", "poll_form", "deal"})


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a text was understood as. `certain` is false for a bare word that may be just a word."""

    kind: str
    key: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """Something found. `key` is its canonical name."""

    kind: str
    key: str
    card: Card


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be added, and how it would look; `details` is JSON that only its kind reads."""

    kind: str
    key: str
    card: Card
    details: Any


@dataclass(frozen=True, slots=True)
class Addition:
    """One act of adding: which item, by whom, in which chat, and when it was proposed there."""

    key: str
    details: Any
    by: int | None
    chat_id: int | None
    proposed_at: datetime | None = None


class Kind(Protocol):
    """One kind of item."""

    name: str
    role: Role  # who may ask about one
    approval: ApprovalMode

    def recognise(self, text: str) -> Recognised | None:
        """A key in the text, or None."""
        ...

    async def find(self, key: str) -> Item | None:
        """The item, through the cache. Raises Unavailable when the source is down, never "not found"."""
        ...

    async def find_many(self, keys: Sequence[str]) -> dict[str, Item | None]:
        """All of them by the keys as given, with one look at the source for those not cached.

        Raises Unavailable when any of them cannot be told.
        """
        ...

    async def propose(self, key: str, asker: Asker, place: Place) -> Proposal:
        """What adding it here would mean. Raises NoSuchItem when there is nothing of that name,
        NotAllowed when this person may not, Unavailable when nobody can tell now.
        """
        ...

    def card(self, details: Any) -> Card:
        """How a proposal with these details shows itself."""
        ...

    async def carry_out(self, addition: Addition) -> Addition:
        """Do outside what adding means there, before the job's transaction; what `add` shall be given.

        Twice is once: it is called again when the job is. Raises Unavailable, Refused.
        """
        ...

    def add(self, tx: Transaction, work: Work, addition: Addition) -> tuple[Item, bool]:
        """Add it within the job's transaction; twice is once. Also says whether it is new."""
        ...


class Items:
    """All kinds, in the order in which they are asked to recognise a text."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    @property
    def names(self) -> frozenset[str]:
        """The names of all kinds."""
        return frozenset(self._kinds)

    def kind(self, name: str) -> Kind:
        """One kind by its name."""
        return self._kinds[name]

    async def recognise(self, text: str, *, asked: bool) -> Recognised | None:
        """The first kind that knows the text.

        A bare word counts when it is listed, or when somebody asked for it by a command (`asked`). Of what
        not everyone may ask about it counts only then: nobody's chatter is looked up there.
        """
        for kind in self._kinds.values():
            found = kind.recognise(text)
            if found is None:
                continue
            if found.certain or asked or (kind.role == "everyone" and await kind.find(found.key)):
                return found
        return None
