"""The file of a backup: a ZIP with a manifest and the data, whose last line is the checksum of all before it.

The checksum line is the ZIP's own comment, so any ZIP tool opens the file, and any altered bit or missing
end is found before something is read from it.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

import msgspec

from storage.steps import Steps

FORMAT = 1
MANIFEST = "manifest.json"
DATA = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
CHUNK = 1 << 20  # bytes read at one time
QUICK = 1  # zlib's fastest level: a backup shares the machine with the hub

_MARK = b"sha256:"
_TRAILER = len(_MARK) + 64 + 1  # the mark, the digest in hex, the end of the line

Kind = Literal["sqlite", "postgresql"]


class BackupError(Exception):
    """A backup or a restore that cannot be; the message is one clear line for the operator."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `schema` is the revision of its tables, `rows` counts them by table."""

    format: int
    database: Kind
    schema: str
    version: str
    created_at: datetime
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Content:
    """What a copy holds: the revision of its tables, and how many rows each has."""

    schema: str
    rows: dict[str, int]


@contextmanager
def workspace(beside: Path) -> Iterator[Path]:
    """A folder for half-made things in the folder of `beside`, closed to others, gone in the end."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{beside.name}.", suffix=".part", dir=beside.parent))
    except OSError as error:
        raise BackupError(f"cannot write to {beside.parent}: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pack(folder: Path, manifest: Manifest, data: Path, to: Path, steps: Steps) -> None:
    """Make the file in `folder` and put it in its place in one step, readable for its owner only."""
    made = folder / "packed"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICK) as file:
        file.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        with data.open("rb") as source, file.open(DATA[manifest.database], "w", force_zip64=True) as target:
            _copy(source, target, data.stat().st_size, lambda done, size: steps.tell("pack", done, size))
        file.comment = b"\n" + bytes(_TRAILER)
    with made.open("r+b") as sealed:
        size = sealed.seek(0, os.SEEK_END) - _TRAILER
        digest = _digest(sealed, size, lambda done, size: steps.tell("seal", done, size))
        sealed.seek(size)
        sealed.write(_MARK + digest.encode() + b"\n")
        sealed.flush()
        os.fsync(sealed.fileno())
    made.chmod(0o600)
    put_in_place(made, to)


def put_in_place(made: Path, to: Path) -> None:
    """Give a finished file its name, durably: whoever looks sees the old file or all of the new one."""
    made.replace(to)
    folder = os.open(to.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup whose checksum is right."""

    path: Path
    manifest: Manifest
    _file: zipfile.ZipFile

    def unpack(self, to: Path, steps: Steps) -> None:
        """Write the data to `to`. Raises OSError when it finds no room."""
        member = DATA[self.manifest.database]
        size = self._file.getinfo(member).file_size
        with self._file.open(member) as source, to.open("xb") as target:
            _copy(source, target, size, lambda done, size: steps.tell("unpack", done, size))
            target.flush()
            os.fsync(target.fileno())


@contextmanager
def opened(path: Path, steps: Steps) -> Iterator[Archive]:
    """Read a backup; the checksum comes first. Raises BackupError when it is not exactly what was written."""
    try:
        source = path.open("rb")
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror}") from error
    with source:
        _assert_intact(path, source, steps)
        with _unzipped(path, source) as file:
            yield Archive(path, _manifest_of(path, file), file)


def is_backup(path: Path) -> bool:
    """Whether a file looks like one of ours, whole or damaged: such a one may be replaced by a new one."""
    with path.open("rb") as file:
        return _sealed(file) is not None


def _assert_intact(path: Path, file: IO[bytes], steps: Steps) -> None:
    try:
        sealed = _sealed(file)
        if sealed is None:
            raise BackupError(f"{path} {_foreign_or_cut(file)}")
        size, written = sealed
        digest = _digest(file, size, lambda done, size: steps.tell("checksum", done, size))
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror}") from error
    if written != _MARK + digest.encode() + b"\n":
        raise BackupError(f"{path} is damaged: its content does not match its checksum")


def _sealed(file: IO[bytes]) -> tuple[int, bytes] | None:
    """Bytes before the checksum line, and the line; None when there is none."""
    size = file.seek(0, os.SEEK_END) - _TRAILER
    if size <= 0:
        return None
    file.seek(size)
    line = file.read(_TRAILER)
    return (size, line) if line.startswith(_MARK) and line.endswith(b"\n") else None


def _foreign_or_cut(file: IO[bytes]) -> str:
    file.seek(0)
    if file.read(2) == b"PK":
        return "is cut or damaged: its last line, the checksum, is missing"
    return "is not a backup made by Switchboard"


def _unzipped(path: Path, source: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise BackupError(f"{path} is not a backup made by Switchboard") from error


def _manifest_of(path: Path, file: zipfile.ZipFile) -> Manifest:
    try:
        text = file.read(MANIFEST)
        if msgspec.json.decode(text, type=_Numbered).format > FORMAT:
            raise BackupError(f"{path} was made by a newer Switchboard; upgrade this one first")
        manifest = msgspec.json.decode(text, type=Manifest)
        file.getinfo(DATA[manifest.database])
    except (KeyError, msgspec.MsgspecError) as error:
        raise BackupError(f"{path} is not a backup made by Switchboard") from error
    return manifest


class _Numbered(msgspec.Struct):
    format: int


def _digest(file: IO[bytes], size: int, tell: Callable[[int, int], None]) -> str:
    found = hashlib.sha256()
    file.seek(0)
    done = 0
    while chunk := file.read(min(CHUNK, size - done)):
        found.update(chunk)
        done += len(chunk)
        tell(done, size)
    return found.hexdigest()


def _copy(source: IO[bytes], target: IO[bytes], size: int, tell: Callable[[int, int], None]) -> None:
    done = 0
    while chunk := source.read(CHUNK):
        target.write(chunk)
        done += len(chunk)
        tell(done, size)
