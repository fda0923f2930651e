"""New activity, edit, delete and bring back."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.activities import models, rules, series
from crm.activities.models import FieldError, Form
from crm.db import Connection, Database, Identity
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, seen_version, zone

router = APIRouter()
queries = sql.load("activities")

CHANGED = (
    "Somebody changed this activity while you were editing it. Save again to keep your version, or"
    " open the form anew to see theirs."
)
HOME = "/activities"
CHANGED_EVENT = {"HX-Trigger": '{"activities":{"target":"body"}}'}


def way_back(text: Any) -> str:
    """Where a form returns to: an address of this site, else the agenda."""
    path = str(text or "")
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if local else HOME


def noted(path: str, **notes: object) -> str:
    """The address with what its page is to say, such as saved=<id>."""
    parts = urlsplit(path)
    pairs = [pair for pair in parse_qsl(parts.query) if pair[0] not in ("saved", "removed")]
    query = urlencode([*pairs, *((name, str(value)) for name, value in notes.items())])
    return f"{parts.path}?{query}" if query else parts.path


async def find(connection: Connection, activity_id: UUID) -> dict[str, Any]:
    """An activity that the caller may see; Problem 404 for others."""
    row = await queries.get_activity(connection, id=activity_id)
    if row is None:
        raise not_found("Activity")
    return dict(row)


@router.get("/activities/new")
async def new_activity(request: Request, db: Db, user: CurrentUser) -> Response:
    """The form of a new activity; `contact` (an id), `date`, `time`, `title`… fill it in."""
    asked = dict(request.query_params)
    given = {name: value for name, value in asked.items() if name in models.BLANK}
    given |= {"due_day": asked.get("date", ""), "due_time": asked.get("time", "")}
    given["contact_id"] = asked.get("contact_id") or asked.get("contact", "")
    values = models.blank(assigned_to=str(user.user_id)) | given
    async with db.session(user) as connection:
        values["contact"] = await _contact_name(connection, values["contact_id"]) or ""
        if not values["contact"]:
            values["contact_id"] = ""
        return await _page(connection, request, values, back=asked.get("back"))


async def _contact_name(connection: Connection, text: str) -> str | None:
    try:
        return await queries.contact_name(connection, id=UUID(text))
    except ValueError:
        return None


@router.post("/activities/new")
async def create_activity(request: Request, db: Db, user: CurrentUser) -> Response:
    """Save a new activity and go back to where it was asked for."""
    sent = await request.form()
    form = Form(sent, zone(request))
    try:
        async with db.session(user) as connection:
            await _resolve_contact(connection, form)
            if not form.errors:
                made = await queries.create_activity(connection, **form.values)
                return RedirectResponse(noted(way_back(sent.get("back")), saved=made), 303)
    except asyncpg.IntegrityConstraintViolationError as error:
        _note_rule(form, error)
    return await _again(db, user, request, form, sent)


async def _resolve_contact(connection: Connection, form: Form) -> None:
    """The contact by its id; without one (no script ran), by what was typed, if that is clear."""
    chosen, typed = form.values.get("contact_id"), form.shown["contact"]
    if chosen is not None:
        name = await queries.contact_name(connection, id=chosen)
        if name is None:
            form.wrong("contact_id", "This contact does not exist.")
        return
    if not typed or form.errors:
        return
    found = [row async for row in queries.find_contacts(connection, q=typed)]
    if len(found) != 1:
        several, nobody = "Several contacts match; choose one from the list.", "No contact matches."
        form.wrong("contact_id", several if found else nobody)
        return
    form.values["contact_id"] = found[0]["id"]
    form.shown["contact_id"] = str(found[0]["id"])


def _note_rule(form: Form, error: asyncpg.PostgresError) -> None:
    found = models.rule_error(error)
    if found is None:
        raise error
    form.errors.append(found)


@router.get("/activities/{activity_id:uuid}")
@router.get("/activities/{activity_id:uuid}/edit")
async def edit_activity(request: Request, db: Db, user: CurrentUser, activity_id: UUID) -> Response:
    """The form of an activity; for viewers, what it says."""
    async with db.session(user) as connection:
        row = await find(connection, activity_id)
        values = models.from_row(row, zone(request))
        return await _page(connection, request, values, row, back=request.query_params.get("back"))


@router.post("/activities/{activity_id:uuid}/edit")
async def update_activity(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID
) -> Response:
    """Save an activity, alone or with all that follow; 409 when it changed since it was opened."""
    sent = await request.form()
    form = Form(sent, zone(request))
    async with db.session(user) as connection:
        row = await find(connection, activity_id)
    version = seen_version(sent.get("version"))
    try:
        async with db.session(user) as connection:
            await _resolve_contact(connection, form)
            if not form.errors and await _save(connection, row, form, version, sent.get("scope")):
                return RedirectResponse(noted(way_back(sent.get("back")), saved=activity_id), 303)
    except asyncpg.IntegrityConstraintViolationError as error:
        _note_rule(form, error)
    if form.errors:
        return await _again(db, user, request, form, sent, row)
    if row["updated_at"] == version:  # it is as it was, so the database refused
        raise Problem(403, "You may not change this activity")
    form.wrong("", CHANGED)
    return await _again(db, user, request, form, sent, row, status=409)


async def _save(
    connection: Connection, row: dict[str, Any], form: Form, version: datetime | None, scope: Any
) -> bool:
    if not await queries.lock_activity(connection, id=row["id"], version=version):
        return False
    values = form.values
    if scope == "one" and row["recurrence_rule"] and row["status"] != "completed":
        await series.leave(connection, row, row["id"])
        version = (await queries.get_activity(connection, id=row["id"]))["updated_at"]
        values = values | {"recurrence_rule": None}
    saved = await queries.update_activity(connection, id=row["id"], version=version, **values)
    return saved is not None


@router.post("/activities/{activity_id:uuid}/delete")
async def delete_activity(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID
) -> Response:
    """Delete an activity, alone or with all that follow; the page then offers to undo it."""
    sent = await request.form()
    async with db.session(user) as connection:
        row = await find(connection, activity_id)
        await queries.lock_activity(connection, id=activity_id, version=None)
        following = None
        alone = sent.get("scope") == "one" and row["recurrence_rule"]
        if alone and row["status"] != "completed" and user.role != "viewer":
            found = series.upcoming(row)
            if found:
                following = await queries.copy_activity(
                    connection, id=activity_id, parent=row["parent_activity_id"],
                    due_date=found[0], rule=found[1],
                )  # fmt: skip
        if not await queries.remove_activity(connection, id=activity_id, next_id=following):
            raise Problem(403, "You may not delete this activity")
    if is_partial(request):
        return render(request, "activities/_removed.html", headers=CHANGED_EVENT, row=row)
    return RedirectResponse(noted(way_back(sent.get("back")), removed=activity_id), 303)


@router.post("/activities/{activity_id:uuid}/restore")
async def restore_activity(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID
) -> Response:
    """Bring back what the caller deleted."""
    async with db.session(user) as connection:
        if not await queries.restore_activity(connection, id=activity_id):
            raise not_found("Activity")
    if is_partial(request):
        return render(request, "activities/_said.html", headers=CHANGED_EVENT, said="It is back.")
    return RedirectResponse(HOME, 303)


@router.get("/activities/contacts")
async def find_contacts(request: Request, db: Db, user: CurrentUser, contact: str = "") -> Response:
    """The list under the form's contact field."""
    words = " ".join(contact.replace("\x00", "").split())[:200]
    async with db.session(user) as connection:
        found = queries.find_contacts(connection, q=words) if len(words) > 1 else None
        rows = [row async for row in found] if found else []
    return render(request, "activities/_contacts.html", rows=rows, words=words)


@router.get("/activities/deals")
async def contact_deals(
    request: Request, db: Db, user: CurrentUser, contact_id: str = ""
) -> Response:
    """The choices of the form's deal field."""
    async with db.session(user) as connection:
        deals = await _deals(connection, contact_id)
    return render(request, "activities/_deals.html", deals=deals, values={"deal_id": ""}, errors=[])


async def _deals(connection: Connection, contact_id: str) -> list[tuple[str, str]]:
    try:
        found = queries.contact_deals(connection, id=UUID(contact_id))
    except ValueError:
        return []
    return [(str(row["id"]), row["name"]) async for row in found]


async def _again(
    db: Database, user: Identity, request: Request, form: Form, sent: Any,
    row: dict[str, Any] | None = None, status: int = 422,
) -> Response:  # fmt: skip
    """The form as it was sent, with what is wrong."""
    async with db.session(user) as connection:
        return await _page(
            connection, request, form.shown, row, form.errors, status,
            back=sent.get("back"), scope=sent.get("scope") or "one",
        )  # fmt: skip


def _summary(errors: list[FieldError]) -> list[FieldError]:
    """The errors as the list on top says them: with the name of their field."""
    return [
        one | {"message": f"{models.LABELS.get(one['field'], '')}: {one['message']}"}
        if one["field"] else one
        for one in errors
    ]  # fmt: skip


async def _page(
    connection: Connection, request: Request, values: dict[str, str],
    row: dict[str, Any] | None = None, errors: list[FieldError] | None = None, status: int = 200,
    *, back: Any = None, scope: str = "one",
) -> Response:  # fmt: skip
    people = [(str(one["id"]), one["name"]) async for one in queries.assignable_users(connection)]
    weekdays = list(zip(rules.DAYS, rules.DAY_WORDS, strict=True))
    return render(
        request, "activities/form.html", status,
        values=values, row=row, errors=errors or [], summary=_summary(errors or []),
        people=people, deals=await _deals(connection, values["contact_id"]), scope=scope,
        back=way_back(back), labels=models.LABELS, weekdays=weekdays,
        kinds=[(key, words) for key, (words, _) in models.TYPES.items()],
        priorities=models.PRIORITIES, reminders=models.REMINDERS, durations=models.DURATIONS,
        repeats=models.REPEATS, rule_words=rules.words,
    )  # fmt: skip
