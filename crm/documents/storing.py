"""Bytes first, then the row: how a file becomes a document, and how its bytes go again.

A path is noted in app.document_files before its bytes are written, and struck out by its row. What
kills the program in between leaves bytes that `remove_due_files` finds a day later; there is never
a row without bytes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from crm import sql
from crm.db import Connection, Database
from crm.documents.kinds import detect, extension_of, is_program
from crm.documents.models import DocumentForm, usual_type
from crm.documents.receiving import Received
from crm.http import Problem, not_found
from crm.storage import FileGoneError, Storage, StorageError, new_key

_BATCH = 100
_REFUSALS = (
    Problem, asyncpg.IntegrityConstraintViolationError, asyncpg.InsufficientPrivilegeError,
    asyncpg.DataError,
)  # fmt: skip

queries = sql.load("documents")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes in the store that wait for their row; `file_size` in bytes, `checksum` in hex."""

    original_name: str
    file_path: str
    file_size: int
    mime_type: str
    file_extension: str | None
    checksum: str

    def columns(self) -> dict[str, Any]:
        """The columns of a document that say what was stored."""
        return {name: getattr(self, name) for name in self.__slots__}


def check(file: Received) -> str:
    """The media type of a file; raises Problem 415 for a program, 422 for nothing at all."""
    head, tail = file.ends()
    if not file.size:
        raise _refused(422, "This file is empty", f"{file.name} holds no bytes.")
    if is_program(head, file.name):
        raise _refused(415, "Programs are not stored", f"{file.name} can be run. Send it zipped.")
    return detect(head, tail, file.name)


def _refused(status: int, title: str, detail: str) -> Problem:
    return Problem(status, title, detail, [{"field": "file", "message": f"{title}."}])


@asynccontextmanager
async def stored(db: Database, storage: Storage, file: Received) -> AsyncIterator[Stored]:
    """The file's bytes in the store; the block writes their row.

    When the database refuses the row the bytes go at once, when its answer is unknown after a day.
    Raises Problem 415, 422, and 503 when the store does not answer.
    """
    mime = check(file)
    path = new_key(file.sha256)
    async with db.service() as connection:
        await queries.expect_file(connection, path=path)
    try:
        await storage.put(path, file.content)
    except StorageError as error:
        raise unavailable(error) from error
    extension = extension_of(file.name) or None
    try:
        yield Stored(file.name, path, file.size, mime, extension, file.sha256)
    except _REFUSALS:
        await discard(storage, path)
        raise


async def discard(storage: Storage, path: str) -> None:
    """Remove bytes that will have no row; what fails is done again after a day."""
    with suppress(StorageError):
        await storage.delete(path)


def unavailable(error: StorageError) -> Problem:
    """503, with the reason in the log and not in the answer."""
    log.error("file store not available", error=str(error))
    return Problem(503, "The file store is not available", "Try again in a few seconds.")


async def add_document(connection: Connection, bytes_: Stored, form: DocumentForm) -> UUID:
    """The row of a new document; gives its id."""
    words = form.model_dump() | {
        "name": form.name or bytes_.original_name,
        "document_type": form.document_type or usual_type(bytes_.mime_type),
    }
    row = await queries.add_document(connection, **words, **bytes_.columns())
    return row["id"]


async def add_version(connection: Connection, document_id: UUID, bytes_: Stored) -> UUID:
    """The row of the next version of a document; raises Problem 404 when there is none to see."""
    row = await queries.add_version(connection, id=document_id, **bytes_.columns())
    if row is None:
        raise not_found("Document")
    return row["id"]


async def restore_version(connection: Connection, old_id: UUID) -> UUID:
    """A new version with the bytes of an old one; raises Problem 404."""
    row = await queries.restore_version(connection, old_id=old_id)
    if row is None:
        raise not_found("Document")
    return row["id"]


async def remove_due_files(db: Database, storage: Storage) -> int:
    """Remove bytes that no document uses any more; gives how many. Safe to run at any time."""
    removed = 0
    while True:
        async with db.service() as connection:
            paths = [row["path"] async for row in queries.due_files(connection, max_rows=_BATCH)]
        for path in paths:
            # A row of another program may name what is no key of ours.
            with suppress(FileGoneError):
                await storage.delete(path)
        async with db.service() as connection:
            await queries.forget_files(connection, paths=paths)
        removed += len(paths)
        if len(paths) < _BATCH:
            return removed


async def tidy(db: Database, storage: Storage) -> None:
    """`remove_due_files` after an answer was sent: what fails is logged, and done again later."""
    try:
        await remove_due_files(db, storage)
    except (StorageError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        log.warning("files of deleted documents wait", error=str(error))


async def count_access(db: Database, document_id: UUID) -> None:
    """Note that a document was read, after the answer was sent."""
    try:
        async with db.service() as connection:
            await queries.count_access(connection, id=document_id)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        log.warning("an access was not counted", error=str(error))


async def upkeep(app: Any) -> None:
    """Each minute, by one process: the bytes of deleted documents and of broken uploads go."""
    await remove_due_files(app.state.db, app.state.storage)
