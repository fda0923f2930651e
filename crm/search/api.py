"""Search in the API."""

import json
from typing import Any

from starlette.responses import Response

from crm.api import Call, Route
from crm.api.rows import demand_scope
from crm.db import Connection
from crm.search.results import KINDS, corrected, find
from crm.values import invalid

MOST, USUAL = 100, 20


async def search(call: Call, connection: Connection) -> Response:
    """Everything that matches `q`, the best first, whatever its kind."""
    q, kinds, limit = _asked(call)
    found = await find(connection, q, kinds, limit)
    if not found:
        for kind in kinds or ():
            await demand_scope(connection, kind)
    best = sorted(found, key=lambda one: (-one.rank, -one.at.timestamp(), str(one.id)))[:limit]
    body = {"data": [one.body() for one in best], "corrected": corrected(best)}
    return Response(json.dumps(body, ensure_ascii=False), media_type="application/json")


def _asked(call: Call) -> tuple[str, list[str] | None, int]:
    params = call.query_params
    for name in params:
        if name not in ("q", "kinds", "limit"):
            raise invalid(name, f"There is no parameter “{name[:60]}” here.")
    q = params.get("q", "").replace("\x00", "").strip()
    if not q:
        raise invalid("q", "Say what to look for: q=…")
    kinds = [kind.strip() for kind in params.get("kinds", "").split(",") if kind.strip()]
    for kind in kinds:
        if kind not in KINDS:
            raise invalid("kinds", f"There is no kind “{kind[:60]}”. Kinds: {', '.join(KINDS)}.")
    text = params.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST):
        raise invalid("limit", f"limit is a number from 1 to {MOST}.")
    return q, kinds or None, int(text)


def _parameter(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}


RESULT = {
    "type": "object",
    "required": ["kind", "id", "contact_id", "title", "detail", "at", "url"],
    "properties": {
        "kind": {"type": "string", "enum": list(KINDS)},
        "id": {"type": "string", "format": "uuid"},
        "contact_id": {"type": ["string", "null"], "format": "uuid"},
        "title": {"type": "string"},
        "detail": {
            "type": "string",
            "description": "The line in which it was found, or whose it is",
        },
        "at": {"type": "string", "format": "date-time"},
        "url": {"type": ["string", "null"], "description": "Its page in this application"},
    },
}
ROUTES = (
    Route(
        "GET",
        "/search",
        search,
        "Search names, phones, emails, addresses, deals, activities, texts and transcripts",
        name="search",
        parameters=(
            _parameter(
                "q",
                {"type": "string", "minLength": 1},
                "Words, a phone number in any notation (or its last four digits), an email address."
                ' In texts: "exact words", or, -not. The first 200 characters count.',
                required=True,
                example="(415) 555-0132",
            ),
            _parameter(
                "kinds",
                {"type": "string"},
                f"Comma-separated, of: {', '.join(KINDS)}. Without it: every kind.",
                example="contacts,deals",
            ),
            _parameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
                "How many results at most.",
            ),
        ),
        answer={
            "type": "object",
            "required": ["data", "corrected"],
            "properties": {
                "data": {"type": "array", "items": RESULT},
                "corrected": {
                    "type": ["string", "null"],
                    "description": "Names that were looked for, because nothing matched",
                },
            },
        },
    ),
)
