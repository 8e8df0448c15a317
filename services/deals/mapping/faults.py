"""What is wrong with a mapping's file, gathered so that all of it is told at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.engine.errors import Refused

LONGEST_NAME = 80  # characters of a name that a fault shows


class MappingFaults(Refused):
    """A file that is no mapping. Each of `faults` begins with where it is, such as `fields.TITLE.when`."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class Found:
    """Reads tables of a file and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, where: str, message: str) -> None:
        """Keep one."""
        self.faults.append(f"{where}: {message}")

    def table(self, where: str, value: Any, allowed: Iterable[str] = ()) -> Mapping[str, Any]:
        """A table whose keys are all `allowed`, or any when none are named; an empty one for what is none."""
        if not isinstance(value, dict):
            self.fault(where, "is no table")
            return {}
        known = set(allowed)
        for key in value:
            if known and key not in known:
                self.fault(place(where, key), f"is unknown; there are {', '.join(sorted(known))}")
        return value

    def text(self, where: str, value: Any) -> str:
        """A text that says something; "" for what is none."""
        if isinstance(value, str) and value.strip():
            return value
        self.fault(where, "is no text" if not isinstance(value, str) else "is empty")
        return ""

    def choice(self, where: str, value: Any, options: tuple[str, ...]) -> str:
        """One of the options; the first one for what is none."""
        if isinstance(value, str) and value in options:
            return value
        self.fault(where, f"is none of {', '.join(options)}")
        return options[0]

    def texts(self, where: str, value: Any) -> Mapping[str, str]:
        """A table of texts."""
        found = self.table(where, value)
        if isinstance(value, dict) and not found:
            self.fault(where, "is empty")
        return {key: self.text(place(where, key), one) for key, one in found.items()}


def place(where: str, key: str) -> str:
    """A key's place in its table."""
    shown = key if len(key) <= LONGEST_NAME else f"{key[:LONGEST_NAME]}…"
    return f"{where}.{shown}" if where else shown
