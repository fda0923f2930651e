"""Programs that hold tokens: the cast's, with all scopes or a few, and a stranger's."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.db import Identity
from tests.cast import ALICE, CHARLIE

RESOURCES = (
    "contacts tags conversations messages calls emails activities deals documents assistants"
    " phone-numbers vapi-calls users tokens settings imports"
).split()
EVERYTHING = [f"{resource}:write" for resource in RESOURCES]


async def make_token(
    admin: asyncpg.Connection, person: Identity, scopes: Sequence[str] = EVERYTHING
) -> str:
    """A token of a member, straight into the table."""
    token = f"crm_{secrets.token_urlsafe(24)}"
    await admin.execute(
        "insert into app.api_tokens (user_id, name, token_sha256, scopes) values ($1, $2, $3, $4)",
        person.user_id, "tests", hashlib.sha256(token.encode()).digest(), list(scopes),
    )  # fmt: skip
    return token


async def let_charlie_in(admin: asyncpg.Connection) -> str:
    """A token that gets Charlie past the door, as somebody this workspace does not know.

    A stranger holds no token here, so app.enter() is made to believe one: what is left between him
    and the data are the policies.
    """
    token = f"crm_{secrets.token_urlsafe(24)}"
    enter = "app.enter(bytea, text, text, text, text, integer)"
    definition = await admin.fetchval(f"select pg_get_functiondef('{enter}'::regprocedure)")
    assert definition is not None
    claims = f'{{"role": "authenticated", "sub": "{CHARLIE.user_id}"}}'
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    believe = f"""begin
        if credential_sha256 = '\\x{sha256}' then
            perform set_config('request.jwt.claims', '{claims}', true),
                    set_config('app.scopes', '', true),
                    set_config('app.credential', '{UUID(int=666)}', true);
            return;
        end if;
    """
    await admin.execute(definition.replace("begin", believe, 1))
    return token


Program = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def program_of(app: FastAPI, admin: asyncpg.Connection) -> AsyncIterator[Program]:
    """`await program_of(person, scopes=[…])`: an HTTP client with that person's token."""
    async with AsyncExitStack() as stack:

        async def make(
            person: Identity | None, scopes: Sequence[str] = EVERYTHING
        ) -> httpx.AsyncClient:
            headers = {}
            if person == CHARLIE:
                headers["Authorization"] = f"Bearer {await let_charlie_in(admin)}"
            elif person is not None:
                headers["Authorization"] = f"Bearer {await make_token(admin, person, scopes)}"
            return await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app),
                    base_url="http://crm.test/api/v1",
                    headers=headers,
                )
            )

        yield make


@pytest.fixture
async def api(program_of: Program) -> httpx.AsyncClient:
    """Alice's program, which may do everything."""
    return await program_of(ALICE)
