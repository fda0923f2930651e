"""One change for many contacts: those that are ticked, or all that the list would show."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from crm import sql
from crm.api.bulk import matching_ids
from crm.contacts.liststate import uuids
from crm.contacts.table import read_state, stages, table_context
from crm.db import Connection, Identity
from crm.filters import planned_for_values, prepare
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, zone

router = APIRouter()
changing = sql.load("contacts/changing")

MOST_IDS = 50_000


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done: the query, its values, and the words of the toast after "3 contacts"."""

    query: str
    values: dict[str, Any]
    words: str


@router.post("/contacts/bulk")
async def change_many(request: Request, db: Db, user: CurrentUser) -> Response:
    """Change the contacts of `ids`, or with `all` every one of `list`; one batch to undo."""
    form = await request.form()
    deed = read_deed(form, zone(request))
    batch = f"bulk:{uuid4()}"
    client = request.headers.get("X-Client-Id", "")
    async with db.session(user, client=client, batch=batch) as connection:
        await changing.take_two_minutes(connection)
        ids = await chosen_ids(connection, user, form)
        done = await _do(connection, ids, deed)
        if ids and not done and not await changing.may_write(connection):
            raise Problem(403, "You may not change contacts")
    words = f"{done:,} contact{'' if done == 1 else 's'} {deed.words}"
    if not is_partial(request):
        return RedirectResponse(f"/contacts?{form.get('list', '')}".rstrip("?"), 303)
    async with db.session(user) as connection:
        state = await read_state(connection, user, str(form.get("list", "")))
        context = await table_context(connection, state, zone(request))
    undo = f"/changes/batches/{batch}/undo" if done else None
    return render(request, "contacts/_bulk_done.html", **context, words=words, undo=undo)


def read_deed(form: FormData, where: Any) -> Deed:
    """What the bar's form asks for; raises Problem 422."""
    text = {key: str(value).strip() for key, value in form.multi_items()}
    do = text.get("do", "")
    if text.get("stage"):
        named = dict(stages())
        if text["stage"] not in named:
            raise _wrong("stage", "This stage does not exist.")
        return Deed("bulk_stage", {"stage": text["stage"]}, f"moved to {named[text['stage']]}.")
    if text.get("owner"):
        return _owner(text["owner"])
    if do in ("tag", "untag"):
        return _tag(do, text.get("tag", ""))
    if do == "task":
        return _task(text.get("task", ""), _due(text.get("due", ""), where))
    if do == "delete":
        return Deed("bulk_delete", {}, "moved to the trash.")
    raise _wrong("do", "Say what to do.")


def _owner(text: str) -> Deed:
    if text == "none":
        return Deed("bulk_owner", {"owner": None}, "have no owner now.")
    try:
        return Deed("bulk_owner", {"owner": UUID(text)}, "have a new owner.")
    except ValueError:
        raise _wrong("owner", "This person does not exist.") from None


def _tag(do: str, text: str) -> Deed:
    name = " ".join(text.split())[:100]
    if not name:
        raise _wrong("tag", "Name a tag.")
    words = f"tagged “{name}”." if do == "tag" else f"without tag “{name}” now."
    return Deed(f"bulk_{do}", {"name": name}, words)


def _task(title: str, due: datetime | None) -> Deed:
    if not title:
        raise _wrong("task", "Say what is to be done.")
    return Deed("bulk_task", {"title": title[:500], "due": due}, f"got the task “{title[:500]}”.")


def _due(text: str, where: Any) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(hour=9, tzinfo=where).astimezone(UTC)
    except ValueError:
        raise _wrong("due", "A date reads 2026-11-30.") from None


def _wrong(field: str, message: str) -> Problem:
    return Problem(422, "This cannot be done", "", [{"field": field, "message": message}])


async def chosen_ids(connection: Connection, user: Identity, form: FormData) -> list[UUID]:
    """The ids that a form names, or those of every match of its list; raises Problem 422."""
    if form.get("all"):
        state = await read_state(connection, user, str(form.get("list", "")))
        async with planned_for_values(connection):
            return await matching_ids(connection, await prepare(connection, state.query))
    ids = uuids(str(form.get("ids", "")))
    if not ids:
        raise _wrong("ids", "Select a contact.")
    return ids[:MOST_IDS]


async def _do(connection: Connection, ids: list[UUID], deed: Deed) -> int:
    if deed.query == "bulk_tag":
        await changing.make_tag(connection, **deed.values)
    done = await getattr(changing, deed.query)(connection, ids=ids, **deed.values)
    return int(done or 0)
