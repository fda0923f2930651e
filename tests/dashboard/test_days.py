"""Where a day begins, which days are kept, and what a write costs."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from crm.db import Database
from tests.cast import ALICE
from tests.contacts.scene import add, contact

from .scene import start_of

AUCKLAND = ZoneInfo("Pacific/Auckland")


@pytest.fixture(autouse=True)
async def clean(admin: asyncpg.Connection) -> None:
    """No contacts, UTC, nothing kept."""
    await admin.execute("delete from contacts")
    await admin.execute("delete from app.settings where key = 'timezone'")
    await admin.execute(
        "delete from app.dashboard_kept; delete from app.dashboard_counts;"
        " delete from app.dashboard_stale; delete from app.dashboard_moved"
    )


async def messages_of(pool: Database, day: date) -> int:
    """How many on one day."""
    async with pool.session(ALICE) as connection:
        found = await connection.fetchval(
            "select coalesce(sum(entries), 0)::integer"
            " from app.dashboard($1, $2, null, '{messages}')",
            [day], day,
        )  # fmt: skip
    assert found is not None
    return found


async def set_zone(admin: asyncpg.Connection, name: str) -> None:
    await admin.execute(
        "insert into app.settings values ('timezone', to_jsonb($1::text))"
        " on conflict (key) do update set value = excluded.value",
        name,
    )


@pytest.mark.parametrize("zone", [UTC, AUCKLAND], ids=["utc", "auckland"])
@pytest.mark.parametrize("keep", [False, True], ids=["live", "kept"])
async def test_a_day_begins_at_midnight_of_the_workspace(
    pool: Database, admin: asyncpg.Connection, zone: ZoneInfo, keep: bool
) -> None:
    if zone is AUCKLAND:
        await set_zone(admin, "Pacific/Auckland")
    day = datetime.now(zone).date() - timedelta(days=10)
    one = await contact(admin, "Ann")
    midnight = start_of(day, zone)
    for moment in (
        midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=23),
        start_of(day + timedelta(days=1), zone),
    ):  # fmt: skip
        await add(admin, "messages", contact_id=one, direction="inbound", occurred_at=moment)
    if keep:
        await admin.fetchval("select app.upkeep_dashboard()")
    assert await messages_of(pool, day) == 2
    assert await messages_of(pool, day - timedelta(days=1)) == 1
    assert await messages_of(pool, day + timedelta(days=1)) == 1


async def test_another_time_zone_counts_all_days_again(
    pool: Database, admin: asyncpg.Connection
) -> None:
    day = datetime.now(UTC).date() - timedelta(days=10)
    one = await contact(admin, "Ann")
    late = start_of(day, UTC) + timedelta(hours=23)
    await add(admin, "messages", contact_id=one, direction="inbound", occurred_at=late)
    await admin.fetchval("select app.upkeep_dashboard()")
    assert await messages_of(pool, day) == 1
    await set_zone(admin, "Pacific/Auckland")
    assert await messages_of(pool, day) == 0
    assert await messages_of(pool, day + timedelta(days=1)) == 1
    await admin.fetchval("select app.upkeep_dashboard()")
    assert await messages_of(pool, day + timedelta(days=1)) == 1


async def test_a_time_zone_that_does_not_exist_is_refused(admin: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="there is no time zone Mars"):
        await set_zone(admin, "Mars")


async def test_a_message_of_today_leaves_no_mark(admin: asyncpg.Connection) -> None:
    one = await contact(admin, "Ann")
    await add(admin, "messages", contact_id=one, direction="inbound")
    await admin.execute("update messages set direction = 'outbound', status = 'sent'")
    assert await admin.fetchval("select count(*) from app.dashboard_stale") == 0


async def test_today_is_counted_each_minute_and_old_counts_of_it_are_not_used(
    pool: Database, admin: asyncpg.Connection
) -> None:
    today = datetime.now(UTC).date()
    one = await contact(admin, "Ann")
    await add(admin, "messages", contact_id=one, direction="inbound")
    await admin.fetchval("select app.upkeep_dashboard()")
    await add(admin, "messages", contact_id=one, direction="inbound")
    assert await messages_of(pool, today) == 1
    await admin.fetchval("select app.upkeep_dashboard()")
    assert await messages_of(pool, today) == 2
    await add(admin, "messages", contact_id=one, direction="inbound")
    await admin.execute("update app.dashboard_kept set counted_at = now() - interval '4 minutes'")
    assert await messages_of(pool, today) == 3


async def test_yesterdays_count_is_not_taken_for_todays(
    pool: Database, admin: asyncpg.Connection
) -> None:
    today = datetime.now(UTC).date()
    one = await contact(admin, "Ann")
    await admin.fetchval("select app.upkeep_dashboard()")
    await add(admin, "messages", contact_id=one, direction="inbound")
    await admin.execute(
        "update app.dashboard_kept set until = $1, counted_at = now() - interval '1 day'",
        today - timedelta(days=2),
    )
    assert await messages_of(pool, today) == 1


async def test_a_deal_that_is_won_shows_at_once(pool: Database, admin: asyncpg.Connection) -> None:
    today = datetime.now(UTC).date()
    one = await contact(admin, "Ann")
    deal = await add(admin, "deals", contact_id=one, name="Roof", value=5, stage="closing")
    await admin.fetchval("select app.upkeep_dashboard()")
    await admin.execute("update deals set stage = 'closed_won' where id = $1", deal)
    async with pool.session(ALICE) as connection:
        rows = await connection.fetch(
            "select what, amount from app.dashboard($1, $2, null, '{open,closed}')", [today], today
        )
    assert [tuple(row) for row in rows] == [("closed_won", 5)]


async def test_a_message_that_is_written_while_days_are_counted_is_not_lost(
    pool: Database, admin: asyncpg.Connection, database
) -> None:
    day = datetime.now(UTC).date() - timedelta(days=10)
    one = await contact(admin, "Ann")
    await admin.fetchval("select app.upkeep_dashboard()")
    other = await asyncpg.connect(database.admin_dsn)
    try:
        writing = other.transaction()
        await writing.start()
        await add(other, "messages", contact_id=one, direction="inbound",
                  occurred_at=start_of(day, UTC))  # fmt: skip
        await admin.fetchval("select app.upkeep_dashboard()")
        await writing.commit()
    finally:
        await other.close()
    assert await messages_of(pool, day) == 1
    await admin.fetchval("select app.upkeep_dashboard()")
    assert await messages_of(pool, day) == 1


async def test_two_upkeeps_at_once_count_once(
    pool: Database, admin: asyncpg.Connection, database
) -> None:
    day = datetime.now(UTC).date() - timedelta(days=10)
    one = await contact(admin, "Ann")
    await add(admin, "messages", contact_id=one, direction="inbound",
              occurred_at=start_of(day, UTC))  # fmt: skip
    other = await asyncpg.connect(database.admin_dsn)
    try:
        counting = other.transaction()
        await counting.start()
        assert await other.fetchval("select app.upkeep_dashboard() > 0")
        assert await admin.fetchval("select app.upkeep_dashboard()") == 0
        await counting.commit()
    finally:
        await other.close()
    assert await messages_of(pool, day) == 1
    assert await admin.fetchval("select app.upkeep_dashboard()") == 0
