"""Backup and restore with pg_dump's custom format, and the proof that a backup can be restored."""

import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from crm import schema, sql
from crm.database import OperationError, connect
from crm.database.contents import (
    Manifest,
    contents,
    differences,
    read_manifest,
    tables,
    write_manifest,
)
from crm.database.programs import login, program, run, run_script
from crm.embedded import Server

queries = sql.load("database")

# What a database holds may be newer than the backup, which then cannot name all that has to go.
# The schema public gets the owner and the rights that it has in a new database.
_EMPTYING = """
    select string_agg(format('drop schema %I cascade;', nspname), ' ')
           || ' create schema public; grant usage on schema public to public;'
           || ' comment on schema public is ''standard public schema'';'
           || case when current_setting('server_version_num')::int >= 150000
                   then 'alter schema public owner to pg_database_owner;'
                   else 'grant create on schema public to public;' end
    from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
"""
# Bytes of table data done, and all of it.
OnProgress = Callable[[int, int], None]
_TABLE_LINE = re.compile(r"(?:dumping contents of|processing data for) table \"?([\w.]+)")


async def backup(server: Server, target: Path, on_progress: OnProgress) -> Manifest:
    """Write the database to `target`, complete or not at all, and its manifest beside it.

    Dump and manifest see the same snapshot, while others go on writing. Raises OperationError.
    """
    partial = target.with_name(f".{target.name}.partial")
    async with connect(server.admin_dsn) as connection:
        pg_dump = program(server, "pg_dump", connection.get_server_version().major)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = str(await connection.fetchval("select pg_export_snapshot()"))
            sizes = await tables(connection)
            try:
                _dump(pg_dump, server.admin_dsn, snapshot, partial, _progress(sizes, on_progress))
                manifest = await contents(connection)
                write_manifest(target, manifest)
                size = _sync(partial)
                partial.replace(target)
            except OSError as error:
                raise OperationError(f"cannot write {target}: {error.strerror}") from error
            finally:
                partial.unlink(missing_ok=True)
        await _note(connection, target, size, manifest)
    return manifest


async def restore(
    server: Server, source: Path, on_progress: OnProgress, *, into: str | None, replace: bool
) -> None:
    """Load a backup into the database, or into the database `into` of the same server.

    One transaction: a failure leaves everything as it was. Raises OperationError, also when the
    target holds data and `replace` is false.
    """
    _check_source(source)
    if into is not None:
        await _create_database(server.admin_dsn, into, missing_only=True)
    target = at_database(server.admin_dsn, into)
    async with connect(target) as connection:
        if not replace and (held := await _holds(connection)):
            raise OperationError(f"the database holds {held}; --yes replaces them with the backup")
    await _make_roles(server)
    await _load(server, source, target, on_progress)


async def verify(server: Server, source: Path, on_progress: OnProgress) -> tuple[str, list[str]]:
    """Restore a backup into a scratch database, compare every table, drop the scratch database.

    Compared with the manifest written at backup or, without one, with the live database. Returns
    what it was compared with and one line for each difference. Raises OperationError.
    """
    _check_source(source)
    expected, with_what = read_manifest(source), "the manifest written with it"
    if expected is None:
        with_what = "the live database"
        async with connect(server.admin_dsn) as connection:
            expected = await contents(connection)
    await _make_roles(server)
    async with _scratch(server.admin_dsn) as scratch:
        await _load(server, source, scratch, on_progress)
        async with connect(scratch) as connection:
            return with_what, differences(expected, await contents(connection))


async def _note(
    connection: asyncpg.Connection, target: Path, size: int, manifest: Manifest
) -> None:
    """Note the backup for Settings, Data; a database from before that page has no place for it."""
    if await connection.fetchval("select to_regclass('app.backups')") is None:
        return
    await queries.note_backup(
        connection, file=str(target), tables=len(manifest), bytes=size,
        rows=sum(item.rows for item in manifest.values()),
    )  # fmt: skip


def at_database(dsn: str, name: str | None) -> str:
    """The same server's URL for another database."""
    return dsn if name is None else urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def _dump(
    pg_dump: str, dsn: str, snapshot: str, target: Path, on_line: Callable[[str], None]
) -> None:
    url, environment = login(dsn)
    options = ["--format=custom", "--verbose", f"--snapshot={snapshot}", f"--file={target}"]
    run([pg_dump, *options, f"--dbname={url}"], environment, on_line)


async def _load(server: Server, source: Path, target: str, on_progress: OnProgress) -> None:
    async with connect(target) as connection:
        major = connection.get_server_version().major
        emptying = str(await connection.fetchval(_EMPTYING))
    async with connect(server.admin_dsn) as connection:
        sizes = await tables(connection)
    url, environment = login(target)
    pg_restore = [program(server, "pg_restore", major), "--verbose", "--file=-", str(source)]
    psql = [program(server, "psql", major), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "-"]
    run_script(pg_restore, psql, emptying, environment, _progress(sizes, on_progress))
    on_progress(1, 1)


def _progress(sizes: dict[str, int], on_progress: OnProgress) -> Callable[[str], None]:
    """What turns the lines of pg_dump --verbose into bytes done: a table is done at the next."""
    total, done, current = max(sum(sizes.values()), 1), 0, 0

    def on_line(line: str) -> None:
        nonlocal done, current
        if table := _TABLE_LINE.search(line):
            done += current
            current = sizes.get(table[1], 0)
            on_progress(done, total)

    return on_line


def _check_source(source: Path) -> None:
    try:
        with source.open("rb") as file:
            magic = file.read(5)
    except OSError as error:
        raise OperationError(f"cannot read {source}: {error.strerror}") from error
    if magic != b"PGDMP":
        raise OperationError(f"{source} is not a backup made by `crm db backup` (pg_dump -Fc)")


def _sync(path: Path) -> int:
    """Have the file on the disk; gives its bytes."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size


async def _holds(connection: asyncpg.Connection) -> str:
    """What would be lost: "40 contacts", "3 users", or nothing."""
    for table in ("contacts", "app.users"):
        if await connection.fetchval("select to_regclass($1)", table) is not None:
            rows = await connection.fetchval(f"select count(*) from {table}")  # noqa: S608
            if rows:
                return f"{rows:,} {table.removeprefix('app.')}"
    return ""


async def _make_roles(server: Server) -> None:
    # Roles belong to the server and not to a database, so a backup has none. The schema's files
    # make them: on this server, if they ever ran in its database; if not, they run now.
    async with connect(server.admin_dsn) as connection:
        if await connection.fetchval("select to_regclass('app.schema_files')") is not None:
            return
    async with _scratch(server.admin_dsn) as scratch:
        await schema.upgrade(scratch)


@asynccontextmanager
async def _scratch(dsn: str) -> AsyncIterator[str]:
    """The URL of a new empty database, which is dropped at the end."""
    name = f"crm_scratch_{secrets.token_hex(4)}"
    await _create_database(dsn, name)
    try:
        yield at_database(dsn, name)
    finally:
        async with connect(dsn) as connection:
            await connection.execute(f"drop database if exists {name}")


async def _create_database(dsn: str, name: str, *, missing_only: bool = False) -> None:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise OperationError(f"{name!r} is not a plain database name (a-z, 0-9, _)")
    async with connect(dsn) as connection:
        known = await connection.fetchval("select 1 from pg_database where datname = $1", name)
        if known and missing_only:
            return
        try:
            await connection.execute(f"create database {name} template template0")
        except asyncpg.InsufficientPrivilegeError as error:
            raise OperationError(f"this login may not create a database: {error}") from error
