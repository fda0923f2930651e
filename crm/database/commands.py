"""`crm db …`: the commands; what they do is in the modules beside this one."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from crm import schema
from crm.config import ConfigurationError, settings
from crm.database import OperationError, connect
from crm.embedded import Server, connection_urls

# A pipe has no width: long names and paths stay in one piece there.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
db = typer.Typer(help="The database: schema, health, upkeep, backups.", no_args_is_help=True)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask")]
_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "red"}


@contextmanager
def _server() -> Iterator[Server]:
    with connection_urls(settings()) as server:
        yield server


@db.command()
def upgrade(
    seed: Annotated[bool, typer.Option("--seed", help="Load the demo data as well")] = False,
) -> None:
    """Bring the schema up to date; safe to run at any time, by any number of processes."""
    with _server() as server:
        applied = asyncio.run(schema.upgrade(server.admin_dsn, seed=seed, on_file=console.print))
    console.print(f"{len(applied)} files applied" if applied else "Already up to date")


@db.command()
def status() -> None:
    """Which files of db/ this database has seen."""
    with _server() as server:
        states = asyncio.run(schema.status(server.admin_dsn))
    table = _table("file", "state", "applied")
    for state in states:
        optional = state.path == schema.SEED and state.state == "pending"
        when = f"{state.applied_at:%Y-%m-%d %H:%M:%S}" if state.applied_at else ""
        table.add_row(state.path, "optional (--seed)" if optional else state.state, when)
    console.print(table)


@db.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql as the owner; further arguments go to psql (crm db psql -c 'select 1')."""
    from crm.database.programs import login, program

    with _server() as server:
        url, environment = login(server.admin_dsn)
        major = asyncio.run(_major(server.admin_dsn))
        command = [program(server, "psql", major), "--dbname", url, *context.args]
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is psql's
        try:
            code = subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
        finally:
            signal.signal(signal.SIGINT, interrupt)
    raise typer.Exit(code)


@db.command()
def reset(yes: Yes = False) -> None:
    """Delete everything in the embedded database and set it up anew."""
    with _server() as server:
        if server.cluster is None:
            raise OperationError(
                "reset is for the embedded database; drop and create yours by hand"
            )
        if not yes:
            typer.confirm("Delete every contact, message and user?", abort=True)
        server.cluster.recreate_database()
        applied = asyncio.run(schema.upgrade(server.admin_dsn))
    console.print(f"An empty database, {len(applied)} files applied")


@db.command()
def doctor() -> None:
    """Look for trouble: version, roles, row security, indexes, constraints, counters."""
    from crm.database.doctor import examine

    production = settings().environment == "production"
    with _server() as server:
        findings = asyncio.run(examine(server.admin_dsn, server.app_dsn, production=production))
    table = _table("", "subject", "finding", "what to do")
    for found in findings:
        colour = _COLOURS[found.severity]
        table.add_row(f"[{colour}]{found.severity}[/]", found.subject, found.text, found.advice)
    console.print(table)
    raise typer.Exit(int(any(found.severity == "error" for found in findings)))


@db.command()
def stats(
    limit: Annotated[int, typer.Option(help="Rows of the lists of indexes and queries")] = 20,
) -> None:
    """Sizes of tables, use of indexes, slowest queries."""
    with _server() as server:
        asyncio.run(_stats(server.admin_dsn, limit))


@db.command()
def upkeep() -> None:
    """Run every task of the upkeep now (overdue activities, trash, …), and say how it went."""
    from crm.db import Database
    from crm.upkeep import Run, once

    async def run(dsn: str) -> list[Run]:
        database = Database(dsn, pool_size=1)
        await database.open()
        try:
            return await once(database, 0)
        finally:
            await database.close()

    with _server() as server:
        runs = asyncio.run(run(server.app_dsn))
    table = _table("task", "rows", "ms", "error")
    for one in runs:
        table.add_row(one.task, _cell(one.touched), _cell(one.ms), one.failure)
    console.print(table)
    raise typer.Exit(int(any(one.failure for one in runs)))


@db.command()
def maintain() -> None:
    """Vacuum and analyse every table, rebuild bloated indexes; nobody has to wait for it."""
    from crm.database.maintain import Step
    from crm.database.maintain import maintain as run

    async def work(dsn: str) -> list[str]:
        async with connect(dsn) as connection:
            return await run(connection, on_step)

    with _server() as server, _progress() as bar:
        task = bar.add_task("look at the tables", total=1)

        def on_step(step: Step, done: int, total: int) -> None:
            bar.update(task, description=step.label, completed=done, total=total)

        rebuilt = asyncio.run(work(server.admin_dsn))
        bar.update(task, description="done", completed=1, total=1)
    console.print(f"{len(rebuilt)} bloated indexes rebuilt {', '.join(rebuilt)}".strip())


@db.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write (pg_dump's custom format)")],
) -> None:
    """Write the whole database to one file, while the program goes on working."""
    from crm.database.backup import backup as run

    with _server() as server, _progress() as bar:
        manifest = asyncio.run(run(server, file.absolute(), _on_bytes(bar, "back up")))
    rows = sum(item.rows for item in manifest.values())
    size = file.stat().st_size / 1_000_000
    console.print(f"{file}: {len(manifest)} tables, {rows:,} rows, {size:,.1f} MB")


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file made by crm db backup")],
    verify: Annotated[bool, typer.Option("--verify", help="Only prove it can be restored")] = False,
    into: Annotated[str | None, typer.Option(help="Another database of the same server")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Replace what the database holds")] = False,
) -> None:
    """Load a backup; with --verify into a scratch database, and compare every table."""
    from crm.database.backup import restore as load
    from crm.database.backup import verify as prove

    if verify and into:
        raise ConfigurationError("--verify uses a scratch database of its own, without --into")
    source = file.absolute()
    with _server() as server, _progress() as bar:
        show = _on_bytes(bar, "restore")
        if not verify:
            asyncio.run(load(server, source, show, into=into, replace=yes))
            console.print(f"{file} is restored" + (f" into {into}" if into else ""))
            return
        with_what, differences = asyncio.run(prove(server, source, show))
    for line in differences:
        console.print(f"[red]differs[/red] {line}")
    if differences:
        raise typer.Exit(1)
    console.print(f"{file} can be restored: every table equals {with_what}")


async def _major(dsn: str) -> int:
    async with connect(dsn) as connection:
        return connection.get_server_version().major


async def _stats(dsn: str, limit: int) -> None:
    from crm.database.stats import read
    from crm.web import file_size

    async with connect(dsn) as connection:
        found = await read(connection, limit)
    if found.server is None:
        raise OperationError("this login may not see the statistics: it does not own the database")
    console.print(f"Database: {file_size(found.server['bytes'])}")
    _print("Tables", found.tables)
    most_used = sorted(found.indexes, key=lambda index: -index["scans"])[:limit]
    _print("Indexes, most used first", most_used)
    if found.statements_state in ("ready", "hidden"):
        _print("Statements by total time", found.statements)
    else:
        console.print(f"Statements: pg_stat_statements is {found.statements_state} here")


def _print(title: str, rows: Sequence[Any]) -> None:
    from crm.web import file_size

    table = _table(*(rows[0].keys() if rows else ("nothing yet",)), title=title)
    for row in rows:
        cells = [
            file_size(value) if name.endswith("bytes") else _cell(value)
            for name, value in row.items()
        ]
        table.add_row(*cells)
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _progress() -> Progress:
    parts = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*parts, console=Console(stderr=True), transient=True)


def _on_bytes(bar: Progress, label: str) -> Callable[[int, int], None]:
    task = bar.add_task(label, total=1)
    return lambda done, total: bar.update(task, completed=done, total=total)
