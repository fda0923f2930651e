"""Series: what follows is made once, whoever completes, and taken back when it was not so."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from crm.activities import series
from crm.db import Database
from tests.cast import ALICE, BOB

from .scene import NEW_YORK, PARTIAL, activity, now, page, row, text

ZONE = ZoneInfo(NEW_YORK)


@pytest.fixture(scope="module", autouse=True)
async def zones(admin: asyncpg.Connection) -> None:
    """Alice counts days in New York."""
    await admin.execute(
        "insert into app.activity_preferences (user_id, time_zone) values ($1, $2)",
        ALICE.user_id, NEW_YORK,
    )  # fmt: skip


@pytest.fixture(autouse=True)
async def empty(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """No activity of another test."""
    yield
    await admin.execute("delete from activities")


def this_morning() -> datetime:
    """Nine o'clock in New York, some days ahead."""
    day = datetime.now(ZONE).date() + timedelta(days=3)
    return datetime.combine(day, datetime.min.time().replace(hour=9), ZONE)


async def daily(admin: asyncpg.Connection, **more: object) -> UUID:
    values = {"due_date": this_morning(), "recurrence_rule": "FREQ=DAILY", "reminder_minutes": 15}
    return await activity(admin, "Water the plants", **(values | more))


async def children(admin: asyncpg.Connection, parent: UUID) -> list[dict]:
    found = await admin.fetch("select * from activities where parent_activity_id = $1", parent)
    return [dict(one) for one in found]


async def tick(client: httpx.AsyncClient, one: UUID) -> httpx.Response:
    return await client.post(f"/activities/{one}/tick", data={"done": "on"}, headers=PARTIAL)


async def test_completing_makes_the_next_one_at_the_same_time_of_day(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin, description="All of them", priority="high")
    answer = await tick(client, one)
    assert "is done. Next:" in text(page(answer.text))
    [following] = await children(admin, one)
    local = following["due_date"].astimezone(ZONE)
    assert (local.hour, local.date()) == (9, this_morning().date() + timedelta(days=1))
    kept = ("title", "description", "priority", "type", "reminder_minutes", "recurrence_rule",
            "assigned_to", "created_by")  # fmt: skip
    before = await row(admin, one)
    assert [following[name] for name in kept] == [before[name] for name in kept]
    assert (following["status"], before["status"]) == ("planned", "completed")


async def test_completed_twice_at_the_same_time_there_is_one_next(
    client_as, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    clients = [await client_as(person) for person in (ALICE, BOB, ALICE, BOB)]
    answers = await asyncio.gather(*(tick(client, one) for client in clients))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await children(admin, one)) == 1


async def test_who_completes_with_psql_gets_the_next_one_from_upkeep(
    admin: asyncpg.Connection, pool: Database
) -> None:
    one = await daily(admin)
    await admin.execute("update activities set status = 'completed' where id = $1", one)
    assert await children(admin, one) == []
    assert await series.continue_waiting(pool) == 1
    [following] = await children(admin, one)
    assert following["due_date"].astimezone(ZONE).hour == 9
    assert await series.continue_waiting(pool) == 0


async def test_many_upkeeps_and_a_request_make_one(
    admin: asyncpg.Connection, pool: Database, client: httpx.AsyncClient
) -> None:
    many = [await daily(admin) for _ in range(5)]
    await admin.execute("update activities set status = 'completed'")
    await asyncio.gather(
        *(series.continue_waiting(pool) for _ in range(4)), *(tick(client, one) for one in many)
    )
    assert [len(await children(admin, one)) for one in many] == [1] * 5


async def test_reopening_takes_back_what_nobody_touched(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    await tick(client, one)
    await client.post(f"/activities/{one}/reopen", headers=PARTIAL)
    assert await children(admin, one) == []
    assert (await row(admin, one))["status"] == "planned"
    await tick(client, one)
    assert len(await children(admin, one)) == 1


async def test_reopening_leaves_a_next_one_that_somebody_changed_and_makes_no_second(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    await tick(client, one)
    [following] = await children(admin, one)
    await admin.execute("update activities set location = 'x' where id = $1", following["id"])
    await client.post(f"/activities/{one}/reopen", headers=PARTIAL)
    await tick(client, one)
    assert [child["id"] for child in await children(admin, one)] == [following["id"]]


async def test_a_series_ends_with_its_count(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin, recurrence_rule="FREQ=DAILY;COUNT=2")
    await tick(client, one)
    [last] = await children(admin, one)
    assert last["recurrence_rule"] == "FREQ=DAILY;COUNT=1"
    await tick(client, last["id"])
    assert await children(admin, last["id"]) == []


@pytest.mark.parametrize(
    "rule", ["nonsense", "FREQ=SECONDLY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"]
)
async def test_a_rule_that_leads_nowhere_ends_the_series_and_stops_nothing(
    client: httpx.AsyncClient, admin: asyncpg.Connection, pool: Database, rule: str
) -> None:
    one = await daily(admin, recurrence_rule=rule)
    assert (await tick(client, one)).status_code == 200
    assert await children(admin, one) == []
    assert await series.continue_waiting(pool) == 0


async def test_what_was_ten_days_late_comes_back_today(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    late = this_morning() - timedelta(days=13)
    one = await daily(admin, due_date=late)
    await tick(client, one)
    [following] = await children(admin, one)
    local = following["due_date"].astimezone(ZONE)
    assert (local.date(), local.hour) == (datetime.now(ZONE).date(), 9)


async def test_over_the_change_of_clocks_it_is_the_owners_nine(
    admin: asyncpg.Connection, pool: Database
) -> None:
    before = datetime(2027, 3, 13, 9, tzinfo=ZONE)  # the clocks change in the night
    one = await daily(admin, due_date=before)
    await admin.execute("update activities set status = 'completed' where id = $1", one)
    await series.continue_waiting(pool)
    [following] = await children(admin, one)
    assert following["due_date"] - before.astimezone(UTC) == timedelta(hours=23)


async def test_snoozing_moves_one_alone(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    await client.post(f"/activities/{one}/snooze", data={"to": "week"}, headers=PARTIAL)
    moved = await row(admin, one)
    assert moved["recurrence_rule"] is None
    [following] = await children(admin, one)
    assert following["recurrence_rule"] == "FREQ=DAILY"
    assert following["due_date"].astimezone(ZONE).date() == this_morning().date() + timedelta(1)
    await tick(client, one)
    assert len(await children(admin, one)) == 1


async def test_a_completed_import_begins_no_series(
    admin: asyncpg.Connection, pool: Database
) -> None:
    await daily(admin, status="completed", completed_at=now())
    assert await series.continue_waiting(pool) == 0


async def test_a_stranger_and_a_viewer_continue_nothing(
    admin: asyncpg.Connection, pool: Database, charlie, vera
) -> None:
    one = await daily(admin)
    await admin.execute("update activities set status = 'completed' where id = $1", one)
    for person in (charlie, vera):
        async with pool.session(person) as connection:
            made = await connection.fetchval(
                "select app.continue_series($1, now(), 'FREQ=DAILY')", one
            )
            assert made is None
    assert await children(admin, one) == []
