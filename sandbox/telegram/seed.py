"""The demo's world."""

from sandbox.telegram.people import Person
from sandbox.telegram.world import World

ALICE, BORIS, CHEN, DANA = 500100200, 500100201, 500100202, 500100203
STICKER_FANS, DESIGN_LAB, SWITCHBOARD_ADMINS = -1001900000001, -1001900000002, -1001900000003
_LONG_NAME = "Little_rockets_for_long_journeys_to_far_away_stars_by_night_owls"


def seed_demo(world: World) -> None:
    """Four people, a private chat each, two groups, one more for administrators, and sets of every sort."""
    world.add_person(Person(ALICE, "Alice", "Example", "alice_example", "en", is_admin=True, started=True))
    world.add_person(Person(BORIS, "Борис", username="boris_example", language_code="ru"))
    world.add_person(Person(CHEN, "Chen", "Wei", "chen_example", "en"))
    world.add_person(
        Person(DANA, "Dana", username="dana_example", language_code="en", is_admin=True, started=True)
    )
    everybody = [ALICE, BORIS, CHEN]
    world.add_group("Sticker Fans", everybody, chat_id=STICKER_FANS)
    world.add_group("Design Lab", everybody, chat_id=DESIGN_LAB, is_forum=True)
    world.add_topic(DESIGN_LAB, "Stickers", told=False)
    world.add_group("Switchboard admins", [ALICE, DANA], chat_id=SWITCHBOARD_ADMINS)
    world.make_admin(SWITCHBOARD_ADMINS, DANA)
    _add_sets(world)


def _add_sets(world: World) -> None:
    by = f"by_{world.bot.username}"
    world.add_set(f"Cats_and_Co_{by}", "<b>Cats & Co</b>", count=6, figure="cat", has_thumbnail=True)
    dogs = ("🐶", "😴", "😎", "😻", "😡")
    world.add_set("MoonDogs", "Moon Dogs", count=5, figure="dog", sticker_format="animated", emojis=dogs)
    world.add_set(
        _LONG_NAME,
        "Little rockets",
        count=4,
        figure="rocket",
        sticker_format="video",
        emojis=("🚀", "🌟", "😎", "🙀"),
    )
    world.add_set(
        f"Disguises_{by}", "Disguises", count=3, figure="mask", sticker_type="mask", emojis=("🐶", "🌟", "😴")
    )
    world.add_set(f"TinyMoods_{by}", "Tiny Moods", count=6, figure="blob", sticker_type="custom_emoji")
    world.add_set(
        "PricklyFriends", "Колючие друзья", count=4, figure="cactus", emojis=("🌟", "😡", "🚀", "😿")
    )
    world.add_set(f"Gone_Ghosts_{by}", "Gone Ghosts", count=3, figure="ghost")
    world.delete_set(f"Gone_Ghosts_{by}", keep_name=True)
    world.library.add_loose("🐟", "fish")
    world.library.add_loose(None, "star")
