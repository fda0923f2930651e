"""Settings > Calendar: the person's time zone, reminders by mail, and the address of their feed."""

import secrets
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.activities import feed
from crm.db import Database, Identity
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db, render, time_zones

router = APIRouter()
queries = sql.load("activities")
PATH = "/settings/calendar"


@router.get(PATH)
async def show(request: Request, db: Db, user: CurrentUser, saved: bool = False) -> Response:
    """The page."""
    return await _page(request, db, user, saved=saved)


@router.post(PATH)
async def save(
    request: Request, db: Db, user: CurrentUser,
    time_zone: Annotated[str, Form(max_length=64)] = "",
    by_mail: Annotated[str, Form(max_length=10)] = "",
) -> Response:  # fmt: skip
    """Keep the time zone and the wish for mail."""
    if time_zone not in available_timezones():
        error = {"field": "time_zone", "message": "This time zone does not exist."}
        return await _page(request, db, user, errors=[error], status=422)
    async with db.session(user) as connection:
        await queries.save_preferences(connection, zone=time_zone, by_mail=bool(by_mail))
    return RedirectResponse(f"{PATH}?saved=1", 303)


@router.post(f"{PATH}/feed")
async def renew(request: Request, db: Db, user: CurrentUser) -> Response:
    """A new secret address, shown this once; the old one ends."""
    secret = secrets.token_urlsafe(32)
    async with db.session(user) as connection:
        await queries.save_feed(connection, secret_sha256=feed.sha256(secret))
    address = f"{str(request.base_url).rstrip('/')}/calendar/{secret}.ics"
    return await _page(request, db, user, address=address)


@router.post(f"{PATH}/feed/end")
async def end(db: Db, user: CurrentUser) -> Response:
    """Switch the feed off."""
    async with db.session(user) as connection:
        await queries.end_feed(connection)
    return RedirectResponse(PATH, 303)


async def _page(
    request: Request, db: Database, user: Identity, *, status: int = 200,
    errors: list[dict[str, str]] | None = None, saved: bool = False, address: str = "",
) -> Response:  # fmt: skip
    async with db.session(user) as connection:
        mine: Any = await queries.my_preferences(connection)
    if mine is None:
        raise Problem(403, "You may not do this")
    known = time_zones()
    zones = known if mine["time_zone"] in known else [*known, mine["time_zone"]]
    return render(
        request, "activities/settings.html", status, mine=mine, zones=zones,
        errors=errors or [], saved=saved, address=address,
    )  # fmt: skip
