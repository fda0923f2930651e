"""The timeline of a contact as a region of its page: another kind, or older items."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from crm import sql
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, local, render, zone

router = APIRouter()
queries = sql.load("timeline")

ITEMS = 30


@router.get("/contacts/{contact_id:uuid}/timeline")
async def show_timeline(
    request: Request,
    db: Db,
    user: CurrentUser,
    contact_id: UUID,
    show: Annotated[str, Query(max_length=20)] = "everything",
    before: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The newest items, or those before a cursor; without htmx the contact's page."""
    if not is_partial(request) and not before:
        return RedirectResponse(f"/contacts/{contact_id}?show={show}", 303)
    before_at, before_id = read_cursor(before) if before else (None, None)
    async with db.session(user) as connection:
        contact = await queries.timeline_contact(connection, contact_id=contact_id)
        if contact is None:
            raise not_found("Contact")
        found = queries.timeline(
            connection, contact_id=contact_id, show=show, before_at=before_at,
            before_id=before_id, row_limit=ITEMS + 1,
        )  # fmt: skip
        items = [local(row, zone(request)) async for row in found]
    template = "timeline/_older.html" if before else "timeline/_region.html"
    if not is_partial(request):
        template = "timeline/older.html"
    return render(
        request, template, contact=contact, items=items[-ITEMS:], more=len(items) > ITEMS,
        show=show,
    )  # fmt: skip


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """`2026-11-22T09:14:00+00:00,<id>`: the item before which older ones are asked for."""
    at, _, item = text.partition(",")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, UUID(item)
    except ValueError:
        message = "This part of the timeline cannot be found."
        raise Problem(422, message, "", [{"field": "before", "message": message}]) from None


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
