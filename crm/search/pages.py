"""The command palette's results."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crm import sql
from crm.users.auth import CurrentUser
from crm.web import Db, render

router = APIRouter()
queries = sql.load("search")


@router.get("/palette")
async def palette(
    request: Request, user: CurrentUser, db: Db, q: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """A list of contacts for what was typed; two characters at least."""
    contacts = []
    if len(q.strip()) >= 2:
        async with db.session(user) as connection:
            contacts = [row async for row in queries.find_contacts(connection, q=q)]
    return render(request, "_palette_results.html", contacts=contacts, q=q)
