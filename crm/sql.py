"""Named queries: each room keeps its SQL in queries.sql, one `-- name:` per query."""

from functools import cache
from pathlib import Path
from typing import Any

import aiosql


@cache
def load(room: str) -> Any:
    """The queries of crm/<room>/queries.sql, as callables that take a connection first."""
    path = Path(__file__).parent / room / "queries.sql"
    return aiosql.from_path(path, "asyncpg", mandatory_parameters=False)
