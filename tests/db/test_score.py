"""calculate_contact_score: where the points come from, where they end, and who has no score."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from .rows import activity, call, change, contact, deal, email, message


def ago(**amount: float) -> datetime:
    return datetime.now(UTC) - timedelta(**amount)


async def score(conn: asyncpg.Connection, person: UUID) -> int | None:
    return await conn.fetchval("select calculate_contact_score($1)", person)


async def parts(conn: asyncpg.Connection, person: UUID) -> dict[str, tuple[int, int]]:
    rows = await conn.fetch("select label, points, most from explain_contact_score($1)", person)
    return {row["label"]: (row["points"], row["most"]) for row in rows}


async def busy(conn: asyncpg.Connection) -> UUID:
    """Somebody who reaches the most of every part."""
    person = await contact(
        conn, phone1="+13055550100", email1="a@example.com", property_address="12 Oak Street"
    )
    for n in range(30):
        await message(conn, person, occurred_at=ago(days=n))
        await call(conn, person, duration=300, occurred_at=ago(days=n))
        await email(conn, person, occurred_at=ago(days=n), opened_at=ago(days=n))
        await activity(conn, person, status="completed")
    await deal(conn, person, value=Decimal(10_000_000))
    return person


async def test_an_unknown_contact_has_no_score(conn: asyncpg.Connection) -> None:
    assert await score(conn, uuid4()) is None
    assert await score(conn, None) is None  # pyright: ignore[reportArgumentType]


async def test_who_must_not_be_contacted_or_is_deleted_scores_zero(
    conn: asyncpg.Connection,
) -> None:
    person = await busy(conn)
    await change(conn, "contacts", person, dnc=True)
    assert await score(conn, person) == 0
    await change(conn, "contacts", person, dnc=False, deleted_at=ago(days=1))
    assert await score(conn, person) == 0


async def test_a_name_alone_scores_zero_and_everything_a_hundred(conn: asyncpg.Connection) -> None:
    assert await score(conn, await contact(conn)) == 0
    assert await score(conn, await busy(conn)) == 100


@pytest.mark.parametrize(
    ("known", "points"),
    [
        ({"phone1": "+13055550100"}, 4),
        ({"email1": "a@example.com"}, 3),
        ({"property_address": "12 Oak Street"}, 3),
        ({"phone1": "+13055550100", "email1": "a@example.com", "property_address": "12"}, 10),
    ],
)
async def test_a_phone_an_email_and_an_address_are_worth_ten_together(
    conn: asyncpg.Connection, known: dict[str, str], points: int
) -> None:
    assert await score(conn, await contact(conn, **known)) == points


@pytest.mark.parametrize(("count", "points"), [(1, 4), (3, 12), (5, 20), (9, 20)])
async def test_a_reply_of_the_last_ninety_days_is_worth_four_up_to_twenty(
    conn: asyncpg.Connection, count: int, points: int
) -> None:
    person = await contact(conn)
    for _ in range(count):
        await message(conn, person, occurred_at=ago(days=80))
        await message(conn, person, occurred_at=ago(days=100))
        await message(conn, person, direction="outbound", occurred_at=ago(days=1))
    assert await score(conn, person) == points


@pytest.mark.parametrize(("count", "points"), [(1, 5), (4, 20), (6, 20)])
async def test_an_answered_call_of_half_a_minute_is_worth_five_up_to_twenty(
    conn: asyncpg.Connection, count: int, points: int
) -> None:
    person = await contact(conn)
    for _ in range(count):
        await call(conn, person, duration=30, occurred_at=ago(days=10))
        await call(conn, person, duration=29, occurred_at=ago(days=10))
        await call(conn, person, duration=300, occurred_at=ago(days=95))
    assert await score(conn, person) == points


async def test_an_open_deal_is_worth_fifteen_to_thirty(conn: asyncpg.Connection) -> None:
    small, large, lost = [await contact(conn) for _ in range(3)]
    await deal(conn, small, value=Decimal(0))
    await deal(conn, large, value=Decimal(50_000_000))
    await deal(conn, lost, value=Decimal(50_000_000), stage="closed_lost")
    assert [await score(conn, one) for one in (small, large, lost)] == [15, 30, 0]


async def test_the_parts_say_why_and_sum_up_to_the_score(conn: asyncpg.Connection) -> None:
    middling = await contact(conn, phone1="+13055550100")
    await message(conn, middling, occurred_at=ago(days=3))
    await email(conn, middling, occurred_at=ago(days=3), opened_at=ago(days=2))
    await activity(conn, middling, status="completed")
    await deal(conn, middling, value=Decimal(120_000))
    for person in (await contact(conn), middling, await busy(conn)):
        why = await parts(conn, person)
        assert sum(points for points, _ in why.values()) == await score(conn, person)
        assert all(0 <= points <= most for points, most in why.values())
        assert sum(most for _, most in why.values()) == 100


async def test_the_parts_of_who_must_not_be_contacted_sum_up_to_zero(
    conn: asyncpg.Connection,
) -> None:
    person = await busy(conn)
    await change(conn, "contacts", person, dnc=True)
    assert sum(points for points, _ in (await parts(conn, person)).values()) == 0
