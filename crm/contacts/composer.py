"""What people write on a contact's page: notes, tasks, calls; and drafts of them."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm import sql, timelines
from crm.contacts.record import details
from crm.db import Connection, Database, Identity
from crm.http import Problem, not_found
from crm.timelines import Asked
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, zone

router = APIRouter()
queries = sql.load("contacts")
changing = sql.load("contacts/changing")

CHANNELS = ("note", "task", "call")  # sms and email come with the communications
TASKS = ("task", "call", "meeting", "follow_up", "appointment", "email", "text", "demo")
PRIORITIES = ("low", "medium", "high", "urgent")
# What a logged call came to: direction, status and outcome of the call.
RESULTS = {
    "reached": ("completed", "connected"), "no_answer": ("no-answer", None),
    "voicemail": ("voicemail", None), "busy": ("busy", None),
    "wrong_number": ("completed", "wrong_number"),
}  # fmt: skip
Short = Annotated[str, Form(max_length=500)]
Long = Annotated[str, Form(max_length=20_000)]


@router.post("/contacts/{contact_id:uuid}/notes")
async def add_note(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID, note: Long = ""
) -> Response:
    """Write a note into the timeline."""
    text = _clean(note)
    if not text:
        raise _wrong("note", "The note is empty.")

    async def write(connection: Connection) -> None:
        title = text.splitlines()[0].strip()[:500]
        await queries.add_note(connection, contact_id=contact_id, title=title, body=text)

    return await _write(request, db, user, contact_id, "note", write)


@router.post("/contacts/{contact_id:uuid}/tasks")
async def add_task(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID,
    title: Short = "", kind: Short = "task", due: Short = "", time: Short = "",
    priority: Short = "medium", assignee: Short = "", note: Long = "",
) -> Response:  # fmt: skip
    """Plan something with a contact."""
    words = " ".join(_clean(title).split())
    if not words:
        raise _wrong("title", "Say what is to be done.")
    if kind not in TASKS or priority not in PRIORITIES:
        raise _wrong("kind", "There is no such task.")
    moment = _moment(request, f"{due}T{time or '09:00'}") if due else None

    async def write(connection: Connection) -> None:
        await changing.add_task(
            connection, contact_id=contact_id, type=kind, title=words, body=_clean(note) or None,
            due=moment, all_day=bool(due and not time), priority=priority,
            assignee=_person(assignee) or user.user_id,
        )  # fmt: skip

    return await _write(request, db, user, contact_id, "task", write)


@router.post("/contacts/{contact_id:uuid}/calls")
async def log_call(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID,
    direction: Short = "outbound", result: Short = "reached", at: Short = "", minutes: Short = "",
    note: Long = "",
) -> Response:  # fmt: skip
    """Write down a call that was made on a telephone of one's own."""
    if direction not in ("inbound", "outbound") or result not in RESULTS:
        raise _wrong("result", "There is no such result of a call.")
    status, outcome = RESULTS[result]
    if result == "no_answer" and direction == "inbound":
        status = "missed"
    try:
        seconds = round(float(minutes.replace(",", ".") or 0) * 60)
    except (ValueError, OverflowError):
        raise _wrong("minutes", "This is not a number of minutes.") from None
    if not 0 <= seconds <= 86_400:
        raise _wrong("minutes", "A call lasts up to a day.")
    moment = _moment(request, at) if at else datetime.now(UTC)
    if moment > datetime.now(UTC):
        raise _wrong("at", "This moment is still to come.")

    async def write(connection: Connection) -> None:
        await changing.log_call(
            connection, contact_id=contact_id, direction=direction, status=status,
            outcome=outcome, at=moment, seconds=seconds, note=_clean(note) or None,
        )  # fmt: skip

    return await _write(request, db, user, contact_id, "call", write)


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()


def _wrong(field: str, message: str) -> Problem:
    return Problem(422, "This cannot be saved", "", [{"field": field, "message": message}])


def _moment(request: Request, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone(request)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong("due", "A date reads 2026-11-30.") from None


def _person(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise _wrong("assignee", "This person does not exist.") from None


async def _write(
    request: Request, db: Database, user: Identity, contact_id: UUID, channel: str,
    write: Callable[[Connection], Awaitable[None]],
) -> Response:  # fmt: skip
    """Write, forget the draft, and answer with the timeline and what stands beside it."""
    client = request.headers.get("X-Client-Id", "")
    async with db.session(user, client=client) as connection:
        if await queries.contact_name(connection, id=contact_id) is None:
            raise not_found("Contact")
        await write(connection)
        await changing.drop_draft(connection, contact_id=contact_id, channel=channel)
    if not is_partial(request):
        return RedirectResponse(f"/contacts/{contact_id}", 303)
    async with db.session(user) as connection:
        context = await details(connection, request, contact_id)
        context |= await timelines.opening(connection, request, contact_id, Asked())
    return render(request, "contacts/_written.html", **context)


@router.post("/contacts/{contact_id:uuid}/drafts/{channel}")
async def keep_draft(
    request: Request, db: Db, user: CurrentUser, contact_id: UUID, channel: str
) -> Response:
    """Keep what somebody began to write; an empty form forgets it."""
    if channel not in CHANNELS:
        raise not_found("Channel")
    form = await request.form()
    content = {key: _clean(str(value))[:20_000] for key, value in form.items()}
    begun = any(content.get(key) for key in ("note", "title"))
    async with db.session(user) as connection:
        if await queries.contact_name(connection, id=contact_id) is None:
            raise not_found("Contact")
        if begun:
            await changing.keep_draft(
                connection, contact_id=contact_id, channel=channel, content=content
            )
        else:
            await changing.drop_draft(connection, contact_id=contact_id, channel=channel)
    return Response(status_code=204)


async def drafts_of(connection: Connection, contact_id: UUID) -> dict[str, dict[str, str]]:
    """What the caller began to write to a contact, by channel."""
    found = changing.drafts_of(connection, contact_id=contact_id)
    drafts: dict[str, dict[str, str]] = {channel: {} for channel in CHANNELS}
    async for row in found:
        drafts[row["channel"]] = row["content"]
    return drafts
