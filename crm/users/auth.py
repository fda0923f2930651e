"""Who is asking: the session cookie becomes an Identity."""

import hashlib
import secrets
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response

from crm import sql
from crm.db import Connection, Identity
from crm.http import Problem
from crm.users import throttle
from crm.web import Db

COOKIE = "crm_session"
LIFETIME_DAYS = 14
queries = sql.load("users")


class SignInNeeded(Problem):
    """Nobody is signed in; the page answers by sending the visitor to the sign-in page."""

    def __init__(self, back_to: str) -> None:
        super().__init__(401, "Please sign in")
        self.location = f"/sign-in?next={quote(back_to)}"


def token_sha256(token: str) -> bytes:
    """What the database keeps of a session token, so that reading it signs nobody in."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """256 random bits, for a session, a link or a token."""
    return secrets.token_urlsafe(32)


def browser_of(request: Request) -> dict[str, str | None]:
    """What a session remembers of the browser: user_agent and ip."""
    return {
        "user_agent": request.headers.get("user-agent", "")[:400],
        "ip": throttle.address_of(request),
    }


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    """A cookie that scripts and other sites' forms do not get."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


async def start_session(
    connection: Connection, request: Request, response: Response, user_id: object
) -> None:
    """Store a new session and give its token to the browser."""
    token = new_token()
    await queries.start_session(
        connection,
        user_id=user_id,
        token_sha256=token_sha256(token),
        **browser_of(request),
        days=LIFETIME_DAYS,
    )
    set_cookie(request, response, COOKIE, token, LIFETIME_DAYS * 86400)


async def find_identity(request: Request, db: Db) -> Identity | None:
    """The signed-in person, or None."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    async with db.service() as connection:
        row = await queries.session_identity(connection, token_sha256=token_sha256(token))
    if row is None:
        return None
    # Another process may have saved new ones.
    request.app.state.workspace, request.app.state.timezone = row["workspace"], row["timezone"]
    return Identity(row["user_id"], row["role"], row["name"], row["email"])


async def current_user(request: Request, db: Db) -> Identity:
    """The signed-in person; strangers are sent to the sign-in page."""
    identity = await find_identity(request, db)
    if identity is None:
        raise SignInNeeded(_page_of(request))
    request.state.user = identity
    return identity


def _page_of(request: Request) -> str:
    # A region that was asked for is no page to come back to: htmx says which page it belongs to.
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    if not page.path and request.method == "GET":
        page = urlsplit(str(request.url))
    return (page.path or "/") + (f"?{page.query}" if page.query else "")


CurrentUser = Annotated[Identity, Depends(current_user)]


async def administrator(user: CurrentUser) -> Identity:
    """The signed-in person, if an owner or admin."""
    if user.role not in ("owner", "admin"):
        raise Problem(403, "You may not see this", "It is for owners and admins of the workspace.")
    return user


Administrator = Annotated[Identity, Depends(administrator)]
