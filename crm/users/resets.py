"""A forgotten password: the request for a link, and the page that the link opens."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask

from crm import mail
from crm.db import Database
from crm.users import letters, passwords, throttle
from crm.users.auth import new_token, queries, token_sha256
from crm.web import Db, render

router = APIRouter()

Password = Annotated[str, Form(max_length=1000)]


@router.get("/forgot")
async def forgot_page(request: Request) -> Response:
    """The form that asks for a link."""
    return _forgot(request)


def _forgot(request: Request, email: str = "", wait: int = 0, sent: bool = False) -> Response:
    return render(
        request, "users/forgot.html", 429 if wait else 200, throttle.wait_headers(wait),
        email=email, sent=sent, has_mail=mail.is_configured(request.app.state.settings),
        error=throttle.wait_words(wait) if wait else "",
    )  # fmt: skip


@router.post("/forgot")
async def ask_for_link(
    request: Request, db: Db, email: Annotated[str, Form(max_length=255)] = ""
) -> Response:
    """The same answer for every address, given before anybody is looked for."""
    if not mail.is_configured(request.app.state.settings):
        return _forgot(request)
    if wait := await throttle.take(db, request, "reset", email.strip()):
        return _forgot(request, email, wait)
    response = _forgot(request, email.strip(), sent=True)
    # After the answer: how long it takes does not tell whether the address exists.
    response.background = BackgroundTask(_send_link, request, db, email.strip())
    return response


async def _send_link(request: Request, db: Database, email: str) -> None:
    token = new_token()
    subject, body = letters.reset(
        request.app.state.workspace, letters.link(request, f"/reset/{token}")
    )
    async with db.service() as connection:
        await queries.request_reset(
            connection, email=email, token_sha256=token_sha256(token), subject=subject, body=body
        )
    mail.wake(request.app)


@router.get("/reset/{token}")
async def reset_page(request: Request, db: Db, token: str) -> Response:
    """The form of a new password. Opening it uses nothing up: mail programs open links too."""
    return await _reset(request, db, token)


async def _reset(request: Request, db: Db, token: str, error: str = "", wait: int = 0) -> Response:
    async with db.service() as connection:
        person = await queries.find_reset(connection, token_sha256=token_sha256(token))
    status = 404 if person is None else 429 if wait else 422 if error else 200
    return render(
        request, "users/reset.html", status, throttle.wait_headers(wait), person=person,
        token=token, error=throttle.wait_words(wait) if wait else error,
    )  # fmt: skip


@router.post("/reset/{token}")
async def reset(request: Request, db: Db, token: str, password: Password = "") -> Response:
    """Set the new password; all sessions of the person end."""
    hashed_token = token_sha256(token)
    if wait := await throttle.take(db, request, "link", hashed_token.hex()):
        return await _reset(request, db, token, wait=wait)
    async with db.service() as connection:
        person = await queries.find_reset(connection, token_sha256=hashed_token)
    if person is None:
        return await _reset(request, db, token)
    about = (person["email"], person["name"], request.app.state.workspace)
    if weak := await passwords.weakness_in_thread(password, *about):
        return await _reset(request, db, token, weak)
    password_hash = await passwords.hash_in_thread(password)
    async with db.service() as connection:
        done = await queries.finish_reset(
            connection, token_sha256=hashed_token, password_hash=password_hash
        )
    if done is None:  # somebody used the link at this moment
        return await _reset(request, db, token)
    return RedirectResponse("/sign-in?done=password", 303)
