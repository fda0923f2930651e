"""The timeline of a contact in the API: everything that happened, in one line."""

import json
from datetime import UTC, datetime
from uuid import UUID

from starlette.responses import Response

from crm import sql
from crm.api import Call, Route
from crm.db import Connection
from crm.http import not_found
from crm.keyset import BadCursorError, Key, read_cursor, write_cursor
from crm.values import invalid

queries = sql.load("timeline")

KINDS = ("message", "call", "email", "activity", "ai_call", "stage_change")
SORT, KEYS = "-at", (Key("at", "timestamptz"), Key("id", "uuid"))
NEWEST = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=2**128 - 1))


async def show(call: Call, connection: Connection) -> Response:
    """The newest things first; `next` leads to older ones."""
    kinds, limit, (before_at, before_id) = _asked(call)
    contact_id = call.id
    found = await queries.timeline_rows(
        connection, contact_id=contact_id, kinds=kinds, before_at=before_at, before_id=before_id,
        most=limit,
    )  # fmt: skip
    items = found["items"] or ""
    # Whose things are seen is seen; only where there is nothing the contact itself is looked for.
    if not items and await queries.timeline_contact(connection, contact_id=contact_id) is None:
        raise not_found("Contact")
    last = [found["last_at"], found["last_id"]]
    following = json.dumps(write_cursor(SORT, last) if found["last_id"] else None)
    return Response(f'{{"data":[{items}],"next":{following}}}', media_type="application/json")


def _asked(call: Call) -> tuple[list[str], int, tuple[datetime, UUID]]:
    params = call.query_params
    for name in params:
        if name not in ("kinds", "limit", "after"):
            raise invalid(name, f"There is no parameter “{name}” here.")
    kinds = [kind for kind in params.get("kinds", "").split(",") if kind] or list(KINDS)
    if unknown := set(kinds) - set(KINDS):
        raise invalid("kinds", f"There is no kind “{unknown.pop()[:60]}”.")
    limit = params.get("limit", "50")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= 200):
        raise invalid("limit", "A page has 1 to 200 items.")
    return kinds, int(limit), _place(params.get("after", ""))


def _place(cursor: str) -> tuple[datetime, UUID]:
    if not cursor:
        return NEWEST
    try:
        at, item = read_cursor(cursor, SORT, KEYS)
        moment = datetime.fromisoformat(at or "")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC), UUID(item)
    except (BadCursorError, ValueError):
        raise invalid("after", "This page is not part of the timeline any more.") from None


ROUTES = (
    Route(
        "GET",
        "/contacts/{id}/timeline",
        show,
        "List everything that happened with one contact, newest first",
        "contacts",
        name="list_timeline_of_contact",
        parameters=(
            {"name": "kinds", "description": f"Only these, by commas: {', '.join(KINDS)}."},
            {"name": "after", "description": "The `next` of the page before."},
            {"name": "limit", "description": "1 to 200; 50 if not given.", "integer": True},
        ),
    ),
)
