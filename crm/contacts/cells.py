"""One value of a contact, changed where it stands: in the table or beside the timeline."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from crm import sql
from crm.contacts.fields import Editable, find, read_custom, written
from crm.contacts.models import ContactForm, FieldError, rule_error
from crm.contacts.record import details, own_fields
from crm.contacts.table import read_state, row_html, stages
from crm.db import Connection, Database, Identity
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, render, zone

router = APIRouter()
queries = sql.load("contacts")
changing = sql.load("contacts/changing")

Text = Annotated[str, Form(max_length=20_000)]
Place = Annotated[str, Query(pattern="^(row|page)$")]


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of a contact that may be changed, and what it holds: a text, or names of tags."""

    contact: asyncpg.Record
    field: Editable
    value: Any


async def _cell(connection: Connection, contact_id: UUID, name: str) -> Cell:
    field = find(name, await own_fields(connection))
    if field is None:
        raise not_found("Field")
    contact = await queries.get_contact(connection, id=contact_id)
    if contact is None or contact["deleted_at"] is not None:
        raise not_found("Contact")
    if field.kind == "tags":
        value: Any = [row["name"] async for row in changing.tags_of(connection, id=contact_id)]
    elif field.custom:
        value = contact["custom_fields"].get(field.custom)
    else:
        value = contact[name]
    return Cell(contact, field, value)


@router.get("/contacts/{contact_id:uuid}/field/{name}")
async def edit_field(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID, name: str, place: Place = "row"
) -> Response:
    """The small form of one value."""
    async with db.session(user) as connection:
        if not await changing.may_write(connection):
            raise Problem(403, "You may not change contacts")
        cell = await _cell(connection, contact_id, name)
        return await _form(connection, request, cell, place, shown=cell.value)


@router.post("/contacts/{contact_id:uuid}/field/{name}")
async def save_field(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID, name: str,
    place: Annotated[str, Form(pattern="^(row|page)$")] = "row",
) -> Response:  # fmt: skip
    """Save one value: what shows the contact anew, 422 or 409 with the form.

    `was` is what the form opened with: only a change of this very value meanwhile is a conflict.
    """
    form = await request.form()
    client = request.headers.get("X-Client-Id", "")
    sent: Any = [str(one) for one in form.getlist("value")]
    async with db.session(user, client=client) as connection:
        cell = await _cell(connection, contact_id, name)
        if cell.field.kind != "tags":
            sent = sent[0] if sent else ""
        elif form.get("new"):
            sent = [*sent, " ".join(str(form["new"]).split())[:100]]
        if not form.get("mine") and "was" in form and form["was"] != _was(cell):
            return await _form(connection, request, cell, place, shown=sent, conflict=True)
    try:
        async with db.session(user, client=client) as connection:
            errors = await _save(connection, cell, sent, request)
    except asyncpg.IntegrityConstraintViolationError as error:
        errors = [_rule(error, cell.field)]
    if errors:
        async with db.session(user) as connection:
            return await _form(connection, request, cell, place, shown=sent, errors=errors)
    return await _fresh(request, db, user, contact_id, place, str(form.get("list", "")))


@router.get("/contacts/{contact_id:uuid}/field/{name}/now")
async def show_now(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID, name: str,
    place: Place = "row",
    shown: Annotated[str, Query(alias="list", max_length=20_000)] = "",
) -> Response:  # fmt: skip
    """The contact as it is now, for who gives up their own version."""
    return await _fresh(request, db, user, contact_id, place, shown)


def _was(cell: Cell) -> str:
    return ", ".join(cell.value) if cell.field.kind == "tags" else written(cell.value)


def _rule(error: asyncpg.PostgresError, field: Editable) -> FieldError:
    found = rule_error(error)
    if found is not None:
        return {"field": field.name, "message": found["message"]}
    if getattr(error, "column_name", "") or field.custom:
        return {"field": field.name, "message": str(error)}
    raise error


async def _save(
    connection: Connection, cell: Cell, sent: Any, request: Request
) -> list[FieldError] | None:
    """Writes the value; gives what is wrong with it, or raises Problem 403."""
    if await changing.lock_contact(connection, id=cell.contact["id"]) is None:
        raise Problem(403, "You may not change this contact")
    if cell.field.kind == "tags":
        return await _save_tags(connection, cell.contact["id"], sent)
    if cell.field.custom:
        return await _save_custom(connection, cell, sent)
    form = ContactForm.read({cell.field.name: sent}, request.app.state.settings.default_region)
    if isinstance(form, list):
        return form
    # The row as it is now, but for this value: others may have changed it since.
    now = await queries.get_contact(connection, id=cell.contact["id"])
    values = {name: now[name] for name in ContactForm.model_fields}
    values[cell.field.name] = getattr(form, cell.field.name)
    await queries.update_contact(connection, id=now["id"], version=now["updated_at"], **values)
    return None


async def _save_tags(connection: Connection, contact_id: UUID, sent: list[str]) -> None:
    names = list(dict.fromkeys(" ".join(one.split()) for one in sent if one.strip()))
    for one in names:
        await queries.add_tag(connection, contact_id=contact_id, name=one)
    lower = [one.lower() for one in names]
    await changing.keep_tags(connection, contact_id=contact_id, names=lower)


async def _save_custom(connection: Connection, cell: Cell, sent: str) -> list[FieldError] | None:
    value = read_custom(cell.field, sent)
    if isinstance(value, list):
        return value
    await changing.set_custom_field(
        connection, id=cell.contact["id"], key=cell.field.custom, value=value
    )
    return None


async def _form(
    connection: Connection, request: Request, cell: Cell, place: str, *, shown: Any,
    errors: list[FieldError] | None = None, conflict: bool = False,
) -> Response:  # fmt: skip
    people = [(str(row["id"]), row["name"]) async for row in queries.assignable_users(connection)]
    tags = [row["name"] async for row in changing.all_tags(connection)]
    status = 409 if conflict else 422 if errors else 200
    context = {
        "contact": cell.contact, "field": cell.field, "place": place, "was": _was(cell),
        "shown": shown if isinstance(shown, list) else written(shown),
        "error": errors[0]["message"] if errors else "", "people": people, "tags": tags,
        "stage_choices": stages(), "theirs": _theirs(cell, people) if conflict else "",
        "conflict": conflict,
    }  # fmt: skip
    if conflict:
        changed: datetime = cell.contact["updated_at"]
        context["changed"] = changed
    return render(request, "contacts/_edit.html", status, **context)


def _theirs(cell: Cell, people: list[tuple[str, str]]) -> str:
    text = _was(cell)
    if cell.field.kind == "owner":
        return dict(people).get(text, "Nobody" if not text else "somebody else")
    named = dict(stages()) if cell.field.kind == "stage" else {"true": "Yes", "false": "No"}
    return named.get(text, text) or "nothing"


async def _fresh(
    request: Request, db: Database, user: Identity, contact_id: UUID, place: str, text: str
) -> Response:
    """What shows the contact, with its new values: its row, or the page's head and details."""
    where = zone(request)
    async with db.session(user) as connection:
        if place == "page":
            context = await details(connection, request, contact_id)
            return render(request, "contacts/_record.html", **context)
        state = await read_state(connection, user, text)
        rows = [row async for row in queries.contacts_on_page(connection, ids=[contact_id])]
    return Response(str(row_html(state, rows, where)), media_type="text/html")
