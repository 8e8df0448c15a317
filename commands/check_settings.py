"""`check-settings`: what the hub would run with, or all that is wrong with it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from services.deals.mapping.faults import MappingFaults
from services.deals.mapping.reading import read_file
from settings import SettingsError, load_settings


def check_settings(
    environ: Mapping[str, str], env_file: Path | None, out: TextIO, faults_to: TextIO | None = None
) -> int:
    """Write one `NAME value` line per setting to `out`, secrets masked, and return 0.

    Checks what serving needs, the file that MAPPING_FILE names included. With faults: one line each to
    `faults_to` (standard error when None), and 2.
    """
    try:
        settings = load_settings(environ, env_file, serving=True)
        read_file(settings.deals.mapping_path)
    except SettingsError as error:
        return report_faults(error, faults_to or sys.stderr)
    except MappingFaults as error:
        return report_mapping(error, faults_to or sys.stderr)
    rows = settings.masked()
    width = max(len(variable) for variable, _ in rows)
    out.writelines(f"{variable:<{width}}  {shown}\n" for variable, shown in rows)
    return 0


def report_faults(error: SettingsError, to: TextIO) -> int:
    """Write every fault on a line of its own and return the exit code for bad settings."""
    to.writelines(f"{fault}\n" for fault in error.faults)
    return 2


def report_mapping(error: MappingFaults, to: TextIO) -> int:
    """The same for the file that MAPPING_FILE names."""
    to.writelines(f"MAPPING_FILE: {fault}\n" for fault in error.faults)
    return 2
