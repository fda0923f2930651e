"""Series, deleting with Undo, reminders and the reader of a feed, in SQL alone."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from .people import acting_as, workspace
from .rows import activity, change, read, value

SOON = datetime.now(UTC) + timedelta(minutes=10)
DAILY = {"due_date": SOON, "recurrence_rule": "FREQ=DAILY"}


async def waiting(conn: asyncpg.Connection) -> list[UUID]:
    rows = await conn.fetch("select activity_id from app.recurrences_waiting()")
    return [row["activity_id"] for row in rows]


async def go_on(conn: asyncpg.Connection, row: UUID) -> UUID | None:
    sql = "select app.continue_series($1, now() + interval '1 day', 'FREQ=DAILY')"
    return await conn.fetchval(sql, row)


async def test_a_completed_row_of_a_series_waits_and_is_followed_once(
    conn: asyncpg.Connection,
) -> None:
    row = await activity(conn, None, **DAILY)
    await activity(conn, None, status="completed")
    assert await waiting(conn) == []
    await change(conn, "activities", row, status="completed")
    assert await waiting(conn) == [row]
    made = await go_on(conn, row)
    assert made
    assert (await read(conn, "activities", made))["parent_activity_id"] == row
    assert await go_on(conn, row) is None
    assert await waiting(conn) == []


async def test_a_series_without_a_next_date_ends(conn: asyncpg.Connection) -> None:
    row = await activity(conn, None, **DAILY)
    await change(conn, "activities", row, status="completed")
    assert await conn.fetchval("select app.continue_series($1, null, null)", row) is None
    assert await waiting(conn) == []


async def test_a_reopened_row_takes_back_what_nobody_touched(conn: asyncpg.Connection) -> None:
    row = await activity(conn, None, **DAILY)
    await change(conn, "activities", row, status="completed")
    await go_on(conn, row)
    await change(conn, "activities", row, status="planned")
    assert await value(conn, "select count(*) from activities") == 1
    assert await value(conn, "select count(*) from app.recurrences") == 0


@pytest.mark.parametrize("role", ["owner", "mei", "viewer"])
async def test_deleting_and_bringing_back_obey_the_policies(
    conn: asyncpg.Connection, role: str
) -> None:
    people = await workspace(conn)
    row = await activity(conn, people.contacts["mei"], created_by=people.users["mei"])
    before = await read(conn, "activities", row)
    async with acting_as(conn, people.users[role]):
        gone = await conn.fetchval("select app.remove_activity($1)", row)
        assert gone == (None if role == "viewer" else row)
        back = await conn.fetchval("select app.restore_activity($1)", row)
        assert back == gone
    assert await read(conn, "activities", row) == before


async def test_reminders_are_made_once_for_active_people(conn: asyncpg.Connection) -> None:
    people = await workspace(conn)
    for name in ("mei", "inactive"):
        await activity(
            conn, None, due_date=SOON, reminder_minutes=15, assigned_to=people.users[name]
        )
    assert await value(conn, "select app.upkeep_reminders()") == 1
    assert await value(conn, "select app.upkeep_reminders()") == 0
    async with acting_as(conn, people.users["tariq"]):
        assert await value(conn, "select count(*) from app.reminders") == 0
    async with acting_as(conn, people.users["mei"]):
        assert await value(conn, "select count(*) from app.reminders") == 1


async def test_a_feeds_secret_names_an_active_person(conn: asyncpg.Connection) -> None:
    people = await workspace(conn)
    for name in ("mei", "inactive"):
        secret = hashlib.sha256(name.encode()).digest()
        await conn.execute(
            "insert into app.calendar_feeds (user_id, secret_sha256) values ($1, $2)",
            people.users[name], secret,
        )  # fmt: skip
        found = await conn.fetch("select user_id from app.calendar_reader($1)", secret)
        expected = [people.users[name]] if name == "mei" else []
        assert [row["user_id"] for row in found] == expected
    async with acting_as(conn, people.users["tariq"]):
        assert await value(conn, "select count(*) from app.calendar_feeds") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with conn.transaction():
                await conn.fetch("select * from app.calendar_reader($1)", secret)
