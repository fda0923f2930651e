"""Pages of the import: history, upload, matching of columns, progress, result."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from crm import sql
from crm.config import Settings
from crm.db import Identity
from crm.http import Problem, not_found
from crm.imports import running, storing
from crm.imports.bad_rows import bad_rows_csv
from crm.imports.fields import FIELD_GROUPS
from crm.imports.lines import Row
from crm.imports.mapping import problems_of, sample_rows
from crm.imports.reading import DELIMITERS, ENCODINGS, Layout, UnreadableFileError
from crm.imports.sources import BY_KEY
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render

router = APIRouter(prefix="/imports")
queries = sql.load("imports")

SAMPLE = (
    "First Name,Last Name,Company,Phone,Email,Address,City,State,Zip,Tags,Notes\r\n"
    'Dana,Whitfield,,(415) 555-0132,dana@example.com,12 Oak St,Austin,TX,78701,"Seller; Warm",'
    "Call after 5 pm\r\n"
    ",,Harbor Holdings LLC,+1 415 555 0133,office@harbor.example,,,,,Investor,\r\n"
)
MAX_BAD_ROWS = 200_000


def app_settings(request: Request) -> Settings:
    """The settings of this application."""
    return request.app.state.settings


async def importer(user: CurrentUser, db: Db) -> Identity:
    """The signed-in person, if their role may import at all."""
    async with db.session(user) as connection:
        if not await queries.may_import(connection):
            raise Problem(403, "You may not import contacts", "Ask an owner, admin or manager.")
    return user


Importer = Annotated[Identity, Depends(importer)]
AppSettings = Annotated[Settings, Depends(app_settings)]


@router.get("")
async def list_imports(request: Request, user: Importer, db: Db) -> Response:
    """The history of imports."""
    await _mark_interrupted(db)
    async with db.session(user) as connection:
        imports = [row async for row in queries.list_imports(connection)]
    return render(request, "imports/index.html", imports=imports)


@router.get("/new")
async def new_import(request: Request, user: Importer, settings: AppSettings) -> Response:
    """The upload form."""
    return _upload_page(request, settings)


@router.get("/sample.csv")
async def sample_file(user: Importer) -> Response:
    """A small file that shows what is understood."""
    return _csv("contacts-sample.csv", SAMPLE)


@router.post("")
async def upload(request: Request, user: Importer, db: Db, settings: AppSettings) -> Response:
    """Store a file and propose how to import it; JSON {"location"} for the upload element."""
    wants_json = "application/json" in request.headers.get("accept", "")
    try:
        stored = await storing.receive(request, settings)
        import_id = await storing.register(db, user, stored, settings)
    except Problem as problem:
        if wants_json:
            raise
        return _upload_page(request, settings, problem)
    if wants_json:
        return JSONResponse({"location": f"/imports/{import_id}"}, 201)
    return RedirectResponse(f"/imports/{import_id}", 303)


@router.get("/{import_id}")
async def show_import(
    request: Request, import_id: UUID, user: Importer, db: Db, settings: AppSettings,
    edit: bool = False,
) -> Response:  # fmt: skip
    """Match columns, progress or result, whichever the import has reached."""
    row = await _get(db, user, import_id)
    if row["status"] == "running":
        template = "imports/_progress.html" if is_partial(request) else "imports/progress.html"
        return render(request, template, item=row, rate=_rate(row))
    if row["status"] == "uploaded" or (edit and row["status"] != "done"):
        return await _mapping_page(request, row, settings)
    if is_partial(request):
        # What polled is over: the page's title and heading still speak of something running.
        return Response(headers={"HX-Refresh": "true"})
    async with db.session(user) as connection:
        bad = [r async for r in queries.list_bad_rows(connection, id=import_id, max_rows=20)]
        conflicts = [r async for r in queries.list_conflicts(connection, id=import_id)]
    return render(
        request, "imports/result.html", item=row, rate=_rate(row), bad=bad, conflicts=conflicts,
        source=BY_KEY[row["source"]].label,
    )  # fmt: skip


@router.post("/{import_id}")
async def start_import(
    request: Request, import_id: UUID, user: Importer, db: Db, settings: AppSettings
) -> Response:
    """Keep the mapping and options, and start."""
    row = await _get(db, user, import_id)
    form = await request.form(max_fields=1500)
    headers = row["layout"].get("headers", [])
    mapping = [str(form.get(f"map-{n}") or "") or None for n in range(len(headers))]
    tags = [tag.strip()[:100] for tag in str(form.get("add_tags") or "").split(",") if tag.strip()]
    duplicates = str(form.get("duplicates") or "update")
    problems = problems_of(mapping, headers)
    if problems:
        chosen = dict(row) | {"mapping": mapping, "add_tags": tags, "duplicates": duplicates}
        return await _mapping_page(request, chosen, settings, problems)
    if row["status"] not in ("done", "running"):
        async with db.session(user) as connection:
            await queries.choose_import_options(
                connection, id=import_id, mapping=mapping, duplicates=duplicates, add_tags=tags
            )
    return await _start(db, user, import_id, settings)


@router.post("/{import_id}/run")
async def run_again(import_id: UUID, user: Importer, db: Db, settings: AppSettings) -> Response:
    """Run an import again from its stored file, with the same choices."""
    await _get(db, user, import_id)
    return await _start(db, user, import_id, settings)


@router.post("/{import_id}/layout")
async def choose_layout(
    request: Request, import_id: UUID, user: Importer, db: Db, settings: AppSettings,
    encoding: Annotated[str, Form()] = "", delimiter: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Read the file with another encoding or delimiter."""
    row = await _get(db, user, import_id)
    if encoding not in ENCODINGS or delimiter not in DELIMITERS:
        raise Problem(422, "Choose an encoding and a delimiter from the lists")
    path = running.uploads(settings) / row["stored_name"]
    try:
        await storing.describe(db, user, import_id, path, settings, encoding, delimiter)
    except UnreadableFileError as error:
        return await _mapping_page(request, row, settings, [str(error)])
    return _see(import_id, edit=True)


@router.post("/{import_id}/cancel")
async def cancel_import(import_id: UUID, user: Importer, db: Db) -> Response:
    """Ask a running import to stop after its batch; nothing of it stays."""
    async with db.session(user) as connection:
        await queries.cancel_import(connection, id=import_id)
    return _see(import_id)


@router.post("/{import_id}/undo")
async def undo_import(import_id: UUID, user: Importer, db: Db) -> Response:
    """Take an import back."""
    await _get(db, user, import_id)
    try:
        await running.undo(db, user, import_id)
    except asyncpg.LockNotAvailableError as error:
        raise Problem(409, "Another import is running", "Try again when it is done.") from error
    except asyncpg.ObjectNotInPrerequisiteStateError as error:
        raise Problem(409, "This import cannot be undone", f"{error}.") from error
    return _see(import_id)


@router.get("/{import_id}/bad-rows.csv")
async def bad_rows(import_id: UUID, user: Importer, db: Db) -> Response:
    """The rows that were not imported, with line and reason."""
    row = await _get(db, user, import_id)
    async with db.session(user) as connection:
        rows = [
            r async for r in queries.list_bad_rows(connection, id=import_id, max_rows=MAX_BAD_ROWS)
        ]
    text = await asyncio.to_thread(bad_rows_csv, row["layout"].get("headers", []), rows)
    return _csv("bad-rows.csv", text)


async def _mark_interrupted(db: Db) -> None:
    async with db.service() as connection:
        marked = await queries.mark_interrupted_imports(connection)
    if marked:
        # The one that was killed may have left the search indexes in bulk mode.
        await running.leave_bulk_mode(db)


async def _get(db: Db, user: Identity, import_id: UUID) -> asyncpg.Record:
    await _mark_interrupted(db)
    async with db.session(user) as connection:
        row = await queries.get_import(connection, id=import_id)
    if row is None:
        raise not_found("Import")
    return row


async def _start(db: Db, user: Identity, import_id: UUID, settings: Settings) -> Response:
    try:
        await running.start(db, user, import_id, settings)
    except running.ImportRefusedError as error:
        raise Problem(409, "This import cannot start", str(error)) from error
    return _see(import_id)


def _see(import_id: UUID, *, edit: bool = False) -> Response:
    return RedirectResponse(f"/imports/{import_id}{'?edit=true' if edit else ''}", 303)


def _csv(name: str, text: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=disposition)


def _rate(row: Any) -> int:
    return round(row["rows_read"] / row["seconds"]) if row["seconds"] else 0


def _upload_page(request: Request, settings: Settings, problem: Problem | None = None) -> Response:
    megabytes = settings.max_upload_bytes // (1024 * 1024)
    status = problem.status if problem else 200
    return render(request, "imports/new.html", status, problem=problem, megabytes=megabytes)


async def _mapping_page(
    request: Request, row: Any, settings: Settings, problems: list[str] | None = None
) -> Response:
    """The preview and the choice of fields; a file that is gone says so."""
    path = running.uploads(settings) / row["stored_name"]
    if not path.exists():
        raise Problem(410, "The stored file is gone", row["message"] or "Upload it again.")
    layout = Layout(**row["layout"])
    rows = await asyncio.to_thread(sample_rows, path, layout)
    return render(
        request, "imports/mapping.html", 422 if problems else 200,
        item=row, layout=layout, rows=rows, samples=_samples(rows, len(layout.headers)),
        problems=[{"field": "", "message": text} for text in problems or []],
        groups=FIELD_GROUPS, source=BY_KEY[row["source"]].label,
        encodings=[*dict.fromkeys((layout.encoding, *ENCODINGS))], delimiters=DELIMITERS,
    )  # fmt: skip


def _samples(rows: list[Row], width: int) -> list[list[str]]:
    """Up to three different values of each column."""
    columns = ([row.cells[n].strip()[:60] for row in rows] for n in range(width))
    return [list(dict.fromkeys(filter(None, column)))[:3] for column in columns]
