"""People, invitations, tokens, sessions and settings in the API.

Answers that hold a secret (a new token, the link of an invitation) are given once. What is kept for
an Idempotency-Key is the answer without it, so these two routes open their own transaction.
"""

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field
from starlette.responses import JSONResponse, Response

from crm import mail
from crm.api import READ, Body, Call, Resource, Route, claim, enter, keep, newest
from crm.api.routing import read_body
from crm.api.rows import demand_scope
from crm.api.shapes import NO_NUL, NOT_BLANK
from crm.db import Connection
from crm.http import Problem, not_found
from crm.keyset import Key
from crm.users.auth import queries
from crm.users.people import ROLES, send_invitation
from crm.users.scopes import SCOPES, fresh_token

RESOURCES = (
    Resource(
        name="users",
        table="app.users",
        title="user",
        description="People who may sign in. Owners change everybody, admins everybody but owners;"
        " the last active owner stays. New people come by invitation. is_active false ends"
        " sessions and tokens at once.",
        actions=READ | {"update"},
        sorts={"name": (Key("lower(c.name)", "text"),)} | newest("created_at"),
        default_sort="name",
        only=("id", "email", "name", "role", "is_active", "created_at", "updated_at"),
        read_only=frozenset({"email"}),
    ),
    Resource(
        name="tokens",
        table="app.api_tokens",
        title="token",
        description="Tokens of programs; your own, and for owners and admins everybody's. The token"
        " itself is in the answer to POST and nowhere else.",
        actions=READ,
        sorts=newest("created_at"),
        default_sort="-created_at",
        only=(
            "id", "user_id", "name", "hint", "scopes", "expires_at", "last_used_at", "revoked_at",
            "created_at", "updated_at",
        ),
    ),
)  # fmt: skip
SECRET_LIMIT = 64 * 1024  # bytes of a body


def _known_scope(word: str) -> str:
    if word not in SCOPES:
        raise ValueError("There is no such scope; scopes are words such as contacts:read.")
    return word


class TokenBody(Body):
    """A new token: what it may touch, and until when (for ever, when left out)."""

    name: Annotated[str, Field(max_length=100, pattern=NOT_BLANK)]
    scopes: Annotated[
        list[Annotated[str, AfterValidator(_known_scope)]], Field(min_length=1, max_length=50)
    ]
    expires_at: AwareDatetime | None = None


class InvitationBody(Body):
    """Somebody to ask in."""

    email: Annotated[str, Field(max_length=255, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")]
    role: Literal[tuple(key for key, *_ in ROLES)] = "agent"  # pyright: ignore[reportInvalidTypeForm]


class SettingsBody(Body):
    """What is to change."""

    workspace: Annotated[str, Field(max_length=100, pattern=NOT_BLANK)] | None = None
    visibility: Literal["team", "assigned"] | None = None
    timezone: Annotated[str, Field(max_length=64, pattern=NOT_BLANK)] | None = None


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, media_type="application/json")


def _id(call: Call, what: str) -> UUID:
    try:
        return UUID(call.path_params["id"])
    except ValueError:
        raise not_found(what) from None


async def _claimed(call: Call, connection: Connection) -> Response | None:
    key = call.headers.get("idempotency-key")
    return await claim(call, connection, key) if key is not None else None


async def _answer_once(
    call: Call, connection: Connection, made: str, **secret: str | None
) -> Response:
    """201 with the secret; for a repetition of the same request the secret is null."""
    row = json.loads(made)
    if (key := call.headers.get("idempotency-key")) is not None:
        await keep(connection, key, JSONResponse(row | dict.fromkeys(secret), 201))
    return JSONResponse(row | secret, 201)


async def create_token(call: Call) -> Response:
    """A token of the caller's, no wider than the caller."""
    call.raw = await read_body(call, SECRET_LIMIT)
    given = call.read(TokenBody)
    token, hashed, hint = fresh_token()
    if given.expires_at and given.expires_at <= datetime.now(given.expires_at.tzinfo):
        past = [{"field": "expires_at", "message": "This moment is past."}]
        raise Problem(422, "Some values are not right", "", past)
    async with enter(call) as (connection, _):
        if replay := await _claimed(call, connection):
            return replay
        new_id = await queries.create_token(
            connection, name=given.name.strip(), token_sha256=hashed, hint=hint,
            scopes=given.scopes, expires_at=given.expires_at,
        )  # fmt: skip
        made = await queries.token_as_json(connection, id=new_id)
        return await _answer_once(call, connection, made, token=token)


async def revoke_token(call: Call, connection: Connection) -> Response:
    """Programs that use it are refused from now on."""
    if not await queries.revoke_token(connection, id=_id(call, "Token")):
        if not await queries.in_scope(connection, scope="tokens", access="write"):
            raise Problem(403, "This token may not do this", "It needs the scope tokens:write.")
        raise not_found("Token")
    return Response(status_code=204)


async def list_invitations(_: Call, connection: Connection) -> Response:
    """Open and closed ones, for owners and admins; the newest 200."""
    text = await queries.invitations_as_json(connection)
    if text == "[]":
        await demand_scope(connection, "users")
    return _json(f'{{"data":{text}}}')


async def invite(call: Call) -> Response:
    """Sends the mail; `link` is given only when no mail is set up, to be handed over."""
    call.raw = await read_body(call, SECRET_LIMIT)
    given = call.read(InvitationBody)
    has_mail = mail.is_configured(call.app.state.settings)
    async with enter(call) as (connection, caller):
        if replay := await _claimed(call, connection):
            return replay
        new_id, address = await send_invitation(
            connection, call, caller.name, given.email, given.role
        )
        made = await queries.invitation_as_json(connection, id=new_id)
        response = await _answer_once(call, connection, made, link=None if has_mail else address)
    mail.wake(call.app)
    return response


async def revoke_invitation(call: Call, connection: Connection) -> Response:
    """Its link leads nowhere any more."""
    await queries.revoke_invitation(connection, id=_id(call, "Invitation"))
    return Response(status_code=204)


async def list_sessions(_: Call, connection: Connection) -> Response:
    """Where the caller is signed in, the last used first."""
    text = await queries.sessions_as_json(connection)
    if text == "[]":
        await demand_scope(connection, "users")
    return _json(f'{{"data":{text}}}')


async def end_session(call: Call, connection: Connection) -> Response:
    """Sign one browser of the caller's out."""
    if await queries.end_one_session(connection, id=_id(call, "Session")) is None:
        raise not_found("Session")
    return Response(status_code=204)


async def read_settings(_: Call, connection: Connection) -> Response:
    """Name of the workspace, who sees what, and its time zone."""
    await demand_scope(connection, "settings")
    row: Any = await queries.workspace_settings(connection)
    return JSONResponse(dict(row))


async def change_settings(call: Call, connection: Connection) -> Response:
    """For owners and admins."""
    given = call.read(SettingsBody)
    for key, value in given.model_dump(exclude_none=True).items():
        await queries.save_setting(connection, key=key, value=value.strip())
    call.app.state.workspace = (given.workspace or call.app.state.workspace).strip()
    call.app.state.timezone = (given.timezone or call.app.state.timezone).strip()
    return await read_settings(call, connection)


_ID = {"type": "string", "format": "uuid"}
_TEXT = {"type": "string", "pattern": NO_NUL}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _many(one: dict[str, Any]) -> dict[str, Any]:
    return _object(data={"type": "array", "items": one})


_TOKEN = _object(
    id=_ID, user_id=_ID, name=_TEXT, hint=_TEXT, scopes={"type": "array", "items": _TEXT},
    expires_at=_MOMENT, last_used_at=_MOMENT, revoked_at=_MOMENT, created_at=_MOMENT,
    updated_at=_MOMENT,
)  # fmt: skip
_INVITATION = _object(
    id=_ID, email=_TEXT, role=_TEXT, invited_by=_ID, sent_at=_MOMENT, expires_at=_MOMENT,
    accepted_at=_MOMENT, revoked_at=_MOMENT, created_at=_MOMENT,
)  # fmt: skip
_SESSION = _object(
    id=_ID, user_agent=_TEXT, ip={"type": ["string", "null"]}, is_this={"type": "boolean"},
    created_at=_MOMENT, last_seen_at=_MOMENT, expires_at=_MOMENT,
)  # fmt: skip
_SETTINGS = _object(workspace=_TEXT, visibility={"enum": ["team", "assigned"]}, timezone=_TEXT)


def _with(shape: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _object(**shape["properties"], **more)


ROUTES = (
    Route("POST", "/tokens", create_token, "Create a new token; it is shown once", "tokens",
          body=TokenBody, answer=_with(_TOKEN, token={"type": ["string", "null"]}), status=201,
          opens=False, name="create_token",
          example={"name": "Website form", "scopes": ["contacts:write"]}),
    Route("DELETE", "/tokens/{id}", revoke_token, "Revoke one token", "tokens", status=204,
          name="revoke_token"),
    Route("GET", "/users/invitations", list_invitations, "List invitations", "users",
          answer=_many(_INVITATION), name="list_invitations"),
    Route("POST", "/users/invitations", invite, "Invite somebody", "users", body=InvitationBody,
          answer=_with(_INVITATION, link={"type": ["string", "null"]}), status=201, opens=False,
          errors=(409,), name="create_invitation",
          example={"email": "mei@example.com", "role": "agent"}),
    Route("DELETE", "/users/invitations/{id}", revoke_invitation, "Revoke one open invitation",
          "users", status=204, name="revoke_invitation"),
    Route("GET", "/sessions", list_sessions, "List your own sessions", "users",
          answer=_many(_SESSION), name="list_sessions"),
    Route("DELETE", "/sessions/{id}", end_session, "End one of your sessions", "users", status=204,
          name="end_session"),
    Route("GET", "/settings", read_settings, "Read the settings of the workspace", "settings",
          answer=_SETTINGS, name="read_settings"),
    Route("PATCH", "/settings", change_settings, "Change the settings of the workspace", "settings",
          body=SettingsBody, answer=_SETTINGS, name="update_settings",
          example={"visibility": "assigned"}),
)  # fmt: skip
