"""New contact, edit, trash and restore."""

from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.contacts.models import ContactForm, FieldError, label, rule_error
from crm.db import Connection, Database, Identity
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, seen_version

router = APIRouter()
queries = sql.load("contacts")

CHANGED = (
    "Somebody changed this contact while you were editing it. Save again to keep your version, or"
    " open the form anew to see theirs."
)


@router.get("/contacts/new")
async def new_contact(request: Request, db: Db, user: CurrentUser) -> Response:
    """The form of a new contact; `phone1`, `email1`, `first_name`… in the address fill it in."""
    async with db.session(user) as connection:
        values = ContactForm.model_construct().model_dump() | {"assigned_to": user.user_id}
        given = {key: value for key, value in request.query_params.items() if key in values}
        return await _page(connection, request, values | given)


@router.post("/contacts/new")
async def create_contact(request: Request, db: Db, user: CurrentUser) -> Response:
    """Save a new contact and show it."""
    sent = dict(await request.form())
    form = ContactForm.read(sent, request.app.state.settings.default_region)
    if isinstance(form, list):
        return await _again(db, user, request, sent, form)
    try:
        async with db.session(user) as connection:
            contact_id = await queries.create_contact(connection, **form.model_dump())
    except asyncpg.IntegrityConstraintViolationError as error:
        return await _again(db, user, request, sent, _rule(error))
    return RedirectResponse(f"/contacts/{contact_id}", 303)


@router.get("/contacts/{contact_id:uuid}/edit")
async def edit_contact(request: Request, db: Db, user: CurrentUser, contact_id: UUID) -> Response:
    """The form of a contact."""
    async with db.session(user) as connection:
        contact = await _find(connection, contact_id)
        return await _page(connection, request, dict(contact), contact)


@router.post("/contacts/{contact_id:uuid}/edit")
async def update_contact(request: Request, db: Db, user: CurrentUser, contact_id: UUID) -> Response:
    """Save a contact; 409 with the form when it changed since the form was opened."""
    sent = dict(await request.form())
    form = ContactForm.read(sent, request.app.state.settings.default_region)
    async with db.session(user) as connection:
        contact = await _find(connection, contact_id)
    if isinstance(form, list):
        return await _again(db, user, request, sent, form, contact)
    version = seen_version(sent.get("version"))
    try:
        async with db.session(user) as connection:
            saved = await queries.update_contact(
                connection, id=contact_id, version=version, **form.model_dump()
            )
    except asyncpg.IntegrityConstraintViolationError as error:
        return await _again(db, user, request, sent, _rule(error), contact)
    if saved:
        return RedirectResponse(f"/contacts/{contact_id}", 303)
    if contact["updated_at"] == version:  # it is as it was, so the database refused
        raise Problem(403, "You may not change this contact")
    sent["version"] = contact["updated_at"].isoformat()
    conflict = [{"field": "", "message": CHANGED}]
    return await _again(db, user, request, sent, conflict, contact, status=409)


@router.post("/contacts/{contact_id:uuid}/delete")
async def delete_contact(db: Db, user: CurrentUser, contact_id: UUID) -> Response:
    """Put a contact in the trash; the list then offers to undo it."""
    async with db.session(user) as connection:
        await _find(connection, contact_id)
        if await queries.delete_contact(connection, id=contact_id) is None:
            raise Problem(403, "You may not delete this contact")
    return RedirectResponse(f"/contacts?deleted={contact_id}", 303)


@router.post("/contacts/{contact_id:uuid}/restore")
async def restore_contact(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID
) -> Response:
    """Take a contact out of the trash and show it; to the Undo of a toast, the list anew."""
    async with db.session(user) as connection:
        contact = await queries.contact_name(connection, id=contact_id)
        if contact is None:
            raise not_found("Contact")
        restored = await queries.restore_contact(connection, id=contact_id)
        if restored is None and contact["deleted_at"] is not None:
            raise Problem(403, "You may not restore this contact")
    if is_partial(request):
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    return RedirectResponse(f"/contacts/{contact_id}", 303)


async def _find(connection: Connection, contact_id: UUID) -> asyncpg.Record:
    contact = await queries.get_contact(connection, id=contact_id)
    if contact is None or contact["deleted_at"] is not None:
        raise not_found("Contact")
    return contact


def _rule(error: asyncpg.PostgresError) -> list[FieldError]:
    found = rule_error(error)
    if found is None:
        raise error
    return [found]


async def _again(
    db: Database,
    user: Identity,
    request: Request,
    sent: dict[str, Any],
    errors: list[FieldError],
    contact: asyncpg.Record | None = None,
    status: int = 422,
) -> Response:
    """The form as it was sent, with what is wrong."""
    async with db.session(user) as connection:
        return await _page(connection, request, sent, contact, errors, status)


def _summary(errors: list[FieldError]) -> list[FieldError]:
    """The errors as the list on top says them: with the name of their field."""
    return [
        one | {"message": f"{label(one['field'])}: {one['message']}"} if one["field"] else one
        for one in errors
    ]


async def _page(
    connection: Connection,
    request: Request,
    values: dict[str, Any],
    contact: asyncpg.Record | None = None,
    errors: list[FieldError] | None = None,
    status: int = 200,
) -> Response:
    people = [(str(row["id"]), row["name"]) async for row in queries.assignable_users(connection)]
    shown = {
        name: "" if values.get(name) is None else values[name] for name in ContactForm.model_fields
    }
    shown["version"] = values.get("version") or (
        contact["updated_at"].isoformat() if contact else ""
    )
    return render(
        request, "contacts/form.html", status,
        values=shown, contact=contact, errors=errors or [], summary=_summary(errors or []),
        people=people, label=label,
    )  # fmt: skip
