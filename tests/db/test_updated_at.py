"""updated_at rises with every update of every table, so that it can serve as a row's version."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from .files import TABLES
from .people import workspace
from .rows import change, contact, insert, read

OLD = datetime(2020, 1, 1, tzinfo=UTC)


async def one_row(conn: asyncpg.Connection, table: str) -> UUID:
    """Any row of any of the fifteen tables."""
    await workspace(conn)
    row: UUID | None = await conn.fetchval(f"select id from {table} limit 1")
    assert row
    return row


@pytest.mark.parametrize("table", TABLES)
async def test_updated_at_rises_with_every_update_even_in_one_transaction(
    conn: asyncpg.Connection, table: str
) -> None:
    row = await one_row(conn, table)
    seen = [(await read(conn, table, row))["updated_at"]]
    for _ in range(3):
        await change(conn, table, row, created_at=OLD)
        seen.append((await read(conn, table, row))["updated_at"])
    assert seen == sorted(set(seen))


async def test_nobody_can_set_updated_at_back(conn: asyncpg.Connection) -> None:
    row = await contact(conn)
    before = (await read(conn, "contacts", row))["updated_at"]
    await change(conn, "contacts", row, updated_at=OLD)
    assert (await read(conn, "contacts", row))["updated_at"] > before


async def test_the_tables_owner_may_restore_updated_at_while_undoing_an_import(
    conn: asyncpg.Connection,
) -> None:
    row = await contact(conn)
    await conn.execute("set local app.keep_updated_at = 'on'")
    await change(conn, "contacts", row, updated_at=OLD, city="Miami")
    assert (await read(conn, "contacts", row))["updated_at"] == OLD


@pytest.fixture
async def signed_in(conn: asyncpg.Connection) -> asyncpg.Connection:
    """The same transaction as an owner of the workspace, but not as the owner of the tables."""
    user = await insert(conn, "app.users", email="ana@northside.example", role="owner")
    claims = f'{{"sub": "{user}", "role": "authenticated"}}'
    await conn.execute("select set_config('request.jwt.claims', $1, true)", claims)
    return conn


async def test_anybody_else_who_asks_to_keep_updated_at_is_not_heard(
    signed_in: asyncpg.Connection,
) -> None:
    row = await contact(signed_in)
    await signed_in.execute("set local role authenticated")
    await signed_in.execute("set local app.keep_updated_at = 'on'")
    await change(signed_in, "contacts", row, updated_at=OLD)
    assert (await read(signed_in, "contacts", row))["updated_at"] > OLD
