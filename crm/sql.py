"""Named queries: each room keeps its SQL in queries.sql, one `-- name:` per query."""

from functools import cache
from pathlib import Path
from typing import Any, cast

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter

from crm import logs


class _Noting(AsyncPGAdapter):
    """Runs queries on asyncpg; the log of a slow request names them."""

    def maybe_order_params(self, query_name: str, parameters: Any) -> Any:
        logs.note_statement(query_name)
        return super().maybe_order_params(query_name, parameters)


@cache
def load(room: str) -> Any:
    """The queries of crm/<room>/queries.sql, as callables that take a connection first."""
    path = Path(__file__).parent / room / "queries.sql"
    return aiosql.from_path(path, cast(Any, _Noting), mandatory_parameters=False)
