"""gettext catalogues, read from .po files at the start: no compiled files to forget."""

import functools
from collections.abc import Callable, Mapping
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("ru", "en")
_FOLDER = Path(__file__).parent / "locale"


class Texts:
    """Texts by key and language. A key is a msgid; one with a plural form is chosen by `count`, a number."""

    def __init__(self, catalogues: Mapping[str, GNUTranslations]) -> None:
        self._catalogues = catalogues

    @classmethod
    def load(cls, folder: Path = _FOLDER) -> "Texts":
        """Read `<language>.po` for each language."""
        return cls({language: _read(folder / f"{language}.po", language) for language in LANGUAGES})

    def translate(
        self,
        language: str,
        key: str,
        params: Mapping[str, Any] | None = None,
        *,
        escape: Callable[[str], str] = str,
    ) -> str:
        """The text with its parameters put in, each through `escape` (the texts themselves hold markup)."""
        given = params or {}
        catalogue = self._catalogues[language]
        count = given.get("count")
        pattern = catalogue.ngettext(key, key, count) if isinstance(count, int) else key
        if pattern == key:  # no plural form of this key: English and Russian both have one for 1
            pattern = catalogue.gettext(key)
        shown = dict(given)
        if isinstance(count, int):
            shown["count"] = format_decimal(count, locale=language)
        return pattern.format_map({name: escape(str(value)) for name, value in shown.items()})


@functools.cache  # read once: two doors and every test would parse the same file again
def _read(path: Path, language: str) -> GNUTranslations:
    with path.open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
