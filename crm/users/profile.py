"""One's own account: name, password, sessions."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.db import Database, Identity
from crm.http import not_found
from crm.users import passwords, throttle
from crm.users.auth import COOKIE, CurrentUser, queries, token_sha256
from crm.web import Db, render

router = APIRouter(prefix="/settings")

Password = Annotated[str, Form(max_length=1000)]
_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera"}
_SYSTEMS = ("iPhone", "iPad", "Android", "Windows", "Mac OS", "Linux")
DONE = {
    "name": "Your name is changed.",
    "password": "Your password is changed. Other browsers are signed out.",
    "session": "That browser is signed out.",
    "sessions": "All other browsers are signed out.",
    "second-factor-off": "You sign in without a code again.",
}


@router.get("/profile")
async def profile(request: Request, db: Db, user: CurrentUser, done: str = "") -> Response:
    """Name, password, second factor, sessions."""
    return await profile_page(request, db, user, done=DONE.get(done, ""))


async def profile_page(
    request: Request, db: Database, user: Identity, wait: int = 0, done: str = "",
    errors: list[dict[str, str]] | None = None,
) -> Response:  # fmt: skip
    """The page, also with what was refused: errors [{field, message}], or seconds to wait."""
    async with db.session(user) as connection:
        current = await queries.my_session(connection, token_sha256=_session(request))
        sessions = [row async for row in queries.list_my_sessions(connection)]
        factor = await queries.my_second_factor(connection)
    status = 429 if wait else 422 if errors else 200
    return render(
        request, "users/profile.html", status, throttle.wait_headers(wait), factor=factor,
        sessions=[_shown(row, current) for row in sessions], errors=errors or [], done=done,
    )  # fmt: skip


def _session(request: Request) -> bytes:
    return token_sha256(request.cookies.get(COOKIE, ""))


def _shown(row: Mapping[str, Any], current: UUID | None) -> dict[str, Any]:
    return {**row, "browser": browser_name(row["user_agent"]), "is_this": row["id"] == current}


def browser_name(user_agent: str) -> str:
    """`Firefox on Windows`; the first word of what is no browser."""
    browser = next((name for name in _BROWSERS if f"{name}/" in user_agent), None)
    system = next((name for name in _SYSTEMS if name in user_agent), None)
    if browser is None:
        return re.split(r"[/\s]", user_agent, maxsplit=1)[0] or "Unknown program"
    name = _BROWSER_NAMES.get(browser, browser)
    return f"{name} on {system.replace('Mac OS', 'Mac')}" if system else name


@router.post("/profile")
async def change_name(
    request: Request, db: Db, user: CurrentUser, name: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """The name that others see."""
    if not name.strip():
        refused = [{"field": "name", "message": "Please fill this in."}]
        return await profile_page(request, db, user, errors=refused)
    async with db.session(user) as connection:
        await queries.change_my_name(connection, name=name.strip())
    return RedirectResponse("/settings/profile?done=name", 303)


async def check_own_password(
    request: Request, db: Database, user: Identity, password: str, field: str
) -> Response | None:
    """None when it is the person's own password; else the page that says why not."""
    if wait := await throttle.take(db, request, "password", str(user.user_id)):
        slow = [{"field": field, "message": throttle.wait_words(wait)}]
        return await profile_page(request, db, user, wait, errors=slow)
    async with db.service() as connection:
        found = await queries.find_sign_in(connection, email=user.email)
    if not await passwords.check(found["password_hash"] if found else None, password):
        wrong = [{"field": field, "message": "This is not your password."}]
        return await profile_page(request, db, user, errors=wrong)
    await throttle.forget(db, request, "password", str(user.user_id))
    return None


@router.post("/profile/password")
async def change_password(
    request: Request, db: Db, user: CurrentUser, current: Password = "", password: Password = ""
) -> Response:
    """A new password, for who knows the old one; ends all other sessions."""
    about = (user.email, user.name, request.app.state.workspace)
    if weak := await passwords.weakness_in_thread(password, *about):
        errors = [{"field": "password", "message": weak}]
        return await profile_page(request, db, user, errors=errors)
    if refused := await check_own_password(request, db, user, current, "current"):
        return refused
    password_hash = await passwords.hash_in_thread(password)
    async with db.session(user) as connection:
        await queries.change_my_password(
            connection, password_hash=password_hash, session_sha256=_session(request)
        )
    return RedirectResponse("/settings/profile?done=password", 303)


@router.post("/sessions/end-others")
async def end_other_sessions(request: Request, db: Db, user: CurrentUser) -> Response:
    """Sign out everywhere but here."""
    async with db.session(user) as connection:
        current = await queries.my_session(connection, token_sha256=_session(request))
        await queries.end_other_sessions(connection, id=current)
    return RedirectResponse("/settings/profile?done=sessions", 303)


@router.post("/sessions/{session_id}/end")
async def end_one_session(db: Db, user: CurrentUser, session_id: UUID) -> Response:
    """Sign out one browser of one's own."""
    async with db.session(user) as connection:
        if await queries.end_one_session(connection, id=session_id) is None:
            raise not_found("Session")
    return RedirectResponse("/settings/profile?done=session", 303)
