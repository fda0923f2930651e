"""The workspace: its name, and who sees what."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.http import Problem
from crm.users.auth import CurrentUser, queries
from crm.web import Db, render

router = APIRouter(prefix="/settings")

VISIBILITY = ("team", "assigned")


@router.get("")
async def workspace_page(request: Request, db: Db, user: CurrentUser, done: str = "") -> Response:
    """The form, for owners and admins; everybody else has their profile."""
    if user.role not in ("owner", "admin"):
        return RedirectResponse("/settings/profile", 303)
    async with db.session(user) as connection:
        values = dict(await queries.workspace_settings(connection))
    words = "Saved." if done == "saved" else ""
    return render(request, "users/workspace.html", values=values, errors=[], done=words)


@router.post("")
async def save(
    request: Request,
    db: Db,
    user: CurrentUser,
    workspace: Annotated[str, Form(max_length=100)] = "",
    visibility: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Save both."""
    values = {"workspace": workspace.strip(), "visibility": visibility}
    errors = []
    if not values["workspace"]:
        errors.append({"field": "workspace", "message": "Please fill this in."})
    if visibility not in VISIBILITY:
        errors.append({"field": "visibility", "message": "Choose one of the two."})
    if user.role not in ("owner", "admin"):
        raise Problem(403, "You may not change the workspace", "Ask an owner or admin.")
    if errors:
        return render(request, "users/workspace.html", 422, values=values, errors=errors, done="")
    async with db.session(user) as connection:
        await queries.save_setting(connection, key="workspace", value=values["workspace"])
        await queries.save_setting(connection, key="visibility", value=visibility)
    request.app.state.workspace = values["workspace"]
    return RedirectResponse("/settings?done=saved", 303)
