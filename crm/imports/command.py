"""`crm import FILE`: the same engine as the pages, with a progress bar."""

import asyncio
import json
from collections import deque
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from crm import schema, sql
from crm.config import ConfigurationError, settings
from crm.db import Database, Identity
from crm.embedded import connection_urls
from crm.http import Problem
from crm.imports import running, storing
from crm.imports.bad_rows import bad_rows_csv
from crm.imports.batches import Job, StopReadingError, read_batches
from crm.imports.fields import FIELDS
from crm.imports.mapping import Mapping, problems_of, propose, sample_rows
from crm.imports.reading import DELIMITERS, Layout, UnreadableFileError, detect
from crm.imports.sources import Source

console = Console(highlight=False)
queries = sql.load("imports")


class Duplicates(StrEnum):
    """What happens to a contact that is already there."""

    update = "update"
    overwrite = "overwrite"
    skip = "skip"


def import_file(
    file: Annotated[Path | None, typer.Argument(help="CSV file", dir_okay=False)] = None,
    mapping: Annotated[
        list[str] | None, typer.Option(help='COLUMN=FIELD, or a JSON file {"column": "field"}')
    ] = None,
    duplicates: Annotated[
        Duplicates, typer.Option(help="Same phone or email: fill what is empty, overwrite, skip")
    ] = Duplicates.update,
    tag: Annotated[list[str] | None, typer.Option(help="Tag for all contacts")] = None,
    user: Annotated[str | None, typer.Option(help="Email of the person who imports")] = None,
    bad_rows: Annotated[
        Path | None, typer.Option(help="Write rows that failed to this CSV")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the file, change nothing")
    ] = False,
    undo: Annotated[str | None, typer.Option(help="Take back the import with this id")] = None,
) -> None:
    """Import contacts from a CSV of another program, or take an import back."""
    if undo:
        _with_database(lambda db, identity: _undo(db, identity, _import_id(undo)), user)
        return
    if file is None or not file.is_file():
        raise ConfigurationError(
            f"there is no file {file}" if file else "name a CSV file to import"
        )
    layout, source, chosen = _describe(file, mapping or [])
    _show_mapping(layout, source, chosen, file)
    if problems := problems_of(chosen, layout.headers):
        raise ConfigurationError(" ".join(problems))
    if dry_run:
        _dry_run(file, layout, chosen, duplicates)
        return
    if not yes and not typer.confirm("Import?", default=True):
        raise typer.Exit(1)

    async def run(db: Database, identity: Identity) -> None:
        import_id = await _store(db, identity, file)
        async with db.session(identity) as connection:
            await queries.choose_import_options(
                connection, id=import_id, mapping=chosen, duplicates=duplicates.value,
                add_tags=tag or [],
            )  # fmt: skip
        await _run(db, identity, import_id, bad_rows)

    _with_database(run, user)


def _describe(file: Path, changes: list[str]) -> tuple[Layout, Source, Mapping]:
    try:
        layout = detect(file)
    except UnreadableFileError as error:
        raise ConfigurationError(str(error)) from error
    source, mapping = propose(layout, sample_rows(file, layout, 50), settings().default_region)
    for header, key in _changes(changes).items():
        number = next(
            (n for n, h in enumerate(layout.headers) if h.lower() == header.lower()), None
        )
        if number is None:
            raise ConfigurationError(f"--mapping: the file has no column {header}")
        if key and key not in FIELDS:
            raise ConfigurationError(f"--mapping: no field {key}; there are {', '.join(FIELDS)}")
        mapping[number] = key or None
    return layout, source, mapping


def _changes(options: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for option in options:
        if option.endswith(".json"):
            try:
                found |= json.loads(Path(option).read_text())
            except (OSError, ValueError) as error:
                raise ConfigurationError(f"--mapping: cannot read {option}: {error}") from error
        else:
            header, equals, key = option.rpartition("=")
            if not equals:
                raise ConfigurationError("--mapping: write COLUMN=FIELD, such as 'Cell=phone'")
            found[header] = key
    return found


def _show_mapping(layout: Layout, source: Source, mapping: Mapping, file: Path) -> None:
    separator = DELIMITERS[layout.delimiter]
    console.print(f"{file.name}: {source.label}, {layout.encoding}, separated by {separator}")
    table = Table("column", "becomes", "examples", box=None, header_style="bold")
    rows = sample_rows(file, layout, 10)
    for number, (header, key) in enumerate(zip(layout.headers, mapping, strict=True)):
        values = dict.fromkeys(filter(None, (row.cells[number].strip()[:30] for row in rows)))
        field = FIELDS[key].label if key in FIELDS else "[dim]not imported[/dim]"
        table.add_row(header, field, ", ".join([*values][:3]))
    console.print(table)


def _dry_run(file: Path, layout: Layout, mapping: Mapping, duplicates: Duplicates) -> None:
    job = Job(str(file), layout.as_json(), mapping, duplicates.value, settings().default_region)
    try:
        last = deque(read_batches(job), maxlen=1)[0]
    except StopReadingError as error:
        raise ConfigurationError(str(error)) from error
    console.print(
        f"Dry run: {last.rows:,} rows, {last.records:,} people and companies, "
        f"{last.failed:,} rows that cannot be imported. Nothing was changed."
    )


def _with_database(work: Any, user: str | None) -> None:
    """Run `work(db, identity)` on the configured or the program's own database."""

    async def connected(server: Any) -> None:
        await schema.upgrade(server.admin_dsn)
        db = Database(server.app_dsn, pool_size=3)
        await db.open()
        try:
            await work(db, await _who(db, user))
        finally:
            await db.close()

    with connection_urls(settings()) as server:
        asyncio.run(connected(server))


async def _who(db: Database, email: str | None) -> Identity:
    """The person named by --user, or the only owner."""
    async with db.service() as connection:
        found = await queries.find_importer(connection, email=email or "")
    if found is None:
        hint = f"nobody with the email {email} may import" if email else "name a person with --user"
        raise ConfigurationError(f"{hint}; `crm user add` adds one")
    return Identity(found["user_id"], found["role"], found["name"], found["email"])


async def _store(db: Database, identity: Identity, file: Path) -> UUID:
    stored = await asyncio.to_thread(storing.copy_in, file, settings())
    try:
        return await storing.register(db, identity, stored, settings())
    except Problem as problem:
        raise ConfigurationError(f"{problem.title}: {problem.detail}") from problem


async def _run(db: Database, identity: Identity, import_id: UUID, bad_rows: Path | None) -> None:
    columns = (
        TextColumn("Importing"), BarColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[now]}"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=None, now="")

        def show(progress: running.Progress) -> None:
            speed = bar.tasks[0].elapsed or 0
            rate = f", {progress.rows / speed:,.0f} rows/s" if speed else ""
            now = progress.note or f"{progress.rows:,} rows{rate}, {progress.failed:,} failed"
            bar.update(task, completed=progress.bytes_read, now=now)

        run = running.Run(db, identity, import_id, settings(), watch=show)
        await run.open()
        async with db.session(identity) as connection:
            row = await queries.get_import(connection, id=import_id)
        bar.update(task, total=row["file_size"])
        await run.work()
    await _show_result(db, identity, import_id, bad_rows)


async def _show_result(
    db: Database, identity: Identity, import_id: UUID, bad_rows: Path | None
) -> None:
    async with db.session(identity) as connection:
        row = await queries.get_import(connection, id=import_id)
        bad = [r async for r in queries.list_bad_rows(connection, id=import_id, max_rows=200_000)]
    if row["status"] != "done":
        raise ConfigurationError(row["message"])
    rate = row["rows_read"] / row["seconds"] if row["seconds"] else 0
    console.print(
        f"{row['rows_read']:,} rows in {row['seconds']:.1f} s ({rate:,.0f} rows/s): "
        f"{row['created_count']:,} created, {row['updated_count']:,} updated, "
        f"{row['skipped_count']:,} skipped, {row['failed_count']:,} failed"
    )
    if bad and bad_rows:
        text = bad_rows_csv(row["layout"]["headers"], bad)
        await asyncio.to_thread(bad_rows.write_text, text, encoding="utf-8")
        console.print(f"Rows that failed are in {bad_rows}")
    elif bad:
        for item in bad[:5]:
            console.print(f"  line {item['line']}: {item['reason']}", markup=False)
    console.print(f"Take it back with: crm import --undo {import_id}")


async def _undo(db: Database, identity: Identity, import_id: UUID) -> None:
    result = await running.undo(db, identity, import_id)
    console.print(
        f"Undone: {result['removed']:,} contacts removed, {result['restored']:,} restored"
    )
    if result["conflicts"]:
        async with db.session(identity) as connection:
            left = [row async for row in queries.list_conflicts(connection, id=import_id)]
        console.print(
            f"{result['conflicts']:,} contacts were left, something newer stands on them:"
        )
        for row in left[:20]:
            console.print(f"  {row['name'] or row['contact_id']}: {row['conflict']}", markup=False)


def _import_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ConfigurationError(f"--undo: {text} is no id of an import") from None
