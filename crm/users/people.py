"""The people of the workspace: roles, activity, invitations, links to a new password."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from crm import mail
from crm.db import Connection, Database, Identity
from crm.http import Problem, not_found
from crm.users import letters
from crm.users.auth import CurrentUser, new_token, queries, token_sha256
from crm.web import Db, render

router = APIRouter(prefix="/settings/people")

ROLES = (
    ("owner", "Owner", "Everything, also other owners"),
    ("admin", "Admin", "Everything but owners"),
    ("manager", "Manager", "Works with all records, deletes and imports"),
    ("agent", "Agent", "Works with records"),
    ("viewer", "Viewer", "Only looks"),
)
DONE = {
    "saved": "Saved.",
    "invited": "The invitation is on its way.",
    "revoked": "The invitation is revoked.",
    "active": "This person may sign in again.",
    "inactive": "This person is signed out and may not sign in any more.",
    "second-factor": "This person signs in without a code, until they set up a new one.",
}


def roles_for(user: Identity) -> list[tuple[str, str, str]]:
    """The roles that somebody may give: (key, words, what it may do)."""
    given = {"owner": ROLES, "admin": ROLES[1:]}
    return list(given.get(user.role, ()))


@router.get("")
async def people(request: Request, db: Db, user: CurrentUser, done: str = "") -> Response:
    """Who is here, who is invited, and which mail did not arrive."""
    return await _list(request, db, user, done=DONE.get(done, ""))


async def _list(
    request: Request, db: Database, user: Identity, status: int = 200, **more: Any
) -> Response:
    async with db.session(user) as connection:
        context: dict[str, Any] = {
            "people": [row async for row in queries.list_people(connection)],
            "invitations": [row async for row in queries.list_invitations(connection)],
            "mails": [row async for row in queries.list_mail_trouble(connection)],
        }
    context |= {"errors": [], "values": {}, "link": None, "done": "", "roles": roles_for(user)}
    context["has_mail"] = mail.is_configured(request.app.state.settings)
    return render(request, "users/people.html", status, **(context | more))


@router.post("/invitations")
async def invite(
    request: Request,
    db: Db,
    user: CurrentUser,
    email: Annotated[str, Form(max_length=255)] = "",
    role: Annotated[str, Form(max_length=20)] = "agent",
) -> Response:
    """Invite somebody: by mail, or with a link to hand over when no mail is set up."""
    email, values = email.strip(), {"email": email.strip(), "role": role}
    try:
        async with db.session(user) as connection:
            _, address = await send_invitation(connection, request, user.name, email, role)
    except asyncpg.UniqueViolationError as error:
        known = "already here" in str(error)
        words = "This person is here already." if known else "This person is invited already."
        errors = [{"field": "email", "message": words}]
        return await _list(request, db, user, 422, errors=errors, values=values)
    except asyncpg.CheckViolationError:
        errors = [{"field": "email", "message": "This is not an email address."}]
        return await _list(request, db, user, 422, errors=errors, values=values)
    return await _invited(request, db, user, email, address)


async def send_invitation(
    connection: Connection, request: Request, inviter: str, email: str, role: str
) -> tuple[UUID, str]:
    """A new invitation with its mail; returns its id and the address that the link has."""
    token = new_token()
    address = letters.link(request, f"/invite/{token}")
    subject, body = letters.invitation(request.app.state.workspace, inviter, role, address)
    new_id = await queries.invite(
        connection, email=email, role=role, token_sha256=token_sha256(token), subject=subject,
        body=body,
    )  # fmt: skip
    return new_id, address


async def _invited(
    request: Request, db: Database, user: Identity, email: str, address: str
) -> Response:
    mail.wake(request.app)
    if mail.is_configured(request.app.state.settings):
        return RedirectResponse("/settings/people?done=invited", 303)
    return await _list(
        request, db, user, link={"address": address, "for": email, "days": letters.INVITATION_DAYS}
    )


@router.post("/invitations/{invitation_id}/again")
async def invite_again(
    request: Request, db: Db, user: CurrentUser, invitation_id: UUID
) -> Response:
    """A new link for an open invitation; the old one ends."""
    token = new_token()
    address = letters.link(request, f"/invite/{token}")
    async with db.session(user) as connection:
        role = await queries.role_of_invitation(connection, id=invitation_id)
        if role is None:
            raise not_found("Invitation")
        subject, body = letters.invitation(request.app.state.workspace, user.name, role, address)
        email = await queries.invite_again(
            connection, id=invitation_id, token_sha256=token_sha256(token), subject=subject,
            body=body,
        )  # fmt: skip
    return await _invited(request, db, user, email, address)


@router.post("/invitations/{invitation_id}/revoke")
async def revoke_invitation(db: Db, user: CurrentUser, invitation_id: UUID) -> Response:
    """The link of an invitation leads nowhere any more."""
    async with db.session(user) as connection:
        await queries.revoke_invitation(connection, id=invitation_id)
    return RedirectResponse("/settings/people?done=revoked", 303)


@router.get("/{person_id}")
async def person_page(
    request: Request, db: Db, user: CurrentUser, person_id: UUID, done: str = ""
) -> Response:
    """Somebody's role and access, for who manages them."""
    return await _person(request, db, user, person_id, done=DONE.get(done, ""), is_changed=done)


async def _person(
    request: Request, db: Database, user: Identity, person_id: UUID, status: int = 200, **more: Any
) -> Response:
    async with db.session(user) as connection:
        person = await queries.get_person(connection, id=person_id)
    if person is None:
        raise not_found("Person")
    if not person["is_managed"]:
        raise Problem(403, "You may not change this person", "Ask an owner of the workspace.")
    base = {"errors": [], "values": dict(person), "link": None, "done": "", "is_changed": ""}
    return render(
        request, "users/person.html", status, person=person, roles=roles_for(user), **(base | more)
    )


@router.post("/{person_id}")
async def change_person(
    request: Request,
    db: Db,
    user: CurrentUser,
    person_id: UUID,
    name: Annotated[str, Form(max_length=200)] = "",
    role: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Save name and role."""
    name, values = name.strip(), {"name": name.strip(), "role": role}
    if not name:
        errors = [{"field": "name", "message": "Please fill this in."}]
        return await _person(request, db, user, person_id, 422, errors=errors, values=values)
    try:
        await _change(db, user, person_id, name=name, role=role)
    except asyncpg.CheckViolationError as error:
        errors = [{"field": "role", "message": _role_words(error)}]
        return await _person(request, db, user, person_id, 422, errors=errors, values=values)
    return RedirectResponse(f"/settings/people/{person_id}?done=saved", 303)


def _role_words(error: asyncpg.CheckViolationError) -> str:
    return str(error) if "owner" in str(error) else "Choose one of the roles."


async def _change(db: Database, user: Identity, person_id: UUID, **values: Any) -> None:
    columns = {"name": None, "role": None, "is_active": None} | values
    async with db.session(user) as connection:
        if await queries.change_person(connection, id=person_id, **columns) is None:
            raise not_found("Person")


@router.post("/{person_id}/deactivate")
async def deactivate(request: Request, db: Db, user: CurrentUser, person_id: UUID) -> Response:
    """End somebody's sessions, tokens and links, at once."""
    try:
        await _change(db, user, person_id, is_active=False)
    except asyncpg.CheckViolationError as error:
        errors = [{"field": "", "message": str(error)}]
        return await _person(request, db, user, person_id, 422, errors=errors)
    if person_id == user.user_id:  # they have just signed themselves out
        return RedirectResponse("/sign-in", 303)
    return RedirectResponse(f"/settings/people/{person_id}?done=inactive", 303)


@router.post("/{person_id}/activate")
async def activate(request: Request, db: Db, user: CurrentUser, person_id: UUID) -> Response:
    """Let somebody sign in again, with the password they had."""
    await _change(db, user, person_id, is_active=True)
    location = f"/settings/people/{person_id}?done=active"
    if request.headers.get("HX-Request-Type"):  # the Undo of the toast: show the page anew
        return Response(headers={"HX-Redirect": location})
    return RedirectResponse(location, 303)


@router.post("/{person_id}/reset-link")
async def make_reset_link(request: Request, db: Db, user: CurrentUser, person_id: UUID) -> Response:
    """A link to a new password, shown once, to hand over."""
    token = new_token()
    async with db.session(user) as connection:
        await queries.make_reset(connection, id=person_id, token_sha256=token_sha256(token))
    link = letters.link(request, f"/reset/{token}")
    return await _person(request, db, user, person_id, link=link)


@router.post("/{person_id}/reset-second-factor")
async def reset_second_factor(db: Db, user: CurrentUser, person_id: UUID) -> Response:
    """Somebody has lost authenticator and recovery codes."""
    async with db.session(user) as connection:
        await queries.reset_second_factor(connection, id=person_id)
    return RedirectResponse(f"/settings/people/{person_id}?done=second-factor", 303)
