"""Encoding as PHP does it: written vectors, and PHP itself where it is installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sandbox.bitrix24.php import http_build_query, is_true, parse_str, shaped, split_command
from sandbox.bitrix24.references import resolved
from sandbox.bitrix24.wire import normal_phone

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text())
COMMANDS = 1000
_PARSE = (
    "while (($line = fgets(STDIN)) !== false) { parse_str(json_decode($line), $found);"
    " echo json_encode($found, JSON_INVALID_UTF8_SUBSTITUTE), PHP_EOL; }"
)
_NAMES = (
    "a",
    "fields",
    "x.y",
    "a b",
    "ё",
    "0",
    "1",
    "01",
    "-1",
    "9",
    "",
    " a",
    "%D0%B0",
    "a%5Bb%5D",
    "%00",
    "%ff",
)
_KEYS = (
    "[]",
    "[a]",
    "[0]",
    "[1]",
    "[7]",
    "[01]",
    "[ ]",
    "[ b]",
    "[a.b]",
    "[a b]",
    "[",
    "]",
    "[x",
    "[é]",
    "%5B0%5D",
)
_VALUES = (
    "",
    "=",
    "=1",
    "=a+b%2Bc",
    "=%D1%91",
    "=100%",
    "=%zz",
    "=$result[c]",
    "==",
    "=a=b",
    "=ы",
    "=%00",
    "=#",
)


@pytest.mark.parametrize("case", GOLDEN["http_build_query"], ids=lambda case: case["query"][:30])
def test_a_query_is_built_as_php_builds_it(case: dict[str, Any]) -> None:
    assert http_build_query(case["params"]) == case["query"]


@pytest.mark.parametrize("case", GOLDEN["parse_str"], ids=lambda case: case["body"][:30])
def test_a_query_is_read_as_php_reads_it(case: dict[str, Any]) -> None:
    assert parse_str(case["body"]) == case["parsed"]


@pytest.mark.parametrize("case", GOLDEN["batch_reference"]["cases"], ids=lambda case: case["query"])
def test_a_reference_is_put_in_as_the_portal_does(case: dict[str, Any]) -> None:
    assert resolved(parse_str(case["query"]), GOLDEN["batch_reference"]["env"]) == case["params"]


@pytest.mark.parametrize("case", GOLDEN["phone_normalization"], ids=lambda case: case["in"])
def test_a_phone_is_normalised_as_the_portal_does(case: dict[str, str]) -> None:
    assert normal_phone(case["in"]) == case["out"]


@pytest.mark.parametrize("case", GOLDEN["halt_truthiness"], ids=lambda case: repr(case["halt"]))
def test_halt_is_true_where_php_says_so(case: dict[str, Any]) -> None:
    assert is_true(case["halt"]) == case["halts"]


@pytest.mark.parametrize("case", GOLDEN["batch_command_split"], ids=lambda case: case["command"])
def test_a_command_is_cut_as_parse_url_cuts_it(case: dict[str, str | None]) -> None:
    assert split_command(str(case["command"])) == (case["method"], case["query"] or "")


def test_more_variables_than_php_takes_are_cut_off() -> None:
    assert len(parse_str("&".join(f"a[]={number}" for number in range(1200)))["a"]) == 1000


def test_an_empty_map_and_a_numbered_map_are_lists() -> None:
    assert shaped({"a": {}, "b": {"0": 1, "1": 2}, "c": {"1": 2}}) == {"a": [], "b": [1, 2], "c": {"1": 2}}


def _query(random: Random) -> str:
    """A query as a good client or a bad one may send it. Negative keys before `[]` differ between PHP's
    versions and are left out.
    """
    pairs = []
    for _ in range(random.randint(1, 5)):
        keys = "".join(random.choice(_KEYS) for _ in range(random.randint(0, 3)))
        pairs.append(random.choice(_NAMES) + keys + random.choice(_VALUES))
    return "&".join(pairs)


def _built(random: Random) -> str:
    """A query as http_build_query makes it."""
    texts = ("A&B", "ё #1", "100%", "+7916", "", "a[b]=c", "~x", "\n")
    values = {
        "fields": {random.choice(("TITLE", "a.b", "x y", "7")): random.choice(texts)},
        "select": [random.choice(texts) for _ in range(random.randint(1, 3))],
        "start": random.randint(-1, 99),
    }
    return http_build_query(values)


def test_php_reads_a_thousand_commands_the_same_way() -> None:
    php = shutil.which("php")
    if php is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no php: install Debian's php-cli")
        pytest.skip("no php: install Debian's php-cli")
    random = Random(5)
    queries = [(_query, _built)[number % 2](random) for number in range(COMMANDS)]
    lines = "".join(json.dumps(query) + "\n" for query in queries)
    run = subprocess.run(
        [php, "-n", "-r", _PARSE], input=lines, capture_output=True, text=True, check=True, timeout=60
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == COMMANDS
    differing = [
        (query, theirs, parse_str(query))
        for query, theirs in zip(queries, answers, strict=True)
        if json.dumps(parse_str(query)) != json.dumps(theirs)
    ]
    assert differing == []
