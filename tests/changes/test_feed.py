"""The feed gives each change exactly once, in one order, however transactions overlap."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from crm import sql
from crm.db import Database
from tests.cast import ALICE
from tests.conftest import Copy

from .scene import add

queries = sql.load("changes")


class Reader:
    """A program that reads the feed and remembers its place."""

    def __init__(self, pool: Database) -> None:
        self.pool = pool
        self.place = (0, 0)
        self.ids: list[int] = []

    async def read(self, most: int = 1000) -> int:
        """Reads what is new; gives how many."""
        async with self.pool.session(ALICE) as connection:
            found = queries.changes_feed(
                connection, after_tx=self.place[0], after_id=self.place[1], most=most
            )
            rows = [row async for row in found]
        if rows:
            self.place = (rows[-1]["tx"], rows[-1]["id"])
        self.ids += [row["id"] for row in rows]
        return len(rows)


@pytest.fixture
async def other(database: Copy) -> AsyncIterator[asyncpg.Connection]:
    """A second connection of the owner."""
    connection = await asyncpg.connect(database.admin_dsn)
    yield connection
    await connection.close()


async def test_a_transaction_that_commits_late_is_not_missed(
    admin: asyncpg.Connection, other: asyncpg.Connection, pool: Database
):
    reader = Reader(pool)
    await reader.read()
    before = len(reader.ids)
    late = other.transaction()
    await late.start()
    await add(other, "contacts", first_name="Late")
    await add(admin, "contacts", first_name="Early")
    await reader.read()
    assert len(reader.ids) == before  # nothing is given while something older may still come
    await late.commit()
    await reader.read()
    assert len(reader.ids) == before + 2
    assert await reader.read() == 0


async def test_many_writers_and_rollbacks_lose_and_repeat_nothing(
    admin: asyncpg.Connection, database: Copy, pool: Database
):
    reader = Reader(pool)

    async def write(number: int) -> None:
        connection = await asyncpg.connect(database.admin_dsn)
        for turn in range(25):
            transaction = connection.transaction()
            await transaction.start()
            await add(connection, "contacts", first_name=f"W{number}", last_name=str(turn))
            await asyncio.sleep(0.001 * ((turn * 7 + number) % 5))
            await (transaction.rollback() if turn % 5 == 4 else transaction.commit())
        await connection.close()

    writers = asyncio.gather(*(write(number) for number in range(5)))
    while not writers.done():
        await reader.read(most=7)
        await asyncio.sleep(0.002)
    await writers
    while await reader.read(most=50):
        pass
    everything = await admin.fetch("select id from app.changes order by tx, id")
    assert reader.ids == [row["id"] for row in everything]


async def test_the_feed_is_read_by_its_index(admin: asyncpg.Connection, pool: Database):
    await admin.execute(
        "insert into contacts (first_name) select 'Fast' from generate_series(1, 3000)"
    )
    await admin.execute("analyze app.changes")
    async with pool.session(ALICE) as connection:
        plan = await connection.fetch(f"explain (costs off) {queries.changes_feed.sql}", 5, 5, 100)
    assert "changes_tx_id_idx" in "\n".join(row[0] for row in plan)
