"""What people change about a document: words, links, versions, archive, delete."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask

from crm import sql
from crm.db import Connection, Identity
from crm.documents.models import TYPES, DocumentForm
from crm.documents.storing import restore_version, tidy
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, render, seen_version

router = APIRouter()
queries = sql.load("documents")

CHANGED = (
    "Somebody changed this document while you were editing it. Save again to keep your version, or"
    " open the form anew to see theirs."
)


async def find(db: Db, user: Identity, document_id: UUID) -> Any:
    """The document as this person sees it; raises Problem 404."""
    async with db.session(user) as connection:
        return await _find(connection, document_id)


async def _find(connection: Connection, document_id: UUID) -> Any:
    document = await queries.get_document(connection, id=document_id)
    if document is None:
        raise not_found("Document")
    return document


async def set_archived(db: Db, user: Identity, document_id: UUID, *, archived: bool) -> None:
    """Put a document away or back; raises Problem 404, 403."""
    async with db.session(user) as connection:
        await _find(connection, document_id)
        if not await queries.archive_document(connection, id=document_id, archived=archived):
            raise Problem(403, "You may not change this document")


async def set_link(
    db: Db, user: Identity, document_id: UUID, column: str, target: UUID | None
) -> None:
    """Hang a document on a record, or take it off; raises Problem 404, 403."""
    async with db.session(user) as connection:
        document = await _find(connection, document_id)
        links = {name: document[name] for name in ("contact_id", "deal_id", "activity_id")}
        if not await queries.link_document(connection, id=document_id, **links | {column: target}):
            raise Problem(403, "You may not change this document")


@router.get("/documents/{document_id:uuid}/edit")
async def edit_document(request: Request, db: Db, user: CurrentUser, document_id: UUID) -> Response:
    """The form of a document."""
    document = await find(db, user, document_id)
    values = {
        "name": document["name"], "document_type": document["document_type"],
        "description": document["description"] or "", "tags": ", ".join(document["tags"]),
        "version": document["updated_at"].isoformat(),
    }  # fmt: skip
    return _form(request, document, values)


@router.post("/documents/{document_id:uuid}/edit")
async def update_document(
    request: Request, db: Db, user: CurrentUser, document_id: UUID
) -> Response:
    """Save a document; 409 with the form when it changed since the form was opened."""
    sent = dict(await request.form())
    document = await find(db, user, document_id)
    try:
        form = DocumentForm.read(sent)
        if not form.name:
            wrong = [{"field": "name", "message": "Give the document a name."}]
            raise Problem(422, "Some values are not right", "", wrong)
    except Problem as problem:
        errors = problem.errors or [{"field": "", "message": problem.title}]
        return _form(request, document, sent, errors, 422)
    seen = seen_version(sent.get("version"))
    async with db.session(user) as connection:
        saved = await queries.edit_document(
            connection, id=document_id, updated_at=seen, name=form.name,
            document_type=form.document_type or document["document_type"],
            description=form.description, tags=form.tags,
        )  # fmt: skip
    if saved:
        return RedirectResponse(f"/documents/{document_id}", 303)
    if document["updated_at"] == seen_version(
        sent.get("version")
    ):  # as it was: the database refused
        raise Problem(403, "You may not change this document")
    sent["version"] = document["updated_at"].isoformat()
    return _form(request, document, sent, [{"field": "", "message": CHANGED}], 409)


def _form(
    request: Request,
    document: Any,
    sent: dict[str, Any],
    errors: list[dict[str, str]] | None = None,
    status: int = 200,
) -> Response:
    names = ("name", "document_type", "description", "tags", "version")
    values = {name: str(sent.get(name) or "") for name in names}
    return render(
        request, "documents/form.html", status, document=document, values=values,
        errors=errors or [], types=TYPES,
    )  # fmt: skip


@router.post("/documents/{document_id:uuid}/restore")
async def restore(db: Db, user: CurrentUser, document_id: UUID) -> Response:
    """Make an old version the newest one: a new version with the same bytes."""
    async with db.session(user) as connection:
        await _find(connection, document_id)
        if not await queries.may_write(connection):
            raise Problem(403, "You may not change this document")
        made = await restore_version(connection, document_id)
    return RedirectResponse(f"/documents/{made}", 303)


@router.post("/documents/{document_id:uuid}/delete")
async def delete_document(
    request: Request, db: Db, user: CurrentUser, document_id: UUID
) -> Response:
    """Delete a document with all its versions; the bytes follow once that is certain."""
    async with db.session(user) as connection:
        await _find(connection, document_id)
        if not [row async for row in queries.delete_documents(connection, id=document_id)]:
            raise Problem(403, "You may not delete this document")
    state = request.app.state
    return RedirectResponse(
        "/documents", 303, background=BackgroundTask(tidy, state.db, state.storage)
    )
