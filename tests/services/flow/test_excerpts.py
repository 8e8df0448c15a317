"""What is shown of a text that a machine wrote."""

import pytest

from services.flow.excerpts import TRACEBACK, excerpts

PLACE = '  File "/srv/hub.py", line 3, in call'
SOURCE = "    call(something)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{TRACEBACK}:\n{PLACE}\n{SOURCE}\nValueError: no number", "ValueError: no number"),
        (f"{TRACEBACK}:\n{PLACE}\n{SOURCE}\nhttpx.ReadError: cut", "httpx.ReadError: cut"),
        (f"{TRACEBACK}:\n{PLACE}\n{SOURCE}", ""),
        (f"{TRACEBACK}:\n{PLACE}", ""),
        (f"{TRACEBACK}:\n{PLACE}\n    lambda: call(something)", ""),
        (f"  + Exception Group {TRACEBACK}:\n  | {PLACE}\n  | {SOURCE}", ""),
        (f"{PLACE}\n{SOURCE}", ""),
        (f"boom: {TRACEBACK}: {PLACE} {SOURCE}", ""),
        (f"the first line\n{TRACEBACK}:\n{PLACE}", "the first line"),
        ("\n the  first\tline \nanother", "the first line"),
        ("", ""),
    ],
)
def test_of_a_traceback_only_the_error_is_shown(text: str, shown: str) -> None:
    assert excerpts(lambda unchanged: unchanged)(text, 100) == shown


def test_a_secret_is_taken_out_before_the_text_is_cut() -> None:
    excerpt = excerpts(lambda text: text.replace("secret", "***"))
    assert excerpt("a secret key", 5) == "a **…"
