"""COPY of many messages: the triggers keep their meaning, and their price stays bounded."""

import os
import time
from collections.abc import Iterator
from uuid import UUID

import asyncpg
import pytest

from .conftest import MakeDatabase, Servers
from .rows import minutes, miscounted

FULL = bool(os.environ.get("CRM_TEST_FULL"))
COUNT = 1_000_000 if FULL else 100_000
MAJORS = [12, 18] if FULL else [18]
PEOPLE = 5000
COLUMNS = ["contact_id", "direction", "message_type", "status", "content", "phone_number"]


def rows(people: list[UUID]) -> Iterator[tuple[object, ...]]:
    """Contacts in turn, times out of order, a third of them ours, some already read."""
    for n in range(COUNT):
        ours = n % 3 == 0
        yield (
            people[n * 7919 % PEOPLE],
            "outbound" if ours else "inbound",
            "sms",
            "sent" if ours else "received",
            f"message {n}",
            "+13055550100" if n % 10 else "+13055550101",
            minutes(n * 104729 % 500_000),
            minutes(600_000) if n % 4 == 0 else None,
        )


@pytest.mark.slow
@pytest.mark.parametrize("major", MAJORS, ids=lambda m: f"pg{m}")
async def test_a_million_copied_messages_leave_no_wrong_number(
    major: int, pg: Servers, fresh_db: MakeDatabase
) -> None:
    conn = await pg(major).connect(fresh_db(major))
    people = await conn.fetch(
        "insert into contacts (first_name) select 'Person ' || n from generate_series(1, $1) n "
        "returning id",
        PEOPLE,
    )
    ids = [row["id"] for row in people]
    # Half of the contacts already have a thread with messages in it.
    await conn.execute(
        "insert into messages (contact_id, direction, message_type, status, phone_number, content, "
        "occurred_at) select id, 'inbound', 'sms', 'received', '+13055550100', 'before', $2 "
        "from unnest($1::uuid[]) as id",
        ids[::2],
        minutes(250_000),
    )
    before = time.monotonic()
    await conn.copy_records_to_table(
        "messages", records=rows(ids), columns=[*COLUMNS, "occurred_at", "read_at"]
    )
    seconds = time.monotonic() - before
    print(f"PostgreSQL {major}: {COUNT:,} messages copied in {seconds:.1f} s")  # noqa: T201
    assert await conn.fetchval("select count(*) from messages") == COUNT + PEOPLE // 2
    assert await conn.fetchval("select sum(message_count) from conversations") == (
        COUNT + PEOPLE // 2
    )
    assert await miscounted(conn) == []
    await mark_everything_read(conn)
    assert seconds < (600 if FULL else 60)
    await conn.close()


async def mark_everything_read(conn: asyncpg.Connection) -> None:
    """After a one-row update in the same session, whose plan must not be reused for the many."""
    await conn.execute(
        "update messages set read_at = now() "
        "where id = (select id from messages where read_at is null limit 1)"
    )
    before = time.monotonic()
    await conn.execute("update messages set read_at = now() where read_at is null")
    assert await conn.fetchval("select sum(unread_count) from conversations") == 0
    assert await miscounted(conn) == []
    assert time.monotonic() - before < (300 if FULL else 40)
