"""Changes of one activity from a list: tick, snooze, move, reassign. Each answers with a toast."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql
from crm.activities import days, series
from crm.activities.forms import CHANGED_EVENT, find, way_back
from crm.db import Connection
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, zone

router = APIRouter()
queries = sql.load("activities")

# The ticked row stays, struck through, until the list asks anew some seconds later.
DONE_EVENT = {"HX-Trigger": '{"activities-done":{"target":"body"}}'}
SNOOZES = {"hour": "In 1 hour", "tomorrow": "Tomorrow, 9:00", "week": "Next week"}
REFUSED = Problem(403, "You may not change this activity")


def answer(
    request: Request, said: str, undo: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """A toast for htmx; without it, back to the page that asked."""
    if is_partial(request) or request.headers.get("HX-Request"):
        events = headers or CHANGED_EVENT
        return render(request, "activities/_said.html", headers=events, said=said, undo=undo)
    return RedirectResponse(way_back(_referer(request)), 303)


def _referer(request: Request) -> str:
    """The path that the form was on, when it was this site's."""
    before, _, path = request.headers.get("referer", "").partition(request.headers.get("host", "?"))
    return path if before in ("http://", "https://") else ""


async def complete(connection: Connection, activity_id: UUID) -> tuple[dict[str, Any], Any]:
    """Completes an activity and makes what follows; gives it and when that is (or None).

    Done twice it is done once. Problem 404 for what the caller does not see, 403 for viewers.
    """
    row = await find(connection, activity_id)
    done = await queries.complete_activity(connection, id=activity_id)
    if done is None:
        if (await find(connection, activity_id))["status"] != "completed":
            raise REFUSED
        return row, None
    return row, await series.follow(connection, row) if row["recurrence_rule"] else None


async def snooze(
    connection: Connection, activity_id: UUID, choice: str, now: datetime, where: Any
) -> tuple[dict[str, Any], datetime]:
    """Moves an activity, out of its series when it has one; gives it as it was, and the new moment.

    Problem 404, 403, or 422 for a choice that does not exist.
    """
    row = await find(connection, activity_id)
    try:
        due = days.snoozed(choice, row["due_date"], now, where)
    except KeyError:
        raise Problem(422, "It cannot be snoozed like this") from None
    all_day = row["is_all_day"] and choice != "hour"
    if all_day:
        due = days.midnight(due.astimezone(where).date(), where)
    if not await queries.lock_activity(connection, id=activity_id, version=None):
        raise REFUSED
    if row["recurrence_rule"] and row["status"] != "completed":
        await series.leave(connection, row, activity_id)
    if not await queries.move_activity(
        connection, id=activity_id, due_date=due, is_all_day=all_day
    ):
        raise REFUSED
    return row, due


@router.post("/activities/{activity_id:uuid}/tick")
async def tick(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID,
    done: Annotated[str, Form(max_length=10)] = "",
) -> Response:  # fmt: skip
    """The box of a row: with `done` it is completed, without it is open again."""
    if not done:
        return await reopen(request, db, user, activity_id)
    async with db.session(user) as connection:
        row, following = await complete(connection, activity_id)
    said = f"“{row['title'][:60]}” is done."
    if following:
        now, where = datetime.now(UTC), zone(request)
        said += f" Next: {days.due_words(following, row['is_all_day'], now, where)}."
    return answer(request, said, f"/activities/{activity_id}/reopen", DONE_EVENT)


@router.post("/activities/{activity_id:uuid}/reopen")
async def reopen(request: Request, db: Db, user: CurrentUser, activity_id: UUID) -> Response:
    """Not done after all: open again; what followed in its series is taken back when untouched."""
    async with db.session(user) as connection:
        row = await find(connection, activity_id)
        opened = await queries.reopen_activity(connection, id=activity_id)
        if opened is None and row["status"] in ("completed", "cancelled"):
            raise REFUSED
    return answer(request, f"“{row['title'][:60]}” is open again.")


@router.post("/activities/{activity_id:uuid}/snooze")
async def snooze_activity(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID,
    to: Annotated[str, Form(max_length=20)] = "",
) -> Response:  # fmt: skip
    """Later: `to` is hour, tomorrow or week. One of a series moves alone."""
    now, where = datetime.now(UTC), zone(request)
    async with db.session(user) as connection:
        row, due = await snooze(connection, activity_id, to, now, where)
    said = f"“{row['title'][:60]}” moved to {days.due_words(due, False, now, where)}."
    if row["recurrence_rule"]:
        return answer(request, said + " The others stay.")
    before = row["due_date"].isoformat() if row["due_date"] else "none"
    undo = f"/activities/{activity_id}/move?to={before.replace('+', '%2B')}"
    return answer(request, said, undo + ("&all_day=true" if row["is_all_day"] else ""))


@router.post("/activities/{activity_id:uuid}/move")
async def move(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID, to: str,
    all_day: bool = False,
) -> Response:  # fmt: skip
    """To a moment (ISO 8601 with its offset, or none): what the Undo of a snooze asks for."""
    try:
        due = None if to == "none" else datetime.fromisoformat(to)
    except ValueError:
        due = datetime.min  # noqa: DTZ901 - refused below
    if due is not None and due.tzinfo is None:
        raise Problem(422, "This is not a moment")
    async with db.session(user) as connection:
        await find(connection, activity_id)
        if not await queries.move_activity(
            connection, id=activity_id, due_date=due, is_all_day=all_day and due is not None
        ):
            raise REFUSED
    return answer(request, "It is back where it was.")


@router.post("/activities/{activity_id:uuid}/assign")
async def assign(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID,
    owner: Annotated[str, Form(max_length=40)] = "",
) -> Response:  # fmt: skip
    """Another owner (an id), or nobody."""
    try:
        chosen = UUID(owner) if owner else None
    except ValueError:
        raise Problem(422, "This person does not exist") from None
    async with db.session(user) as connection:
        row = await find(connection, activity_id)
        people = {one["id"]: one["name"] async for one in queries.assignable_users(connection)}
        if chosen is not None and chosen not in people:
            raise Problem(422, "This person does not exist")
        if not await queries.assign_activity(connection, id=activity_id, owner=chosen):
            raise REFUSED
    name = people.get(chosen, "nobody")
    undo = f"/activities/{activity_id}/assign-back"
    if row["assigned_to"]:
        undo += f"?owner={row['assigned_to']}"
    return answer(request, f"“{row['title'][:60]}” now belongs to {name}.", undo)


@router.post("/activities/{activity_id:uuid}/assign-back")
async def assign_back(
    request: Request, db: Db, user: CurrentUser, activity_id: UUID, owner: UUID | None = None
) -> Response:
    """Undo of a new owner: whoever it was, also somebody who has left."""
    async with db.session(user) as connection:
        await find(connection, activity_id)
        if not await queries.assign_activity(connection, id=activity_id, owner=owner):
            raise REFUSED
    return answer(request, "It belongs to whom it did before.")


@router.get("/activities/{activity_id:uuid}/menu")
async def menu(request: Request, db: Db, user: CurrentUser, activity_id: UUID) -> Response:
    """What can be done with a row: fetched when its menu opens, so that lists stay small."""
    async with db.session(user) as connection:
        row = await find(connection, activity_id)
        people = [one async for one in queries.assignable_users(connection)]
    return render(request, "activities/_menu.html", row=row, people=people, snoozes=SNOOZES)
