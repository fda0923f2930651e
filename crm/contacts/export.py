"""Contacts as a CSV file."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crm.contacts.listing import stream
from crm.contacts.liststate import uuids
from crm.contacts.models import ContactForm, label
from crm.contacts.table import read_state
from crm.db import Connection
from crm.exports import Sheet, csv_file
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db

router = APIRouter()

FIELDS = [name for name in ContactForm.model_fields if name != "assigned_to"]
OWNER = "(select u.name::text from app.users u where u.id = c.assigned_to)"
TAGS = (
    "(select string_agg(t.name, '; ' order by lower(t.name)) from contact_tags ct"
    " join tags t on t.id = ct.tag_id where ct.contact_id = c.id)"
)


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
    custom = state.known.fields
    own = [f"c.custom_fields ->> '{one.key}'" for one in custom]
    parts = [*(f"c.{name}" for name in FIELDS), OWNER, TAGS, "c.id", "c.created_at", *own]
    heads = [*map(label, FIELDS), "Owner", "Tags", "Id", "Created", *(one.label for one in custom)]
    select = ", ".join(f"{part} as x{n}" for n, part in enumerate(parts))

    async def read(connection: Connection) -> AsyncIterator[Sequence[Any]]:
        yield heads
        async for row in stream(connection, state.query if everything else None, ids, select):
            yield tuple(row.values())

    return csv_file(db, user, Sheet("contacts", read))
