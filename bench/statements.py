"""The statements that one request of the API runs, as a script for pgbench."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from asyncpg.connection import LoggedQuery

from crm.app import create_app
from crm.config import Settings

Request = tuple[str, str, str]  # method, path, body


def literal(value: Any) -> str:
    """A parameter as SQL text."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, list):
        return f"array[{', '.join(map(literal, value))}]"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'::timestamptz"
    if isinstance(value, dict):
        value = json.dumps(value)
    text = str(value).replace("'", "''")
    return f"'{text}'::uuid" if isinstance(value, UUID) else f"'{text}'"


def inlined(statement: str, values: tuple[Any, ...]) -> str:
    """A statement with its parameters in place, on one line, as pgbench reads it."""
    lines = [line for line in statement.splitlines() if not line.lstrip().startswith("--")]
    text = " ".join(" ".join(lines).split()).rstrip("; ")
    for number in range(len(values), 0, -1):
        text = text.replace(f"${number}", literal(values[number - 1]))
    return text + ";"


async def statements_of(dsn: str, token: str, request: Request) -> str:
    """Runs the request once and gives what it sent to PostgreSQL, begin and commit included."""
    app = create_app(dsn, Settings(_env_file=None, pool_size=1))  # pyright: ignore[reportCallIssue]
    seen: list[str] = []

    def note(query: LoggedQuery) -> None:
        values = tuple(query.args or ())
        # The first message holds several statements; pgbench prepares each by itself.
        parts = query.query.split("; ") if not values else [query.query]
        seen.extend(inlined(part, values) for part in parts)

    async with app.router.lifespan_context(app):
        connection: Any
        async with app.state.db._pool.acquire() as connection:
            inner: asyncpg.Connection = connection._con
        inner.add_query_logger(note)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            method, path, body = request
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            answer = await client.request(method, path, content=body, headers=headers)
            assert answer.status_code in (200, 201), answer.text
        inner.remove_query_logger(note)
    return "\n".join(seen) + "\n"
