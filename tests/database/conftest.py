"""Databases of their own for tests that change the schema or drop things."""

import secrets
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from crm.embedded import Server
from tests.conftest import named


@pytest.fixture
async def new_database(server: Server) -> AsyncIterator[Callable]:
    """`await new_database()`: a Server whose database is empty, or a copy of `template`."""
    names: list[str] = []

    async def make(template: str = "template0") -> Server:
        name = f"cli_{secrets.token_hex(4)}"
        await _execute(server.admin_dsn, f'create database {name} template "{template}"')
        names.append(name)
        return Server(named(server.admin_dsn, name), named(server.app_dsn, name), server.bin)

    yield make
    for name in names:
        await _execute(server.admin_dsn, f"drop database if exists {name} with (force)")


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def on(server: Server) -> Callable:
    """`await on(target, statement)`: run it as the owner of that database."""

    async def run(target: Server, statement: str) -> None:
        await _execute(target.admin_dsn, statement)

    return run
