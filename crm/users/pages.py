"""Signing in and out, and the first run."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.http import Problem
from crm.users import passwords
from crm.users.auth import COOKIE, find_identity, queries, start_session, token_sha256
from crm.web import Db, render

router = APIRouter()

DEMO_EMAIL = "ana@northside.example"
MAX_FAILURES = 10  # of one address in 15 minutes


def _inside(address: str) -> str:
    # Only a path of this site: //elsewhere and /\elsewhere are other hosts to a browser.
    inside = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if inside and "\n" not in address else "/"


@router.get("/sign-in")
async def sign_in_page(request: Request, db: Db, next: str = "/") -> Response:  # noqa: A002
    """The sign-in form; a new installation goes to the setup page, a signed-in person onwards."""
    if await find_identity(request, db):
        return RedirectResponse(_inside(next), 303)
    async with db.service() as connection:
        if not await queries.is_set_up(connection):
            return RedirectResponse("/setup", 303)
    return _form(request, "", _inside(next))


def _form(
    request: Request, email: str, next_path: str, error: str = "", status: int = 200
) -> Response:
    return render(request, "sign_in.html", status, email=email, next=next_path, error=error)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    db: Db,
    email: Annotated[str, Form(max_length=255)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Check the password and start a session."""
    email, next_path = email.strip(), _inside(next)
    async with db.service() as connection:
        found = await queries.find_sign_in(connection, email=email)
    if found and found["recent_failures"] >= MAX_FAILURES:
        wait = "Too many wrong passwords for this address. Wait 15 minutes, then try again."
        return _form(request, email, next_path, wait, 429)
    if not await passwords.check(found["password_hash"] if found else None, password):
        async with db.service() as connection:
            await queries.note_sign_in_failure(connection, email=email)
        return _form(request, email, next_path, "Email or password is not right.", 422)
    response = RedirectResponse(next_path, 303)
    async with db.service() as connection:
        await start_session(connection, request, response, found["user_id"])
    return response


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


@router.get("/setup")
async def setup_page(request: Request, db: Db) -> Response:
    """The first run: name the workspace and create its owner."""
    async with db.service() as connection:
        if await queries.is_set_up(connection):
            return RedirectResponse("/sign-in", 303)
    return render(request, "setup.html", values={}, errors={})


@router.post("/setup")
async def setup(
    request: Request,
    db: Db,
    workspace: Annotated[str, Form(max_length=100)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    email: Annotated[str, Form(max_length=255)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Create the owner and sign them in. Does nothing once there is one."""
    values = {"workspace": workspace.strip(), "name": name.strip(), "email": email.strip()}
    errors = {key: "Please fill this in." for key, value in values.items() if not value}
    if values["email"] and "@" not in values["email"]:
        errors["email"] = "This is not an email address."
    if len(password) < passwords.MIN_LENGTH:
        errors["password"] = f"At least {passwords.MIN_LENGTH} characters, please."
    if errors:
        return render(request, "setup.html", 422, values=values, errors=errors)
    hashed = await passwords.hash_in_thread(password)
    response = RedirectResponse("/", 303)
    async with db.service() as connection:
        user_id = await queries.create_owner(connection, password_hash=hashed, **values)
        if user_id is None:
            return RedirectResponse("/sign-in", 303)
        await start_session(connection, request, response, user_id)
    request.app.state.workspace = values["workspace"]
    return response
