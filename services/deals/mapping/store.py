"""The mapping that holds now, and how another one takes its place."""

import asyncio
from pathlib import Path

from services.deals.mapping.model import Mapping
from services.deals.mapping.reading import read_file


class MappingStore:
    """Reads MAPPING_FILE, or the built-in mapping for None, at the start and whenever it is told to."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises MappingFaults: a hub does not start with a file that is no mapping."""
        self._path = path
        self._current = read_file(path)

    @property
    def current(self) -> Mapping:
        """Read once a deal: it may be another one at the next."""
        return self._current

    async def reload(self) -> Mapping:
        """The file as it is now. Raises MappingFaults, and then the one before goes on to hold."""
        self._current = await asyncio.to_thread(read_file, self._path)
        return self._current
