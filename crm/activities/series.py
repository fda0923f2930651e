"""Series: what follows an activity that repeats is made when it is done, left out or moved alone.

Completing on a page makes the next occurrence in the same transaction. Whoever completes one in
another way (psql, a PATCH, a Supabase client) leaves it waiting in app.recurrences; `upkeep` makes
those within a minute. Either way app.continue_series() makes it once: db/app/126_activities.sql.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from crm import sql
from crm.activities import rules
from crm.db import Connection, Database

queries = sql.load("activities")
log = structlog.get_logger()
BATCH = 100


def zone_of(row: Mapping[str, Any]) -> tzinfo:
    """The time zone that a series is counted in: its owner's."""
    try:
        return ZoneInfo(row["time_zone"])
    except (ValueError, OSError, KeyError):
        return UTC


def upcoming(row: Mapping[str, Any]) -> tuple[datetime, str] | None:
    """When the next occurrence is and its rule; None when the series ends here."""
    if not row["recurrence_rule"] or row["due_date"] is None:
        return None
    try:
        return rules.following(
            row["recurrence_rule"], row["due_date"], zone_of(row), datetime.now(UTC)
        )
    except rules.BadRuleError as error:
        log.warning("a series ended: its rule cannot be read", error=str(error))
        return None


async def follow(connection: Connection, row: Mapping[str, Any]) -> datetime | None:
    """After `row` (id, recurrence_rule, due_date, time_zone) was completed: makes what follows.

    Gives when that is; None when the series ends, or when somebody else made it already.
    """
    due, rule = upcoming(row) or (None, None)
    made = await queries.continue_series(connection, id=row["id"], due_date=due, rule=rule)
    return due if made else None


async def leave(connection: Connection, row: Mapping[str, Any], parent: UUID | None) -> UUID | None:
    """Takes `row` out of its series: what follows is made now, under `parent`. Gives its id."""
    found = upcoming(row)
    made = None
    if found:
        made = await queries.copy_activity(
            connection, id=row["id"], parent=parent, due_date=found[0], rule=found[1]
        )
    await queries.end_series(connection, id=row["id"])
    return made


async def continue_waiting(db: Database) -> int:
    """Makes what follows activities that were completed elsewhere; gives how many."""
    async with db.service() as connection:
        waiting = [row async for row in queries.recurrences_waiting(connection, row_limit=BATCH)]
    made = 0
    for row in waiting:
        async with db.service() as connection:
            made += await follow(connection, dict(row) | {"id": row["activity_id"]}) is not None
    return made


async def upkeep(app: Any) -> int:
    """Once a minute, in one process: see `continue_waiting`."""
    return await continue_waiting(app.state.db)
