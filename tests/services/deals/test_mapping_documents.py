"""What docs/mapping.md shows is what the hub reads."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from services.deals.mapping.model import Owner, When
from services.deals.mapping.reading import DEFAULT, read

PAGE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_is_a_mapping(example: str) -> None:
    assert read(example.encode()).rules


def test_the_first_example_is_the_built_in_mapping() -> None:
    assert tomllib.loads(EXAMPLES[0]) == tomllib.loads(DEFAULT.read_text("utf-8"))
    assert len(EXAMPLES) == 4


def test_every_word_of_a_choice_is_told() -> None:
    for word in (*get_args(When), *get_args(Owner)):
        assert f"`{word}`" in PAGE, word
