"""The change log in the API: who changed what, a feed for programs, and undo."""

import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.responses import JSONResponse, Response

from crm import sql
from crm.api import Call, Route
from crm.changes.undoing import told
from crm.db import Connection
from crm.http import Problem, not_found
from crm.values import invalid

queries = sql.load("changes")

MOST = 200
NEWEST = 2**63 - 1
FEED_MOST = 1000
_PLACE = re.compile(r"(\d{1,18})\.(\d{1,18})")
_FILTERS = {
    "table": str, "row_id": UUID, "contact_id": UUID, "actor": UUID, "batch": str,
    "since": datetime.fromisoformat,
}  # fmt: skip

CHANGE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "transaction": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        "actor": {"type": ["string", "null"], "format": "uuid"},
        "actor_name": {"type": ["string", "null"]},
        "source": {"type": "string"},
        "batch": {"type": ["string", "null"]},
        "table": {"type": "string"},
        "row_id": {"type": ["string", "null"], "format": "uuid"},
        "contact_id": {"type": ["string", "null"], "format": "uuid"},
        "operation": {"enum": ["insert", "update", "delete"]},
        "fields": {"type": "array", "items": {"type": "string"}},
        "old": {"type": ["object", "null"]},
        "new": {"type": ["object", "null"]},
        "undoes": {"type": ["integer", "null"]},
        "undone_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
PAGE = {
    "type": "object",
    "properties": {
        "data": {"type": "array", "items": CHANGE},
        "next": {"type": ["string", "null"]},
    },
    "required": ["data", "next"],
}
UNDONE = {
    "type": "object",
    "properties": {
        "undone": {"type": "integer"},
        "changes": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["undone", "changes"],
}


def _asked(call: Call) -> dict[str, Any]:
    asked: dict[str, Any] = dict.fromkeys(_FILTERS)
    for name, text in call.query_params.items():
        if name in ("after", "limit"):
            continue
        if name not in _FILTERS:
            raise invalid(name, f"The log has no parameter “{name}”.")
        try:
            asked[name] = _FILTERS[name](text)
        except ValueError:
            raise invalid(name, f"“{text[:60]}” cannot be read.") from None
        if "\x00" in text:
            raise invalid(name, "This text holds characters that cannot be stored.")
    if asked["since"] is not None and asked["since"].tzinfo is None:
        raise invalid("since", "Write the moment with its time zone, such as …T09:00:00Z.")
    return asked


def _limit(call: Call, most: int) -> int:
    text = call.query_params.get("limit", "50")
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= most:
        raise invalid("limit", f"limit is a number from 1 to {most}.")
    return int(text)


async def list_changes(call: Call, connection: Connection) -> Response:
    """Newest first: of a row, a contact and what hangs on it, a batch, a person, a table."""
    asked, most = _asked(call), _limit(call, MOST)
    after = call.query_params.get("after", "")
    if after and not re.fullmatch(r"\d{1,18}", after):
        raise invalid("after", "after is the next of a page before.")
    values = {
        "table": asked["table"], "actor": asked["actor"], "since": asked["since"],
        "before": int(after) if after else NEWEST, "most": most + 1,
    }  # fmt: skip
    narrow = next((name for name in ("row_id", "batch", "contact_id") if asked[name]), None)
    for other in {"row_id", "batch", "contact_id"} - {narrow}:
        if asked[other] is not None:
            raise invalid(other, "Ask for one of row_id, contact_id and batch.")
    if narrow is None:
        found = queries.changes_newest(connection, **values)
    else:
        of = getattr(queries, f"changes_of_{narrow.removesuffix('_id')}")
        found = of(connection, **values, **{narrow: asked[narrow]})
    rows = [row async for row in found]
    following = str(rows[most - 1]["id"]) if len(rows) > most else None
    return _page(rows[:most], following)


def _page(rows: list[Any], following: str | None) -> Response:
    data = ",".join(row["body"] for row in rows)
    text = f'{{"data":[{data}],"next":{json.dumps(following)}}}'
    return Response(text, media_type="application/json")


async def feed(call: Call, connection: Connection) -> Response:
    """Oldest first and each exactly once, for programs that copy or react."""
    for name in call.query_params:
        if name not in ("after", "limit"):
            raise invalid(name, f"The feed has no parameter “{name}”.")
    most = _limit(call, FEED_MOST)
    after = call.query_params.get("after", "0.0")
    bounds = await queries.feed_bounds(connection)
    if after == "now":
        return _page([], f"{bounds['first']}.0")
    place = _PLACE.fullmatch(after)
    if place is None:
        raise invalid("after", "after is the next of an answer before, or now.")
    if int(place[1]) > bounds["next"]:
        raise Problem(
            410, "This place is not in the log any more",
            "The database was restored. Copy what you need anew, then start with after=now.",
        )  # fmt: skip
    rows = [
        row
        async for row in queries.changes_feed(
            connection, after_tx=int(place[1]), after_id=int(place[2]), most=most
        )
    ]
    return _page(rows, f"{rows[-1]['tx']}.{rows[-1]['id']}" if rows else after)


def _id(call: Call) -> int:
    text = call.path_params["change"]
    if not re.fullmatch(r"\d{1,18}", text):
        raise not_found("Change")
    return int(text)


async def read_change(call: Call, connection: Connection) -> Response:
    """One change."""
    body = await queries.one_change(connection, id=_id(call))
    if body is None:
        raise not_found("Change")
    return Response(body, media_type="application/json")


async def undo_change(call: Call, connection: Connection) -> Response:
    """Take one change back; 409 with the conflicts when something newer stands in the way."""
    change = _id(call)
    async with told():
        await queries.undo_change(connection, id=change)
    return await _undone(connection, 1)


async def undo_batch(call: Call, connection: Connection) -> Response:
    """Take a batch back, newest change first, all or nothing."""
    async with told():
        await queries.take_two_minutes(connection)
        done = await queries.undo_batch(connection, batch=call.path_params["batch"][:200])
    return await _undone(connection, done)


async def _undone(connection: Connection, count: int) -> Response:
    ids = await queries.undoing_of_this_transaction(connection)
    return JSONResponse({"undone": count, "changes": ids or []})


def _parameter(name: str, what: str, kind: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": what, "required": False, "schema": kind}


_TEXT, _UUID = {"type": "string"}, {"type": "string", "format": "uuid"}
_LIST_PARAMETERS = (
    _parameter("table", "Only of this table.", _TEXT),
    _parameter("row_id", "Only of this row.", _UUID),
    _parameter("contact_id", "Only of this contact and what hangs on it.", _UUID),
    _parameter("actor", "Only by this person.", _UUID),
    _parameter("batch", "Only of this batch.", _TEXT),
    _parameter("since", "Only from this moment on.", {"type": "string", "format": "date-time"}),
    _parameter("after", "The next of the page before.", _TEXT),
    _parameter("limit", "Up to 200.", {"type": "integer", "minimum": 1, "maximum": MOST}),
)
_FEED_PARAMETERS = (
    _parameter("after", "The next of the answer before; now: only what comes.", _TEXT),
    _parameter("limit", "Up to 1000.", {"type": "integer", "minimum": 1, "maximum": FEED_MOST}),
)

ROUTES = [
    Route("GET", "/changes", list_changes, "List changes, newest first", answer=PAGE,
          parameters=_LIST_PARAMETERS, name="list_changes", errors=(422,)),
    Route("GET", "/changes/feed", feed, "Read all changes in order, each exactly once",
          answer=PAGE, parameters=_FEED_PARAMETERS, name="feed_changes", errors=(410, 422)),
    Route("GET", "/changes/{change}", read_change, "Read one change", answer=CHANGE,
          name="read_change", errors=(404,)),
    Route("POST", "/changes/{change}/undo", undo_change, "Take one change back", answer=UNDONE,
          name="undo_change", errors=(404, 409)),
    Route("POST", "/changes/batches/{batch}/undo", undo_batch, "Take a batch of changes back",
          answer=UNDONE, name="undo_batch", errors=(404, 409)),
]  # fmt: skip
