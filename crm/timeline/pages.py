"""The timeline of a contact as a region of its page: a kind, a search, a day; older, newer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from crm import sql, timelines
from crm.http import not_found
from crm.timelines import AskedFor
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render

router = APIRouter()
queries = sql.load("timeline")

Cursor = Annotated[str, Query(max_length=100)]


@router.get("/contacts/{contact_id:uuid}/timeline")
async def show_timeline(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID, asked: AskedFor,
    before: Cursor = "", after: Cursor = "",
) -> Response:  # fmt: skip
    """The region, or the items before or after a place; without htmx pages of their own."""
    page = f"/contacts/{contact_id}{asked.query()}"
    if not (is_partial(request) or before or after):
        return RedirectResponse(page, 303)
    async with db.session(user) as connection:
        contact = await queries.timeline_contact(connection, contact_id=contact_id)
        if contact is None:
            raise not_found("Contact")
        if before:
            place = timelines.read_place(before, "before")
            found = await timelines.before(connection, request, contact_id, asked, place)
        elif after:
            place = timelines.read_place(after, "after")
            found = await timelines.after(connection, request, contact_id, asked, place)
        else:
            found = await timelines.opening(connection, request, contact_id, asked)
    part = "older" if before else "later" if after else "region"
    template = f"timeline/_{part}.html" if is_partial(request) else "timeline/apart.html"
    # A form's fields are not the address: empty ones are in it, and `new` is.
    by_form = request.headers.get("HX-Source", "").startswith("form#")
    headers = {"HX-Push-Url" if asked.day else "HX-Replace-Url": page} if by_form else None
    return render(request, template, headers=headers, contact=contact, part=part, **found)


@router.get("/contacts/{contact_id:uuid}/timeline/{kind}/{item_id:uuid}/text")
async def full_text(
    db: Db, user: CurrentUser, contact_id: UUID, kind: str, item_id: UUID
) -> Response:
    """The whole body of an email or transcript of a call that the timeline cut short."""
    async with db.session(user) as connection:
        text = await queries.full_text(connection, kind=kind, id=item_id, contact_id=contact_id)
    if text is None:
        raise not_found("Text")
    return PlainTextResponse(text)
