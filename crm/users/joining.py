"""The page that the link of an invitation opens."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.http import Problem
from crm.users import passwords, throttle
from crm.users.auth import queries, start_session, token_sha256
from crm.web import Db, render

router = APIRouter()


@router.get("/invite/{token}")
async def invitation_page(request: Request, db: Db, token: str) -> Response:
    """The form of name and password, for an invitation that is open."""
    return await _page(request, db, token)


async def _page(
    request: Request, db: Db, token: str, name: str = "",
    errors: list[dict[str, str]] | None = None, wait: int = 0,
) -> Response:  # fmt: skip
    async with db.service() as connection:
        found = await queries.find_invitation(connection, token_sha256=token_sha256(token))
    status = 404 if found is None else 429 if wait else 422 if errors else 200
    return render(
        request, "users/invitation.html", status, throttle.wait_headers(wait),
        invitation=found, token=token, name=name, errors=errors or [],
    )  # fmt: skip


@router.post("/invite/{token}")
async def accept(
    request: Request,
    db: Db,
    token: str,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Make the person and sign them in, once."""
    hashed_token, name = token_sha256(token), name.strip()
    if wait := await throttle.take(db, request, "link", hashed_token.hex()):
        slow = [{"field": "password", "message": throttle.wait_words(wait)}]
        return await _page(request, db, token, name, slow, wait)
    async with db.service() as connection:
        found = await queries.find_invitation(connection, token_sha256=hashed_token)
    if found is None:
        return await _page(request, db, token)
    errors = [] if name else [{"field": "name", "message": "Please fill this in."}]
    about = (found["email"], name, request.app.state.workspace)
    if weak := await passwords.weakness_in_thread(password, *about):
        errors.append({"field": "password", "message": weak})
    if errors:
        return await _page(request, db, token, name, errors)
    return await _join(request, db, token, name, await passwords.hash_in_thread(password))


async def _join(request: Request, db: Db, token: str, name: str, password_hash: str) -> Response:
    response = RedirectResponse("/", 303)
    try:
        async with db.service() as connection:
            user_id = await queries.accept_invitation(
                connection,
                token_sha256=token_sha256(token),
                name=name,
                password_hash=password_hash,
            )
            if user_id is not None:
                await start_session(connection, request, response, user_id)
    except asyncpg.UniqueViolationError:
        raise Problem(409, "You are here already", "Sign in with your password.") from None
    return response if user_id is not None else await _page(request, db, token)
