"""Sets, stickers and their files."""

import gzip
import json
import xml.etree.ElementTree as ET
from itertools import pairwise

import httpx
import pytest

from sandbox.telegram.drawings import draw
from sandbox.telegram.seed import DANA, seed_demo
from sandbox.telegram.world import World
from tests.clock import HandClock
from tests.sandbox.conftest import ALICE, Bot


@pytest.fixture
def demo(clock: HandClock) -> World:
    world = World(clock)
    seed_demo(world)
    return world


@pytest.mark.parametrize("name", ["Example_Cats_by_x", "EXAMPLE_cats_BY_x", " Example.Cats_by_x "])
async def test_sets_are_found_in_any_case_and_answer_with_their_real_name(
    bot: Bot, world: World, name: str
) -> None:
    world.add_set("Example_Cats_by_x", "Example Cats", count=3)
    world.add_set("ExampleCats_by_x", "The one without")
    found = await bot.ok("getStickerSet", name=name)
    expected = "ExampleCats_by_x" if "." in name else "Example_Cats_by_x"
    assert found["name"] == expected
    assert found["sticker_type"] == "regular"


async def test_missing_and_deleted_sets_are_invalid(bot: Bot, world: World) -> None:
    world.add_set("Gone_by_x")
    world.delete_set("Gone_by_x")
    for name in ("Gone_by_x", "Never_by_x", ""):
        assert await bot.refused("getStickerSet", name=name) == "Bad Request: STICKERSET_INVALID"


async def test_a_deleted_set_s_stickers_can_go_on_naming_it_or_not(bot: Bot, world: World) -> None:
    for name, keep in (("Kept_by_x", True), ("Lost_by_x", False)):
        sticker = world.add_set(name).stickers[0]
        world.delete_set(name, keep_name=keep)
        world.send_sticker(ALICE.id, ALICE.id, sticker)
    kept, lost = [update["message"]["sticker"] for update in await bot.updates()]
    assert kept["set_name"] == "Kept_by_x"
    assert "set_name" not in lost


async def test_every_sort_of_sticker_has_its_fields(bot: Bot, world: World) -> None:
    world.add_set("Masks_by_x", sticker_type="mask", count=1)
    world.add_set("Moods_by_x", sticker_type="custom_emoji", count=1)
    world.add_set("Films", sticker_format="video", count=1)
    world.add_set("Moving", sticker_format="animated", count=1, has_thumbnail=True)
    masks, moods, films, moving = [
        await bot.ok("getStickerSet", name=name) for name in ("Masks_by_x", "Moods_by_x", "Films", "Moving")
    ]
    assert (masks["contains_masks"], masks["stickers"][0]["mask_position"]["point"]) == (True, "eyes")
    assert isinstance(moods["stickers"][0]["custom_emoji_id"], str)
    assert films["stickers"][0]["is_video"] is True
    assert "thumbnail" not in films
    assert moving["stickers"][0]["is_animated"] is True
    assert moving["thumbnail"]["file_unique_id"] == moving["stickers"][0]["thumbnail"]["file_unique_id"]


async def test_custom_emoji_are_found_by_id_and_unknown_ids_left_out(bot: Bot, world: World) -> None:
    stickers = world.add_set("Moods_by_x", sticker_type="custom_emoji").stickers
    ids = [str(stickers[0].custom_emoji_id), "1"]
    (found,) = await bot.ok("getCustomEmojiStickers", custom_emoji_ids=ids)
    assert found["set_name"] == "Moods_by_x"
    await bot.refused("getCustomEmojiStickers", custom_emoji_ids=["x"])
    await bot.refused("getCustomEmojiStickers", custom_emoji_ids=[str(n) for n in range(201)])


async def test_files_of_stickers_and_thumbnails_are_real_pictures(bot: Bot, world: World) -> None:
    sticker = world.add_set("Cats_by_x", has_thumbnail=True).stickers[0]
    root = str(bot.client.base_url).split("/bot")[0]
    for file_id, folder in ((sticker.file_id, "stickers"), (sticker.thumbnail_id, "thumbnails")):
        file = await bot.ok("getFile", file_id=file_id)
        assert file["file_path"].startswith(f"{folder}/")
        response = await bot.client.get(f"{root}/file/bot{world.token}/{file['file_path']}")
        assert response.status_code == 200
        assert response.content[:4] == b"RIFF"
        assert response.content[8:15] == b"WEBPVP8"
        assert len(response.content) == file["file_size"]


async def test_an_animated_sticker_is_a_packed_scene_with_a_still_thumbnail(bot: Bot, world: World) -> None:
    sticker = world.add_set("Moving", sticker_format="animated").stickers[0]
    root = str(bot.client.base_url).split("/bot")[0]
    bodies = []
    for file_id in (sticker.file_id, sticker.thumbnail_id):
        path = (await bot.ok("getFile", file_id=file_id))["file_path"]
        bodies.append((await bot.client.get(f"{root}/file/bot{world.token}/{path}")).content)
    assert json.loads(gzip.decompress(bodies[0]))["tgs"] == 1
    assert bodies[1][8:12] == b"WEBP"


async def test_unknown_files_are_refused(bot: Bot, world: World) -> None:
    for file_id in ("nonsense", "AAMCAgADGQEAAESB00000099thumb", ""):
        await bot.refused("getFile", file_id=file_id)
    root = str(bot.client.base_url).split("/bot")[0]
    for path in ("stickers/file_99.webp", "photos/x.jpg", "secrets/file_1.webp"):
        assert (await bot.client.get(f"{root}/file/bot{world.token}/{path}")).status_code == 404
    assert (await bot.client.get(f"{root}/file/bot1:{'A' * 35}/stickers/file_1.webp")).status_code == 401


def test_the_demo_has_every_sort_of_set(demo: World) -> None:
    sets = demo.library.sets.values()
    assert {one.sticker_type for one in sets} == {"regular", "mask", "custom_emoji"}
    assert {one.stickers[0].format for one in sets} == {"static", "animated", "video"}
    assert max(len(one.name) for one in sets) == 64
    assert "<b>Cats & Co</b>" in {one.title for one in sets}
    assert any("_by_" not in one.name for one in sets)
    assert [one.stickers[0].set_name == one.name for one in sets if one.deleted] == [True]
    assert len(demo.library.loose) >= 2


def test_the_demo_has_four_people_three_groups_and_no_news_yet(demo: World) -> None:
    assert [(person.is_admin, person.started) for person in demo.people.values()] == [
        (True, True),
        (False, False),
        (False, False),
        (True, True),
    ]
    groups = [chat for chat in demo.chats.values() if chat.type == "supergroup"]
    assert [chat.title for chat in groups] == ["Sticker Fans", "Design Lab", "Switchboard admins"]
    assert groups[2].bot_is_admin
    assert groups[2].members == {ALICE.id: "creator", DANA: "administrator"}
    assert [topic.name for chat in groups for topic in chat.topics.values()] == ["General", "Stickers"]
    assert demo.updates.pending_count == 0


def test_every_sticker_of_the_demo_is_a_drawing_of_its_own(demo: World) -> None:
    pictures = [draw(sticker) for sticker in demo.library.by_file_id.values()]
    for picture in pictures:
        assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
        assert "<script" not in picture
    assert all(one != other for one, other in pairwise(sorted(pictures)))


async def test_the_page_shows_the_drawings(page: httpx.AsyncClient, world: World) -> None:
    sticker = world.library.add_loose()
    response = await page.get(f"/stickers/{sticker.file_unique_id}.svg")
    assert response.headers["content-type"] == "image/svg+xml"
    assert (await page.get("/stickers/nothing.svg")).status_code == 404
