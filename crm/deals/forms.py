"""New deal, edit, bin and restore."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.db import Connection, Database, Identity
from crm.deals import board
from crm.deals.models import DealForm, FieldError, label, rule_error
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, seen_version

router = APIRouter()
queries = sql.load("deals")

CHANGED = (
    "Somebody changed this deal while you were editing it. Save again to keep your version, or"
    " open the form anew to see theirs."
)


@router.get("/deals/new")
async def new_deal(
    request: Request, db: Db, user: CurrentUser, contact: UUID | None = None
) -> Response:
    """The form of a new deal; `contact`, `stage`, `pipeline`, `name`, `value`… fill it in."""
    asked = request.query_params
    async with db.session(user) as connection:
        values = {"assigned_to": user.user_id, "contact_id": contact, "currency": "USD"}
        given = {key: value for key, value in asked.items() if key in DealForm.model_fields}
        return await _page(connection, request, values | given)


@router.get("/deals/contacts")
async def find_contacts(
    request: Request, db: Db, user: CurrentUser, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Contacts that a new deal can be for, as choices of the form."""
    async with db.session(user) as connection:
        words = " ".join(q.replace("\x00", "").split())
        found = queries.find_contacts(connection, q=words)
        people = [row async for row in found] if len(words) > 1 else []
    return render(request, "deals/_contacts.html", people=people, words=words)


@router.get("/deals/stages")
async def stages_of(
    request: Request, db: Db, user: CurrentUser, pipeline: Annotated[str, Query(max_length=100)]
) -> Response:
    """The choice of a stage, after another pipeline was chosen in the form."""
    async with db.session(user) as connection:
        found = await board.stages(connection, pipeline)
    first = next((one.key for one in found if not one.is_closed), "")
    return render(request, "deals/_stage_choice.html", stages=found, stage=first, error="")


@router.post("/deals/new")
async def create_deal(request: Request, db: Db, user: CurrentUser) -> Response:
    """Save a new deal, on top of its column, and show it."""
    sent = dict(await request.form())
    form = DealForm.read(sent)
    if isinstance(form, list):
        return await _again(db, user, request, sent, form)
    try:
        async with db.session(user) as connection:
            if await queries.contact_name(connection, id=form.contact_id) is None:
                raise not_found("Contact")
            position = await queries.place_deal(
                connection, id=form.contact_id, pipeline=form.pipeline, stage=form.stage,
                before_id=None, after_id=None,
            )  # fmt: skip
            made = await queries.create_deal(connection, position=position, **form.model_dump())
    except asyncpg.IntegrityConstraintViolationError as error:
        return await _again(db, user, request, sent, rule(error))
    return RedirectResponse(f"/deals/{made}", 303)


@router.get("/deals/{deal_id:uuid}/edit")
async def edit_deal(request: Request, db: Db, user: CurrentUser, deal_id: UUID) -> Response:
    """The form of a deal."""
    async with db.session(user) as connection:
        deal = await find(connection, deal_id)
        return await _page(connection, request, dict(deal), deal)


@router.post("/deals/{deal_id:uuid}/edit")
async def update_deal(request: Request, db: Db, user: CurrentUser, deal_id: UUID) -> Response:
    """Save a deal; 409 with the form when it changed since the form was opened."""
    sent = dict(await request.form())
    async with db.session(user) as connection:
        deal = await find(connection, deal_id)
    form = DealForm.read({"contact_id": str(deal["contact_id"])} | sent)
    if isinstance(form, list):
        return await _again(db, user, request, sent, form, deal)
    seen = seen_version(sent.get("version"))
    try:
        saved = await save(db, user, deal_id, seen, form)
    except asyncpg.IntegrityConstraintViolationError as error:
        return await _again(db, user, request, sent, rule(error), deal)
    if saved:
        return RedirectResponse(f"/deals/{deal_id}", 303)
    if deal["updated_at"] == seen:  # it is as it was, so the database refused
        raise Problem(403, "You may not change this deal")
    sent["version"] = deal["updated_at"].isoformat()
    conflict = [{"field": "", "message": CHANGED}]
    return await _again(db, user, request, sent, conflict, deal, status=409)


async def save(
    db: Database, user: Identity, deal_id: UUID, seen: datetime | None, form: DealForm
) -> UUID | None:
    """Store the form; None when the deal changed since `seen`, or is not the caller's to change."""
    async with db.session(user) as connection:
        return await queries.update_deal(connection, id=deal_id, version=seen, **form.model_dump())


@router.post("/deals/{deal_id:uuid}/delete")
async def delete_deal(db: Db, user: CurrentUser, deal_id: UUID) -> Response:
    """Put a deal in the bin; the board then offers to undo it."""
    async with db.session(user) as connection:
        deal = await find(connection, deal_id)
        if await queries.delete_deal(connection, id=deal_id) is None:
            raise Problem(403, "You may not delete this deal")
    pipeline = "" if deal["pipeline"] == "default" else f"pipeline={deal['pipeline']}&"
    return RedirectResponse(f"/deals?{pipeline}deleted={deal_id}", 303)


@router.post("/deals/{deal_id:uuid}/restore")
async def restore_deal(request: Request, db: Db, user: CurrentUser, deal_id: UUID) -> Response:
    """Take a deal out of the bin and show it; to the Undo of a toast, the page anew."""
    async with db.session(user) as connection:
        deal = await queries.get_deal(connection, id=deal_id)
        if deal is None:
            raise not_found("Deal")
        restored = await queries.restore_deal(connection, id=deal_id)
        if restored is None and deal["deleted_at"] is not None:
            raise Problem(403, "You may not restore this deal")
    if is_partial(request):
        return Response(status_code=200, headers={"HX-Refresh": "true"})
    return RedirectResponse(f"/deals/{deal_id}", 303)


async def find(connection: Connection, deal_id: UUID) -> asyncpg.Record:
    """The live deal; raises Problem 404, also for what the caller may not see."""
    deal = await queries.get_deal(connection, id=deal_id)
    if deal is None or deal["deleted_at"] is not None:
        raise not_found("Deal")
    return deal


def rule(error: asyncpg.PostgresError) -> list[FieldError]:
    """The broken rule as the error of a field; raises what is no rule of a field."""
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
    deal: asyncpg.Record | None = None,
    status: int = 422,
) -> Response:
    """The form as it was sent, with what is wrong."""
    async with db.session(user) as connection:
        return await _page(connection, request, sent, deal, errors, status)


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


async def _page(
    connection: Connection,
    request: Request,
    values: dict[str, Any],
    deal: asyncpg.Record | None = None,
    errors: list[FieldError] | None = None,
    status: int = 200,
) -> Response:
    people = [(str(row["id"]), row["name"]) async for row in queries.assignable_users(connection)]
    known = await board.pipelines(connection)
    shown = {
        name: "" if values.get(name) is None else values[name] for name in DealForm.model_fields
    }
    shown["pipeline"] = shown["pipeline"] or board.choose(board.DealFilter(), known)
    contact_id = _uuid(shown["contact_id"])
    contact = await queries.contact_name(connection, id=contact_id) if contact_id else None
    errors = errors or []
    return render(
        request, "deals/form.html", status,
        values=shown, deal=deal, errors=errors, people=people, label=label, contact=contact,
        version=values.get("version") or (deal["updated_at"].isoformat() if deal else ""),
        pipelines=[(one["key"], one["name"]) for one in known
                   if not one["is_archived"] or one["key"] == shown["pipeline"]],
        stages=await board.stages(connection, shown["pipeline"]),
        summary=[
            one | {"message": f"{label(one['field'])}: {one['message']}"} if one["field"] else one
            for one in errors
        ],
    )  # fmt: skip
