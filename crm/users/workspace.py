"""The workspace: its name, who sees what, and its time zone."""

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.http import Problem
from crm.users.auth import CurrentUser, queries
from crm.web import Db, render, time_zones

router = APIRouter(prefix="/settings")

VISIBILITY = ("team", "assigned")


@router.get("")
async def workspace_page(request: Request, db: Db, user: CurrentUser, done: str = "") -> Response:
    """The form, for owners and admins; everybody else has their profile."""
    if user.role not in ("owner", "admin"):
        return RedirectResponse("/settings/profile", 303)
    async with db.session(user) as connection:
        values = dict(await queries.workspace_settings(connection))
    return _page(request, values, done="Saved." if done == "saved" else "")


def _page(
    request: Request, values: dict[str, str], errors: Sequence[dict[str, str]] = (), done: str = ""
) -> Response:
    known = time_zones()
    zones = known if values["timezone"] in known else [*known, values["timezone"]]
    return render(
        request, "users/workspace.html", 422 if errors else 200, values=values, zones=zones,
        errors=errors, done=done,
    )  # fmt: skip


@router.post("")
async def save(
    request: Request,
    db: Db,
    user: CurrentUser,
    workspace: Annotated[str, Form(max_length=100)] = "",
    visibility: Annotated[str, Form(max_length=20)] = "",
    timezone: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Save all three."""
    values = {"workspace": workspace.strip(), "visibility": visibility, "timezone": timezone}
    errors = []
    if not values["workspace"]:
        errors.append({"field": "workspace", "message": "Please fill this in."})
    if visibility not in VISIBILITY:
        errors.append({"field": "visibility", "message": "Choose one of the two."})
    if timezone not in available_timezones():
        errors.append({"field": "timezone", "message": "This time zone does not exist."})
    if user.role not in ("owner", "admin"):
        raise Problem(403, "You may not change the workspace", "Ask an owner or admin.")
    if errors:
        return _page(request, values, errors)
    async with db.session(user) as connection:
        for key, value in values.items():
            await queries.save_setting(connection, key=key, value=value)
    request.app.state.workspace, request.app.state.timezone = values["workspace"], timezone
    return RedirectResponse("/settings?done=saved", 303)
