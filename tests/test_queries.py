"""Every named query is known to PostgreSQL: prepared and described against the real schema."""

from pathlib import Path

import asyncpg
import pytest

import crm
from crm import sql

PACKAGE = Path(crm.__file__).parent
ROOMS = sorted(str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("queries.sql"))


def _named_queries() -> list[tuple[str, str, str]]:
    found = []
    for room in ROOMS:
        queries = sql.load(room)
        for name in queries.available_queries:
            if not name.endswith("_cursor"):
                found.append((room, name, getattr(queries, name).sql))
    return found


@pytest.mark.parametrize(
    ("room", "name", "text"),
    [pytest.param(*query, id=f"{query[0]}.{query[1]}") for query in _named_queries()],
)
async def test_the_query_fits_the_schema(
    admin: asyncpg.Connection, room: str, name: str, text: str
) -> None:
    statement = await admin.prepare(text)
    assert statement.get_parameters() is not None, f"{room}.{name}"


def test_there_are_queries() -> None:
    assert len(_named_queries()) > 10
