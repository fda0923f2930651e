"""Do not contact, opt-outs, and the stage: what the head of a contact's page changes."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.contacts.record import details
from crm.contacts.table import stages
from crm.db import Database, Identity
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render

router = APIRouter()
queries = sql.load("contacts")
changing = sql.load("contacts/changing")


@router.post("/contacts/{contact_id:uuid}/consent")
async def set_consent(
    request: Request,
    db: Db,
    user: CurrentUser,
    contact_id: UUID,
    what: Annotated[Literal["dnc", "sms_opt_out", "email_opt_out"], Form()],
    is_set: Annotated[bool, Form()],
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Set or lift "do not contact" or an opt-out; who, when and why is kept for good."""
    why = " ".join(reason.replace("\x00", "").split())
    if not why:
        raise Problem(422, "Say why", "", [{"field": "reason", "message": "Give a reason."}])
    async with db.session(user, client=request.headers.get("X-Client-Id", "")) as connection:
        if await queries.contact_name(connection, id=contact_id) is None:
            raise not_found("Contact")
        await changing.give_reason(connection, reason=why)
        saved = await changing.set_consent(
            connection, id=contact_id, what=what, is_set=is_set, reason=why
        )
        if saved is None:
            raise Problem(403, "You may not change this contact")
    return await _shown(request, db, user, contact_id)


@router.post("/contacts/{contact_id:uuid}/stage")
async def set_stage(
    request: Request,
    db: Db,
    user: CurrentUser,
    contact_id: UUID,
    stage: Annotated[str, Form(max_length=50)],
) -> Response:
    """Move a contact to a stage."""
    if stage not in dict(stages()):
        message = "This stage does not exist."
        raise Problem(422, message, "", [{"field": "stage", "message": message}])
    async with db.session(user, client=request.headers.get("X-Client-Id", "")) as connection:
        if await queries.contact_name(connection, id=contact_id) is None:
            raise not_found("Contact")
        if await changing.set_stage(connection, id=contact_id, stage=stage) is None:
            raise Problem(403, "You may not change this contact")
    return await _shown(request, db, user, contact_id)


async def _shown(request: Request, db: Database, user: Identity, contact_id: UUID) -> Response:
    if not is_partial(request):
        return RedirectResponse(f"/contacts/{contact_id}?part=details", 303)
    async with db.session(user) as connection:
        return render(
            request, "contacts/_head_changed.html",
            **await details(connection, request, contact_id), came="", before_it=None,
            after_it=None,
        )  # fmt: skip
