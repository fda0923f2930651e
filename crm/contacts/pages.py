"""A contact's page; the table, forms and everything else of the room are put together here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql, timelines
from crm.contacts import bulk, cells, composer, consent, counts, export, forms, table
from crm.contacts.composer import drafts_of
from crm.contacts.record import details, neighbours_in
from crm.contacts.table import read_state, row_html
from crm.db import Connection
from crm.http import not_found
from crm.timelines import AskedFor
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, zone

router = APIRouter()
for part in (table, counts, bulk, export, forms, cells, composer, consent):
    router.include_router(part.router)
queries = sql.load("contacts")
changing = sql.load("contacts/changing")


@router.get("/contacts/{contact_id:uuid}")
async def show_contact(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID, asked: AskedFor,
    part: Annotated[str, Query(max_length=20)] = "timeline",
    came: Annotated[str, Query(alias="list", max_length=20_000)] = "",
) -> Response:  # fmt: skip
    """A contact's page; as a region, what stands beside the timeline.

    `came` is the query string of the list it was opened from; its neighbours are one key away.
    """
    async with db.session(user) as connection:
        context = await details(connection, request, contact_id)
        if is_partial(request):
            return render(request, "contacts/_details.html", **context)
        context |= await timelines.opening(connection, request, contact_id, asked)
        context |= await neighbours_in(connection, user, came, contact_id)
        context["drafts"] = await drafts_of(connection, contact_id)
        context["people"] = [
            (str(row["id"]), row["name"]) async for row in queries.assignable_users(connection)
        ]
    return render(request, "contacts/show.html", **context, part=part)


@router.get("/contacts/{contact_id:uuid}/peek")
async def peek(request: Request, db: Db, user: CurrentUser, contact_id: UUID) -> Response:
    """A contact in short, beside the table."""
    if not is_partial(request):
        return RedirectResponse(f"/contacts/{contact_id}", 303)
    async with db.session(user) as connection:
        context = await details(connection, request, contact_id)
    return render(request, "contacts/_peek.html", **context)


@router.get("/contacts/{contact_id:uuid}/duplicates")
async def show_duplicates(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID
) -> Response:
    """Contacts with the same phone or email, the contact itself first."""
    async with db.session(user) as connection:
        contact = await queries.contact_name(connection, id=contact_id)
        if contact is None or contact["deleted_at"] is not None:
            raise not_found("Contact")
        twins = [row["id"] async for row in changing.duplicates(connection, id=contact_id)]
        ids = [contact_id, *twins]
        rows = [row async for row in queries.contacts_on_page(connection, ids=ids)]
        state = await read_state(connection, user, "")
    return render(
        request, "contacts/duplicates.html", contact=contact, total=len(twins), state=state,
        body=row_html(state, rows, zone(request)),
    )  # fmt: skip


@router.post("/contacts/{contact_id:uuid}/tags")
async def add_tag(
    db: Db, user: CurrentUser, contact_id: UUID, name: Annotated[str, Form(max_length=100)]
) -> Response:
    """Tag a contact; a tag of a new name is made."""
    words = " ".join(name.split())
    if words:
        async with db.session(user) as connection:
            await _must_see(connection, contact_id)
            await queries.add_tag(connection, contact_id=contact_id, name=words)
    return RedirectResponse(f"/contacts/{contact_id}?part=details", 303)


@router.post("/contacts/{contact_id:uuid}/tags/{tag_id:uuid}/remove")
async def remove_tag(db: Db, user: CurrentUser, contact_id: UUID, tag_id: UUID) -> Response:
    """Take a tag off a contact."""
    async with db.session(user) as connection:
        await _must_see(connection, contact_id)
        await queries.remove_tag(connection, contact_id=contact_id, tag_id=tag_id)
    return RedirectResponse(f"/contacts/{contact_id}?part=details", 303)


async def _must_see(connection: Connection, contact_id: UUID) -> None:
    if await queries.contact_name(connection, id=contact_id) is None:
        raise not_found("Contact")
