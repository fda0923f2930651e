"""Running an import: one transaction that holds its lock, takes batches, and ends with "done".

The file is read by another process (crm.imports.batches) while PostgreSQL merges the batch before.
Progress is written by other, short transactions, so that people see it while nothing of the import
itself is visible. Whatever kills the program or the server rolls everything back.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from crm import sql
from crm.config import Settings
from crm.db import Connection, Database, Identity
from crm.imports.batches import BATCH_RECORDS, Job
from crm.imports.records import COLUMNS
from crm.imports.sources import BY_KEY

BIG_FILE = 1_000_000  # bytes; a smaller file is not worth changing indexes for
_HEAD_LIMIT = 1 << 20
_TRIES = 10

queries = sql.load("imports")
log = structlog.get_logger()
# asyncio keeps only weak references to tasks.
_tasks: set[asyncio.Task[None]] = set()


class ImportRefusedError(Exception):
    """This import cannot be started now; the message says why."""


class _CancelledError(Exception):
    """Somebody asked to cancel."""


class _FailedError(Exception):
    """The file cannot be imported; the message is for people."""


@dataclass(slots=True)
class Progress:
    """Totals so far. `bytes_read` is an estimate from the share of lines."""

    rows: int = 0
    records: int = 0
    created: int = 0
    updated: int = 0
    failed: int = 0
    bytes_read: int = 0
    note: str = ""


def uploads(settings: Settings) -> Path:
    """The folder of stored files, made when it is not there."""
    folder = settings.data_dir / "uploads" / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def claims_of(identity: Identity) -> str:
    """What app.current_user_id() reads the caller from."""
    return json.dumps({"sub": str(identity.user_id), "role": "authenticated"})


@asynccontextmanager
async def acting(db: Database, identity: Identity) -> AsyncIterator[Connection]:
    """A transaction of the program's own login on behalf of a person."""
    async with db.service() as connection:
        await queries.act_as(connection, claims=claims_of(identity))
        yield connection


class Run:
    """One run of one import; `open()` may refuse, `work()` never raises but ends the import."""

    def __init__(
        self,
        db: Database,
        identity: Identity,
        import_id: UUID,
        settings: Settings,
        *,
        watch: Callable[[Progress], None] | None = None,
        batch_records: int = BATCH_RECORDS,
    ) -> None:
        self._db, self._identity, self._id = db, identity, import_id
        self._settings, self._watch = settings, watch
        self._batch_records = batch_records
        self.progress = Progress()
        self._connection: asyncpg.Connection | None = None
        self._bulk = False

    async def open(self) -> None:
        """Take the import's lock and mark it as running; raises ImportRefusedError."""
        connection = await asyncpg.connect(
            self._db.dsn, server_settings={"application_name": "crm import", "jit": "off"}
        )
        try:
            self._transaction = connection.transaction()
            await self._transaction.start()
            await queries.act_as(connection, claims=claims_of(self._identity))
            await queries.use_more_memory(connection)
            if not await queries.claim_import(connection, id=self._id):
                raise ImportRefusedError("This import is running already.")
            async with acting(self._db, self._identity) as other:
                await queries.start_import(other, id=self._id)
        except asyncpg.ObjectNotInPrerequisiteStateError as error:
            await connection.close()
            raise ImportRefusedError(f"{error}.") from error
        except BaseException:
            await connection.close()
            raise
        self._connection = connection

    async def work(self) -> None:
        """Import, and leave the import done, failed or cancelled."""
        status, message = "failed", ""
        try:
            await self._merge_file()
        except _CancelledError:
            status, message = "cancelled", "Cancelled. Nothing was imported."
        except _FailedError as error:
            message = f"{error} Nothing was imported."
        except asyncpg.PostgresError as error:
            log.error("import failed", import_id=str(self._id), error=str(error))
            message = f"The database refused a batch: {error}. Nothing was imported."
        except (OSError, asyncpg.InterfaceError) as error:
            log.error("import failed", import_id=str(self._id), error=str(error))
            message = "The connection to the database was lost. Nothing was imported."
        except Exception as error:
            log.error("import failed", import_id=str(self._id), exc_info=error)
            message = "Something went wrong on our side. Nothing was imported."
        else:
            status = "done"
        finally:
            await self._close(status)
        if status != "done":
            await self._end(status, message)

    async def _close(self, status: str) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            # Closing rolls an unfinished transaction back and frees the locks.
            await connection.close(timeout=10)
        if self._bulk:
            for _ in range(_TRIES):  # autovacuum may be at work on what was just imported
                if await self._set_bulk_mode(bulk=False):
                    break
                await asyncio.sleep(0.5)
            if status == "done":
                await self._tidy()

    async def _end(self, status: str, message: str) -> None:
        try:
            async with self._db.service() as connection:
                await queries.end_import(connection, id=self._id, status=status, message=message)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Then it is found as interrupted when the database is back.
            log.error("import not ended", import_id=str(self._id), error=str(error))

    async def _merge_file(self) -> None:
        connection = self._connection
        assert connection is not None
        job, size = await self._job()
        await self._claim_merge(connection)
        if size > BIG_FILE:
            self._bulk = await self._set_bulk_mode(bulk=True)
        # Closed at once, also when a batch fails or is cancelled: the reading process ends with it.
        async with aclosing(_batches(job)) as batches:
            async for head, text in batches:
                if text:
                    await self._merge_batch(connection, text)
                await self._report(head, size)
        await queries.finish_import(
            connection,
            id=self._id,
            records=self.progress.records,
            rows_read=self.progress.rows,
            failed=self.progress.failed,
        )
        await self._transaction.commit()

    async def _merge_batch(self, connection: asyncpg.Connection, text: bytes) -> None:
        await connection.copy_to_table(
            "import_records",
            schema_name="app_staging",
            columns=COLUMNS,
            source=BytesIO(text),
            format="text",
        )
        merged = await queries.merge_import_records(connection, id=self._id)
        self.progress.created += merged["created"]
        self.progress.updated += merged["updated"]

    async def _job(self) -> tuple[Job, int]:
        async with self._db.session(self._identity) as connection:
            row = await queries.get_import(connection, id=self._id)
            people = [row async for row in queries.list_people(connection)]
        path = uploads(self._settings) / row["stored_name"]
        if not path.exists():
            raise _FailedError("The stored file is gone; upload it again.")
        named = ((p[key], str(p["id"])) for p in people for key in ("name", "email"))
        job = Job(
            path=str(path.resolve()),
            layout=row["layout"],
            mapping=row["mapping"],
            duplicates=row["duplicates"],
            region=self._settings.default_region,
            lead_source=BY_KEY[row["source"]].lead_source,
            add_tags=list(row["add_tags"]),
            users={word: person for word, person in named if word},
            batch_records=self._batch_records,
        )
        return job, path.stat().st_size

    async def _claim_merge(self, connection: asyncpg.Connection) -> None:
        while not await queries.claim_merge(connection):
            self.progress.note = "Waiting for another import to finish"
            await self._tell()
            await asyncio.sleep(0.3)
        self.progress.note = ""

    async def _report(self, head: dict[str, Any], size: int) -> None:
        progress = self.progress
        progress.rows, progress.records = head["rows"], head["records"]
        progress.failed = head["failed"]
        progress.bytes_read = int(size * min(head["share"], 1.0))
        await self._tell()

    async def _tell(self) -> None:
        progress = self.progress
        async with self._db.service() as connection:
            cancel = await queries.report_import(
                connection,
                id=self._id,
                bytes_read=progress.bytes_read,
                rows_read=progress.rows,
                records=progress.records,
                created=progress.created,
                updated=progress.updated,
                failed=progress.failed,
                note=progress.note,
            )
        if self._watch:
            self._watch(progress)
        if cancel:
            raise _CancelledError

    async def _set_bulk_mode(self, *, bulk: bool) -> bool:
        try:
            async with self._db.service() as connection:
                await queries.wait_briefly(connection)
                return bool(await queries.import_bulk_mode(connection, bulk=bulk))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Only speed is lost: somebody holds the index, or the login does not own it.
            log.warning("bulk mode not changed", bulk=bulk, error=str(error))
            return False

    async def _tidy(self) -> None:
        try:
            async with self._db.service() as connection:
                await queries.no_time_limit(connection)
                await queries.tidy_after_import(connection)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("not tidied after import", error=str(error))


async def _batches(job: Job) -> AsyncGenerator[tuple[dict[str, Any], bytes]]:
    """The batches of the reading process, one read ahead; the process ends with this iterator."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "crm.imports.batches",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_HEAD_LIMIT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ahead: asyncio.Queue[tuple[dict[str, Any], bytes]] = asyncio.Queue(maxsize=1)
    reader = asyncio.create_task(_read_ahead(process.stdout, ahead))
    try:
        process.stdin.write(job.as_json().encode() + b"\n")
        await process.stdin.drain()
        while "end" not in (frame := await ahead.get())[0]:
            if "error" in frame[0]:
                raise _FailedError(frame[0]["error"])
            yield frame
    finally:
        reader.cancel()
        await asyncio.wait([reader])
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _read_ahead(
    stdout: asyncio.StreamReader, ahead: asyncio.Queue[tuple[dict[str, Any], bytes]]
) -> None:
    head: dict[str, Any] = {}
    while "end" not in head and "error" not in head:
        try:
            head = json.loads(await stdout.readline())
            text = await stdout.readexactly(head["size"]) if head.get("size") else b""
        except (ValueError, asyncio.IncompleteReadError):
            # The process died: out of memory, or a fault of ours that it wrote to stderr.
            head, text = {"error": "The file could not be read to its end."}, b""
        await ahead.put((head, text))


async def start(db: Database, identity: Identity, import_id: UUID, settings: Settings) -> None:
    """Start an import in the background; raises ImportRefusedError when it cannot start."""
    run = Run(db, identity, import_id, settings)
    await run.open()
    task = asyncio.create_task(run.work())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def leave_bulk_mode(db: Database) -> None:
    """Give the search indexes their short pending lists back, unless an import needs them now."""
    async with db.service() as connection:
        if await queries.claim_merge(connection):
            await queries.wait_briefly(connection)
            await queries.import_bulk_mode(connection, bulk=False)


async def undo(db: Database, identity: Identity, import_id: UUID) -> asyncpg.Record:
    """Take an import back: restored, removed, conflicts."""
    async with db.session(identity) as connection:
        await queries.no_time_limit(connection)
        return await queries.undo_import(connection, id=import_id)
