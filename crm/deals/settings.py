"""Settings of pipelines: their names and stages, in which order, which colour, which chance."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, ValidationError

from crm import sql
from crm.db import Connection, Identity
from crm.deals import board
from crm.deals.models import Blank, FieldError, Figure, Percent, shape_errors
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, render

router = APIRouter()
queries = sql.load("deals")

HUES = (
    ("gray", "Gray"), ("violet", "Violet"), ("blue", "Blue"), ("teal", "Teal"),
    ("green", "Green"), ("amber", "Amber"), ("red", "Red"), ("pink", "Pink"),
)  # fmt: skip
LEADS = ("owner", "admin", "manager")
PAGE = "/settings/pipelines"


class StageForm(BaseModel):
    """What a stage is called and how it counts."""

    label: Annotated[str, Field(min_length=1, max_length=50), Blank]
    hue: Annotated[str, Field(max_length=20)] = "gray"
    probability: Percent = 0
    stalled_after_days: Annotated[Annotated[int, Field(ge=1, le=9999)] | None, Figure] = None


def _only_leads(user: Identity) -> None:
    if user.role not in LEADS:
        raise Problem(403, "You may not change pipelines", "Ask a manager or the owner.")


@router.get(PAGE)
async def show_pipelines(
    request: Request, db: Db, user: CurrentUser, pipeline: str = ""
) -> Response:
    """Every pipeline, and the stages of one."""
    _only_leads(user)
    async with db.session(user) as connection:
        return await _page(connection, request, pipeline)


async def _page(
    connection: Connection,
    request: Request,
    pipeline: str,
    errors: list[FieldError] | None = None,
    sent: dict[str, Any] | None = None,
    stage_id: UUID | None = None,
    status: int = 200,
) -> Response:
    known = await board.pipelines(connection)
    chosen = next((one for one in known if one["key"] == pipeline), known[0] if known else None)
    stages = []
    if chosen:
        found = queries.pipeline_stages(connection, pipeline=chosen["key"])
        stages = [dict(row) async for row in found]
    for one in stages:
        if one["id"] == stage_id:
            one |= sent or {}
    return render(
        request, "deals/pipelines.html", status,
        pipelines=known, chosen=chosen, stages=stages, hues=HUES, errors=errors or [],
        wrong=stage_id,
    )  # fmt: skip


@router.post(PAGE)
async def add_pipeline(
    db: Db,
    user: CurrentUser,
    name: Annotated[str, Form(max_length=100)],
    key: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """A new pipeline; with `key`, one that only deals knew so far."""
    _only_leads(user)
    async with db.session(user) as connection:
        made = await queries.add_pipeline(connection, name=_words(name), key=key or None)
        pipeline = await _find(connection, made)
    return RedirectResponse(f"{PAGE}?pipeline={pipeline['key']}", 303)


@router.post(PAGE + "/order")
async def order_pipelines(
    db: Db, user: CurrentUser, ids: Annotated[list[UUID], Form()], pipeline: str = ""
) -> Response:
    """Put the pipelines into another order."""
    _only_leads(user)
    async with db.session(user) as connection:
        await queries.order_pipelines(connection, ids=ids)
    return RedirectResponse(f"{PAGE}?pipeline={pipeline}", 303)


@router.post(PAGE + "/{pipeline_id:uuid}")
async def update_pipeline(
    db: Db,
    user: CurrentUser,
    pipeline_id: UUID,
    name: Annotated[str, Form(max_length=100)],
    archived: Annotated[bool, Form()] = False,
) -> Response:
    """Rename a pipeline, archive it, or take it out of the archive."""
    _only_leads(user)
    async with db.session(user) as connection:
        pipeline = await _find(connection, pipeline_id)
        await queries.update_pipeline(
            connection, id=pipeline_id, name=_words(name), is_archived=archived
        )
    return RedirectResponse(f"{PAGE}?pipeline={pipeline['key']}", 303)


@router.post(PAGE + "/{pipeline_id:uuid}/stages")
async def add_stage(
    db: Db, user: CurrentUser, pipeline_id: UUID, label: Annotated[str, Form(max_length=50)]
) -> Response:
    """A new stage before the ends."""
    _only_leads(user)
    async with db.session(user) as connection:
        pipeline = await _find(connection, pipeline_id)
        await queries.add_stage(connection, pipeline=pipeline["key"], label=_words(label))
    return RedirectResponse(f"{PAGE}?pipeline={pipeline['key']}", 303)


@router.post(PAGE + "/{pipeline_id:uuid}/stages/order")
async def order_stages(
    db: Db, user: CurrentUser, pipeline_id: UUID, ids: Annotated[list[UUID], Form()]
) -> Response:
    """Put the stages into another order."""
    _only_leads(user)
    async with db.session(user) as connection:
        pipeline = await _find(connection, pipeline_id)
        await queries.order_stages(connection, ids=ids)
    return RedirectResponse(f"{PAGE}?pipeline={pipeline['key']}", 303)


@router.post(PAGE + "/{pipeline_id:uuid}/stages/{stage_id:uuid}")
async def update_stage(
    request: Request, db: Db, user: CurrentUser, pipeline_id: UUID, stage_id: UUID
) -> Response:
    """Save a stage; 422 with the page when something is wrong."""
    _only_leads(user)
    sent = {name: str(value).replace("\x00", "") for name, value in (await request.form()).items()}
    async with db.session(user) as connection:
        pipeline = await _find(connection, pipeline_id)
        try:
            form = StageForm.model_validate(
                {name: sent[name] for name in StageForm.model_fields if name in sent}
            )
        except ValidationError as error:
            errors = list(shape_errors(error))
            return await _page(
                connection, request, pipeline["key"], errors, sent, stage_id, status=422
            )
        values = form.model_dump() | {"probability": form.probability or 0}
        await queries.update_stage(connection, id=stage_id, **values)
    return RedirectResponse(f"{PAGE}?pipeline={pipeline['key']}", 303)


@router.post(PAGE + "/{pipeline_id:uuid}/stages/{stage_id:uuid}/remove")
async def remove_stage(
    db: Db,
    user: CurrentUser,
    pipeline_id: UUID,
    stage_id: UUID,
    move_to: Annotated[str, Form(max_length=50)],
) -> Response:
    """Move a stage's deals into another stage and remove it."""
    _only_leads(user)
    async with db.session(user) as connection:
        pipeline = await _find(connection, pipeline_id)
        await queries.remove_stage(connection, id=stage_id, move_to=move_to)
    return RedirectResponse(f"{PAGE}?pipeline={pipeline['key']}", 303)


async def _find(connection: Connection, pipeline_id: UUID) -> asyncpg.Record:
    pipeline = await queries.get_pipeline(connection, id=pipeline_id)
    if pipeline is None:
        raise not_found("Pipeline")
    return pipeline


def _words(text: str) -> str:
    words = " ".join(text.replace("\x00", "").split())
    if not words:
        raise Problem(422, "Give it a name", "", [{"field": "name", "message": "Give it a name."}])
    return words
