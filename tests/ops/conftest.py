"""Programs of the tests of this room: started when asked for, ended after each test."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from crm.users.auth import COOKIE, token_sha256
from tests.cast import ALICE
from tests.conftest import Copy

from .program import Program


@pytest.fixture
def program(database: Copy, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """`program("--workers", "2", CRM_LOG_JSON="true")`: crm serve on the module's database."""
    started: list[Program] = []

    def start(*arguments: str, **variables: str) -> Program:
        urls = {"CRM_DATABASE_URL": database.app_dsn, "CRM_ADMIN_DATABASE_URL": database.admin_dsn}
        started.append(Program(tmp_path / "program", *arguments, **urls, **variables))
        return started[-1]

    yield start
    for one in started:
        one.clear()


@pytest.fixture(scope="module")
async def cookie(admin: asyncpg.Connection) -> str:
    """Alice is signed in: the value of her Cookie header."""
    token = secrets.token_urlsafe(16)
    await admin.execute(
        "insert into app.sessions (user_id, token_sha256, expires_at)"
        " values ($1, $2, now() + interval '1 day')",
        ALICE.user_id, token_sha256(token),
    )  # fmt: skip
    return f"{COOKIE}={token}"
