"""Whether twins are like their sources by the rules of a test."""

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from sandbox.bitrix24.portal import Portal

Fields = Mapping[str, Any]


def with_more_rules(folder: Path, more: str) -> str:
    """The path of a mapping: the built-in one and what `more` says."""
    path = folder / "mapping.toml"
    built_in = files("services.deals.mapping").joinpath("default.toml").read_text("utf-8")
    path.write_text(f"{built_in}\n{more}", encoding="utf-8")
    return str(path)


def differing(
    home: Portal, partner: Portal, wanted: Callable[[Fields], Fields]
) -> list[tuple[int, str, str, str]]:
    """Each field in which a twin is not what is `wanted` of its source: the deal's number, both as texts.

    A deal without a twin differs in its ID, and so does one with several.
    """
    twins: dict[str, list[Fields]] = {}
    for deal in home.deals.values():
        twins.setdefault(str(deal["ORIGIN_ID"]), []).append(deal)
    found: list[tuple[int, str, str, str]] = []
    for number, deal in partner.deals.items():
        mine = twins.get(f"{partner.domain}:{number}", [])
        if len(mine) != 1:
            found.append((number, "ID", "one twin", str(len(mine))))
            continue
        both = ((name, as_text(value), as_text(mine[0][name])) for name, value in wanted(deal).items())
        found += [
            (number, name, at_source, at_home) for name, at_source, at_home in both if at_source != at_home
        ]
    return found


def as_text(value: Any) -> str:
    """A value as it is compared: nothing is no text, and line ends are alike."""
    return str(value or "").replace("\r\n", "\n").strip()
