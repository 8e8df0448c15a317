"""Who acts and where: eight standings of a person, four kinds of chat."""

from dataclasses import dataclass, replace
from typing import Literal

from services.flow.roles import Role
from tests.town import ADMIN, STRANGER

Kind = Literal["private", "group", "forum", "admins"]
KINDS: tuple[Kind, ...] = ("private", "group", "forum", "admins")

CROWD, TOPICS, COUNCIL = -1001900000101, -1001900000102, -1001900000103
CHAT_OF: dict[Kind, int] = {"group": CROWD, "forum": TOPICS, "admins": COUNCIL}
FOUNDER, PETITIONER = 500100301, 500100302  # created the groups; asks for what admins decide about


@dataclass(frozen=True, slots=True)
class Actor:
    """One standing: `role` is what the hub should know of it; the other two go by kinds of chat.

    Who is `anonymous` writes and reacts in a group's name, and presses under their own.
    """

    standing: str
    user_id: int
    role: Role
    administers: frozenset[Kind] = frozenset()
    belongs: frozenset[Kind] = frozenset({"group", "forum"})
    anonymous: bool = False


EVERYWHERE: frozenset[Kind] = frozenset({"group", "forum", "admins"})
NAMED_ADMIN = Actor("admin by ADMIN_IDS", ADMIN, "admin", belongs=EVERYWHERE)
CHIEF = Actor("administrator of ADMIN_CHAT_ID", 500100303, "admin", frozenset({"admins"}), EVERYWHERE)
HIDDEN_CHIEF = Actor("anonymous administrator of all", 500100304, "admin", EVERYWHERE, EVERYWHERE, True)
NAMED_STAFF = Actor("staff by STAFF_IDS", 500100305, "staff")
MEMBER = Actor("member of ADMIN_CHAT_ID", 500100306, "staff", belongs=EVERYWHERE)
LOCAL = Actor("administrator of an ordinary group", 500100307, "everyone", frozenset({"group"}))
HIDDEN_LOCAL = Actor(
    "anonymous administrator of an ordinary group",
    500100308,
    "everyone",
    frozenset({"group", "forum"}),
    anonymous=True,
)
NOBODY = Actor("stranger", STRANGER, "everyone")
OWNER = Actor("founder of all groups", FOUNDER, "admin", EVERYWHERE, EVERYWHERE)  # prepares what others try
ASKER = Actor("asker", PETITIONER, "everyone", belongs=EVERYWHERE)
ACTORS = (NOBODY, LOCAL, HIDDEN_LOCAL, NAMED_STAFF, MEMBER, NAMED_ADMIN, CHIEF, HIDDEN_CHIEF)


@dataclass(frozen=True, slots=True)
class Spot:
    """Somebody in a chat of some kind."""

    actor: Actor
    kind: Kind

    @property
    def is_private(self) -> bool:
        """Whether the chat is theirs alone."""
        return self.kind == "private"

    @property
    def chat_id(self) -> int:
        """The chat."""
        return CHAT_OF.get(self.kind, self.actor.user_id)

    @property
    def is_possible(self) -> bool:
        """Telegram has nobody anonymous in private, nor in a group that they are no administrator of."""
        return not self.actor.anonymous or self.kind in self.actor.administers

    @property
    def administers(self) -> bool:
        """Whether the chat's settings are theirs."""
        return self.is_private or self.kind in self.actor.administers


SPOTS = tuple(spot for actor in ACTORS for kind in KINDS if (spot := Spot(actor, kind)).is_possible)


def by_name(actor: Actor) -> Actor:
    """The same, not hidden behind a group's name."""
    return replace(actor, anonymous=False)
