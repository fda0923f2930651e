"""Contacts as a CSV file, streamed, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from crm import sql
from crm.contacts.bulk import uuids
from crm.contacts.listing import CustomField, stream
from crm.contacts.models import ContactForm, label
from crm.contacts.table import read_state
from crm.db import Database, Identity
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db

router = APIRouter()
changing = sql.load("contacts/changing")

ROWS = 500  # written at once
FIELDS = [name for name in ContactForm.model_fields if name != "assigned_to"]
OWNER = "(select u.name::text from app.users u where u.id = c.assigned_to)"
TAGS = (
    "(select string_agg(t.name, '; ' order by lower(t.name)) from contact_tags ct"
    " join tags t on t.id = ct.tag_id where ct.contact_id = c.id)"
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@router.post("/contacts/export")
async def export(request: Request, db: Db, user: CurrentUser) -> Response:
    """The contacts of `ids`, or with `all` every one of `list`, as CSV."""
    form = await request.form()
    text, everything = str(form.get("list", "")), bool(form.get("all"))
    ids = [] if everything else uuids(str(form.get("ids", "")))
    if not everything and not ids:
        raise Problem(422, "Select a contact", "", [{"field": "ids", "message": "None selected."}])
    async with db.session(user) as connection:
        state = await read_state(connection, user, text)  # refuses before the first byte is sent
    query = state.query if everything else None
    lines = _lines(db, user, state.known.fields, query, ids)
    name = f"contacts-{datetime.now(UTC):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")


async def _lines(
    db: Database, user: Identity, custom: tuple[CustomField, ...], query: Any, ids: list[Any]
) -> AsyncIterator[str]:
    own = [f"c.custom_fields ->> '{one.key}'" for one in custom]
    parts = [*(f"c.{name}" for name in FIELDS), OWNER, TAGS, "c.id", "c.created_at", *own]
    heads = [*map(label, FIELDS), "Owner", "Tags", "Id", "Created", *(one.label for one in custom)]
    select = ", ".join(f"{part} as x{n}" for n, part in enumerate(parts))
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(heads)
    written = 0
    async with db.session(user) as connection:
        await changing.take_two_minutes(connection)
        async for row in stream(connection, query, ids, select):
            writer.writerow([cell(value) for value in row.values()])
            written += 1
            if written % ROWS == 0:
                yield page.getvalue()
                page.seek(0)
                page.truncate()
    yield page.getvalue()


def cell(value: Any) -> Any:
    """A value as a spreadsheet may read it: a text is never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
