"""The trash as a page of the settings: look, restore, delete for ever."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.db import Connection, Identity
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render

router = APIRouter(prefix="/settings/trash")
queries = sql.load("trash")

ROWS = 50
ADMINS = ("owner", "admin")
LEADS = (*ADMINS, "manager")
MOST_DAYS = 9999

Kind = Literal["contacts", "deals"]


@router.get("")
async def show_contacts(
    request: Request,
    db: Db,
    user: CurrentUser,
    before: Annotated[str, Query(max_length=100)] = "",
    restored: UUID | None = None,
    deleted: bool = False,
) -> Response:
    """The contacts in the trash."""
    return await _show(request, db, user, "contacts", before, restored, deleted)


@router.get("/deals")
async def show_deals(
    request: Request,
    db: Db,
    user: CurrentUser,
    before: Annotated[str, Query(max_length=100)] = "",
    restored: UUID | None = None,
    deleted: bool = False,
) -> Response:
    """The deals in the trash."""
    return await _show(request, db, user, "deals", before, restored, deleted)


async def _show(
    request: Request, db: Db, user: Identity, kind: Kind, before: str, restored: UUID | None,
    deleted: bool,
) -> Response:  # fmt: skip
    before_at, before_id = _cursor(before) if before else (None, None)
    async with db.session(user) as connection:
        found = queries.trash(
            connection, kind=kind, before_at=before_at, before_id=before_id, row_limit=ROWS + 1
        )
        rows = [row async for row in found]
        days = await queries.trash_days(connection)
        back = await queries.found(connection, kind=kind, item=restored) if restored else None
    template = "trash/_list.html" if is_partial(request) else "trash/index.html"
    return render(
        request, template, kind=kind, rows=rows[:ROWS], before=before, days=days, back=back,
        deleted=deleted, older=_older(kind, rows), may_restore=user.role != "viewer",
        may_delete=user.role in LEADS, may_set=user.role in ADMINS, most_days=MOST_DAYS,
    )  # fmt: skip


def _address(kind: Kind, **parameters: Any) -> str:
    place = "/settings/trash" + ("/deals" if kind == "deals" else "")
    return f"{place}?{urlencode(parameters)}" if parameters else place


def _older(kind: Kind, rows: list[Any]) -> str | None:
    if len(rows) <= ROWS:
        return None
    last = rows[ROWS - 1]
    return _address(kind, before=f"{last['deleted_at'].isoformat()},{last['id']}")


def _cursor(text: str) -> tuple[datetime, UUID]:
    at, _, item = text.partition(",")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, UUID(item)
    except ValueError:
        message = "This part of the trash cannot be found."
        raise Problem(422, message, "", [{"field": "before", "message": message}]) from None


async def _must_see(connection: Connection, kind: Kind, item: UUID) -> Any:
    found = await queries.in_trash(connection, kind=kind, item=item)
    if found is None:
        raise not_found(kind[:-1].capitalize())
    return found


@router.post("/{kind}/{item:uuid}/restore")
async def restore(db: Db, user: CurrentUser, kind: Kind, item: UUID) -> Response:
    """Take it out of the trash."""
    async with db.session(user) as connection:
        await _must_see(connection, kind, item)
        if not await queries.restore(connection, kind=kind, item=item):
            raise Problem(403, f"You may not restore this {kind[:-1]}")
    return RedirectResponse(_address(kind, restored=item), 303)


@router.get("/{kind}/{item:uuid}/delete")
async def ask_before_delete(
    request: Request, db: Db, user: CurrentUser, kind: Kind, item: UUID
) -> Response:
    """What would be gone; the page asks before anything is."""
    async with db.session(user) as connection:
        found = await _must_see(connection, kind, item)
        if user.role not in LEADS:
            raise Problem(403, f"You may not delete this {kind[:-1]} for ever")
        along = await queries.goes_along(connection, item=item) if kind == "contacts" else {}
    numbers = {name: count for name, count in dict(along).items() if count}
    return render(
        request, "trash/delete.html", kind=kind, item=found, along=numbers, back=_address(kind)
    )


@router.post("/{kind}/{item:uuid}/delete")
async def delete(db: Db, user: CurrentUser, kind: Kind, item: UUID) -> Response:
    """Delete it for ever."""
    async with db.session(user) as connection:
        await _must_see(connection, kind, item)
        if not await queries.delete_forever(connection, kind=kind, item=item):
            raise Problem(403, f"You may not delete this {kind[:-1]} for ever")
    return RedirectResponse(_address(kind, deleted=1), 303)


@router.post("/days")
async def set_days(
    db: Db, user: CurrentUser, days: Annotated[int, Form(ge=1, le=MOST_DAYS)]
) -> Response:
    """How long things stay; for owners and admins."""
    async with db.session(user) as connection:
        await queries.set_trash_days(connection, days=days)
    return RedirectResponse("/settings/trash", 303)
