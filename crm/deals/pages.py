"""Deals: the page with the board or the list; moves, records and settings have their own files."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crm import sql
from crm.db import Connection, Identity
from crm.deals import board, forms, moves, record, settings
from crm.deals.listing import DealFilter, today
from crm.filters import SEARCH_LEAST, fetch_page
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, zone

router = APIRouter()
for part in (board, forms, moves, settings, record):
    router.include_router(part.router)
queries = sql.load("deals")

COUNT_CAP = 1_000


@router.get("/deals")
async def list_deals(
    request: Request, db: Db, user: CurrentUser, deleted: UUID | None = None
) -> Response:
    """The board or the list, or its region. `deleted` is the deal whose undo is offered."""
    query = DealFilter.parse(request.query_params)
    async with db.session(user) as connection:
        known = await board.pipelines(connection)
        query = query.model_copy(
            update={"filters": query.having("pipeline", board.choose(query, known))}
        )
        context = {
            "query": query,
            "pipelines": known,
            "people": [
                (str(row["id"]), row["name"]) async for row in queries.assignable_users(connection)
            ],
            "today": today(zone(request)),
            "search_least": SEARCH_LEAST,
            "lost_reasons": board.LOST_REASONS,
            "removed": await queries.get_deal(connection, id=deleted) if deleted else None,
        }
        if query.view == "list":
            context |= await _list(connection, request, query)
        else:
            context |= await _board(connection, request, query, user)
    whole = "deals/index.html"
    return render(request, f"deals/_{query.view}.html" if is_partial(request) else whole, **context)


async def _board(
    connection: Connection, request: Request, query: DealFilter, user: Identity
) -> dict[str, Any]:
    shown = {
        stage: min(int(count[:4]), board.MOST_CARDS)
        for stage, _, count in (
            text.rpartition(":") for text in request.query_params.getlist("shown")
        )
        if count.isascii() and count.isdigit()
    }
    columns = await board.load(connection, query, user, zone(request), shown=shown)
    return {
        "columns": columns,
        "total": board.open_sums(columns),
        "more_cards": board.MORE_CARDS,
        "closed_days": board.CLOSED_DAYS,
    }


async def _list(connection: Connection, request: Request, query: DealFilter) -> dict[str, Any]:
    columns = await board.stages(connection, query.of("pipeline"))
    query = query.model_copy(update={"stage_order": tuple(one.key for one in columns)})
    page = await fetch_page(connection, query, COUNT_CAP + 1)
    return {
        "rows": await board.load_cards(connection, page.ids, zone(request)),
        "previous": query.url("/deals", before=page.previous) if page.previous else None,
        "next": query.url("/deals", after=page.next) if page.next else None,
        "matches": page.total,
        "count_cap": COUNT_CAP,
        "columns": columns,
        "total": [],
    }
