"""What `serve` changes about its interpreter, in one of its own."""

import subprocess
import sys

from commands.serve import SWITCH
from tests.chaos.hub import ROOT

PROGRAM = """
import gc, sys
from commands.serve import be_steady
before = gc.get_freeze_count()
be_steady()
print(before, gc.get_freeze_count() > 10_000, sys.getswitchinterval())
"""


def test_what_the_start_made_is_left_out_of_every_search_and_threads_change_sooner() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.split() == ["0", "True", str(SWITCH)]
