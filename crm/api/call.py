"""A request of the API, and the routes that answer it."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from crm.api import shapes
from crm.api.resource import KnownResource
from crm.db import Connection, Credential, Database
from crm.http import Problem, not_found

BODY_LIMIT = 5 * 1024 * 1024  # bytes; uploads have their own


class Call(Request):
    """One request: its body is read before the transaction begins, so a slow client holds none.

    `raw` is the body in bytes; `known` the resource it is about, if any.
    """

    raw: bytes = b""
    known: KnownResource

    @property
    def db(self) -> Database:
        """The application's database."""
        return self.app.state.db

    @property
    def region(self) -> str:
        """The country of phone numbers that are written without +."""
        return self.app.state.settings.default_region

    @property
    def id(self) -> UUID:
        """The id in the path; raises Problem 404 when it is none."""
        return self.uuid("id")

    def uuid(self, name: str) -> UUID:
        """An id in the path; raises Problem 404 when it is none."""
        try:
            return UUID(self.path_params[name])
        except ValueError:
            raise not_found(self.known.resource.title.capitalize()) from None

    def decoded(self) -> Any:
        """The JSON of the body; raises Problem 400 or 415."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Problem(
                415, "The body must be JSON", "Send it with Content-Type: application/json."
            )
        return shapes.decode(self.raw)

    def read(self, shape: type[shapes.Shape]) -> shapes.Shape:
        """The body in its shape; raises Problem 400, 415 or 422."""
        return shapes.read(shape, self.decoded(), self.region)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `scopes` is empty for a person who is signed in; `credential` their session."""

    user_id: UUID
    role: str
    name: str
    email: str
    scopes: tuple[str, ...]
    credential: UUID


Handler = Callable[[Call, Connection], Awaitable[Response]]
OwnHandler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One method of one path below /api/v1, such as GET /contacts/{id}/timeline.

    The handler gets the call and a transaction of the caller, which is committed when it returns,
    run again when it met a deadlock, and repeated by Idempotency-Key when it is a POST. With
    `opens=False` it gets the call alone and opens what it needs (crm.api.entering.enter).
    `scope` and `access` are for the document; the database enforces them. `body` and `answer` are
    JSON schemas (or a pydantic model) of request and response. `needs_caller` is False for what
    everybody may see.
    """

    method: str
    path: str
    handler: Any
    summary: str
    scope: str = ""
    body: Any = None
    answer: Any = None
    status: int = 200
    opens: bool = True
    body_limit: int = BODY_LIMIT
    known: KnownResource | None = None
    parameters: tuple[dict[str, Any], ...] = ()
    errors: tuple[int, ...] = ()
    name: str = ""
    example: Any = None
    planned: bool = False
    media: str = "application/json"
    needs_caller: bool = True

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method not in ("GET", "HEAD")


def credential_of(call: Request) -> Credential:
    """The bearer token or session cookie of a request; raises Problem 401 when there is none."""
    header = call.headers.get("authorization", "")
    if header:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            raise unauthorized("The Authorization header reads: Bearer <token>.")
        return Credential(hashlib.sha256(token.strip().encode()).digest(), "token")
    cookie = call.cookies.get("crm_session")
    if not cookie:
        raise unauthorized("Send a token: Authorization: Bearer <token>.")
    return Credential(hashlib.sha256(cookie.encode()).digest(), "session")


def unauthorized(detail: str) -> Problem:
    """401, with the header that says how to do better."""
    return Problem(401, "Please sign in", detail, headers={"WWW-Authenticate": "Bearer"})
