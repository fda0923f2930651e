"""A deal's page: its way through the stages, what hangs on it, and fields edited in place."""

from collections import defaultdict
from datetime import timedelta, tzinfo
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.db import Connection
from crm.deals import board, forms
from crm.deals.models import DealForm, FieldError, label
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, local, render, seen_version, zone

router = APIRouter()
queries = sql.load("deals")

# What can be edited in place, and how its control looks.
FIELDS = {
    "name": "text",
    "value": "money",
    "probability": "percent",
    "expected_close_date": "date",
    "assigned_to": "person",
    "next_step": "text",
    "source": "text",
    "competitor": "text",
    "notes": "long",
}


@router.get("/deals/{deal_id:uuid}")
async def show_deal(request: Request, db: Db, user: CurrentUser, deal_id: UUID) -> Response:
    """A deal's page, also of one in the bin."""
    async with db.session(user) as connection:
        deal = await queries.get_deal(connection, id=deal_id)
        if deal is None:
            raise not_found("Deal")
        context = await _context(connection, deal, zone(request))
    return render(request, "deals/show.html", **context)


async def _context(connection: Connection, deal: asyncpg.Record, where: tzinfo) -> dict[str, Any]:
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    async for row in queries.deal_parts(connection, id=deal["id"]):
        parts[row["part"]].append(
            local(row, where) | {"days_left": board.days_left(row["at"], where)}
        )
    history = [local(row, where) async for row in queries.deal_history(connection, id=deal["id"])]
    stages = await board.stages(connection, deal["pipeline"])
    return {
        "deal": deal,
        "parts": parts,
        "history": history,
        "stages": stages,
        "in_stages": _in_stages(history, stages),
        "pipelines": await board.pipelines(connection),
        "fields": FIELDS,
        "label": label,
        "today": board.today(where),
        "lost_reasons": board.LOST_REASONS,
        "close_days": (deal["expected_close_date"] - board.today(where)).days
        if deal["expected_close_date"] else None,
    }  # fmt: skip


def _in_stages(
    history: list[dict[str, Any]], stages: list[board.Column]
) -> list[tuple[board.Column, timedelta]]:
    """How long the deal was in each stage altogether, in the order of the pipeline."""
    spent: dict[str, timedelta] = defaultdict(timedelta)
    for row in history:
        if row["stayed"] is not None:
            spent[row["new_stage"]] += row["stayed"]
    return [(one, spent[one.key]) for one in stages if one.key in spent and not one.is_closed]


@router.get("/deals/{deal_id:uuid}/fields/{field}")
async def show_field(
    request: Request, db: Db, user: CurrentUser, deal_id: UUID, field: str, edit: bool = False
) -> Response:
    """One field of a deal: its value, or with `edit` the control to change it."""
    if field not in FIELDS:
        raise not_found("Field")
    async with db.session(user) as connection:
        deal = await forms.find(connection, deal_id)
        return await _field(connection, request, deal, field, edit=edit)


@router.post("/deals/{deal_id:uuid}/fields/{field}")
async def save_field(
    request: Request, db: Db, user: CurrentUser, deal_id: UUID, field: str
) -> Response:
    """Save one field; 422 with its control when it is wrong, 409 when somebody changed the deal."""
    if field not in FIELDS:
        raise not_found("Field")
    sent = dict(await request.form())
    async with db.session(user) as connection:
        deal = await forms.find(connection, deal_id)
    now = {name: deal[name] for name in DealForm.model_fields}
    errors: list[FieldError] = []
    form = DealForm.read(now | {field: sent.get(field, "")})
    status, saved = 422, None
    if isinstance(form, list):
        errors = form
    else:
        try:
            saved = await forms.save(db, user, deal_id, seen_version(sent.get("version")), form)
        except asyncpg.IntegrityConstraintViolationError as error:
            errors = forms.rule(error)
    if not saved and not errors:
        if deal["updated_at"] == seen_version(sent.get("version")):
            raise Problem(403, "You may not change this deal")
        status, errors = 409, [{"field": field, "message": forms.CHANGED}]
    async with db.session(user) as connection:
        deal = await forms.find(connection, deal_id)
        if not errors:
            return await _field(connection, request, deal, field, saved=True)
        return await _field(
            connection, request, deal, field, edit=True, errors=errors, status=status,
            given=sent.get(field, ""),
        )  # fmt: skip


async def _field(
    connection: Connection,
    request: Request,
    deal: asyncpg.Record,
    field: str,
    *,
    edit: bool = False,
    saved: bool = False,
    errors: list[FieldError] | None = None,
    status: int = 200,
    given: Any = None,
) -> Response:
    people = []
    if edit and FIELDS[field] == "person":
        people = [
            (str(row["id"]), row["name"]) async for row in queries.assignable_users(connection)
        ]
    shown = deal[field] if given is None else given
    return render(
        request, "deals/_field.html", status,
        deal=deal, field=field, kind=FIELDS[field], edit=edit, saved=saved, people=people,
        shown="" if shown is None else shown, label=label, errors=errors or [], focused=True,
        close_days=(deal["expected_close_date"] - board.today(zone(request))).days
        if deal["expected_close_date"] else None,
        history=[local(row, zone(request))
                 async for row in queries.deal_history(connection, id=deal["id"])] if saved else [],
        stages=await board.stages(connection, deal["pipeline"]),
    )  # fmt: skip


@router.post("/deals/{deal_id:uuid}/tags")
async def add_tag(
    request: Request,
    db: Db,
    user: CurrentUser,
    deal_id: UUID,
    name: Annotated[str, Form(max_length=100)],
) -> Response:
    """Tag a deal; a tag of a new name is made."""
    words = " ".join(name.replace("\x00", "").split())
    async with db.session(user) as connection:
        await forms.find(connection, deal_id)
        if words:
            await queries.add_tag(connection, deal_id=deal_id, name=words)
    return RedirectResponse(f"/deals/{deal_id}", 303)


@router.post("/deals/{deal_id:uuid}/tags/{tag_id:uuid}/remove")
async def remove_tag(db: Db, user: CurrentUser, deal_id: UUID, tag_id: UUID) -> Response:
    """Take a tag off a deal."""
    async with db.session(user) as connection:
        await forms.find(connection, deal_id)
        await queries.remove_tag(connection, deal_id=deal_id, tag_id=tag_id)
    return RedirectResponse(f"/deals/{deal_id}", 303)
