"""Undo from pages: a toast's or the timeline's button; the answer is a toast with the way back."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.changes.undoing import told
from crm.db import Identity
from crm.http import not_found
from crm.users.auth import CurrentUser
from crm.web import Db, render

router = APIRouter(prefix="/changes")
queries = sql.load("changes")

MOST = 200


@router.post("/{change_id:int}/undo")
async def undo_change(request: Request, db: Db, user: CurrentUser, change_id: int) -> Response:
    """Take one change back."""
    if change_id >= 2**63:
        raise not_found("Change")
    return await _undo(request, db, user, "undo_change", id=change_id)


@router.post("/undo")
async def undo_changes(
    request: Request,
    db: Db,
    user: CurrentUser,
    change: Annotated[list[int], Form(min_length=1, max_length=MOST)],
) -> Response:
    """Take a few changes back together: what the timeline folds into one line."""
    ids = sorted({one for one in change if 0 < one < 2**63})
    return await _undo(request, db, user, "undo_changes", ids=ids)


@router.post("/batches/{batch}/undo")
async def undo_batch(request: Request, db: Db, user: CurrentUser, batch: str) -> Response:
    """Take a batch back: bulk:…, import:…, tx:…, or undo:… to do it again."""
    return await _undo(request, db, user, "undo_batch", batch=batch[:200])


async def _undo(request: Request, db: Db, user: Identity, query: str, **values: Any) -> Response:
    # Without the name of the browser tab: the tab itself shall hear of it, and show it.
    async with db.session(user, client="") as connection, told():
        await queries.take_two_minutes(connection)
        await getattr(queries, query)(connection, **values)
        undoing = await queries.undoing_of_this_transaction(connection)
        transaction = await queries.this_transaction(connection)
    if not request.headers.get("HX-Request-Type"):
        return RedirectResponse(_back(request), 303)
    redo = f"/changes/batches/{transaction}/undo" if undoing else None
    return render(request, "changes/_undone.html", redo=redo)


def _back(request: Request) -> str:
    """The page that the button stood on, on this site."""
    came_from = urlsplit(request.headers.get("referer", ""))
    if came_from.netloc != request.headers.get("host") or not came_from.path.startswith("/"):
        return "/"
    return came_from.path + (f"?{came_from.query}" if came_from.query else "")
