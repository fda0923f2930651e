"""Tokens of programs: shown once, as narrow as their person or narrower, over when revoked."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.db import Database
from tests.cast import ALICE, BOB, CHARLIE, VERA

from .browser import value_of


@pytest.fixture(autouse=True)
async def no_tokens(admin: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    await admin.execute("delete from app.api_tokens")


async def make(browser: httpx.AsyncClient, *scopes: str, expires: str = "90") -> str:
    """A token, by the form."""
    form = {"name": "Dialer", "scope": list(scopes), "expires": expires}
    page = await browser.post("/settings/tokens", data=form)
    assert page.status_code == 200, page.text
    return value_of(page, "#fresh-token")


def program(app: FastAPI, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://crm.test/api/v1",
        headers={"Authorization": f"Bearer {token}"},
    )


async def test_a_token_is_shown_once_and_stored_as_a_hash(
    app: FastAPI, client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    token = await make(client, "contacts:read")
    assert token.startswith("crm_")
    assert len(token) > 40
    page = await client.get("/settings/tokens")
    assert token not in page.text
    assert f"…{token[-4:]}" in page.text
    row = await admin.fetchrow("select * from app.api_tokens")
    assert token not in str(dict(row or {}))
    async with program(app, token) as calls:
        assert (await calls.get("/contacts")).status_code == 200
        assert (await calls.get("/deals")).status_code == 403


async def test_a_form_without_name_or_scope_says_so(client: httpx.AsyncClient) -> None:
    for form in (
        {"name": "", "scope": "contacts:read", "expires": "90"},
        {"name": "x", "expires": "90"},
        {"name": "x", "scope": "everything:write", "expires": "90"},
        {"name": "x", "scope": "contacts:read", "expires": "soon"},
    ):
        assert (await client.post("/settings/tokens", data=form)).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        "update app.api_tokens set expires_at = now()",
        "update app.api_tokens set revoked_at = now()",
        "update app.users set is_active = false where role = 'agent'",
    ],
)
async def test_a_token_that_is_over_opens_nothing(
    app: FastAPI, client_as: Callable, admin: asyncpg.Connection, change: str
) -> None:
    token = await make(await client_as(BOB), "contacts:read")
    await admin.execute(change)
    async with program(app, token) as calls:
        assert (await calls.get("/contacts")).status_code == 401
    await admin.execute("update app.users set is_active = true")


async def test_revoking_is_for_its_person_and_for_who_manages_them(
    app: FastAPI, client_as: Callable, admin: asyncpg.Connection
) -> None:
    token = await make(await client_as(BOB), "contacts:read")
    number = await admin.fetchval("select id from app.api_tokens")
    for person, status in ((VERA, 404), (CHARLIE, 404), (ALICE, 303), (BOB, 404)):
        browser = await client_as(person)
        answer = await browser.post(f"/settings/tokens/{number}/revoke")
        assert answer.status_code == status, person
    async with program(app, token) as calls:
        assert (await calls.get("/contacts")).status_code == 401


async def test_nobody_makes_a_token_wider_than_themselves(client_as: Callable) -> None:
    for person, scope in ((VERA, "contacts:write"), (BOB, "users:write"), (BOB, "settings:write")):
        browser = await client_as(person)
        form = {"name": "x", "scope": scope, "expires": "90"}
        answer = await browser.post("/settings/tokens", data=form)
        assert answer.status_code == 422
        assert "more than you may do yourself" in answer.text


async def test_a_token_makes_only_narrower_ones_and_only_when_it_may(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    body = {"name": "child", "scopes": ["contacts:read"]}
    async with program(app, await make(client, "contacts:write")) as calls:
        assert (await calls.post("/tokens", json=body)).status_code == 403
    async with program(app, await make(client, "contacts:read", "tokens:write")) as calls:
        made = await calls.post("/tokens", json=body)
        assert made.status_code == 201
        wider = await calls.post("/tokens", json=body | {"scopes": ["contacts:write"]})
        assert wider.status_code == 403
        assert (await calls.get("/contacts")).status_code == 200
    async with program(app, made.json()["token"]) as calls:
        assert (await calls.get("/contacts")).status_code == 200
        assert (await calls.get("/tokens")).status_code == 403


async def test_a_token_changes_no_password_and_no_second_factor(
    pool: Database, admin: asyncpg.Connection
) -> None:
    statements = (
        "select app.change_my_password('x', 'y')",
        "select app.change_my_name('x')",
        "select app.begin_second_factor('x')",
        "select app.end_second_factor()",
        "select * from app.my_second_factor()",
    )

    async def ask(statement: str) -> None:
        scopes = "set_config('app.scopes', ' users:write tokens:write settings:write ', true)"
        async with pool.session(ALICE) as connection:
            await connection.execute(f"select {scopes}")
            await connection.fetch(statement)

    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(statement)


async def test_an_agent_sees_no_token_of_others(client_as: Callable, pool: Database) -> None:
    await make(await client_as(ALICE), "contacts:read")
    for person in (BOB, VERA, CHARLIE):
        async with pool.session(person) as connection:
            assert await connection.fetch("select id from app.api_tokens") == []
