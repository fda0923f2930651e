"""Saved views: a list's filters, order, columns and density under a name."""

import json
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.db import Connection
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db

router = APIRouter()
queries = sql.load("views")

# What a state may hold; each list checks the words themselves whenever it is opened.
TEXTS = {"q", "where", "sort", "density", "pipeline", "show"}
LISTS = {"f", "columns"}
Name = Annotated[str, Form(max_length=60)]
State = Annotated[str, Form(max_length=20_000)]


def read_state(text: str) -> dict[str, Any]:
    """The state that a page sent as JSON; raises Problem 422 when it is none."""
    try:
        state = json.loads(text)
    except ValueError:
        state = None
    if not isinstance(state, dict) or not all(_fits(key, value) for key, value in state.items()):
        raise _wrong("state", "This is not the state of a list.")
    return state


def _fits(key: str, value: Any) -> bool:
    if key in TEXTS:
        return isinstance(value, str) and "\x00" not in value
    texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return key in LISTS and texts and not any("\x00" in one for one in value)


def _wrong(field: str, message: str) -> Problem:
    return Problem(422, "This view cannot be saved", "", [{"field": field, "message": message}])


def _name(text: str) -> str:
    name = " ".join(text.replace("\x00", "").split())
    if not name:
        raise _wrong("name", "Give the view a name.")
    return name


@router.post("/views")
async def add_view(
    db: Db,
    user: CurrentUser,
    of: Annotated[Literal["contacts", "deals", "activities", "documents"], Form(alias="list")],
    name: Name,
    state: State = "{}",
    shared: Annotated[bool, Form()] = False,
) -> Response:
    """Save what a list shows under a name, and show it."""
    async with db.session(user) as connection:
        view_id = await queries.add_view(
            connection, list=of, name=_name(name), is_shared=shared, state=read_state(state)
        )
    return RedirectResponse(f"/{of}?view={view_id}", 303)


@router.post("/views/{view_id:uuid}")
async def save_view(db: Db, user: CurrentUser, view_id: UUID, state: State) -> Response:
    """Keep the changes that a list has against its view."""
    async with db.session(user) as connection:
        return await _change(connection, view_id, "save_state", state=read_state(state))


@router.post("/views/{view_id:uuid}/rename")
async def rename_view(db: Db, user: CurrentUser, view_id: UUID, name: Name) -> Response:
    """Give a view another name."""
    async with db.session(user) as connection:
        return await _change(connection, view_id, "rename_view", name=_name(name))


@router.post("/views/{view_id:uuid}/share")
async def share_view(db: Db, user: CurrentUser, view_id: UUID) -> Response:
    """Let everybody see a view."""
    async with db.session(user) as connection:
        return await _change(connection, view_id, "share_view", is_shared=True)


@router.post("/views/{view_id:uuid}/unshare")
async def unshare_view(db: Db, user: CurrentUser, view_id: UUID) -> Response:
    """Let nobody but its maker see a view."""
    async with db.session(user) as connection:
        view = await queries.find_view(connection, id=view_id)
        try:
            answer = await _change(connection, view_id, "share_view", is_shared=False)
        except asyncpg.InsufficientPrivilegeError:
            raise Problem(403, "Only its maker can make a view private") from None
    return answer if view["user_id"] == user.user_id else RedirectResponse(f"/{view['list']}", 303)


@router.post("/views/{view_id:uuid}/delete")
async def delete_view(db: Db, user: CurrentUser, view_id: UUID) -> Response:
    """Remove a view; the records it showed stay."""
    async with db.session(user) as connection:
        view = await queries.find_view(connection, id=view_id)
        await _change(connection, view_id, "delete_view")
    return RedirectResponse(f"/{view['list']}", 303)


async def _change(connection: Connection, view_id: UUID, query: str, **values: Any) -> Response:
    view = await queries.find_view(connection, id=view_id)
    if view is None:
        raise not_found("View")
    if await getattr(queries, query)(connection, id=view_id, **values) is None:
        raise Problem(403, "You may not change this view", "It belongs to somebody else.")
    return RedirectResponse(f"/{view['list']}?view={view_id}", 303)
