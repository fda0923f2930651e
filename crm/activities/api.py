"""Activities in the API: the rows, and the two changes that know about series."""

from datetime import UTC, datetime
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field
from starlette.responses import Response

from crm.activities import changes
from crm.api import BULK, Body, Call, Resource, Route, newest, statements
from crm.api.includes import CONTACT, DEAL
from crm.db import Connection
from crm.http import not_found
from crm.keyset import Key
from crm.values import invalid
from crm.web import zone_named


class SnoozeBody(Body):
    """Where to: in an hour, tomorrow at nine, or a week from today at the same time.

    Without `time_zone` in the zone of the workspace.
    """

    to: Literal["hour", "tomorrow", "week"]
    time_zone: str = Field("", max_length=64)


async def complete(call: Call, connection: Connection) -> Response:
    """Complete an activity and make what follows in its series; done twice it is done once."""
    await changes.complete(connection, call.id)
    return await _row(call, connection)


async def snooze(call: Call, connection: Connection) -> Response:
    """Move an activity; one of a series moves alone."""
    asked = call.read(SnoozeBody)
    if asked.time_zone and asked.time_zone not in available_timezones():
        raise invalid("time_zone", "This time zone does not exist.")
    where = zone_named(asked.time_zone or call.app.state.timezone)
    await changes.snooze(connection, call.id, asked.to, datetime.now(UTC), where)
    return await _row(call, connection)


async def _row(call: Call, connection: Connection) -> Response:
    body = statements.body(call.known)
    row = await connection.fetchrow(statements.read(call.known, body), call.id)
    if row is None:
        raise not_found("Activity")
    headers = {"ETag": f'"{row["etag"]}"'}
    return Response(row["body"], headers=headers, media_type="application/json")


ROUTES = (
    Route(
        "POST", "/activities/{id}/complete", complete,
        "Complete one activity and make what follows in its series", "activities",
        errors=(404, 409), name="complete_activity",
    ),
    Route(
        "POST", "/activities/{id}/snooze", snooze,
        "Move one activity to a later time", "activities", body=SnoozeBody,
        errors=(404, 409), name="snooze_activity", example={"to": "tomorrow"},
    ),
)  # fmt: skip

RESOURCES = (
    Resource(
        name="activities",
        table="activities",
        title="activity",
        plural="activities",
        description="Tasks, meetings, notes and follow-ups. planned and overdue follow the due"
        " date by themselves; completed_at is filled exactly while the status is completed. What"
        " follows an activity with a recurrence_rule (RFC 5545) is made when it is completed:"
        " at once by POST …/complete, within a minute by PATCH.",
        actions=BULK,
        sorts=newest("created_at")
        | {"due_date": (Key("c.due_date", "timestamptz", nullable=True),)},
        default_sort="-created_at",
        author="created_by",
        includes={"contact": CONTACT, "deal": DEAL},
        unfilterable=frozenset({"description", "result", "next_action"}),
        example={
            "type": "task",
            "title": "Send the contract",
            "due_date": "2027-01-15T09:00:00-06:00",
            "priority": "high",
        },
    ),
)
