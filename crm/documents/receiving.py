"""A multipart request, streamed: files go to unnamed temporary files on the disk, fields to a dict.

Nothing is held in memory but the block at hand, and a request that breaks off leaves nothing.
"""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from crm.config import Settings
from crm.documents.kinds import HEAD_BYTES, TAIL_BYTES
from crm.documents.names import clean_name
from crm.http import Problem

MOST_FILES = 20
_MOST_FIELDS = 30
_MOST_FIELD_BYTES = 20_000
_FRAME_BYTES = 64 * 1024  # what multipart adds around the file, generously


@dataclass(slots=True)
class Received:
    """One complete file: its cleaned name, its content, its size in bytes, its SHA-256 in hex."""

    name: str
    content: BinaryIO
    size: int = 0
    sha256: str = ""

    def ends(self) -> tuple[bytes, bytes]:
        """Its first and its last bytes."""
        self.content.seek(0)
        head = self.content.read(HEAD_BYTES)
        self.content.seek(max(0, self.size - TAIL_BYTES))
        return head, self.content.read(TAIL_BYTES)


@dataclass(slots=True)
class Sent:
    """What a request sent."""

    files: list[Received] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


def too_large(limit: int) -> Problem:
    """413 with the limit in words."""
    return Problem(
        413,
        "This file is too large",
        f"A document may have at most {limit / (1024 * 1024):,.0f} MB.",
        [{"field": "file", "message": "The file is too large."}],
    )


class _Receiver:
    """Takes the parts of a multipart body."""

    def __init__(self, folder: Path, limit: int, most_files: int) -> None:
        self.sent = Sent()
        self._folder, self._limit, self._most_files = folder, limit, most_files
        self._header, self._value = b"", b""
        self._file: Received | None = None
        self._digest = hashlib.sha256()
        self._name, self._text = "", bytearray()
        self.complete = False

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def _on_part_begin(self) -> None:
        self._file, self._name, self._text = None, "", bytearray()
        self._digest = hashlib.sha256()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
            # A browser sends an empty file for a field in which nothing was chosen.
            filename = options.get(b"filename", b"").decode("utf-8", "replace")
            if filename and self._name == "file":
                self._open(filename)
        self._header = self._value = b""

    def _open(self, filename: str) -> None:
        most = self._most_files
        if len(self.sent.files) == most:
            many = "one" if most == 1 else most
            raise Problem(413, "Too many files at once", f"At most {many} can be sent together.")
        content = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by `receiving`
        self._file = Received(clean_name(filename), content)
        self.sent.files.append(self._file)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        block = data[start:end]
        if self._file is None:
            self._text += block
            if len(self._text) > _MOST_FIELD_BYTES:
                raise Problem(413, "A field is too long")
            return
        self._file.size += len(block)
        if self._file.size > self._limit:
            raise too_large(self._limit)
        self._digest.update(block)
        self._file.content.write(block)

    def _on_part_end(self) -> None:
        if self._file is not None:
            self._file.sha256 = self._digest.hexdigest()
        elif self._name:
            if len(self.sent.fields) == _MOST_FIELDS:
                raise Problem(413, "Too many fields")
            self.sent.fields[self._name] = self._text.decode("utf-8", "replace")

    def _on_end(self) -> None:
        self.complete = True

    def close(self) -> None:
        for file in self.sent.files:
            file.content.close()


@asynccontextmanager
async def receiving(
    request: Request, settings: Settings, most_files: int = MOST_FILES
) -> AsyncIterator[Sent]:
    """What a multipart request sends; its files exist as long as the block.

    Raises Problem: 413 when a file is larger than the settings allow (at once, when the request
    announces it), 422 when the body is no form, or broken.
    """
    limit = settings.max_upload_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit * most_files + _FRAME_BYTES:
        raise too_large(limit)
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Problem(422, "No file was sent", "Send a form with a file (multipart/form-data).")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    receiver = _Receiver(settings.data_dir, limit, most_files)
    try:
        await _parse(request, receiver, options[b"boundary"])
        yield receiver.sent
    finally:
        receiver.close()


async def _parse(request: Request, receiver: _Receiver, boundary: bytes) -> None:
    damaged = Problem(422, "The upload is damaged", "Send the file again.")
    try:
        parser = receiver.parser(boundary)
        async for block in request.stream():
            parser.write(block)
    except (FormParserError, ClientDisconnect) as error:
        raise damaged from error
    if not receiver.complete:  # cut off: half a file is no file
        raise damaged
