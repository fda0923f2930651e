"""Agenda, week and month. Changes of one activity are in changes.py, its form is in forms.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crm import sql
from crm.activities import (
    changes,
    days,
    feed,
    forms,
    grid,
    models,
    reminders,
    rules,
    series,
    settings,
)
from crm.activities.asked import Asked
from crm.db import Connection, Identity
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, zone

router = APIRouter()
for part in (forms, changes, reminders, feed, settings):
    router.include_router(part.router)
queries = sql.load("activities")

FIRST_ROWS = 20  # of each group; the others are on the group's own pages
PAGE_ROWS = 50
COUNT_CAP = 100  # an agent's rows are looked up one by one: six groups of 100 take 10 ms
WEEK_ROWS = 40  # of a day; when there are more, its head says so
MONTH_ROWS = 3
MONTH_CAP = 12  # counted of a day in the month
EXPECTED_CAP = 60  # occurrences of one series that a view shows in advance


@dataclass(frozen=True, slots=True)
class Seen:
    """Who looks, at what, when and from where."""

    user: Identity
    asked: Asked
    now: datetime
    where: tzinfo

    @property
    def whose(self) -> dict[str, Any]:
        """The values of the queries that say whose activities."""
        return self.asked.whose(self.user)


@router.get("/activities")
async def list_activities(
    request: Request, db: Db, user: CurrentUser, saved: UUID | None = None,
    removed: UUID | None = None,
) -> Response:  # fmt: skip
    """The agenda, a week or a month, or its region. `removed`: whose undo is offered."""
    seen = Seen(user, Asked.parse(request.query_params), datetime.now(UTC), zone(request))
    async with db.session(user) as connection:
        await reminders.note_zone(connection, request)
        context = await _context(connection, seen)
        context["people"] = [row async for row in queries.assignable_users(connection)]
        context["gone"] = await queries.removed_title(connection, id=removed) if removed else None
    region = f"activities/_{'group' if seen.asked.group else seen.asked.view}.html"
    template = region if is_partial(request) else "activities/index.html"
    return render(
        request, template, **context, region=region, asked=seen.asked, now=seen.now,
        where=seen.where, today=seen.now.astimezone(seen.where).date(), types=models.TYPES,
        rule_words=rules.words, due_words=days.due_words, day_words=days.day_words,
        saved=saved, removed=removed, cap=COUNT_CAP,
    )  # fmt: skip


async def _context(connection: Connection, seen: Seen) -> dict[str, Any]:
    async with _planned_for_values(connection):
        if seen.asked.group:
            return await _group(connection, seen)
        return await {"agenda": _agenda, "week": _week, "month": _month}[seen.asked.view](
            connection, seen
        )


@asynccontextmanager
async def _planned_for_values(connection: Connection) -> AsyncIterator[None]:
    # "Everybody's or mine" must be decided before a plan is made: mine begin at their own index.
    await connection.execute("set local plan_cache_mode = force_custom_plan")
    yield
    await connection.execute("set local plan_cache_mode = auto")


async def _agenda(connection: Connection, seen: Seen) -> dict[str, Any]:
    stretches = days.agenda(seen.now, seen.where)
    bounds = {
        "names": [one.name for one in stretches],
        "begins": [one.begin for one in stretches],
        "ends": [one.end for one in stretches],
        "now": seen.now,
    }
    groups: dict[str, dict[str, Any]] = {
        name: {"name": name, "words": days.GROUP_WORDS[name], "rows": [], "total": 0}
        for name in days.GROUPS
    }
    dated = queries.agenda_rows(connection, **bounds, row_limit=FIRST_ROWS, **seen.whose)
    async for row in dated:
        groups[row["bucket"]]["rows"].append(row)
    undated = queries.unscheduled_rows(
        connection, after_at=None, after_id=None, row_limit=FIRST_ROWS, **seen.whose
    )
    groups["unscheduled"]["rows"] = [row async for row in undated]
    async for row in queries.agenda_counts(connection, **bounds, cap=COUNT_CAP + 1, **seen.whose):
        groups[row["name"]]["total"] = row["total"]
    return {"groups": [group for group in groups.values() if group["rows"]]}


async def _group(connection: Connection, seen: Seen) -> dict[str, Any]:
    """One page of one group, and the place where the next page begins."""
    name = seen.asked.group
    after_at, after_id = seen.asked.place()
    place = {"after_at": after_at, "after_id": after_id, "row_limit": PAGE_ROWS + 1}
    if name == "unscheduled":
        found = queries.unscheduled_rows(connection, **place, **seen.whose)
    else:
        [one] = [one for one in days.agenda(seen.now, seen.where) if one.name == name]
        found = queries.group_rows(
            connection, name=name, begins=one.begin, ends=one.end, now=seen.now, **place,
            **seen.whose,
        )  # fmt: skip
    rows = [row async for row in found]
    more = len(rows) > PAGE_ROWS
    rows = rows[:PAGE_ROWS]
    after = f"{rows[-1]['place_at'].isoformat()}~{rows[-1]['id']}" if more else ""
    group = {"name": name, "words": days.GROUP_WORDS[name], "rows": rows, "total": None}
    return {"group": group, "following": after}


async def _rows_of(
    connection: Connection, seen: Seen, bounds: list[datetime], row_limit: int, cap: int
) -> tuple[list[Any], list[tuple[dict[str, Any], bool]]]:
    """Rows of the days between the bounds, and what series will bring in that time."""
    found = queries.calendar_days(
        connection, begins=bounds[:-1], ends=bounds[1:], cap=cap, row_limit=row_limit,
        **seen.whose,
    )  # fmt: skip
    rows = [row async for row in found]
    expected: list[tuple[dict[str, Any], bool]] = []
    async for row in queries.open_series(connection, ends=bounds[-1], **seen.whose):
        after = rules.occurrences(
            row["recurrence_rule"], row["due_date"], series.zone_of(row),
            max(bounds[0], seen.now), bounds[-1], EXPECTED_CAP,
        )  # fmt: skip
        expected += [(dict(row) | {"due_date": at}, True) for at in after]
    return rows, expected


async def _week(connection: Connection, seen: Seen) -> dict[str, Any]:
    dates = days.week_of(seen.asked.day(seen.now, seen.where))
    marks = [days.midnight(day, seen.where) for day in [*dates, dates[-1] + days.DAY]]
    # What began the evening before may reach into Monday.
    rows, expected = await _rows_of(
        connection, seen, [marks[0] - days.DAY, *marks], WEEK_ROWS, WEEK_ROWS
    )
    columns = [grid.Day(day) for day in dates]
    grid.fill(columns, [*((row, False) for row in rows), *expected], seen.where)
    for row in rows:
        if row["place"] > 1:
            columns[row["place"] - 2].total = row["total"]
    local = seen.now.astimezone(seen.where)
    return {
        "columns": columns,
        "week_rows": WEEK_ROWS,
        "quarter_now": (local.hour * 60 + local.minute) // 15,
        "before": dates[0] - timedelta(days=7),
        "after": dates[0] + timedelta(days=7),
    }


async def _month(connection: Connection, seen: Seen) -> dict[str, Any]:
    day = seen.asked.day(seen.now, seen.where)
    weeks = days.month_of(day)
    dates = [one for week in weeks for one in week]
    marks = [days.midnight(one, seen.where) for one in [*dates, dates[-1] + days.DAY]]
    rows, expected = await _rows_of(connection, seen, marks, MONTH_ROWS, MONTH_CAP)
    columns = {one: grid.Day(one) for one in dates}
    for row in rows:
        column = columns[dates[row["place"] - 1]]
        column.all_day.append((row, False))
        column.total = row["total"]
    for row, _ in expected:
        column = columns[row["due_date"].astimezone(seen.where).date()]
        column.all_day.append((row, True))
        column.total += 1
    for column in columns.values():
        column.all_day.sort(key=lambda one: (not one[0]["is_all_day"], one[0]["due_date"]))
        column.all_day = column.all_day[:MONTH_ROWS]
    return {
        "weeks": [[columns[one] for one in week] for week in weeks],
        "month": day.replace(day=1),
        "before": days.month_before(day),
        "after": days.month_after(day),
        "day_cap": MONTH_CAP,
    }
