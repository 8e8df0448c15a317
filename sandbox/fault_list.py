"""Failures that are planned for a stand-in, as every stand-in keeps them."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Numbered(Protocol):
    """Something planned that can be taken back by its number."""

    @property
    def id(self) -> int:
        """Its number; they go on for ever."""
        ...


Planned = TypeVar("Planned", bound=Numbered)


class FaultList(Generic[Planned]):
    """Those waiting to happen, oldest first. `changed` are told of every change."""

    def __init__(self) -> None:
        self._faults: list[Planned] = []
        self._next = 1
        self.changed: list[Callable[[], None]] = []

    def remove(self, fault_id: int) -> None:
        """Take one back; unknown ids are ignored."""
        self._faults = [fault for fault in self._faults if fault.id != fault_id]
        self._tell()

    def clear(self) -> None:
        """Take all back."""
        self._faults.clear()
        self._tell()

    def _keep(self, fault: Planned) -> Planned:
        self._next += 1
        self._faults.append(fault)
        self._tell()
        return fault

    def _tell(self) -> None:
        for tell in self.changed:
            tell()
