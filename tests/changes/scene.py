"""Rows and log entries for the tests of this room."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from crm.db import Connection, Database, Identity


async def add(connection: Connection, table: str, **values: Any) -> UUID:
    """One row of a table; gives its id."""
    columns, places = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
    made = await connection.fetchrow(
        f"insert into {table} ({columns}) values ({places}) returning id", *values.values()
    )
    assert made is not None
    return made["id"]


async def last(admin: Connection, table: str | None = None) -> asyncpg.Record:
    """The newest entry of the log (of a table)."""
    sql = (
        "select * from app.changes where $1::text is null or table_name = $1"
        " order by id desc limit 1"
    )
    found = await admin.fetchrow(sql, table)
    assert found is not None
    return found


async def log_of(admin: Connection, row_id: UUID) -> list[asyncpg.Record]:
    """What the log has of one row, oldest first."""
    return await admin.fetch("select * from app.changes where row_id = $1 order by id", row_id)


async def undo(pool: Database, person: Identity, change_id: int) -> None:
    """Take one change back as a person, in a transaction of its own."""
    async with pool.session(person) as connection:
        await connection.execute("select app.undo_change($1)", change_id)


async def undo_batch(pool: Database, person: Identity, batch: str) -> int:
    """Take a batch back as a person; gives the number of changes."""
    async with pool.session(person) as connection:
        return await connection.fetchval("select app.undo_batch($1)", batch) or 0


def detail(error: BaseException) -> str:
    """DETAIL of a database error."""
    return getattr(error, "detail", "")


@asynccontextmanager
async def conflict(reason: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Expects that an undo is refused for this reason; gives all conflicts afterwards."""
    found: list[dict[str, Any]] = []
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError) as refused:
        yield found
    found += json.loads(detail(refused.value))
    assert reason in [one["reason"] for one in found]


@asynccontextmanager
async def visibility(admin: Connection, rule: str) -> AsyncIterator[None]:
    """The workspace under a rule of visibility, for a while."""
    sql = (
        "insert into app.settings (key, value) values ('visibility', $1::text::jsonb)"
        " on conflict (key) do update set value = excluded.value"
    )
    await admin.execute(sql, json.dumps(rule))
    try:
        yield
    finally:
        await admin.execute("delete from app.settings where key = 'visibility'")
