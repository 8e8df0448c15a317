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
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from settings import Settings

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


keys = typer.Typer(help="Make, list and revoke the keys of programs that call the hub.")
app.add_typer(keys, name="keys")


@keys.command("create")
def keys_create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[str, typer.Option(help="admin, read, webhook or enterprise:<number>.")],
    env_file: EnvFile = None,
) -> None:
    """Make a key and show it, this once."""
    settings = _settings(context, env_file)
    from commands.keys import create

    raise typer.Exit(create(settings, name, scope))


@keys.command("list")
def keys_list(context: typer.Context, env_file: EnvFile = None) -> None:
    """Show all keys by name and first characters, with their last use."""
    settings = _settings(context, env_file)
    from commands.keys import show

    raise typer.Exit(show(settings))


@keys.command("revoke")
def keys_revoke(
    context: typer.Context,
    number: Annotated[
        int, typer.Argument(min=1, max=2**63 - 1, metavar="ID", help="The number that `keys list` shows.")
    ],
    env_file: EnvFile = None,
) -> None:
    """Make a key good for nothing, within two seconds everywhere."""
    settings = _settings(context, env_file)
    from commands.keys import revoke

    raise typer.Exit(revoke(settings, number))


@app.command()
def doctor(context: typer.Context, env_file: EnvFile = None) -> None:
    """Ask everything the hub depends on, now, and say what is wrong and what to do."""
    from settings import load_settings

    with _faults_reported():
        settings = load_settings(os.environ, _chosen(context, env_file), serving=True)
    from commands.doctor import doctor as examine

    raise typer.Exit(examine(settings, sys.stdout))


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write.")],
    env_file: EnvFile = None,
) -> None:
    """Back up the database into one file; a hub may run meanwhile."""
    settings = _settings(context, env_file)
    from commands.backup import backup as back_up

    raise typer.Exit(back_up(settings, file, sys.stdout))


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup that `backup` made.")],
    verify: Annotated[bool, typer.Option("--verify", help="Count and check what was loaded too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and change nothing.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Work what waits: the hub was stopped before the backup.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also take the place of a file that is no database of ours.")
    ] = False,
    env_file: EnvFile = None,
) -> None:
    """Put a backup in the place of the database; no hub may run meanwhile."""
    settings = _settings(context, env_file)
    from commands.restore import restore as put_back
    from storage.restoring import Terms

    terms = Terms(verify=verify, force=force, resume=resume)
    raise typer.Exit(put_back(settings, file, terms, sys.stdout, dry_run=dry_run))


@app.command()
def replay(
    context: typer.Context,
    topic: Annotated[str | None, typer.Option(metavar="T", help="Only failed jobs of this topic.")] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only those whose reason holds this.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only those whose key holds this, such as a portal.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and change nothing.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Have failed jobs worked anew; a hub may run meanwhile."""
    settings = _settings(context, env_file)
    from commands.replay import Wanted
    from commands.replay import replay as work_anew

    wanted = Wanted(topic, reason, key)
    raise typer.Exit(work_anew(settings, wanted, sys.stdin, sys.stdout, dry_run=dry_run))


@app.command()
def forget(
    context: typer.Context,
    person: Annotated[
        str,
        typer.Argument(metavar="PHONE|USER", help="A phone with its + or separators, id:NUMBER, or @name."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and change nothing.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Put a pseudonym in the place of all that is stored about a person; a hub may run meanwhile."""
    settings = _settings(context, env_file)
    from commands.forget import forget as forget_person

    raise typer.Exit(forget_person(settings, person, sys.stdin, sys.stdout, dry_run=dry_run))


class Resynced(StrEnum):
    """What can be compared."""

    deals = "deals"


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@app.command()
def resync(
    context: typer.Context,
    kind: Annotated[Resynced, typer.Argument(metavar="KIND", help="What to compare: deals.")],
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="ISO",
            parser=_moment,
            help="Changes from then on, such as 2026-01-31T12:00:00+03:00; without an offset in UTC.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count and change nothing.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Have a running hub compare both sides and repair what differs."""
    settings = _settings(context, env_file)
    from commands.resync import resync as compare

    raise typer.Exit(compare(settings, since, sys.stdout, dry_run=dry_run))


mapping = typer.Typer(help="Try the mapping of deals, and make the fields that it needs.")
app.add_typer(mapping, name="mapping")


@mapping.command("test")
def mapping_test(
    context: typer.Context,
    deal: Annotated[
        str, typer.Argument(metavar="[DOMAIN/]DEAL_ID", help="A source's deal; with one source its number.")
    ],
    env_file: EnvFile = None,
) -> None:
    """Show what a transfer of a deal would write, field by field, and write nothing."""
    settings = _settings(context, env_file)
    from commands.mapping import test

    raise typer.Exit(test(settings, deal, sys.stdout))


@mapping.command("create-fields")
def mapping_create_fields(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List them and change nothing.")] = False,
    env_file: EnvFile = None,
) -> None:
    """Make the fields that the mapping names and the home portal lacks."""
    settings = _settings(context, env_file)
    from commands.mapping import create_fields

    raise typer.Exit(create_fields(settings, sys.stdin, sys.stdout, dry_run=dry_run))


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


def _settings(context: typer.Context, env_file: Path | None) -> "Settings":
    from settings import load_settings

    with _faults_reported():
        return load_settings(os.environ, _chosen(context, env_file))


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
