"""Tokens with which programs act for a person."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from crm.db import Database, Identity
from crm.http import not_found
from crm.users.auth import CurrentUser, queries
from crm.users.scopes import RESOURCES, SCOPES, fresh_token
from crm.web import Db, render

router = APIRouter(prefix="/settings/tokens")

EXPIRY = (("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("", "Never"))


@router.get("")
async def tokens(request: Request, db: Db, user: CurrentUser, done: str = "") -> Response:
    """One's tokens, and the form of a new one."""
    words = "The token is revoked." if done == "revoked" else ""
    return await _list(request, db, user, done=words)


async def _list(
    request: Request, db: Database, user: Identity, status: int = 200, **more: Any
) -> Response:
    async with db.session(user) as connection:
        rows = [row async for row in queries.list_my_tokens(connection)]
    base: dict[str, Any] = {
        "errors": [],
        "done": "",
        "values": {"name": "", "scopes": [], "expires": "90"},
        "fresh": None,
    }
    return render(
        request, "users/tokens.html", status, tokens=rows, resources=RESOURCES, expiry=EXPIRY,
        now=datetime.now(UTC), writes=_may_write(user), **(base | more),
    )  # fmt: skip


def _may_write(user: Identity) -> list[str]:
    if user.role == "viewer":
        return []
    own = () if user.role in ("owner", "admin") else ("users", "settings")
    return [resource for resource in RESOURCES if resource not in own]


@router.post("")
async def create(request: Request, db: Db, user: CurrentUser) -> Response:
    """A new token, shown in this answer and never again."""
    form = await request.form(max_fields=100)
    values = {
        "name": str(form.get("name") or "").strip()[:100],
        "scopes": [str(word)[:60] for word in form.getlist("scope")],
        "expires": str(form.get("expires") or ""),
    }
    if errors := _problems(values):
        return await _list(request, db, user, 422, errors=errors, values=values)
    token, hashed, hint = fresh_token()
    days = int(values["expires"]) if values["expires"] else None
    try:
        async with db.session(user) as connection:
            await queries.create_token(
                connection, name=values["name"], token_sha256=hashed, hint=hint,
                scopes=values["scopes"],
                expires_at=datetime.now(UTC) + timedelta(days=days) if days else None,
            )  # fmt: skip
    except asyncpg.InsufficientPrivilegeError as error:
        errors = [{"field": "scope", "message": str(error)}]
        return await _list(request, db, user, 422, errors=errors, values=values)
    return await _list(request, db, user, fresh={"token": token, "name": values["name"]})


def _problems(values: dict[str, Any]) -> list[dict[str, str]]:
    problems = []
    if not values["name"]:
        problems.append({"field": "name", "message": "Give the token a name."})
    if not values["scopes"] or not set(values["scopes"]) <= SCOPES:
        problems.append({"field": "scope", "message": "Choose what the token may do."})
    if values["expires"] not in dict(EXPIRY):
        problems.append({"field": "expires", "message": "Choose when the token ends."})
    return problems


@router.post("/{token_id}/revoke")
async def revoke(db: Db, user: CurrentUser, token_id: UUID) -> Response:
    """End a token for good."""
    async with db.session(user) as connection:
        if not await queries.revoke_token(connection, id=token_id):
            raise not_found("Token")
    return RedirectResponse("/settings/tokens?done=revoked", 303)
