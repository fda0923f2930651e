"""Moving a deal: on the board, by its page, closing and reopening; undo is a move as well."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from starlette.datastructures import QueryParams

from crm import sql
from crm.db import Connection, Identity
from crm.deals import board
from crm.deals.listing import DealFilter
from crm.deals.models import Blank, Figure, Money, Text200, shape_errors
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, ago, is_partial, render, zone

router = APIRouter()
queries = sql.load("deals")
ENDS = ("closed_won", "closed_lost")


class Move(BaseModel):
    """Where a deal goes: into a stage, before one card, else after another, else on top.

    `position` puts it back exactly where it was; `version` is the updated_at that was seen.
    """

    stage: Annotated[str, Field(max_length=50)]
    version: datetime
    before_id: Annotated[UUID | None, Blank] = None
    after_id: Annotated[UUID | None, Blank] = None
    position: Annotated[Annotated[float, Field(allow_inf_nan=False)] | None, Blank] = None
    probability: Annotated[Annotated[int, Field(ge=0, le=100)] | None, Figure] = None
    value: Money = None
    closed_on: Annotated[date | None, Blank] = None
    reason: Annotated[Annotated[str, Field(max_length=200)] | None, Blank] = None
    details: Annotated[Annotated[str, Field(max_length=250)] | None, Blank] = None
    competitor: Text200 = None
    undo: Annotated[bool, BeforeValidator(bool)] = False

    @property
    def why(self) -> str | None:
        """The reason and what was said about it."""
        return ": ".join(part for part in (self.reason, self.details) if part) or None


async def _read(request: Request) -> Move:
    sent = dict(request.query_params) | {
        name: value for name, value in (await request.form()).items() if isinstance(value, str)
    }
    if any("\x00" in value for value in sent.values()):
        raise Problem(422, "The text holds characters that cannot be stored")
    try:
        return Move.model_validate({k: v for k, v in sent.items() if k in Move.model_fields})
    except ValidationError as error:
        raise Problem(422, "This move is not right", "", list(shape_errors(error))) from None


async def carry_out(
    connection: Connection, deal: asyncpg.Record, move: Move
) -> asyncpg.Record | None:
    """Moves `deal`; None when somebody changed it since, or it is not the caller's to change."""
    position = move.position
    if position is None and deal["stage"] == move.stage and not (move.before_id or move.after_id):
        position = deal["position"]
    if position is None:
        position = await queries.place_deal(
            connection, id=deal["id"], pipeline=deal["pipeline"], stage=move.stage,
            before_id=move.before_id, after_id=move.after_id,
        )  # fmt: skip
    if move.why:
        await queries.say_why(connection, reason=move.why)
    return await queries.move_deal(
        connection, id=deal["id"], version=move.version, stage=move.stage, position=position,
        probability=move.probability, value=move.value, closed_on=move.closed_on,
        reason=move.why, competitor=move.competitor,
    )  # fmt: skip


@router.post("/deals/{deal_id:uuid}/move")
async def move_deal(request: Request, db: Db, user: CurrentUser, deal_id: UUID) -> Response:
    """Move a deal. To the board: its card, the heads of both columns and a toast with Undo."""
    move = await _read(request)
    async with db.session(user) as connection:
        deal = await queries.get_deal(connection, id=deal_id)
        if deal is None or deal["deleted_at"] is not None:
            raise not_found("Deal")
        moved = await carry_out(connection, deal, move)
        if moved is None:
            return await _refused(request, connection, user, deal, move)
        if not is_partial(request):
            return RedirectResponse(f"/deals/{deal_id}", 303)
        return await _answer(request, connection, user, deal, moved, move)


def _board_of(request: Request, deal: asyncpg.Record) -> DealFilter:
    """The board that the move was made on: whose deals it shows, and which words it looks for."""
    told = [(name, request.query_params.get(name, "")) for name in ("owner", "q")]
    query = DealFilter.parse(QueryParams([pair for pair in told if pair[1]]))
    return query.model_copy(update={"filters": query.having("pipeline", deal["pipeline"])})


async def _answer(
    request: Request,
    connection: Connection,
    user: Identity,
    deal: asyncpg.Record,
    moved: asyncpg.Record,
    move: Move,
) -> Response:
    where, query = zone(request), _board_of(request, deal)
    touched = {deal["stage"], moved["stage"]}
    # An undo comes from a toast, which knows no cards: it gets both columns as they are now. The
    # sum of all open deals is counted anew only when it changed.
    same_total = not touched & set(ENDS) and move.value is None
    columns = await board.load(
        connection, query, user, where,
        cards_of=touched if move.undo else (), sums_of=touched if same_total else None,
    )  # fmt: skip
    (card,) = await board.load_cards(connection, [deal["id"]], where)
    return render(
        request, "deals/_moved.html",
        columns=[one for one in columns if one.key in touched],
        stage=next((one for one in columns if one.key == moved["stage"]), None),
        query=query, card=card, was=deal, whole=move.undo,
        total=None if same_total else board.open_sums(columns),
        undo=None if move.undo else _undo(deal, moved, query, move),
        more_cards=board.MORE_CARDS, closed_days=board.CLOSED_DAYS,
    )  # fmt: skip


def _undo(deal: asyncpg.Record, moved: asyncpg.Record, query: DealFilter, move: Move) -> str:
    """The address whose POST takes a move back."""
    back: dict[str, Any] = {
        "stage": deal["stage"], "position": deal["position"], "probability": deal["probability"],
        "version": moved["updated_at"].isoformat(), "undo": "1",
    }  # fmt: skip
    if move.value is not None:
        back["value"] = deal["value"]
    if deal["actual_close_date"]:
        back["closed_on"] = deal["actual_close_date"]
    told = [pair for pair in query.params() if pair[0] in ("owner", "q")]
    return f"/deals/{deal['id']}/move?{urlencode([*back.items(), *told])}"


async def _refused(
    request: Request, connection: Connection, user: Identity, deal: asyncpg.Record, move: Move
) -> Response:
    """409 with who changed the deal and the columns as they are; 403 when nobody did."""
    if deal["updated_at"] == move.version:
        raise Problem(403, "You may not move this deal")
    change = await queries.last_change(connection, id=deal["id"])
    who = (change["name"] if change else None) or "Somebody"
    when = ago(deal["updated_at"])
    words = f"{who} changed “{deal['name']}” {'just now' if when == 'now' else f'{when} ago'}."
    if not is_partial(request):
        raise Problem(409, "Somebody was faster", words)
    query = _board_of(request, deal)
    touched = {deal["stage"], move.stage, str(request.query_params.get("from", ""))}
    columns = await board.load(connection, query, user, zone(request), cards_of=touched)
    return render(
        request, "deals/_conflict.html", 409,
        columns=[one for one in columns if one.key in touched], query=query, words=words,
        total=board.open_sums(columns), more_cards=board.MORE_CARDS, closed_days=board.CLOSED_DAYS,
    )  # fmt: skip
