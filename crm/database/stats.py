"""Numbers about the database: its server, sizes of tables, use of indexes, slowest statements."""

from dataclasses import dataclass

import asyncpg

from crm import sql
from crm.db import Connection

queries = sql.load("database")

MOST_STATEMENTS = 20


@dataclass(frozen=True, slots=True)
class Statistics:
    """Rows as app.…_statistics() gives them: tables and indexes biggest first, statements slowest.

    `statements_state` is "ready", "missing", "not loaded" or "hidden".
    """

    server: asyncpg.Record | None
    tables: list[asyncpg.Record]
    indexes: list[asyncpg.Record]
    statements: list[asyncpg.Record]
    statements_state: str | None


async def read(connection: Connection, most_statements: int = MOST_STATEMENTS) -> Statistics:
    """What the caller may know; nothing for those who are no administrator."""
    return Statistics(
        await queries.server(connection),
        [row async for row in queries.tables(connection)],
        [row async for row in queries.indexes(connection)],
        [row async for row in queries.statements(connection, max_rows=most_statements)],
        await queries.statements_state(connection),
    )
