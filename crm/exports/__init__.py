"""Files of many rows: CSV, or a ZIP of CSV files; streamed, safe in a spreadsheet, and noted.

An export runs as the person who asks, so row level security decides what it holds. Nothing is
collected: a few hundred rows are read, written and sent before the next.
"""

import asyncio
import csv
import io
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi.responses import StreamingResponse

from crm import sql
from crm.db import Connection, Database, Identity

queries = sql.load("exports")

ROWS = 500  # written at once
FORMULA = frozenset("=+-@\t\r")
_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric"})
_NOTE_SECONDS = 1.5
_PATIENCE_SECONDS = 1.0

# What was just written, and the rows in it.
Part = tuple[bytes, int]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One CSV file: `read` gives the heads, then rows."""

    name: str
    read: Callable[[Connection], AsyncIterator[Sequence[Any]]]


def sheet(name: str, query: Any) -> Sheet:
    """A file of everything that a named query without parameters gives, under its column names."""

    async def read(connection: Connection) -> AsyncIterator[Sequence[Any]]:
        attributes = (await connection.prepare(query.sql)).get_attributes()
        yield [attribute.name for attribute in attributes]
        # What is no number comes as PostgreSQL writes it: to make a UUID or a date of each value,
        # and a text of that, would take twice as long.
        columns = ", ".join(
            f'"{one.name}"' if one.type.name in _NUMBERS else f'"{one.name}"::text'
            for one in attributes
        )
        text = f"select {columns} from ({query.sql.rstrip(';')}) everything"  # noqa: S608 - its own names
        async for row in connection.cursor(text, prefetch=ROWS):
            yield tuple(row.values())

    return Sheet(name, read)


def csv_file(db: Database, user: Identity, one: Sheet) -> StreamingResponse:
    """The sheet as a download, `contacts-2026-11-25.csv`."""
    return _download(db, user, one.name, "csv", "text/csv; charset=utf-8", _pages(db, user, one))


def zip_file(db: Database, user: Identity, name: str, sheets: Sequence[Sheet]) -> StreamingResponse:
    """The sheets as one ZIP of CSV files."""
    return _download(db, user, name, "zip", "application/zip", _zipped(db, user, sheets))


def cell(value: Any) -> Any:
    """A value as a spreadsheet may read it: a text is never a formula."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in FORMULA else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value


def _download(
    db: Database, user: Identity, name: str, ending: str, kind: str, parts: AsyncIterator[Part]
) -> StreamingResponse:
    file = f"{name}-{datetime.now(UTC):%Y-%m-%d}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    if ending == "zip":
        headers["Content-Encoding"] = "identity"  # it is compressed
    return StreamingResponse(_noted(db, user, name, parts), headers=headers, media_type=kind)


async def _noted(
    db: Database, user: Identity, what: str, parts: AsyncIterator[Part]
) -> AsyncIterator[bytes]:
    export, rows, size, told = uuid4(), 0, 0, time.monotonic()

    async def note(*, done: bool) -> None:
        async with db.session(user) as connection:
            await queries.note(connection, id=export, what=what, rows=rows, bytes=size, done=done)

    await note(done=False)
    async for data, written in parts:
        rows += written
        size += len(data)
        yield data
        if time.monotonic() - told > _NOTE_SECONDS:
            # The export holds a connection already: it must not wait for another one for ever.
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await note(done=False)
            told = time.monotonic()
    await note(done=True)


async def _pages(db: Database, user: Identity, one: Sheet) -> AsyncIterator[Part]:
    page = io.StringIO()
    writer = csv.writer(page)
    written = -1  # the heads are no row
    async with db.session(user) as connection:
        await queries.take_two_minutes(connection)
        async for row in one.read(connection):
            writer.writerow([cell(value) for value in row])
            written += 1
            if written == ROWS:
                yield page.getvalue().encode(), written
                page.seek(0)
                page.truncate()
                written = 0
    yield page.getvalue().encode(), max(written, 0)


class _Outlet(io.RawIOBase):
    """Where the ZIP is written: it keeps what came until it is taken."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._kept += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._kept)
        self._kept.clear()
        return taken


async def _zipped(db: Database, user: Identity, sheets: Sequence[Sheet]) -> AsyncIterator[Part]:
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for one in sheets:
            entry = zipfile.ZipInfo(f"{one.name}.csv", datetime.now(UTC).timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as file:
                async for data, written in _pages(db, user, one):
                    await asyncio.to_thread(file.write, data)
                    yield outlet.take(), written
    yield outlet.take(), 0
