"""Texts: HTML, entities and lengths."""

from typing import Any

import pytest

from sandbox.telegram.entities import find_entities
from sandbox.telegram.wire import utf16_slice
from tests.sandbox.conftest import ALICE, Bot


async def _html(bot: Bot, text: str) -> dict[str, Any]:
    result: dict[str, Any] = await bot.ok("sendMessage", chat_id=ALICE.id, text=text, parse_mode="HTML")
    return result


async def test_html_becomes_text_and_entities_counted_in_utf16(bot: Bot) -> None:
    message = await _html(bot, '😼 <b>Cats &amp; <i>Co</i></b> <a href="https://t.me/x?a=1&amp;b=2">link</a>')
    assert message["text"] == "😼 Cats & Co link"
    assert message["entities"] == [
        {"offset": 3, "length": 9, "type": "bold"},
        {"offset": 10, "length": 2, "type": "italic"},
        {"offset": 13, "length": 4, "type": "text_link", "url": "https://t.me/x?a=1&b=2"},
    ]


async def test_every_permitted_tag_is_understood(bot: Bot) -> None:
    message = await _html(
        bot,
        "<strong>a</strong><em>b</em><u>c</u><ins>d</ins><s>e</s><strike>f</strike><del>g</del>"
        '<tg-spoiler>h</tg-spoiler><span class="tg-spoiler">i</span><code>j</code>'
        '<pre><code class="language-python">k</code></pre><blockquote expandable>l</blockquote>'
        '<tg-emoji emoji-id="5368324170671202286">🙂</tg-emoji>',
    )
    kinds = [entity["type"] for entity in message["entities"]]
    assert kinds[:10] == [
        *("bold", "italic", "underline", "underline", "strikethrough", "strikethrough", "strikethrough"),
        *("spoiler", "spoiler", "code"),
    ]
    assert kinds[10:] == ["pre", "expandable_blockquote", "custom_emoji"]
    assert message["entities"][10]["language"] == "python"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
        ("Кот <br>", 'Unsupported start tag "br" at byte offset 7'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
async def test_html_that_telegram_does_not_take_is_refused(bot: Bot, text: str, reason: str) -> None:
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text=text, parse_mode="HTML")
    assert description == f"Bad Request: can't parse entities: {reason}"


async def test_names_with_markup_stay_literal_when_escaped_or_without_parse_mode(bot: Bot) -> None:
    escaped = await _html(bot, "&lt;b&gt;Cats &amp; Co&lt;/b&gt; &#33;&nbsp;")
    assert escaped["text"] == "<b>Cats & Co</b> !&nbsp;"
    plain = await bot.ok("sendMessage", chat_id=ALICE.id, text="<b>x")
    assert plain["text"] == "<b>x"


async def test_other_parse_modes_are_unsupported(bot: Bot) -> None:
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x", parse_mode="BBCode")
    assert description == "Bad Request: unsupported parse_mode"


async def test_4096_characters_count_after_parsing(bot: Bot) -> None:
    assert len((await _html(bot, f"<b>{'x' * 4096}</b>"))["text"]) == 4096
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text="x" * 4097)
    assert description == "Bad Request: message is too long"


@pytest.mark.parametrize("text", ["", "   \n", "<b> </b>"])
async def test_an_empty_text_is_refused(bot: Bot, text: str) -> None:
    description = await bot.refused("sendMessage", chat_id=ALICE.id, text=text, parse_mode="HTML")
    assert description == "Bad Request: message text is empty"


async def test_white_space_around_a_text_goes_and_entities_move_with_it(bot: Bot) -> None:
    message = await _html(bot, "\n  <b>x</b> y  \n")
    assert message["text"] == "x y"
    assert message["entities"] == [{"offset": 0, "length": 1, "type": "bold"}]


async def test_given_entities_are_kept_and_must_fit_the_text(bot: Bot) -> None:
    bold = {"type": "bold", "offset": 0, "length": 2}
    message = await bot.ok("sendMessage", chat_id=ALICE.id, text="😼 x", entities=[bold])
    assert message["entities"] == [bold]
    too_far = {"type": "bold", "offset": 3, "length": 2}
    await bot.refused("sendMessage", chat_id=ALICE.id, text="😼 x", entities=[too_far])


async def test_a_link_to_a_person_names_the_person_when_known(bot: Bot) -> None:
    message = await _html(bot, f'<a href="tg://user?id={ALICE.id}">A</a> <a href="tg://user?id=77">B</a>')
    (entity,) = message["entities"]
    assert (entity["type"], entity["user"]["first_name"]) == ("text_mention", "Alice")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start add_k3", [("bot_command", "/start")]),
        ("/retry@example_bot 42", [("bot_command", "/retry@example_bot")]),
        ("see t.me/addstickers/Cats_by_bot, ok", [("url", "t.me/addstickers/Cats_by_bot")]),
        ("(https://t.me/addemoji/X)", [("url", "https://t.me/addemoji/X")]),
        (
            "hi @alice_example #кот a@b.org",
            [("mention", "@alice_example"), ("hashtag", "#кот"), ("email", "a@b.org")],
        ),
        ("tg://addstickers?set=Cats", [("url", "tg://addstickers?set=Cats")]),
        ("1/2 a/b and Cats_by_bot", []),
        ("😼😼 /x", [("bot_command", "/x")]),
    ],
)
def test_plain_text_shows_its_entities_as_clients_find_them(text: str, found: list[tuple[str, str]]) -> None:
    entities = find_entities(text)
    assert [(e["type"], utf16_slice(text, e["offset"], e["length"])) for e in entities] == found


async def test_links_inside_code_are_not_found(bot: Bot) -> None:
    message = await _html(bot, "<code>https://example.com</code>")
    assert [entity["type"] for entity in message["entities"]] == ["code"]
