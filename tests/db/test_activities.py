"""Activities: completed means completed_at, and every write recomputes what is overdue."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from .rows import activity, change, contact, deal, insert, read, refused

TYPES = ["call", "meeting", "email", "text", "task", "note", "follow_up", "appointment", "demo"]


def ago(**amount: float) -> datetime:
    return datetime.now(UTC) - timedelta(**amount)


async def status(conn: asyncpg.Connection, **columns: object) -> str:
    """What the database makes of an activity that is inserted like this."""
    row = await activity(conn, None, **columns)
    return (await read(conn, "activities", row))["status"]


@pytest.mark.parametrize("kind", TYPES)
async def test_an_activity_is_of_this_type(conn: asyncpg.Connection, kind: str) -> None:
    assert await activity(conn, None, type=kind)
    async with refused(conn):
        await activity(conn, None, type="daydream")


async def test_an_activity_past_its_due_date_is_overdue_from_the_insert_on(
    conn: asyncpg.Connection,
) -> None:
    assert await status(conn, due_date=ago(minutes=5)) == "overdue"
    assert await status(conn, due_date=ago(minutes=-5)) == "planned"
    assert await status(conn) == "planned"


async def test_an_activity_said_to_be_overdue_is_planned_when_it_is_not_due(
    conn: asyncpg.Connection,
) -> None:
    assert await status(conn, status="overdue", due_date=ago(days=-2)) == "planned"


async def test_a_whole_day_is_overdue_a_day_after_it_began(conn: asyncpg.Connection) -> None:
    assert await status(conn, is_all_day=True, due_date=ago(hours=23)) == "planned"
    assert await status(conn, is_all_day=True, due_date=ago(hours=25)) == "overdue"


async def test_moving_the_due_date_recomputes_overdue(conn: asyncpg.Connection) -> None:
    row = await activity(conn, None, due_date=ago(days=1))
    await change(conn, "activities", row, due_date=ago(days=-1))
    assert (await read(conn, "activities", row))["status"] == "planned"
    await change(conn, "activities", row, due_date=ago(hours=2))
    assert (await read(conn, "activities", row))["status"] == "overdue"
    await change(conn, "activities", row, is_all_day=True)
    assert (await read(conn, "activities", row))["status"] == "planned"


@pytest.mark.parametrize("kept", ["in_progress", "cancelled"])
async def test_work_in_progress_or_cancelled_never_turns_overdue(
    conn: asyncpg.Connection, kept: str
) -> None:
    row = await activity(conn, None, status=kept, due_date=ago(days=1))
    assert (await read(conn, "activities", row))["status"] == kept
    await change(conn, "activities", row, title="again", due_date=ago(days=2))
    assert (await read(conn, "activities", row))["status"] == kept


async def test_completing_fills_completed_at_and_leaving_it_clears_it(
    conn: asyncpg.Connection,
) -> None:
    row = await activity(conn, None)
    await change(conn, "activities", row, status="completed")
    assert (await read(conn, "activities", row))["completed_at"] is not None
    await change(conn, "activities", row, status="in_progress")
    reopened = await read(conn, "activities", row)
    assert (reopened["completed_at"], reopened["completed_by"]) == (None, None)


async def test_an_imported_completion_keeps_its_date(conn: asyncpg.Connection) -> None:
    done = ago(days=40)
    row = await activity(conn, None, status="completed", completed_at=done)
    assert (await read(conn, "activities", row))["completed_at"] == done


async def test_a_completed_activity_is_not_overdue(conn: asyncpg.Connection) -> None:
    assert await status(conn, status="completed", due_date=ago(days=9)) == "completed"


async def test_reopening_a_late_activity_makes_it_overdue(conn: asyncpg.Connection) -> None:
    row = await activity(conn, None, status="completed", due_date=ago(days=9))
    await change(conn, "activities", row, status="planned")
    assert (await read(conn, "activities", row))["status"] == "overdue"


async def let_time_pass(conn: asyncpg.Connection, count: int, **columns: object) -> None:
    """Planned activities whose due date went by without anybody writing: triggers do not see it."""
    for _ in range(count):
        row = await activity(conn, None, due_date=ago(days=-1), **columns)
        await conn.execute("set local session_replication_role = replica")
        await change(conn, "activities", row, due_date=ago(hours=3))
        await conn.execute("set local session_replication_role = origin")


async def test_the_sweeper_marks_what_time_made_overdue(conn: asyncpg.Connection) -> None:
    await let_time_pass(conn, 5)
    await let_time_pass(conn, 2, is_all_day=True)
    await let_time_pass(conn, 1, status="in_progress")
    await activity(conn, None, due_date=ago(days=-1))
    assert await conn.fetchval("select mark_overdue_activities(3)") == 3
    assert await conn.fetchval("select mark_overdue_activities()") == 2
    assert await conn.fetchval("select mark_overdue_activities()") == 0
    sql = "select count(*) from activities where status = 'overdue'"
    assert await conn.fetchval(sql) == 5


async def test_the_dashboard_knows_what_is_overdue_before_the_sweeper_does(
    conn: asyncpg.Connection,
) -> None:
    await let_time_pass(conn, 1)
    seen = await conn.fetchrow("select status, is_overdue, due_bucket from activity_dashboard")
    assert seen is not None
    assert tuple(seen) == ("planned", True, "overdue")


async def test_an_activity_is_not_its_own_parent(conn: asyncpg.Connection) -> None:
    row = await activity(conn, None)
    async with refused(conn):
        await change(conn, "activities", row, parent_activity_id=row)


async def test_an_activity_needs_neither_contact_nor_deal(conn: asyncpg.Connection) -> None:
    assert await insert(conn, "activities", type="note", title="milk")
    person = await contact(conn)
    assert await activity(conn, person, deal_id=await deal(conn, person))
