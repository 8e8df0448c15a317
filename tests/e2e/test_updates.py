"""Updates that come twice, and many at once."""

from tests.town import ADMIN, CHEN, UNLISTED, Town


async def test_a_repeated_update_has_one_effect(town: Town) -> None:
    await town.sends(ADMIN, UNLISTED)
    await town.says(CHEN, "/version")
    for update in list(town.world.updates.emitted):
        town.world.updates.repeat(update["update_id"])
    await town.settle()
    assert (len(town.sent(ADMIN)), len(town.sent(CHEN))) == (1, 1)
    assert await town.scalar("SELECT count(*) FROM jobs WHERE topic = 'telegram'") == 2


async def test_a_hundred_updates_of_many_chats_are_all_answered_in_order(town: Town) -> None:
    people = [town.world.add_person() for _ in range(10)]
    for _ in range(5):
        for person in people:
            town.world.send_text(person.id, person.id, "/version")
            town.world.send_text(person.id, person.id, "/whoami")
    await town.settle()
    for person in people:
        texts = [message.text for message in town.sent(person.id)]
        assert [text.startswith("Switchboard") for text in texts] == [True, False] * 5
    assert await town.faults() == {}
