"""Files to import: streamed to disk within limits, noted in app.imports before anything else."""

import asyncio
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from crm import sql
from crm.config import Settings
from crm.db import Database, Identity
from crm.http import Problem
from crm.imports.mapping import propose, sample_rows
from crm.imports.reading import UnreadableFileError, detect
from crm.imports.running import uploads

_FRAME_BYTES = 64 * 1024  # what multipart adds around the file, generously
queries = sql.load("imports")


@dataclass(slots=True)
class Stored:
    """A complete file in the uploads folder; `size` in bytes."""

    path: Path
    filename: str
    size: int
    sha256: str


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "This file is too large",
        f"At most {limit // (1024 * 1024):,} MB can be uploaded. Split the file, "
        "or ask for a higher CRM_MAX_UPLOAD_BYTES.",
    )


class _Receiver:
    """Takes the parts of a multipart body and writes the one called `file` to disk."""

    def __init__(self, path: Path, limit: int) -> None:
        self.size, self.filename = 0, ""
        self._limit, self._digest, self._taking = limit, hashlib.sha256(), False
        self._header, self._value = b"", b""
        self._output = path.open("wb")

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
            },
        )

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            # A second part of that name is ignored, not appended.
            self._taking = options.get(b"name") == b"file" and not self.size
            if self._taking:
                self.filename = options.get(b"filename", b"").decode("utf-8", "replace")
        self._header = self._value = b""

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if not self._taking:
            return
        self.size += end - start
        if self.size > self._limit:
            raise _too_large(self._limit)
        block = data[start:end]
        self._digest.update(block)
        self._output.write(block)

    def _on_part_end(self) -> None:
        self._taking = False

    def close(self) -> str:
        """Make the file durable; returns its SHA-256."""
        self._output.flush()
        os.fsync(self._output.fileno())
        self._output.close()
        return self._digest.hexdigest()

    def discard(self, path: Path) -> None:
        self._output.close()
        path.unlink(missing_ok=True)


async def receive(request: Request, settings: Settings) -> Stored:
    """The field `file` of a multipart request, streamed to the uploads folder.

    Raises Problem: 413 when the file is larger than the settings allow (at once, when the request
    announces it), 422 when there is no file.
    """
    limit = settings.max_upload_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit + _FRAME_BYTES:
        raise _too_large(limit)
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise Problem(422, "No file was sent", "Choose a CSV file, then upload it.")
    path = _new_path(settings)
    receiver = _Receiver(path, limit)
    try:
        parser = receiver.parser(options[b"boundary"])
        async for block in request.stream():
            parser.write(block)
        parser.finalize()
    except MultipartParseError as error:
        receiver.discard(path)
        raise Problem(422, "The upload is damaged", "Send the file again.") from error
    except BaseException:
        receiver.discard(path)
        raise
    if not receiver.filename:
        receiver.discard(path)
        raise Problem(422, "No file was sent", "Choose a CSV file, then upload it.")
    digest = await asyncio.to_thread(receiver.close)
    # Some browsers on Windows send the whole path.
    name = receiver.filename.replace("\\", "/").rsplit("/", 1)[-1][-255:]
    return Stored(path, name, receiver.size, digest)


def _new_path(settings: Settings) -> Path:
    return uploads(settings) / f"{secrets.token_hex(16)}.csv"


def copy_in(source: Path, settings: Settings) -> Stored:
    """A copy of a file of this machine in the uploads folder."""
    path = _new_path(settings)
    shutil.copyfile(source, path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Stored(path, source.name[-255:], path.stat().st_size, digest)


async def register(db: Database, identity: Identity, stored: Stored, settings: Settings) -> UUID:
    """A row of app.imports for a stored file, then its layout and proposed mapping.

    Raises Problem 422 when the file cannot be read; the import then stays, as failed.
    """
    try:
        async with db.session(identity) as connection:
            import_id: UUID = await queries.add_import(
                connection,
                filename=stored.filename,
                stored_name=stored.path.name,
                file_size=stored.size,
                sha256=stored.sha256,
            )
    except BaseException:
        stored.path.unlink(missing_ok=True)
        raise
    try:
        await describe(db, identity, import_id, stored.path, settings)
    except UnreadableFileError as error:
        async with db.service() as connection:
            await queries.end_import(connection, id=import_id, status="failed", message=str(error))
        stored.path.unlink(missing_ok=True)
        raise Problem(422, "This file cannot be imported", str(error)) from error
    return import_id


async def describe(
    db: Database,
    identity: Identity,
    import_id: UUID,
    path: Path,
    settings: Settings,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> None:
    """Find out how to read a file and where its columns go; raises UnreadableFileError."""
    layout = await asyncio.to_thread(detect, path, encoding, delimiter)
    samples = await asyncio.to_thread(sample_rows, path, layout, 50)
    source, mapping = propose(layout, samples, settings.default_region)
    async with db.session(identity) as connection:
        await queries.describe_import(
            connection, id=import_id, source=source.key, layout=layout.as_json(), mapping=mapping
        )
