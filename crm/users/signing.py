"""Signing in, in one or two steps, and out."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.http import Problem
from crm.users import codes, passwords, throttle
from crm.users.auth import (
    COOKIE,
    LIFETIME_DAYS,
    browser_of,
    find_identity,
    new_token,
    queries,
    set_cookie,
    start_session,
    token_sha256,
)
from crm.web import Db, render

router = APIRouter()

DEMO_EMAIL = "ana@northside.example"
CHALLENGE_COOKIE = "crm_challenge"
CHALLENGE_SECONDS = 600


def _inside(address: str) -> str:
    # Only a path of this site: //elsewhere and /\elsewhere are other hosts to a browser.
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if inside and "\n" not in address else "/"


@router.get("/sign-in")
async def sign_in_page(
    request: Request,
    db: Db,
    next: str = "/",  # noqa: A002
    done: str = "",
) -> Response:
    """The sign-in form; a new installation goes to the setup page, a signed-in person onwards.

    `done=password` says that a new password was just set.
    """
    if await find_identity(request, db):
        return RedirectResponse(_inside(next), 303)
    async with db.service() as connection:
        if not await queries.is_set_up(connection):
            return RedirectResponse("/setup", 303)
    return _form(request, "", _inside(next), done=done)


def _form(
    request: Request, email: str, next_path: str, error: str = "", wait: int = 0, done: str = ""
) -> Response:
    status = 429 if wait else 422 if error else 200
    words = throttle.wait_words(wait) if wait else error
    return render(
        request, "sign_in.html", status, throttle.wait_headers(wait),
        email=email, next=next_path, error=words, done=done,
    )  # fmt: skip


@router.post("/sign-in")
async def sign_in(
    request: Request,
    db: Db,
    email: Annotated[str, Form(max_length=255)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Check the password; start a session, or ask for the code of the second factor."""
    email, next_path = email.strip(), _inside(next)
    if wait := await throttle.take(db, request, "sign-in", email):
        return _form(request, email, next_path, wait=wait)
    async with db.service() as connection:
        found = await queries.find_sign_in(connection, email=email)
    if not await passwords.check(found["password_hash"] if found else None, password):
        return _form(request, email, next_path, "Email or password is not right.")
    await throttle.forget(db, request, "sign-in", email)
    if found["has_second_factor"]:
        return await _ask_for_code(request, db, found["user_id"], next_path)
    response = RedirectResponse(next_path, 303)
    async with db.service() as connection:
        await start_session(connection, request, response, found["user_id"])
    return response


async def _ask_for_code(request: Request, db: Db, user_id: object, next_path: str) -> Response:
    challenge = new_token()
    async with db.service() as connection:
        await queries.start_challenge(
            connection, user_id=user_id, token_sha256=token_sha256(challenge)
        )
    response = RedirectResponse(f"/sign-in/code?next={quote(next_path)}", 303)
    set_cookie(request, response, CHALLENGE_COOKIE, challenge, CHALLENGE_SECONDS)
    return response


@router.get("/sign-in/code")
async def code_page(request: Request, db: Db, next: str = "/") -> Response:  # noqa: A002
    """The second step, for who gave the right password within the last ten minutes."""
    if await _challenge(request, db) is None:
        return RedirectResponse(f"/sign-in?next={quote(_inside(next))}", 303)
    return _code_form(request, _inside(next))


async def _challenge(request: Request, db: Db) -> dict | None:
    token = request.cookies.get(CHALLENGE_COOKIE, "")
    async with db.service() as connection:
        return await queries.find_challenge(connection, token_sha256=token_sha256(token))


def _code_form(request: Request, next_path: str, error: str = "", wait: int = 0) -> Response:
    status = 429 if wait else 422 if error else 200
    words = throttle.wait_words(wait) if wait else error
    headers = throttle.wait_headers(wait)
    return render(request, "sign_in_code.html", status, headers, next=next_path, error=words)


@router.post("/sign-in/code")
async def check_code(
    request: Request,
    db: Db,
    code: Annotated[str, Form(max_length=100)] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Check the code of the app, or a recovery code, and start the session."""
    next_path, challenge = _inside(next), await _challenge(request, db)
    if challenge is None:
        return RedirectResponse(f"/sign-in?next={quote(next_path)}", 303)
    if wait := await throttle.take(db, request, "second-factor", str(challenge["user_id"])):
        return _code_form(request, next_path, wait=wait)
    session = new_token()
    if not await _pass(request, db, challenge["secret"], code, session):
        return _code_form(
            request, next_path, "This code is not right, or was used before. Wait for the next one."
        )
    response = RedirectResponse(next_path, 303)
    set_cookie(request, response, COOKIE, session, LIFETIME_DAYS * 86400)
    response.delete_cookie(CHALLENGE_COOKIE)
    return response


async def _pass(request: Request, db: Db, secret: str, code: str, session: str) -> bool:
    is_recovery = len("".join(code.split())) > 6
    step = None if is_recovery else codes.step_of(secret, code)
    if step is None and not is_recovery:
        return False
    async with db.service() as connection:
        return await queries.pass_challenge(
            connection,
            token_sha256=token_sha256(request.cookies.get(CHALLENGE_COOKIE, "")),
            step=step,
            recovery_sha256=codes.recovery_sha256(code) if is_recovery else None,
            session_sha256=token_sha256(session),
            **browser_of(request),
            days=LIFETIME_DAYS,
        )


@router.post("/sign-in/demo")
async def demo_sign_in(request: Request, db: Db) -> Response:
    """Sign in as the demo's owner; only where the demo runs."""
    if not request.app.state.settings.demo_door:
        raise Problem(404, "Page not found")
    response = RedirectResponse("/", 303)
    async with db.service() as connection:
        found = await queries.find_sign_in(connection, email=DEMO_EMAIL)
        if found is None:
            raise Problem(404, "The demo's people are gone", "Run `crm demo` again.")
        await start_session(connection, request, response, found["user_id"])
    return response


@router.post("/sign-out")
async def sign_out(request: Request, db: Db) -> Response:
    """End the session, here and in the database."""
    token = request.cookies.get(COOKIE)
    if token:
        async with db.service() as connection:
            await queries.end_session(connection, token_sha256=token_sha256(token))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response
