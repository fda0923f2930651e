"""The trash of contacts: what was deleted, and how it comes back."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crm import sql
from crm.contacts.listing import filter_with
from crm.filters import fetch_page
from crm.users.auth import CurrentUser
from crm.web import Db, render

router = APIRouter()
queries = sql.load("contacts")

COUNT_CAP = 1_000


@router.get("/contacts/trash")
async def list_trash(
    request: Request,
    db: Db,
    user: CurrentUser,
    after: Annotated[str, Query(max_length=500)] = "",
    before: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Deleted contacts, the last one first."""
    trash = filter_with((), trash=True)
    asked = request.query_params.__class__(
        [("sort", "-updated"), *((k, v) for k, v in (("after", after), ("before", before)) if v)]
    )
    query = trash.parse(asked)
    async with db.session(user) as connection:
        page = await fetch_page(connection, query, COUNT_CAP + 1)
        rows = [row async for row in queries.contacts_on_page(connection, ids=page.ids)]
    return render(
        request, "contacts/trash.html", rows=rows, total=page.total, count_cap=COUNT_CAP,
        previous=f"/contacts/trash?before={page.previous}" if page.previous else None,
        next=f"/contacts/trash?after={page.next}" if page.next else None,
    )  # fmt: skip
