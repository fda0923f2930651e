"""The calendar feed: a person's activities as iCalendar (RFC 5545) under a secret address.

Everything is a VEVENT: Google and Outlook leave VTODO out of calendars that are subscribed to, so
tasks are events too, half an hour long, that do not make their owner busy (TRANSP). What is done
keeps its place, with a tick before its title. An open activity of a series carries its RRULE; the
ones before it are in the feed as they were.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from icalendar import Alarm, Calendar, Event
from icalendar.prop import vRecur

from crm import sql
from crm.activities import days, rules
from crm.activities.models import TYPES
from crm.db import Identity
from crm.http import Problem
from crm.web import Db, zone_named

router = APIRouter()
queries = sql.load("activities")

PAST, FUTURE = timedelta(days=90), timedelta(days=731)
BUSY = ("meeting", "appointment", "demo", "call")
CACHED = {"Cache-Control": "private, max-age=0, must-revalidate"}
CALENDAR_TYPE = "text/calendar; charset=utf-8"


def sha256(secret: str) -> bytes:
    """What the database keeps of a feed's secret."""
    return hashlib.sha256(secret.encode()).digest()


@router.api_route("/calendar/{secret}.ics", methods=["GET", "HEAD"])
async def calendar(request: Request, db: Db, secret: str) -> Response:
    """The feed with this secret; 304 when nothing changed, 404 for a secret that is nobody's."""
    async with db.service() as connection:
        found = await queries.calendar_reader(connection, secret_sha256=sha256(secret))
    if found is None:
        raise Problem(404, "This calendar does not exist")
    reader = Identity(found["user_id"], found["role"], found["name"], found["email"])
    where = zone_named(found["time_zone"])
    today = datetime.now(where).date()
    bounds = {
        "begins": days.midnight(today, where) - PAST,
        "ends": days.midnight(today, where) + FUTURE,
    }
    async with db.session(reader) as connection:
        version = await queries.feed_version(connection, **bounds)
        tag = f'W/"{sha256(f"{version}{where}{request.base_url}").hex()[:32]}"'
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=CACHED | {"ETag": tag})
        rows = [row async for row in queries.feed_rows(connection, **bounds)]
    text = written(rows, where, str(request.base_url).rstrip("/"))
    return Response(text, media_type=CALENDAR_TYPE, headers=CACHED | {"ETag": tag})


def written(rows: list[Any], where: tzinfo, site: str) -> bytes:
    """The calendar of these rows, in a time zone; `site` is the address before the paths."""
    found = Calendar()
    found.add("prodid", "-//Contact CRM//Activities//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", "CRM activities")
    found.add("x-wr-timezone", str(where))
    found.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    found.add("x-published-ttl", "PT15M")
    for row in rows:
        found.add_component(event(row, where, site))
    found.add_missing_timezones(first_date=date(2000, 1, 1), last_date=date(2038, 1, 1))
    return found.to_ical()


def event(row: Mapping[str, Any], where: tzinfo, site: str) -> Event:
    """One activity. DTSTAMP is its last change, so that the same state is the same text."""
    found = Event()
    found.add("uid", f"{row['id']}@contact-crm")
    found.add("dtstamp", row["updated_at"].astimezone(UTC).replace(microsecond=0))
    found.add("created", row["created_at"].astimezone(UTC).replace(microsecond=0))
    found.add("last-modified", row["updated_at"].astimezone(UTC).replace(microsecond=0))
    found.add("summary", summary(row))
    found.add("categories", [TYPES[row["type"]][0]])
    found.add("status", "CONFIRMED")
    found.add("transp", "OPAQUE" if row["type"] in BUSY and _is_open(row) else "TRANSPARENT")
    found.add("priority", {"urgent": 1, "high": 3, "medium": 5, "low": 9}[row["priority"]])
    found.add("url", f"{site}/activities/{row['id']}")
    if about := description(row):
        found.add("description", about)
    if row["location"]:
        found.add("location", row["location"])
    _add_times(found, row, where)
    if _is_open(row) and row["reminder_minutes"] is not None:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", row["title"])
        alarm.add("trigger", -timedelta(minutes=row["reminder_minutes"]))
        found.add_component(alarm)
    return found


def _is_open(row: Mapping[str, Any]) -> bool:
    return row["status"] != "completed"


def summary(row: Mapping[str, Any]) -> str:
    """The title, with whom, and a tick when it is done."""
    tick = "" if _is_open(row) else "✓ "
    named = row["contact_name"] and row["contact_name"].lower() not in row["title"].lower()
    return f"{tick}{row['title']}" + (f" · {row['contact_name']}" if named else "")


def description(row: Mapping[str, Any]) -> str:
    """What a calendar shows below: the words, the deal, the telephone number."""
    return "\n".join(
        part for part in (row["description"], row["deal_name"], row["contact_phone"]) if part
    )


def _add_times(found: Event, row: Mapping[str, Any], where: tzinfo) -> None:
    local = row["due_date"].astimezone(where)
    begin: date = local.date() if row["is_all_day"] else local
    minutes = row["duration_minutes"] or 30
    found.add("dtstart", begin)
    found.add("dtend", begin + days.DAY if row["is_all_day"] else _later(local, minutes, where))
    if row["recurrence_rule"] and _is_open(row):
        _add_rule(found, row, where)


def _later(begin: datetime, minutes: int, where: tzinfo) -> datetime:
    # In real minutes, also over the night when clocks change.
    return (begin.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(where)


def _add_rule(found: Event, row: Mapping[str, Any], where: tzinfo) -> None:
    try:
        parts = rules.read(row["recurrence_rule"])
    except rules.BadRuleError:
        return  # somebody wrote it with psql; the activity itself is still shown
    until = rules.last_moment(parts, where)
    if until is not None:
        # The RFC wants the kind of DTSTART: a date for whole days, else a moment in UTC.
        parts["UNTIL"] = (
            f"{until:%Y%m%d}" if row["is_all_day"]
            else f"{until.replace(tzinfo=where).astimezone(UTC):%Y%m%dT%H%M%SZ}"
        )  # fmt: skip
    found.add("rrule", vRecur.from_ical(rules.write(parts)))
