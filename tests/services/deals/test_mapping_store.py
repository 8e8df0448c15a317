"""The mapping that holds, and how another file takes its place."""

from pathlib import Path

import pytest

from services.deals.mapping.faults import MappingFaults
from services.deals.mapping.reading import DEFAULT, read_file
from services.deals.mapping.store import MappingStore


def test_without_a_file_the_built_in_mapping_holds() -> None:
    assert MappingStore().current == read_file(None)


async def test_an_edited_file_holds_once_it_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(DEFAULT.read_bytes())
    store = MappingStore(path)
    before = store.current
    path.write_text("version = 2\n[fields.TITLE]\nsource = 'TITLE'\n", "utf-8")
    assert store.current is before
    after = await store.reload()
    assert (after.version, list(after.rules)) == (2, ["TITLE"])
    assert store.current is after


@pytest.mark.parametrize("bad", ["version = 3", "[", None])
async def test_a_bad_file_is_refused_and_the_old_one_goes_on_to_hold(tmp_path: Path, bad: str | None) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(DEFAULT.read_bytes())
    store = MappingStore(path)
    before = store.current
    if bad is None:
        path.unlink()
    else:
        path.write_text(bad, "utf-8")
    with pytest.raises(MappingFaults):
        await store.reload()
    assert store.current is before


def test_a_hub_does_not_start_with_a_bad_file(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text("version = 1\n[fields.TITLE]\nsource = 'title'\n", "utf-8")
    with pytest.raises(MappingFaults, match=r"fields\.TITLE\.source"):
        MappingStore(path)
