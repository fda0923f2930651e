"""Settings: the tags of the workspace, how much each is used, and how to tidy them up."""

from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import asyncpg
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.db import Connection, Database, Identity
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render

router = APIRouter(prefix="/settings/tags")
queries = sql.load("tags")

HERE = "/settings/tags"
LEADS = ("owner", "admin", "manager")
ROWS = 500
COUNTED = 10_000  # links of a tag; above, the list says so
# Those that an import gives to new tags.
COLORS = {
    "#3B82F6": "Blue", "#8B5CF6": "Violet", "#EC4899": "Pink", "#EF4444": "Red",
    "#F59E0B": "Amber", "#10B981": "Green", "#14B8A6": "Teal", "#64748B": "Gray",
}  # fmt: skip
Text = Annotated[str, Form(max_length=20_000)]
Errors = list[dict[str, str]]


def _only_leads(user: Identity) -> None:
    if user.role not in LEADS:
        raise Problem(403, "You may not change tags here", "Ask a manager or the owner.")


@router.get("")
async def list_tags(
    request: Request, db: Db, user: CurrentUser,
    q: Annotated[str, Query(max_length=200)] = "",
    sort: Literal["name", "use"] = "name",
    gone: Annotated[str, Query(max_length=60)] = "",
    into: UUID | None = None,
) -> Response:  # fmt: skip
    """Every tag; `gone` is the batch that deleted some, or merged them into `into`."""
    return await _list(request, db, user, q, sort, gone=gone, into=into)


async def _list(
    request: Request, db: Database, user: Identity, q: str = "", sort: str = "name", *,
    gone: str = "", into: UUID | None = None, values: dict[str, str] | None = None,
    errors: Errors | None = None, status: int = 200,
) -> Response:  # fmt: skip
    _only_leads(user)
    async with db.session(user) as connection:
        found = queries.list_tags(
            connection, q=q.replace("\x00", "").strip(), by_use=sort == "use", most=COUNTED + 1,
            row_limit=ROWS + 1,
        )  # fmt: skip
        tags = [row async for row in found]
        names = await queries.gone_with_batch(connection, batch=gone) if gone else None
        every = [(str(row["id"]), row["name"]) async for row in queries.tag_names(connection)]
        target = await queries.find_tag(connection, id=into) if into else None
    template = "tags/_list.html" if is_partial(request) else "tags/index.html"
    return render(
        request, template, status, tags=tags[:ROWS], more=len(tags) > ROWS, q=q, sort=sort,
        counted=COUNTED, colors=COLORS, values=values or {}, errors=errors or [],
        gone=gone if names else "", gone_names=names, into=target, all_tags=every,
    )  # fmt: skip


@router.post("")
async def add_tag(
    request: Request, db: Db, user: CurrentUser, name: Text = "", color: Text = ""
) -> Response:
    """A new tag."""
    _only_leads(user)
    words = _words(name)
    errors, status = check(words, color), 422
    if not errors:
        try:
            async with db.session(user) as connection:
                await queries.add_tag(connection, name=words, color=color)
        except asyncpg.UniqueViolationError:
            errors, status = [_taken(words)], 409
    if errors:
        sent = {"name": name, "color": color}
        return await _list(request, db, user, values=sent, errors=errors, status=status)
    return RedirectResponse(HERE, 303)


@router.post("/merge")
async def merge_tags(
    request: Request, db: Db, user: CurrentUser,
    into: Annotated[UUID | Literal[""], Form()] = "",
    merged: Annotated[tuple[UUID, ...], Form(max_length=ROWS)] = (),
) -> Response:  # fmt: skip
    """Merge tags into another one: one batch to undo."""
    _only_leads(user)
    sources = [one for one in merged if one != into]
    if not into or not sources:
        words = "Choose the tag to merge into." if sources else "Tick the tags to merge first."
        error = {"field": "into", "message": words}
        return await _list(request, db, user, errors=[error], status=422)
    batch = f"bulk:{uuid4()}"
    async with db.session(user, batch=batch) as connection:
        await queries.take_two_minutes(connection)
        await queries.merge_tags(connection, sources=sources, target=into)
    return RedirectResponse(f"{HERE}?gone={batch}&into={into}", 303)


@router.get("/{tag_id:uuid}")
async def show_tag(request: Request, db: Db, user: CurrentUser, tag_id: UUID) -> Response:
    """One tag's form."""
    _only_leads(user)
    async with db.session(user) as connection:
        return await _form(connection, request, tag_id)


async def _form(
    connection: Connection, request: Request, tag_id: UUID, values: dict[str, Any] | None = None,
    errors: Errors | None = None, twin: asyncpg.Record | None = None, status: int = 200,
) -> Response:  # fmt: skip
    tag = await queries.find_tag(connection, id=tag_id)
    if tag is None:
        raise not_found("Tag")
    others = [(str(row["id"]), row["name"]) async for row in queries.tag_names(connection)
              if row["id"] != tag_id]  # fmt: skip
    return render(
        request, "tags/tag.html", status, tag=tag, values=values or dict(tag), colors=COLORS,
        others=others, errors=errors or [], twin=twin,
    )  # fmt: skip


@router.post("/{tag_id:uuid}")
async def change_tag(
    request: Request, db: Db, user: CurrentUser, tag_id: UUID, name: Text = "", color: Text = ""
) -> Response:
    """Rename and recolour a tag; where the name is taken, the answer offers to merge."""
    _only_leads(user)
    words, sent = _words(name), {"name": name, "color": color}
    async with db.session(user) as connection:
        tag = await queries.find_tag(connection, id=tag_id)
        if tag is None:
            raise not_found("Tag")
        errors = check(words, color, tag["color"])
        if tag["is_system"] and words != tag["name"]:
            errors.append({"field": "name", "message": "The program needs this tag by its name."})
        if errors:
            return await _form(connection, request, tag_id, sent, errors, status=422)
        twin = await queries.tag_named(connection, name=words)
        if twin and twin["id"] != tag_id:
            taken = [_taken(twin["name"])]
            return await _form(connection, request, tag_id, sent, taken, twin, status=409)
        await queries.change_tag(connection, id=tag_id, name=words, color=color)
    return RedirectResponse(HERE, 303)


@router.post("/{tag_id:uuid}/delete")
async def delete_tag(db: Db, user: CurrentUser, tag_id: UUID) -> Response:
    """Delete a tag: its contacts and deals lose it, and get it back by an undo."""
    _only_leads(user)
    batch = f"bulk:{uuid4()}"
    async with db.session(user, batch=batch) as connection:
        await queries.take_two_minutes(connection)
        if await queries.find_tag(connection, id=tag_id) is None:
            raise not_found("Tag")
        if await queries.delete_tag(connection, id=tag_id) is None:
            raise Problem(403, "The program needs this tag", "It cannot be deleted.")
    return RedirectResponse(f"{HERE}?gone={batch}", 303)


def _words(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())


def _taken(name: str) -> dict[str, str]:
    return {"field": "name", "message": f"There is a tag “{name}” already."}


def check(name: str, color: str, known_color: str = "") -> Errors:
    """What is wrong with a tag; `known_color` is one it has already."""
    errors = []
    if not name:
        errors.append({"field": "name", "message": "Give the tag a name."})
    elif len(name) > 100:
        errors.append({"field": "name", "message": "At most 100 characters."})
    if color not in {*COLORS, known_color}:
        errors.append({"field": "color", "message": "Choose one of the colours."})
    return errors
