"""Making and revoking API keys, and what a scope covers."""

import hashlib
import re
from random import Random

import pytest

from services.engine.errors import NoSuchItem, Refused
from services.engine.observability import Redactor
from services.flow.keys import KeyRegister, NewKey, Scope, digest_of
from tests.services.flow.conftest import House
from tests.storage.files import rows


class Register:
    """The register of a house, and what it left in the tables."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.register = KeyRegister(house.database, house.clock, Random(5))

    async def create(self, name: str = "ci", scope: str = "read") -> NewKey:
        """A new key."""
        return await self.register.create(name, Scope.parse(scope), actor="test")

    async def journal(self) -> list[tuple[object, ...]]:
        """What the journal tells of keys."""
        return await rows(self.house.database, "SELECT actor, action, key FROM journal WHERE kind = 'key'")


@pytest.fixture
def keys(house: House) -> Register:
    return Register(house)


async def test_a_key_is_256_random_bits_behind_a_prefix_and_only_its_digest_is_kept(keys: Register) -> None:
    made = await keys.create()

    assert re.fullmatch(r"swb_[A-Za-z0-9_-]{43}", made.text)
    stored = await rows(keys.house.database, "SELECT digest, hint FROM keys")
    assert stored == [(hashlib.sha256(made.text.encode()).hexdigest(), made.text[:8])]
    assert digest_of(made.text) == stored[0][0]


async def test_no_two_keys_are_alike(keys: Register) -> None:
    made = [await keys.create() for _ in range(20)]

    assert len({one.text for one in made}) == 20
    assert [key.id for key in await keys.register.everything()] == [one.key.id for one in made]


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "two\nlines", "\x00", "\ud83d", "tab\t"])
async def test_a_name_that_is_none_is_refused_and_leaves_nothing(keys: Register, name: str) -> None:
    with pytest.raises(Refused):
        await keys.create(name)
    assert await keys.register.everything() == []


@pytest.mark.parametrize("name", ["x" * 64, "Касса №2", "a <b>"])
async def test_any_printable_name_is_taken(keys: Register, name: str) -> None:
    assert (await keys.create(name)).key.name == name


async def test_a_key_is_revoked_once_and_every_process_is_told(keys: Register) -> None:
    made = await keys.create()

    assert await keys.register.revoke(made.key.id, actor="test") is True
    assert await keys.register.revoke(made.key.id, actor="test") is False

    told = await rows(keys.house.database, "SELECT region, key FROM invalidations")
    assert told == [("keys", digest_of(made.text))]
    assert await keys.journal() == [("test", "create", "1"), ("test", "revoke", "1")]
    assert (await keys.register.everything())[0].revoked_at == keys.house.clock.now()


async def test_a_key_that_never_was_cannot_be_revoked(keys: Register) -> None:
    with pytest.raises(NoSuchItem, match="there is no key 7"):
        await keys.register.revoke(7, actor="test")
    assert await keys.journal() == []


@pytest.mark.parametrize("text", ["admin", "read", "webhook", "enterprise:7", "enterprise:0367"])
def test_a_scope_is_written_as_it_is_read(text: str) -> None:
    assert str(Scope.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "all",
            "ADMIN",
            "read ",
            "read,webhook",
            "admin:1",
            "enterprise",
            "enterprise:",
            "enterprise:x",
        ),
        *("enterprise:1:2", "enterprise:" + "9" * 21, "enterprise:7\n", "enterprise:٣"),
    ],
)
def test_any_other_word_is_no_scope(text: str) -> None:
    with pytest.raises(Refused, match="there is no scope"):
        Scope.parse(text)


def test_an_enterprises_key_sees_that_enterprise_only() -> None:
    seven = Scope.of_enterprise("7")

    assert seven.covers(Scope.of_enterprise("7"))
    assert Scope.ADMIN.covers(seven)
    for other in (
        Scope.of_enterprise("8"),
        Scope.of_enterprise("07"),
        Scope.READ,
        Scope.WEBHOOK,
        Scope.ADMIN,
    ):
        assert not seven.covers(other)
        assert not other.covers(seven) or other == Scope.ADMIN


@pytest.mark.parametrize("text", ["owner", "admin:1", "admin ", "", "enterprise"])
def test_a_stored_scope_of_another_version_opens_nothing(text: str) -> None:
    scope = Scope.stored(text)

    for needed in (Scope.ADMIN, Scope.READ, Scope.WEBHOOK, Scope.of_enterprise("1")):
        assert not scope.covers(needed)


async def test_a_key_in_a_text_is_masked_before_it_is_logged(keys: Register) -> None:
    made = await keys.create()

    assert Redactor([]).text(f"called with {made.text}, refused") == "called with ***, refused"
    assert Redactor([]).line(f'{{"details":"{made.text}"}}') == '{"details":"***"}'
