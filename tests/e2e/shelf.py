"""A gallery filled by the shelf, without asking for each set in a chat."""

from collections.abc import Sequence

from sqlalchemy import text

from tests.town import Town

_INSERT = text(
    "INSERT INTO sticker_sets (name_key, name, title, title_key, kind, count, added_at) VALUES"
    " (:key, :name, :title, :folded, :kind, 3, :at)"
)


async def put(town: Town, sets: Sequence[tuple[str, str]], kind: str = "regular") -> None:
    """List sets by name and title, each newer than the one before it."""
    rows = [
        {
            "key": name.lower(),
            "name": name,
            "title": title,
            "folded": title.casefold(),
            "kind": kind,
            "at": f"2026-01-15T12:{number // 60:02}:{number % 60:02}.000000Z",
        }
        for number, (name, title) in enumerate(sets)
    ]
    await town.switchboard.hub.database.write(lambda tx: tx.execute(_INSERT, rows))


async def fill(town: Town, count: int, title: str = "Title {}") -> list[str]:
    """List sets that are numbered from 0, the highest newest; their names."""
    names = [f"Set_{number:02}" for number in range(count)]
    await put(town, [(name, title.format(number)) for number, name in enumerate(names)])
    return names
