"""Short ways to make rows in the tests: every column that matters to a test is in its text."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from .files import RECOUNT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday


def minutes(count: float) -> datetime:
    """A moment `count` minutes after the noon at which all stories here begin."""
    return NOON + timedelta(minutes=count)


async def insert(conn: asyncpg.Connection, table: str, **columns: Any) -> UUID:
    names = ", ".join(columns)
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    sql = f"insert into {table} ({names}) values ({places}) returning id"
    return await value(conn, sql, *columns.values())


async def value(conn: asyncpg.Connection, sql: str, *arguments: Any) -> Any:
    """The one value that the query gives, of whatever type."""
    return await conn.fetchval(sql, *arguments)


async def change(conn: asyncpg.Connection, table: str, row: UUID, **columns: Any) -> None:
    assignments = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, start=2))
    await conn.execute(f"update {table} set {assignments} where id = $1", row, *columns.values())


async def read(conn: asyncpg.Connection, table: str, row: UUID) -> asyncpg.Record:
    found = await conn.fetchrow(f"select * from {table} where id = $1", row)
    assert found is not None
    return found


async def contact(conn: asyncpg.Connection, **columns: Any) -> UUID:
    return await insert(conn, "contacts", **({"first_name": "Ann"} | columns))


async def message(conn: asyncpg.Connection, contact_id: UUID, **columns: Any) -> UUID:
    usual = {
        "contact_id": contact_id,
        "direction": "inbound",
        "message_type": "sms",
        "status": "received",
        "content": "hello",
        "phone_number": "+13055550100",
        "occurred_at": NOON,
    }
    return await insert(conn, "messages", **(usual | columns))


async def call(conn: asyncpg.Connection, contact_id: UUID, **columns: Any) -> UUID:
    usual = {
        "contact_id": contact_id,
        "direction": "inbound",
        "status": "completed",
        "from_number": "+13055550100",
        "to_number": "+13055550999",
        "occurred_at": NOON,
    }
    return await insert(conn, "calls", **(usual | columns))


async def email(conn: asyncpg.Connection, contact_id: UUID, **columns: Any) -> UUID:
    usual = {
        "contact_id": contact_id,
        "direction": "inbound",
        "status": "received",
        "subject": "about the house",
        "from_email": "ann@example.com",
        "to_email": "us@example.com",
        "occurred_at": NOON,
    }
    return await insert(conn, "emails", **(usual | columns))


async def deal(conn: asyncpg.Connection, contact_id: UUID, **columns: Any) -> UUID:
    usual = {"contact_id": contact_id, "name": "12 Oak Street", "stage": "lead"}
    return await insert(conn, "deals", **(usual | columns))


async def activity(conn: asyncpg.Connection, contact_id: UUID | None, **columns: Any) -> UUID:
    usual = {"contact_id": contact_id, "type": "task", "title": "call back"}
    return await insert(conn, "activities", **(usual | columns))


async def threads(conn: asyncpg.Connection, contact_id: UUID) -> list[asyncpg.Record]:
    sql = "select * from conversations where contact_id = $1 order by channel, phone_number"
    return await conn.fetch(sql, contact_id)


async def thread(conn: asyncpg.Connection, contact_id: UUID) -> asyncpg.Record:
    """The contact's only conversation; fails when there are none or several."""
    (only,) = await threads(conn, contact_id)
    return only


async def miscounted(conn: asyncpg.Connection) -> list[asyncpg.Record]:
    """Conversations whose numbers are wrong by recomputation; empty when all is well."""
    return await conn.fetch(RECOUNT.read_text())


@asynccontextmanager
async def refused(conn: asyncpg.Connection, *errors: type[Exception]) -> AsyncIterator[None]:
    """The statement inside must break a rule; the transaction around it goes on."""
    with pytest.raises(errors or asyncpg.CheckViolationError):
        async with conn.transaction():
            yield
