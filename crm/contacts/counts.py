"""How many contacts a list has: of the tabs of the saved views, and exactly."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import QueryParams

from crm import sql
from crm.contacts.liststate import Known, ListState, View, look_up
from crm.contacts.table import COUNT_CAP, read_query, stages
from crm.db import Connection
from crm.filters import count, count_matches, planned_for_values, prepare
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db, render

router = APIRouter()
changing = sql.load("contacts/changing")


@router.get("/contacts/total")
async def exact_total(request: Request, db: Db, user: CurrentUser) -> Response:
    """The exact number of matches, for a list that said "1,000+" at once."""
    async with db.session(user) as connection:
        query = await read_query(connection, user, request.url.query)
        total = await count(connection, query)
    return render(request, "contacts/_total.html", total=total)


@router.get("/contacts/view-counts")
async def view_counts(
    request: Request, db: Db, user: CurrentUser, view: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """How many contacts the tabs have, counted to a thousand; `view` is the one that is open."""
    async with db.session(user) as connection:
        known = await look_up(connection, user, stages())
    opened = QueryParams([("view", view)] if known.view(view) else [])
    counts = []
    for one in ListState.read(opened, known).tabs:
        try:
            # A transaction each: what takes too long ends its own.
            async with db.session(user) as connection:
                found = await _counted(connection, one, known)
        except (Problem, asyncpg.QueryCanceledError):
            continue  # a field that went, or more work than a number on a tab is worth
        counts.append((one.id, f"{COUNT_CAP:,}+" if found > COUNT_CAP else f"{found:,}"))
    return render(request, "contacts/_view_counts.html", counts=counts)


async def _counted(connection: Connection, view: View, known: Known) -> int:
    query = ListState.read(QueryParams([("view", view.id)]), known).query
    await changing.take_half_a_second(connection)
    async with planned_for_values(connection):
        return await count_matches(connection, await prepare(connection, query), COUNT_CAP + 1)
