"""Brings a database to the schema of db/: `db/schema`, then `db/app`, then `db/changes`.

The files of schema and app are idempotent, each is one transaction, and together they take about a
second: when any of them changed since the database last saw it, all are applied again in order.
Files of changes run once each. A database made with psql is adopted the same way.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

import crm

DB = Path(crm.__file__).parent.parent / "db"
SEED = "schema/018_seed_data.sql"
# Any number, the same in every version: "crm" on a telephone's keys, then the year it was chosen.
_LOCK = 276_2026
# A running program may hold a lock which a file needs: wait a little, let it pass, try again.
_LOCK_TIMEOUT = "4s"
_ATTEMPTS = 8


class SchemaError(Exception):
    """The schema cannot be brought up to date; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file below db/: its path there, its text, and the SHA-256 of the text."""

    path: str
    text: str
    checksum: str


@dataclass(frozen=True, slots=True)
class FileState:
    """What a database knows of a file; `state` is "applied", "changed" or "pending"."""

    path: str
    state: str
    applied_at: datetime | None


def files(*folders: str) -> list[SqlFile]:
    """The SQL files of these folders of db/, in the order in which they are applied."""
    found = [path for folder in folders for path in sorted((DB / folder).glob("*.sql"))]
    if "schema" in folders and not found:
        raise SchemaError(f"there are no SQL files in {DB}")
    return [_read(path) for path in found]


def wanted() -> tuple[list[str], list[str]]:
    """Paths and checksums of the files that a database must have seen to fit this program."""
    needed = [file for file in files("schema", "app", "changes") if file.path != SEED]
    return [file.path for file in needed], [file.checksum for file in needed]


async def upgrade(
    admin_dsn: str, *, seed: bool = False, on_file: Callable[[str], None] | None = None
) -> list[str]:
    """Apply what the database has not seen; returns the paths applied, empty when up to date.

    `admin_dsn` is the owner's login, on a direct connection (a session-level lock is held: twenty
    processes that start together do the work once). `seed` also loads the demo data; `on_file` is
    called with each path before it is applied. Raises SchemaError.
    """
    async with _connection(admin_dsn) as connection:
        if not await _missing(connection, seed):
            return []
        await connection.execute(f"select pg_advisory_lock({_LOCK})")
        await connection.execute(f"set lock_timeout = '{_LOCK_TIMEOUT}'")
        todo = await _missing(connection, seed)
        await _forget(connection, todo)
        repeatable = [file for file in todo if not file.path.startswith("changes/")]
        for file in repeatable:
            await _apply(connection, file, file.text, on_file)
        await _record(connection, repeatable)
        for file in todo[len(repeatable) :]:
            await _apply(connection, file, _recording_itself(file), on_file)
        return [file.path for file in todo]


async def status(admin_dsn: str) -> list[FileState]:
    """The state of every file, in order of application. Raises SchemaError."""
    async with _connection(admin_dsn) as connection:
        known = await _recorded(connection)
        return [_state(file, known.get(file.path)) for file in files("schema", "app", "changes")]


def _read(path: Path) -> SqlFile:
    text = path.read_text(encoding="utf-8")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return SqlFile(path.relative_to(DB).as_posix(), text, checksum)


def _state(file: SqlFile, record: asyncpg.Record | None) -> FileState:
    if record is None:
        return FileState(file.path, "pending", None)
    state = "applied" if record["checksum"] == file.checksum else "changed"
    return FileState(file.path, state, record["applied_at"])


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        dsn,
        server_settings={
            "application_name": "crm db upgrade",
            "client_min_messages": "warning",
            "statement_timeout": "0",
            "app.changes": "summary",  # rows of an installation are nobody's changes
        },
    )
    try:
        yield connection
    finally:
        await connection.close()


async def _recorded(connection: asyncpg.Connection) -> dict[str, asyncpg.Record]:
    if await connection.fetchval("select to_regclass('app.schema_files')") is None:
        return {}
    try:
        rows = await connection.fetch("select path, checksum, applied_at from app.schema_files")
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaError(
            f"this login does not own the database ({error}); set CRM_ADMIN_DATABASE_URL"
        ) from error
    return {row["path"]: row for row in rows}


async def _missing(connection: asyncpg.Connection, seed: bool) -> list[SqlFile]:
    """The files to apply, in order: all repeatable ones when any of them is not as recorded."""
    known = await _recorded(connection)

    def is_new(file: SqlFile) -> bool:
        return file.path not in known or known[file.path]["checksum"] != file.checksum

    everything = files("schema", "app")
    again = any(is_new(file) for file in everything if file.path != SEED)
    repeatable = [
        file for file in everything if (again if file.path != SEED else seed and is_new(file))
    ]
    return repeatable + [file for file in files("changes") if file.path not in known]


async def _forget(connection: asyncpg.Connection, todo: Iterable[SqlFile]) -> None:
    # If a file fails half-way, the record must not claim that the later ones match this version.
    if await _recorded(connection):
        paths = [file.path for file in todo]
        await connection.execute("delete from app.schema_files where path = any($1)", paths)


async def _apply(
    connection: asyncpg.Connection,
    file: SqlFile,
    text: str,
    on_file: Callable[[str], None] | None,
) -> None:
    if on_file:
        on_file(file.path)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await connection.execute(text)
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            await connection.execute("rollback")
            if attempt == _ATTEMPTS:
                raise SchemaError(f"db/{file.path}: other sessions hold locks: {error}") from error
            await asyncio.sleep(0.2 * attempt)
        except asyncpg.PostgresError as error:
            raise SchemaError(f"db/{file.path}{_line(text, error)}: {error}") from error


def _line(text: str, error: asyncpg.PostgresError) -> str:
    position = getattr(error, "position", None)  # in characters; only some errors have one
    return f", line {text.count(chr(10), 0, int(position)) + 1}" if position else ""


async def _record(connection: asyncpg.Connection, applied: list[SqlFile]) -> None:
    await connection.execute(
        "insert into app.schema_files (path, checksum) select * from unnest($1::text[], $2::text[])"
        " on conflict (path) do update set checksum = excluded.checksum, applied_at = now()",
        [file.path for file in applied],
        [file.checksum for file in applied],
    )


def _recording_itself(file: SqlFile) -> str:
    """The text of a change with its record inside its transaction: never done twice."""
    body, commit, rest = file.text.rpartition("commit;")
    if not commit:
        raise SchemaError(f"db/{file.path} is not one transaction: begin; … commit;")
    values = f"('{file.path}', '{file.checksum}')"
    return f"{body}insert into app.schema_files (path, checksum) values {values};\n{commit}{rest}"  # noqa: S608
