"""Marking as read what a contact sent, once somebody has looked at it."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import AwareDatetime

from crm import sql
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db

router = APIRouter()
queries = sql.load("conversations")


@router.post("/contacts/{contact_id:uuid}/read")
async def mark_read(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID,
    until: Annotated[AwareDatetime, Form()],
    show: Annotated[Literal["everything", "messages", "calls", "emails"], Form()] = "everything",
) -> Response:  # fmt: skip
    """What was stored until a moment, of the kinds that the page shows; for the whole team."""
    client = request.headers.get("X-Client-Id", "")
    async with db.session(user, client=client) as connection:
        if not await queries.sees_contact(connection, contact_id=contact_id):
            raise not_found("Contact")
        if user.role == "viewer":
            raise Problem(403, "You may not do this", "Who only looks leaves things unread.")
        for kind in ("messages", "calls", "emails"):
            if show in ("everything", kind):
                read = getattr(queries, f"read_{kind}")
                await read(connection, contact_id=contact_id, until=until)
    return Response(status_code=204)
