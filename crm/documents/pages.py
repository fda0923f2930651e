"""The list of documents, a document's page, uploads, downloads; changes.py has what people edit."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from crm import sql
from crm.db import Connection, Identity
from crm.documents import changes
from crm.documents.kinds import kind_of
from crm.documents.models import TYPES, DocumentForm
from crm.documents.receiving import receiving
from crm.documents.sending import send
from crm.documents.storing import add_document, add_version, stored
from crm.http import Problem, not_found
from crm.keyset import BadCursorError, Key, read_cursor, write_cursor
from crm.storage import FileGoneError, Storage, StorageError
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render

router = APIRouter()
router.include_router(changes.router)
queries = sql.load("documents")

PAGE = 50
TEXT_BYTES = 64 * 1024  # of a text that its page shows
LINKED = [("contact", "A contact"), ("deal", "A deal"), ("activity", "An activity"),
          ("nothing", "Nothing")]  # fmt: skip
_SORT = "-uploaded"
_KEYS = [Key("d.uploaded_at", "timestamptz", desc=True), Key("d.id", "uuid", desc=True)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the list asks for."""

    q: str = ""
    document_type: str = ""
    linked: str = ""
    contact: UUID | None = None
    deal: UUID | None = None
    archived: bool = False

    def url(self, **changes: Any) -> str:
        """The address of the list with `changes`."""
        names = {"q": self.q, "type": self.document_type, "linked": self.linked,
                 "contact": self.contact, "deal": self.deal, "archived": self.archived}  # fmt: skip
        given = [(name, value) for name, value in (names | changes).items() if value]
        text = urlencode([(name, "1" if value is True else value) for name, value in given])
        return f"/documents?{text}" if text else "/documents"

    @property
    def filtered(self) -> bool:
        """Whether anything but the view narrows the list."""
        return bool(self.q or self.document_type or self.linked or self.contact or self.deal)


@router.get("/documents")
async def list_documents(
    request: Request,
    db: Db,
    user: CurrentUser,
    q: Annotated[str, Query(max_length=200)] = "",
    document_type: Annotated[str, Query(alias="type", max_length=50)] = "",
    linked: Annotated[str, Query(max_length=20)] = "",
    contact: UUID | None = None,
    deal: UUID | None = None,
    archived: bool = False,
    after: Annotated[str, Query(max_length=400)] = "",
    before: Annotated[str, Query(max_length=400)] = "",
    gone: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """One page of the list, or its region. `gone` is the document that was archived just now."""
    words = " ".join(q.replace("\x00", "").split())
    asked = Asked(words, document_type, linked, contact, deal, archived)
    async with db.session(user) as connection:
        context = await _page_of(connection, asked, after, "" if after else before)
        context["hidden"] = await _archived(connection, gone)
        context["of"] = None
        if contact or deal:
            context["of"] = await queries.link_name(connection, contact_id=contact, deal_id=deal)
    template = "documents/_list.html" if is_partial(request) else "documents/index.html"
    limit = request.app.state.settings.max_upload_bytes
    return render(
        request, template, **context, asked=asked, types=TYPES, linked_words=LINKED, limit=limit,
        kind_of=kind_of,
    )  # fmt: skip


async def _archived(connection: Connection, text: str) -> Any:
    try:
        row = await queries.get_document(connection, id=UUID(text)) if text else None
    except ValueError:
        return None
    return row if row and row["is_archived"] else None


async def _page_of(connection: Connection, asked: Asked, after: str, before: str) -> dict[str, Any]:
    try:
        cursor = after or before
        at, after_id = read_cursor(cursor, _SORT, _KEYS) if cursor else (None, None)
    except BadCursorError:
        raise Problem(422, "This page is not part of the list any more") from None
    literal = asked.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {
        "archived": asked.archived, "document_type": asked.document_type or None,
        "q": f"%{literal}%" if asked.q else None, "contact_id": asked.contact,
        "deal_id": asked.deal, "linked": asked.linked or None, "at": at, "after_id": after_id,
        "row_limit": PAGE + 1,
    }  # fmt: skip
    fetch = queries.list_documents_before if before else queries.list_documents
    rows = [row async for row in fetch(connection, **values)]
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if before:
        rows.reverse()
    previous, following = (more, True) if before else (bool(after), more)
    ends = [write_cursor(_SORT, [row["at"], str(row["id"])]) for row in (rows[:1] + rows[-1:])]
    return {
        "rows": rows,
        "previous": asked.url(before=ends[0]) if rows and previous else None,
        "next": asked.url(after=ends[-1]) if rows and following else None,
        "walking": bool(cursor),
    }


@router.post("/documents")
async def upload(request: Request, db: Db, user: CurrentUser) -> Response:
    """Store files, each as a document; JSON {"location"} of the last for the upload element."""
    await _must_write(db, user)
    storage: Storage = request.app.state.storage
    made: list[UUID] = []
    async with receiving(request, request.app.state.settings) as sent:
        form = DocumentForm.read(sent.fields)
        if not sent.files:
            raise _no_file()
        for file in sent.files:
            async with stored(db, storage, file) as bytes_, db.session(user) as connection:
                made.append(await add_document(connection, bytes_, form))
    if form.contact_id:
        return _see(request, f"/contacts/{form.contact_id}?part=details", f"/documents/{made[-1]}")
    return _see(request, "/documents", f"/documents/{made[-1]}")


@router.post("/documents/{document_id:uuid}/versions")
async def upload_version(
    request: Request, db: Db, user: CurrentUser, document_id: UUID
) -> Response:
    """Store a file as the next version of a document."""
    await changes.find(db, user, document_id)
    await _must_write(db, user)
    async with receiving(request, request.app.state.settings, 1) as sent:
        if not sent.files:
            raise _no_file()
        async with (
            stored(db, request.app.state.storage, sent.files[0]) as bytes_,
            db.session(user) as connection,
        ):
            made = await add_version(connection, document_id, bytes_)
    return _see(request, f"/documents/{made}", f"/documents/{made}")


async def _must_write(db: Db, user: Identity) -> None:
    # Asked before a long body is read; the policies ask again.
    async with db.session(user) as connection:
        if not await queries.may_write(connection):
            raise Problem(403, "You may not store documents")


def _no_file() -> Problem:
    return Problem(422, "No file was sent", "Choose a file, then upload it.",
                   [{"field": "file", "message": "Choose a file."}])  # fmt: skip


def _see(request: Request, page: str, document: str) -> Response:
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"location": document}, 201)
    return RedirectResponse(page, 303)


@router.get("/documents/{document_id:uuid}")
async def show_document(request: Request, db: Db, user: CurrentUser, document_id: UUID) -> Response:
    """A version of a document: preview, details, links, all versions."""
    async with db.session(user) as connection:
        document = await queries.get_document(connection, id=document_id)
        if document is None:
            raise not_found("Document")
        versions = [row async for row in queries.list_versions(connection, id=document_id)]
    preview = await _preview(request.app.state.storage, document)
    return render(
        request, "documents/show.html", document=document, versions=versions, preview=preview,
        kind=kind_of(document["mime_type"]), kind_of=kind_of, types=TYPES, found=None, q="",
        limit=request.app.state.settings.max_upload_bytes,
    )  # fmt: skip


async def _preview(storage: Storage, document: Any) -> dict[str, Any]:
    """How the page shows the file: {"show", "text", "cut"}; show is "gone" without bytes."""
    show = kind_of(document["mime_type"]).show
    try:
        size = await storage.size(document["file_path"])
        if show != "text":
            return {"show": show, "text": "", "cut": False}
        end = min(size, TEXT_BYTES)
        blocks = [block async for block in await storage.read(document["file_path"], 0, end)]
    except FileGoneError:
        return {"show": "gone", "text": "", "cut": False}
    except StorageError:
        return {"show": "unavailable", "text": "", "cut": False}
    text = b"".join(blocks).decode("utf-8", "replace")
    return {"show": "text", "text": text, "cut": size > end}


@router.api_route("/documents/{document_id:uuid}/content", methods=["GET", "HEAD"])
async def content(
    request: Request, db: Db, user: CurrentUser, document_id: UUID, download: bool = False
) -> Response:
    """The file itself: shown where that is safe, with `download` saved."""
    document = await changes.find(db, user, document_id)
    return await send(request, document, inline=not download)


@router.post("/documents/{document_id:uuid}/archive")
async def archive(db: Db, user: CurrentUser, document_id: UUID) -> Response:
    """Take a document out of the list; the list then offers to undo it."""
    await changes.set_archived(db, user, document_id, archived=True)
    return RedirectResponse(f"/documents?gone={document_id}", 303)


@router.post("/documents/{document_id:uuid}/unarchive")
async def unarchive(request: Request, db: Db, user: CurrentUser, document_id: UUID) -> Response:
    """Put a document back into the list; to the Undo of a toast, the list anew."""
    await changes.set_archived(db, user, document_id, archived=False)
    if is_partial(request):
        return Response(headers={"HX-Refresh": "true"})
    return RedirectResponse(f"/documents/{document_id}", 303)


@router.get("/documents/{document_id:uuid}/links")
async def find_links(
    request: Request, db: Db, user: CurrentUser, document_id: UUID,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:  # fmt: skip
    """Contacts and deals that a document could hang on."""
    document = await changes.find(db, user, document_id)
    words = " ".join(q.replace("\x00", "").split())
    literal = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found: list[Any] = []
    if len(words) >= 2:
        async with db.session(user) as connection:
            rows = queries.find_links(connection, q=words, pattern=f"%{literal}%")
            found = [row async for row in rows]
    return render(request, "documents/_links_found.html", document=document, found=found, q=words)


@router.post("/documents/{document_id:uuid}/links")
async def change_links(
    db: Db, user: CurrentUser, document_id: UUID,
    kind: Annotated[str, Form(pattern="^(contact|deal|activity)$")],
    id: Annotated[UUID | None, Form()] = None,  # noqa: A002 - the name of the field
) -> Response:  # fmt: skip
    """Hang a document on a contact, deal or activity; without `id` take it off."""
    await changes.set_link(db, user, document_id, f"{kind}_id", id)
    return RedirectResponse(f"/documents/{document_id}", 303)
