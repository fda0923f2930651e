"""Operating the database: sizes, upkeep, health, backups, and the page that shows them.

The commands work as the owner; the page (pages.py) asks as the administrator who looks at it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

# What decides how a value looks as text, so that two servers agree on a row's checksum. With
# row_security off PostgreSQL refuses a query that would silently see only some of the rows.
_SESSION = {
    "application_name": "crm db",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_min_messages": "warning",
    "statement_timeout": "0",
    "row_security": "off",
}


class OperationError(Exception):
    """An operation cannot be done; the message is one line that says why and what to do."""


@asynccontextmanager
async def connect(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection for one operation. Raises OSError or asyncpg.PostgresError."""
    connection = await asyncpg.connect(dsn, server_settings=_SESSION)
    try:
        yield connection
    finally:
        await connection.close()
