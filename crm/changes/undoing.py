"""Why an undo was refused, as an answer: what stands in the way, who did it and when."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg

from crm.http import Problem
from crm.web import ago

TITLE = "Something newer stands in the way"


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """Turns the database's refusal of an undo into Problem 409 with `conflicts`."""
    try:
        yield
    except asyncpg.ObjectNotInPrerequisiteStateError as error:
        raise refusal(error) from error


def refusal(error: asyncpg.ObjectNotInPrerequisiteStateError) -> Problem:
    """Problem 409 for SQLSTATE 55000; its DETAIL is a JSON array of conflicts."""
    try:
        conflicts = json.loads(getattr(error, "detail", None) or "")
    except ValueError:
        return Problem(409, "This cannot be undone now", str(error))
    more = f" And {len(conflicts) - 1} more." if len(conflicts) > 1 else ""
    return Problem(
        409, TITLE, f"{words(conflicts[0])}{more} Nothing was undone.",
        extra={"conflicts": conflicts},
    )  # fmt: skip


def words(conflict: dict[str, Any]) -> str:
    """One conflict as a sentence: “City is now “Naples”: changed since by Bob Brown, 5m ago.”"""
    what = (conflict.get("column") or conflict["table"]).replace("_", " ").capitalize()
    by = f" by {conflict['by']}" if conflict.get("by") else ""
    when = f", {when_words(conflict['at'])}" if conflict.get("at") else ""
    now = conflict.get("current")
    is_now = f" is now “{now}”:" if isinstance(now, str | int | float) else ":"
    return f"{what}{is_now} {conflict['reason']}{by}{when}."


def when_words(at: str) -> str:
    """`just now`, `5m ago`, or the day."""
    short = ago(datetime.fromisoformat(at))
    if short == "now":
        return "just now"
    return f"{short} ago" if short[-1:] in "mh" and short[:-1].isdigit() else f"on {short}"
