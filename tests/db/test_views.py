"""The three views: their numbers against numbers worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from .rows import activity, call, change, contact, deal, email, insert, message, minutes, value


async def summary(conn: asyncpg.Connection, person: UUID) -> asyncpg.Record:
    (row,) = await conn.fetch("select * from contact_summary where id = $1", person)
    return row


def soon(**amount: float) -> datetime:
    return datetime.now(UTC) + timedelta(**amount)


async def test_a_contact_with_nothing_has_zeros_and_no_dates(conn: asyncpg.Connection) -> None:
    row = await summary(conn, await contact(conn))
    zero = [
        "message_count",
        "call_count",
        "email_count",
        "unread_count",
        "pending_activities",
        "overdue_activities",
        "active_deals",
        "active_deal_value",
        "won_deal_value",
    ]
    assert [row[name] for name in zero] == [0] * len(zero)
    assert (row["next_activity_due"], row["last_contact_at"]) == (None, None)
    assert row["tags"] == []


async def test_a_summary_counts_every_child_once(conn: asyncpg.Connection) -> None:
    """Several rows in every child table: a join of them would multiply each by the others."""
    person = await contact(conn, last_name="Lee")
    for n in range(3):
        await message(conn, person, occurred_at=minutes(n))
    await message(conn, person, direction="outbound", occurred_at=minutes(4))
    for n in range(2):
        await call(conn, person, occurred_at=minutes(30 + n))
    for n in range(5):
        await email(conn, person, read_at=minutes(9), occurred_at=minutes(20 + n))
    for amount, stage in ((1000, "lead"), (500, "closing"), (70, "closed_won"), (9, "closed_lost")):
        await deal(conn, person, value=Decimal(amount), stage=stage)
    due = soon(days=1)
    await activity(conn, person, due_date=due)
    await activity(conn, person, due_date=soon(days=2), status="in_progress")
    await activity(conn, person, due_date=soon(days=-1))
    await activity(conn, person, status="completed")
    await activity(conn, person, status="cancelled")
    for name in ("zeta", "Alpha"):
        tag = await insert(conn, "tags", name=name)
        await insert(conn, "contact_tags", contact_id=person, tag_id=tag)
    row = await summary(conn, person)
    assert (row["message_count"], row["call_count"], row["email_count"]) == (4, 2, 5)
    assert row["unread_count"] == 3
    assert (row["active_deals"], row["active_deal_value"]) == (2, Decimal(1500))
    assert row["won_deal_value"] == Decimal(70)
    assert (row["pending_activities"], row["overdue_activities"]) == (3, 1)
    assert row["next_activity_due"] <= due
    assert row["last_contact_at"] == minutes(31)
    assert row["tags"] == ["Alpha", "zeta"]
    assert (row["first_name"], row["last_name"]) == ("Ann", "Lee")


@pytest.mark.parametrize("latest", ["message", "call", "email"])
async def test_the_last_contact_is_the_latest_of_all_channels(
    conn: asyncpg.Connection, latest: str
) -> None:
    person = await contact(conn)
    for name, make in (("message", message), ("call", call), ("email", email)):
        await make(conn, person, occurred_at=minutes(60 if name == latest else 5))
    assert (await summary(conn, person))["last_contact_at"] == minutes(60)


async def test_one_channel_alone_is_a_last_contact(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    await email(conn, person, occurred_at=minutes(7))
    assert (await summary(conn, person))["last_contact_at"] == minutes(7)


async def test_a_deleted_deal_is_in_no_sum(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    for stage in ("lead", "closed_won"):
        row = await deal(conn, person, value=Decimal(10), stage=stage)
        await change(conn, "deals", row, deleted_at=minutes(0))
    row = await summary(conn, person)
    assert (row["active_deals"], row["active_deal_value"], row["won_deal_value"]) == (0, 0, 0)
    assert await conn.fetchval("select count(*) from deal_pipeline") == 0


async def test_the_pipeline_weighs_a_deal_by_its_probability(conn: asyncpg.Connection) -> None:
    person = await contact(conn, first_name="Ann", phone1="+13055550100", email1="a@example.com")
    row = await deal(conn, person, value=Decimal("1000.50"), probability=40)
    seen = await conn.fetchrow("select * from deal_pipeline where id = $1", row)
    assert seen is not None
    assert seen["weighted_value"] == pytest.approx(Decimal("400.20"))
    assert (seen["is_closed"], seen["is_overdue"], seen["days_to_close"]) == (False, False, None)
    assert seen["days_in_stage"] == 0


async def test_the_pipeline_counts_days_to_the_close_and_in_the_stage(
    conn: asyncpg.Connection,
) -> None:
    today: date = await value(conn, "select current_date")
    person = await contact(conn)
    late = await deal(conn, person, expected_close_date=today - timedelta(days=4))
    early = await deal(conn, person, expected_close_date=today + timedelta(days=10))
    done = await deal(
        conn, person, expected_close_date=today - timedelta(days=4), stage="closed_won"
    )
    await change(conn, "deals", late, stage_changed_at=soon(days=-6, hours=-1))
    await change(conn, "deals", late, notes="an edit does not reset the days in the stage")
    sql = """
        select days_to_close, is_overdue, is_closed, days_in_stage,
               pg_typeof(days_to_close)::text as days_type
        from deal_pipeline where id = $1
    """
    rows = {row: await conn.fetchrow(sql, row) for row in (late, early, done)}
    assert tuple(rows[late]) == (-4, True, False, 6, "integer")  # pyright: ignore[reportArgumentType]
    assert tuple(rows[early])[:3] == (10, False, False)  # pyright: ignore[reportArgumentType]
    assert tuple(rows[done])[1:3] == (False, True)  # pyright: ignore[reportArgumentType]


async def bucket(conn: asyncpg.Connection, row: UUID) -> str:
    return await value(conn, "select due_bucket from activity_dashboard where id = $1", row)


async def test_the_dashboard_sorts_activities_into_buckets(conn: asyncpg.Connection) -> None:
    now: datetime = await value(conn, "select now()")
    tonight = now.replace(hour=23, minute=59, second=59, microsecond=999999)
    person = await contact(conn)
    buckets = {
        "overdue": await activity(conn, person, due_date=soon(hours=-30)),
        "today": await activity(conn, person, due_date=tonight),
        "this_week": await activity(conn, person, due_date=tonight + timedelta(days=3)),
        "later": await activity(conn, person, due_date=tonight + timedelta(days=30)),
        "unscheduled": await activity(conn, person),
        "completed": await activity(conn, person, status="completed"),
        "cancelled": await activity(conn, person, status="cancelled", due_date=soon(days=-1)),
    }
    assert {await bucket(conn, row) for row in buckets.values()} == set(buckets)
    for name, row in buckets.items():
        assert await bucket(conn, row) == name


async def test_the_dashboard_shows_activities_of_nobody_too(conn: asyncpg.Connection) -> None:
    person = await contact(conn)
    row = await deal(conn, person, name="12 Oak Street", stage="proposal")
    await activity(conn, None)
    await activity(conn, person, deal_id=row)
    assert await conn.fetchval("select count(*) from activity_dashboard") == 2
    sql = "select count(*) from activity_dashboard where deal_name = '12 Oak Street'"
    assert await conn.fetchval(f"{sql} and deal_stage = 'proposal'") == 1


async def test_a_whole_day_is_not_overdue_while_it_lasts(conn: asyncpg.Connection) -> None:
    await activity(conn, None, is_all_day=True, due_date=soon(hours=-20))
    assert await conn.fetchval("select is_overdue from activity_dashboard") is False


async def test_the_names_of_a_contacts_tags_come_in_order_and_empty_is_not_null(
    conn: asyncpg.Connection,
) -> None:
    person = await contact(conn)
    assert await conn.fetchval("select get_contact_tags($1)", person) == []
    for name in ("beta", "Alpha", "gamma"):
        tag = await insert(conn, "tags", name=name)
        await insert(conn, "contact_tags", contact_id=person, tag_id=tag)
    assert await conn.fetchval("select get_contact_tags($1)", person) == ["Alpha", "beta", "gamma"]
