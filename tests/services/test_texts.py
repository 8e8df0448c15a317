"""The catalogues: complete in every language, used to the last key, and right in their plurals."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from services.flow.people import LANGUAGES as READ_BY_PEOPLE
from services.texts import LANGUAGES, Texts

ROOT = Path(__file__).parents[2]
LOCALE = ROOT / "services" / "texts" / "locale"
FORMS = {"ru": 3, "en": 2}
PRODUCT = ("bot", "commands", "services", "storage", "web")


def catalogue(folder: Path, language: str) -> Catalog:
    with (folder / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def by_key(found: Catalog) -> dict[str, Message]:
    return {_key(message): message for message in found if message.id}


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> list[str]:
    """The texts of a message: one, or one a plural form."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def problems(folder: Path) -> list[str]:
    """Everything in which a folder of catalogues is incomplete."""
    every = {language: by_key(catalogue(folder, language)) for language in LANGUAGES}
    keys = set().union(*every.values())
    found = []
    for language, messages in every.items():
        found += [f"{language}: {key} is missing" for key in sorted(keys - messages.keys())]
        found += [f"{language}: {each}" for m in messages.values() for each in _of_message(language, m)]
    for key in sorted(set.intersection(*(set(messages) for messages in every.values()))):
        found += _of_key(key, {language: messages[key] for language, messages in every.items()})
    return found


def _of_message(language: str, message: Message) -> Iterator[str]:
    texts = forms(message)
    if message.fuzzy:
        yield f"{_key(message)} is marked as uncertain"
    if not all(text.strip() for text in texts):
        yield f"{_key(message)} has an empty text"
    if message.pluralizable and len(texts) != FORMS[language]:
        yield f"{_key(message)} has {len(texts)} plural forms"
    # English has its first form for 1 alone and may say "once"; the Russian one also serves 21.
    needing = texts if language == "ru" else texts[1:]
    if message.pluralizable and not all("count" in placeholders(text) for text in needing):
        yield f"{_key(message)} has a plural form without its number"


def _of_key(key: str, messages: dict[str, Message]) -> Iterator[str]:
    if len({message.pluralizable for message in messages.values()}) > 1:
        yield f"{key} has plural forms in one language only"
    named = [set().union(*map(placeholders, forms(message))) for message in messages.values()]
    if any(each != named[0] for each in named):
        yield f"{key} has different placeholders: {named}"
    tags = [sorted(re.findall(r"</?[a-z]+>", forms(message)[-1])) for message in messages.values()]
    if any(each != tags[0] for each in tags):
        yield f"{key} has different markup: {tags}"


def test_every_language_has_every_text_with_the_same_placeholders() -> None:
    assert problems(LOCALE) == []


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    assert {file.stem for file in LOCALE.iterdir()} == set(LANGUAGES) == set(READ_BY_PEOPLE) == set(FORMS)


def without(key: str) -> Callable[[str], str]:
    return lambda text: re.sub(rf'msgid "{key}"\n(?:(?:msg|").*\n)+', "", text)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without("added"), "ru: added is missing"),
        (lambda text: text.replace("Уже добавлено: {name}", ""), "ru: added-by has an empty text"),
        (
            lambda text: text.replace("Уже добавлено: {name}", "Уже добавлено: {who}"),
            "added-by has different",
        ),
        (
            lambda text: text.replace("Уже добавлено: {name}", "<b>Уже</b>: {name}"),
            "added-by has different markup",
        ),
        (lambda text: text.replace('"{count} стикеров"', '""'), "ru: fact-count has an empty text"),
        (
            lambda text: text.replace('"{count} стикер"', '"Один стикер"'),
            "ru: fact-count has a plural form without",
        ),
        (lambda text: re.sub(r'msgstr\[2\] "\{count\} стикеров"\n', "", text), "ru: fact-count has"),
        (lambda text: text + '\nmsgid "brand-new"\nmsgstr "Новое"\n', "en: brand-new is missing"),
        (
            lambda text: text.replace('msgid "added"', '#, fuzzy\nmsgid "added"'),
            "ru: added is marked as uncertain",
        ),
    ],
)
def test_a_catalogue_with_a_gap_does_not_pass(
    tmp_path: Path, change: Callable[[str], str], complaint: str
) -> None:
    folder = Path(shutil.copytree(LOCALE, tmp_path / "locale"))
    before = (folder / "ru.po").read_text("utf-8")
    assert change(before) != before
    (folder / "ru.po").write_text(change(before), "utf-8")
    assert any(each.startswith(complaint) for each in problems(folder)), problems(folder)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_header_names_the_language_and_its_number_of_plural_forms(language: str) -> None:
    found = catalogue(LOCALE, language)
    assert found.locale_identifier == language
    assert found.num_plurals == FORMS[language]
    assert f"Language: {language}" in (LOCALE / f"{language}.po").read_text("utf-8").replace("\\n", "")


@pytest.mark.parametrize(
    ("count", "russian", "english"),
    [
        (0, "0 стикеров", "0 stickers"),
        (1, "1 стикер", "1 sticker"),
        (2, "2 стикера", "2 stickers"),
        (5, "5 стикеров", "5 stickers"),
        (11, "11 стикеров", "11 stickers"),
        (12, "12 стикеров", "12 stickers"),
        (21, "21 стикер", "21 stickers"),
        (22, "22 стикера", "22 stickers"),
        (111, "111 стикеров", "111 stickers"),
    ],
)
def test_numbers_agree_with_their_nouns(count: int, russian: str, english: str) -> None:
    texts = Texts.load()
    assert texts.translate("ru", "fact-count", {"count": count}) == russian
    assert texts.translate("en", "fact-count", {"count": count}) == english


def test_parameters_go_through_the_escape_and_the_text_itself_does_not() -> None:
    texts = Texts.load()
    shown = texts.translate(
        "en", "whoami", {"name": "a", "user_id": 1, "role": "b", "chat_id": 2}, escape=str.upper
    )
    assert shown == "A\nYour id: <code>1</code>\nRole: B\nThis chat: <code>2</code>"


def test_a_number_for_a_text_without_plural_forms_is_just_a_number() -> None:
    assert Texts.load().translate("en", "version", {"version": 3, "count": 2}) == "Switchboard 3"


# Keys in the code

TEXT_MAKERS = {"Text", "Action", "Link", "Fact"}  # their first argument is a key
CARRIERS = {"user_text", "label", "key"}  # attributes that hold a key which was named elsewhere


class Uses(ast.NodeVisitor):
    """The text keys that a module names: whole ones, patterns of f-strings, and what could not be told."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.patterns: set[str] = set()
        self.unclear: list[str] = []
        self._names: dict[str, list[ast.expr]] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._in_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._in_function(node)

    def _in_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._names = self._names, {}
        for each in ast.walk(node):
            if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                self._names.setdefault(each.targets[0].id, []).append(each.value)
        self.generic_visit(node)
        self._names = outer

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in TEXT_MAKERS and node.args:
            self._take(node.args[0])
        for keyword in node.keywords:
            if keyword.arg == "user_text" or (name in TEXT_MAKERS and keyword.arg in {"key", "label"}):
                self._take(keyword.value)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Name) and target.id == "user_text" for target in node.targets):
            self._take(node.value)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "text" and not isinstance(value, ast.Name):
                self._take(value)  # a text as the parameter of another
        self.generic_visit(node)

    def _take(self, node: ast.expr) -> None:
        match node:
            case ast.Constant(value=str(key)):
                self.keys.add(key)
            case ast.IfExp():
                self._take(node.body)
                self._take(node.orelse)
            case ast.JoinedStr():
                parts = (
                    re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in node.values
                )
                self.patterns.add("".join(parts))
            case ast.Name(id=name) if name in self._names:
                for value in self._names[name]:
                    self._take(value)
            case ast.Attribute(attr=name) if name in CARRIERS:
                pass
            case ast.Name(id="user_text"):
                pass
            case _:
                self.unclear.append(ast.unparse(node))


def uses_in(source: str) -> Uses:
    found = Uses()
    found.visit(ast.parse(source))
    return found


def uses_in_product() -> Uses:
    every = Uses()
    for folder in PRODUCT:
        for file in (ROOT / folder).rglob("*.py"):
            found = uses_in(file.read_text("utf-8"))
            every.keys |= found.keys
            every.patterns |= found.patterns
            every.unclear += [f"{file.relative_to(ROOT)}: {each}" for each in found.unclear]
    return every


def test_every_key_in_the_code_exists_and_every_text_is_used() -> None:
    used, known = uses_in_product(), set(by_key(catalogue(LOCALE, "en")))
    assert used.unclear == []
    by_pattern = {key for key in known for pattern in used.patterns if re.fullmatch(pattern, key)}
    assert used.keys - known == set(), "named in the code and in no catalogue"
    assert known - used.keys - by_pattern == set(), "in the catalogues and named nowhere"
    assert all(any(re.fullmatch(pattern, key) for key in known) for pattern in used.patterns)


def test_the_search_for_keys_sees_every_way_to_name_one() -> None:
    found = uses_in(
        "class E(Exception):\n    user_text = 'a'\n"
        "def f(x):\n"
        "    key = 'b' if x else 'c'\n"
        "    g(Text(key), Text(f'd-{x}'), Unavailable('s', user_text='e'), Action(label='f', press='p'))\n"
        "    h({'role': {'text': f'role-{x}'}}, Text(e.user_text), Text(x + 'y'))\n"
    )
    assert found.keys == {"a", "b", "c", "e", "f"}
    assert found.patterns == {r"d\-.+", r"role\-.+"}
    assert found.unclear == ["x + 'y'"]
