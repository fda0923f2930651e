"""Documents in the API: rows by the frame; uploads, downloads and versions here."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

from starlette.responses import Response

from crm import sql
from crm.api import READ, Call, Resource, Route, claim, keep, newest
from crm.api.call import credential_of
from crm.api.rows import demand_scope
from crm.api.statements import body as row_as_json
from crm.api.statements import read as row_by_id
from crm.db import Connection
from crm.documents.models import TYPES, DocumentForm
from crm.documents.receiving import Sent, receiving
from crm.documents.sending import send
from crm.documents.storing import (
    Stored,
    add_document,
    add_version,
    discard,
    restore_version,
    stored,
)
from crm.http import Problem, not_found
from crm.values import Column, invalid

queries = sql.load("documents")

RESOURCES = (
    Resource(
        name="documents",
        table="documents",
        title="document",
        description="Files of a contact, a deal or an activity, and their versions. A version is a"
        " row whose parent_document_id is the first version; `newest:eq:true` lists the newest of"
        " each. Deleting one removes its bytes once no other version uses them.",
        actions=READ | {"update", "delete"},
        sorts=newest("uploaded_at") | newest("name", "text"),
        default_sort="-uploaded_at",
        default_filter="is_archived:eq:false",
        read_only=frozenset(
            {
                "original_name", "file_path", "file_size", "mime_type", "file_extension", "version",
                "checksum", "uploaded_by", "uploaded_at", "last_accessed_at", "access_count",
                "parent_document_id", "is_public",
            }
        ),
        filters={
            "newest": Column(
                "(not exists (select from documents n where coalesce(n.parent_document_id, n.id)"
                " = coalesce(c.parent_document_id, c.id) and n.version > c.version))",
                "bool",
                frozenset({"eq"}),
            )
        },
        unfilterable=frozenset({"description", "file_path"}),
    ),
)  # fmt: skip


async def upload(call: Call) -> Response:
    """A new document of a multipart form: 201 with its row, Location and ETag."""
    async with _one_file(call) as sent:
        form = _form(sent)

        async def add(connection: Connection, bytes_: Stored) -> UUID:
            return await add_document(connection, bytes_, form)

        return await _once(call, sent, add)


async def upload_version(call: Call) -> Response:
    """The next version of a document: 201 with its row."""
    document_id = call.id
    async with _entered(call) as connection:
        await _must_see(connection, document_id)
    async with _one_file(call) as sent:
        if sent.fields:
            raise invalid(next(iter(sent.fields)), "A new version has a file and nothing else.")

        async def add(connection: Connection, bytes_: Stored) -> UUID:
            return await add_version(connection, document_id, bytes_)

        return await _once(call, sent, add)


def _entered(call: Call) -> AbstractAsyncContextManager[Connection]:
    """A transaction of the caller; the policies alone say who that is."""
    return call.db.entered(credential_of(call), client=call.headers.get("x-client-id", ""))


@asynccontextmanager
async def _one_file(call: Call) -> AsyncIterator[Sent]:
    """The form of a request with exactly one file, from somebody who may store it."""
    async with _entered(call) as connection:
        if not await queries.may_write(connection):
            raise Problem(403, "You may not store documents", "It needs the scope documents:write.")
    async with receiving(call, call.app.state.settings, 1) as sent:
        if not sent.files:
            raise invalid("file", "Send one file.")
        yield sent


def _form(sent: Sent) -> DocumentForm:
    for name in sent.fields:
        if name not in DocumentForm.model_fields:
            raise invalid(name, f"There is no field “{name[:60]}” here.")
    return DocumentForm.read(sent.fields)


async def _once(
    call: Call, sent: Sent, add: Callable[[Connection, Stored], Awaitable[UUID]]
) -> Response:
    """Store the file and its row, or answer as before for an Idempotency-Key that was used."""
    storage, key = call.app.state.storage, call.headers.get("idempotency-key")
    call.raw = f"{sent.files[0].sha256} {sent.files[0].name} {sorted(sent.fields.items())}".encode()
    async with (
        stored(call.db, storage, sent.files[0]) as bytes_,
        _entered(call) as connection,
    ):
        replay = await claim(call, connection, key) if key is not None else None
        response = replay or await _created(call, connection, await add(connection, bytes_))
        if key is not None and not replay:
            await keep(connection, key, response)
    if replay:
        await discard(storage, bytes_.file_path)
    return response


async def _created(call: Call, connection: Connection, document_id: UUID) -> Response:
    row = await connection.fetchrow(row_by_id(call.known, row_as_json(call.known)), document_id)
    if row is None:
        raise not_found("Document")
    headers = {"ETag": f'"{row["etag"]}"', "Location": f"/api/v1/documents/{document_id}"}
    return Response(row["body"], 201, headers, media_type="application/json")


async def list_versions(call: Call, connection: Connection) -> Response:
    """All versions of a document, newest first."""
    await _must_see(connection, call.id)
    rows = await connection.fetch(
        row_by_id(call.known, row_as_json(call.known)).replace(
            "c.id = $1", "coalesce(c.parent_document_id, c.id) = $1 order by c.version desc"
        ),
        await queries.family(connection, id=call.id),
    )
    text = ",".join(row["body"] for row in rows)
    return Response(f'{{"data":[{text}]}}', media_type="application/json")


async def restore(call: Call, connection: Connection) -> Response:
    """Make a version the newest: a new version with the same bytes."""
    await _must_see(connection, call.id)
    if not await queries.may_write(connection):
        raise Problem(403, "You may not do this")
    return await _created(call, connection, await restore_version(connection, call.id))


async def content(call: Call) -> Response:
    """The file itself, or a part of it; `inline=true` where a browser may show it."""
    inline = call.query_params.get("inline", "false")
    if inline not in ("true", "false") or set(call.query_params) - {"inline"}:
        raise invalid("inline", "The one parameter is inline, true or false.")
    async with _entered(call) as connection:
        document = await _must_see(connection, call.id)
    return await send(call, document, inline=inline == "true")


async def _must_see(connection: Connection, document_id: UUID) -> Any:
    document = await queries.get_document(connection, id=document_id)
    if document is None:
        await demand_scope(connection, "documents")
        raise not_found("Document")
    return document


_FILE = {"contentMediaType": "application/octet-stream"}
_TEXT = _ID = {"type": "string"}
_UPLOAD = {
    "type": "object",
    "format": "multipart/form-data",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": _FILE,
        "name": _TEXT | {"maxLength": 500, "description": "The file's own name if not given."},
        "document_type": _TEXT | {"enum": [key for key, _, _ in TYPES]},
        "description": _TEXT,
        "tags": _TEXT | {"description": "Words parted by commas."},
        "contact_id": _ID,
        "deal_id": _ID,
        "activity_id": _ID,
    },
}
_VERSION = _UPLOAD | {"properties": {"file": _FILE}}
_ROWS = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "array", "items": {"type": "object"}}},
}
_INLINE = {
    "name": "inline",
    "description": "Show it in the browser, if its kind may be shown.",
    "schema": {"type": "string", "enum": ["true", "false"]},
}

ROUTES = (
    Route(
        "POST", "/documents", upload, "Upload a file", "documents", body=_UPLOAD, status=201,
        opens=False, errors=(409, 413, 415), name="create_documents",
    ),
    Route(
        "GET", "/documents/{id}/content", content, "Download the file, or a range of it",
        "documents", opens=False, errors=(410, 416), name="download_documents",
        media="*/*", parameters=(_INLINE,),
    ),
    Route(
        "GET", "/documents/{id}/versions", list_versions, "List all versions, newest first",
        "documents", answer=_ROWS, name="list_versions_of_document",
    ),
    Route(
        "POST", "/documents/{id}/versions", upload_version, "Upload the next version",
        "documents", body=_VERSION, status=201, opens=False, errors=(409, 413, 415),
        name="create_version_of_document",
    ),
    Route(
        "POST", "/documents/{id}/restore-version", restore,
        "Make this version the newest: a new version with the same bytes", "documents",
        status=201, name="restore_version_of_document",
    ),
)  # fmt: skip
