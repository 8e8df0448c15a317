"""The hub's command line. Only here are settings built from the environment.

Exit codes: 0 done, 1 failed, 2 bad settings or usage.
"""
# Commands import what they run inside their functions: `version` and `--help` then answer at once,
# without loading the web server, the database driver and the Telegram library first.
# ruff: noqa: PLC0415

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_ENV_FILE = Path(".env")

EnvFile = Annotated[
    Path | None,
    typer.Option("--env-file", exists=True, dir_okay=False, help="File with settings; .env if there is one."),
]

# Plain tracebacks: the decorated ones can show local variables, and those hold secrets.
app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Switchboard, a hub run from Telegram."
)


@app.callback(invoke_without_command=True)
def main(context: typer.Context, env_file: EnvFile = None) -> None:
    """Without a command: serve."""
    context.obj = env_file
    if context.invoked_subcommand is None:
        serve(context)


@app.command()
def serve(context: typer.Context, env_file: EnvFile = None) -> None:
    """Run the hub until it is told to stop."""
    from settings import load_settings

    with _faults_reported():
        settings = load_settings(os.environ, _chosen(context, env_file), serving=True)
    import uvloop

    from commands.serve import serve as serve_hub

    raise typer.Exit(uvloop.run(serve_hub(settings)))


@app.command()
def demo() -> None:
    """Run hub and stand-ins on this machine, on ports DEMO_PORT and SANDBOX_PORT."""
    from settings import load_demo_ports

    with _faults_reported():
        ports = load_demo_ports(os.environ)
    from commands.demo import demo as run_demo

    raise typer.Exit(asyncio.run(run_demo(demo_port=ports.hub, sandbox_port=ports.sandbox)))


@app.command()
def migrate(context: typer.Context, env_file: EnvFile = None) -> None:
    """Bring the database's tables up to date."""
    from settings import load_settings

    with _faults_reported():
        settings = load_settings(os.environ, _chosen(context, env_file))
    from commands.migrate import migrate as migrate_database

    raise typer.Exit(migrate_database(settings))


@app.command("check-settings")
def check_settings(context: typer.Context, env_file: EnvFile = None) -> None:
    """Show the settings in use, secrets masked, or everything that is wrong with them."""
    from commands.check_settings import check_settings as check

    raise typer.Exit(check(os.environ, _chosen(context, env_file), sys.stdout))


@app.command()
def version() -> None:
    """Show which version this is."""
    from commands.version import version as show_version

    raise typer.Exit(show_version(sys.stdout))


def _chosen(context: typer.Context, env_file: Path | None) -> Path:
    """The file named behind the command, else the one named before it, else .env."""
    return env_file or context.obj or DEFAULT_ENV_FILE


@contextmanager
def _faults_reported() -> Iterator[None]:
    from commands.check_settings import report_faults
    from settings import SettingsError

    try:
        yield
    except SettingsError as error:
        raise typer.Exit(report_faults(error, sys.stderr)) from None


if __name__ == "__main__":
    app()
