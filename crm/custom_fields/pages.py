"""Settings: the workspace's own fields of contacts and deals."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.db import Connection, Database, Identity
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, render

router = APIRouter()
queries = sql.load("custom_fields")

HERE = "/settings/fields"
KINDS = {"text": "Text", "number": "Number", "date": "Date", "choice": "Choice",
         "checkbox": "Checkbox", "link": "Link"}  # fmt: skip
ADMINS = ("owner", "admin")
Table = Literal["contacts", "deals"]
Text = Annotated[str, Form(max_length=20_000)]


@router.get(HERE)
async def list_fields(
    request: Request, db: Db, user: CurrentUser, table: Table = "contacts"
) -> Response:
    """The fields of contacts, or of deals."""
    return await _page(request, db, user, table)


async def _page(
    request: Request, db: Database, user: Identity, table: str,
    values: dict[str, Any] | None = None, errors: list[dict[str, str]] | None = None,
) -> Response:  # fmt: skip
    async with db.session(user) as connection:
        fields = [dict(row) async for row in queries.list_fields(connection)]
    return render(
        request, "custom_fields/index.html", 422 if errors else 200, table=table, kinds=KINDS,
        fields=[one for one in fields if one["table_name"] == table], values=values or {},
        errors=errors or [], may_change=user.role in ADMINS,
    )  # fmt: skip


@router.post(HERE)
async def add_field(
    request: Request, db: Db, user: CurrentUser,
    table: Annotated[Table, Form()] = "contacts", label: Text = "", kind: Text = "text",
    choices: Text = "",
) -> Response:  # fmt: skip
    """Add a field; its key is made from its label and never changes."""
    _must_be_admin(user)
    words, options = _words(label), read_choices(choices)
    errors = check(words, kind, options)
    if not errors:
        try:
            async with db.session(user) as connection:
                taken = {row["key"] async for row in queries.list_fields(connection)
                         if row["table_name"] == table}  # fmt: skip
                await queries.add_field(
                    connection, table_name=table, key=key_of(words, taken), label=words, kind=kind,
                    choices=options if kind == "choice" else [],
                )  # fmt: skip
        except asyncpg.UniqueViolationError:
            errors = [{"field": "label", "message": "There is a field of this name."}]
    if errors:
        sent = {"label": label, "kind": kind, "choices": choices}
        return await _page(request, db, user, table, sent, errors)
    return RedirectResponse(f"{HERE}?table={table}", 303)


@router.post(HERE + "/{field_id:uuid}")
async def change_field(
    db: Db, user: CurrentUser, field_id: UUID, label: Text = "", choices: Text = ""
) -> Response:
    """Rename a field, or change what a choice may be."""
    async with db.session(user) as connection:
        field = await _find(connection, field_id)
        _must_be_admin(user)
        words, options = _words(label), read_choices(choices)
        if errors := check(words, field["kind"], options):
            raise Problem(422, "This field cannot be changed", "", errors)
        await queries.change_field(
            connection, id=field_id, label=words,
            choices=options if field["kind"] == "choice" else [],
        )  # fmt: skip
    return RedirectResponse(f"{HERE}?table={field['table_name']}", 303)


@router.post(HERE + "/{field_id:uuid}/move")
async def move_field(
    db: Db, user: CurrentUser, field_id: UUID, step: Annotated[Literal["-1", "1"], Form()]
) -> Response:
    """Move a field up or down by one."""
    async with db.session(user) as connection:
        field = await _find(connection, field_id)
        _must_be_admin(user)
        await queries.move_field(connection, id=field_id, step=int(step))
    return RedirectResponse(f"{HERE}?table={field['table_name']}", 303)


@router.post(HERE + "/{field_id:uuid}/archive")
async def archive_field(
    db: Db, user: CurrentUser, field_id: UUID, archived: Annotated[bool, Form()]
) -> Response:
    """Hide a field, whose values stay, or bring it back."""
    async with db.session(user) as connection:
        field = await _find(connection, field_id)
        _must_be_admin(user)
        try:
            await queries.archive_field(connection, id=field_id, is_archived=archived)
        except asyncpg.UniqueViolationError:
            raise Problem(409, "Another field has this name now", "Rename one of them.") from None
    return RedirectResponse(f"{HERE}?table={field['table_name']}", 303)


async def _find(connection: Connection, field_id: UUID) -> asyncpg.Record:
    field = await queries.find_field(connection, id=field_id)
    if field is None:
        raise not_found("Field")
    return field


def _must_be_admin(user: Identity) -> None:
    if user.role not in ADMINS:
        raise Problem(403, "Only owners and admins change fields")


def _words(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())


def read_choices(text: str) -> list[str]:
    """One choice a line, each once."""
    return list(dict.fromkeys(filter(None, map(_words, text.splitlines()))))


def check(label: str, kind: str, choices: list[str]) -> list[dict[str, str]]:
    """What is wrong with a field, as {"field", "message"}."""
    errors = []
    if not label:
        errors.append({"field": "label", "message": "Give the field a name."})
    elif len(label) > 60:
        errors.append({"field": "label", "message": "At most 60 characters."})
    if kind not in KINDS:
        errors.append({"field": "kind", "message": "There is no such kind."})
    if kind == "choice" and not choices:
        errors.append({"field": "choices", "message": "Write at least one choice."})
    if len(choices) > 200 or any(len(one) > 100 for one in choices):
        errors.append({"field": "choices", "message": "At most 200 choices of 100 characters."})
    return errors


def key_of(label: str, taken: set[str]) -> str:
    """`Roof age` as `roof_age`; `roof_age_2` when there is one."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40]
    base = plain if re.match(r"[a-z]", plain) else f"field_{plain}".rstrip("_")
    found, number = base, 2
    while found in taken:
        found, number = f"{base}_{number}", number + 1
    return found
