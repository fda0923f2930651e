"""Reminders that have come: their page, the bell and the count in the frame."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from crm import sql
from crm.activities import days, models
from crm.activities.changes import answer
from crm.db import Connection
from crm.http import Problem, not_found
from crm.users.auth import CurrentUser
from crm.web import Db, browser_zone, is_partial, render, zone

router = APIRouter()
queries = sql.load("activities")
PUT_OFF = {"10": "10 minutes", "60": "1 hour", "1440": "1 day"}
COUNTED = 100


async def note_zone(connection: Connection, request: Request) -> None:
    """Remembers the visitor's time zone when nothing is known yet: series are counted in it."""
    if where := browser_zone(request):
        await queries.note_time_zone(connection, zone=where.key)


@router.get("/reminders")
async def list_reminders(request: Request, db: Db, user: CurrentUser) -> Response:
    """What the person is reminded of now, or its region."""
    async with db.session(user) as connection:
        rows = [row async for row in queries.my_reminders(connection)]
    template = "activities/_reminders.html" if is_partial(request) else "activities/reminders.html"
    return render(
        request, template, rows=rows, types=models.TYPES, put_off=PUT_OFF, now=datetime.now(UTC),
        where=zone(request), due_words=days.due_words,
    )  # fmt: skip


@router.get("/reminders/counts")
async def counts(request: Request, db: Db, user: CurrentUser) -> Response:
    """The numbers of the frame: what is due today or late, and how many reminders wait."""
    now, where = datetime.now(UTC), zone(request)
    tomorrow = days.midnight(now.astimezone(where).date() + days.DAY, where)
    async with db.session(user) as connection:
        due = await queries.due_now(connection, owner=user.user_id, ends=tomorrow)
        waiting = [row["id"] async for row in queries.my_reminders(connection)]
    return render(request, "activities/_counts.html", due=due, bell=len(waiting), most=COUNTED)


@router.post("/reminders/dismiss")
async def dismiss_all(request: Request, db: Db, user: CurrentUser) -> Response:
    """All of them are seen."""
    async with db.session(user) as connection:
        await queries.dismiss_reminders(connection)
    return answer(request, "All reminders are dismissed.")


@router.post("/reminders/{reminder_id:uuid}/dismiss")
async def dismiss(request: Request, db: Db, user: CurrentUser, reminder_id: UUID) -> Response:
    """One is seen."""
    async with db.session(user) as connection:
        if not await queries.dismiss_reminder(connection, id=reminder_id):
            raise not_found("Reminder")
    return answer(request, "Dismissed.", f"/reminders/{reminder_id}/recall")


@router.post("/reminders/{reminder_id:uuid}/snooze")
async def snooze(
    request: Request, db: Db, user: CurrentUser, reminder_id: UUID,
    minutes: Annotated[str, Form(max_length=10)] = "10",
) -> Response:  # fmt: skip
    """Again later: `minutes` is 10, 60 or 1440."""
    if minutes not in PUT_OFF:
        raise Problem(422, "It cannot be put off like this")
    async with db.session(user) as connection:
        if not await queries.snooze_reminder(connection, id=reminder_id, minutes=int(minutes)):
            raise not_found("Reminder")
    said = f"You will be reminded again in {PUT_OFF[minutes]}."
    return answer(request, said, f"/reminders/{reminder_id}/recall")


@router.post("/reminders/{reminder_id:uuid}/recall")
async def recall(request: Request, db: Db, user: CurrentUser, reminder_id: UUID) -> Response:
    """Undo of both."""
    async with db.session(user) as connection:
        if not await queries.recall_reminder(connection, id=reminder_id):
            raise not_found("Reminder")
    return answer(request, "It is back.")
