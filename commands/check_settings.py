"""`check-settings`: what the hub would run with, or all that is wrong with it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from settings import SettingsError, load_settings


def check_settings(
    environ: Mapping[str, str], env_file: Path | None, out: TextIO, faults_to: TextIO | None = None
) -> int:
    """Write one `NAME value` line per setting to `out`, secrets masked, and return 0.

    Checks what serving needs. With faults: one line each to `faults_to` (standard error when None), and 2.
    """
    try:
        rows = load_settings(environ, env_file, serving=True).masked()
    except SettingsError as error:
        return report_faults(error, faults_to or sys.stderr)
    width = max(len(variable) for variable, _ in rows)
    out.writelines(f"{variable:<{width}}  {shown}\n" for variable, shown in rows)
    return 0


def report_faults(error: SettingsError, to: TextIO) -> int:
    """Write every fault on a line of its own and return the exit code for bad settings."""
    to.writelines(f"{fault}\n" for fault in error.faults)
    return 2
