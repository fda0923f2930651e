"""Sending a file: ranges, validators, and headers that keep browsers from taking it for a page."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.background import BackgroundTask

from crm.documents.kinds import UNKNOWN, kind_of
from crm.documents.names import disposition, download_name
from crm.documents.storing import count_access, unavailable
from crm.http import Problem
from crm.storage import FileGoneError, Storage, StorageError

_RULES = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
_MOST_DIGITS = 18


def gone() -> Problem:
    """410: the row is there, its bytes are not."""
    return Problem(
        410,
        "The file is gone",
        "What is known about it is still here, but the store has no such file. Upload it again.",
    )


async def send(request: Request, document: Mapping[str, Any], *, inline: bool) -> Response:
    """The content of a document (file_path, mime_type, name, checksum, …), or the part asked for.

    `inline`: show it in the browser where its kind may be shown. Raises Problem 410 when the bytes
    are gone, 503 when the store does not answer; 416 for a range outside the file is no problem.
    """
    storage: Storage = request.app.state.storage
    try:
        size = await storage.size(document["file_path"])
        headers = _headers(document, inline=inline)
        if _is_known(request, headers.get("ETag", "")):
            return Response(status_code=304, headers=headers)
        start, end, status = _wanted(request, size, headers.get("ETag", ""))
        headers["Content-Length"] = str(end - start)
        if status == 416:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        blocks = await storage.read(document["file_path"], start, end)
    except FileGoneError as error:
        raise gone() from error
    except StorageError as error:
        raise unavailable(error) from error
    # A player asks for one part after the other; only the first is somebody opening it.
    note = BackgroundTask(count_access, request.app.state.db, document["id"]) if not start else None
    return StreamingResponse(blocks, status, headers, background=note)


def _headers(document: Mapping[str, Any], *, inline: bool) -> dict[str, str]:
    kind = kind_of(document["mime_type"])
    shown = inline and kind.show != ""
    name = download_name(document["name"], document["file_extension"])
    mime = "text/plain; charset=utf-8" if shown and kind.show == "text" else kind.mime
    # Chromium's own viewer of PDF does not start in a sandbox; nothing of a PDF runs as our page.
    sandbox = "" if shown and kind.show == "pdf" else "; sandbox"
    headers = {
        "Content-Type": mime if kind.mime != UNKNOWN else UNKNOWN,
        "Content-Disposition": disposition("inline" if shown else "attachment", name),
        "Content-Security-Policy": f"{_RULES}; frame-ancestors 'self'{sandbox}",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        # Ranges are of the bytes as they are stored, so nothing on the way may compress them.
        "Content-Encoding": "identity",
    }
    if document["checksum"]:
        headers["ETag"] = f'"{document["checksum"]}"'
    return headers


def _is_known(request: Request, etag: str) -> bool:
    asked = request.headers.get("if-none-match", "")
    given = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return bool(etag) and (etag in given or "*" in given)


def _wanted(request: Request, size: int, etag: str) -> tuple[int, int, int]:
    """First byte, byte after the last, status 200, 206 or 416; several ranges give everything."""
    asked = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    condition = request.headers.get("if-range")
    if asked is None or asked[0] == "bytes=-" or (condition and condition != etag):
        return 0, size, 200
    first, last = asked[1][:_MOST_DIGITS], asked[2][:_MOST_DIGITS]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):  # not a range at all: as if nothing was asked
            return 0, size, 200
    return (start, end, 206) if start < end else (0, 0, 416)
