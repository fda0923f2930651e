"""People, invitations, tokens, sessions and settings over the API."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.db import Identity
from tests.cast import ALICE, BOB, CHARLIE, VERA

from .browser import path_of

API = "/api/v1"


@pytest.fixture(autouse=True)
async def everything_as_it_was(admin: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    for person in (ALICE, BOB, VERA):
        await admin.execute(
            "update app.users set role = $2, is_active = true, name = $3 where id = $1",
            person.user_id, person.role, person.name,
        )  # fmt: skip
    await admin.execute("delete from app.settings")
    await admin.execute("delete from app.invitations")
    await admin.execute("delete from app.api_tokens")


async def test_people_are_listed_without_secrets(client: httpx.AsyncClient) -> None:
    found = (await client.get(f"{API}/users")).json()["data"]
    assert [one["name"] for one in found] == [ALICE.name, BOB.name, VERA.name]
    assert set(found[0]) == {
        "id", "email", "name", "role", "is_active", "created_at", "updated_at",
    }  # fmt: skip


async def test_an_owner_changes_role_and_activity(client: httpx.AsyncClient) -> None:
    at = f"{API}/users/{BOB.user_id}"
    changed = await client.patch(at, json={"role": "manager", "name": "Bobby"})
    assert (changed.status_code, changed.json()["role"]) == (200, "manager")
    assert (await client.patch(at, json={"is_active": False})).json()["is_active"] is False
    for wrong in ({"role": "king"}, {"email": "x@example.test"}, {"password": "x"}):
        assert (await client.patch(at, json=wrong)).status_code == 422
    last = await client.patch(f"{API}/users/{ALICE.user_id}", json={"role": "agent"})
    assert last.status_code == 422
    assert last.json()["errors"][0]["field"] == "role"
    assert "needs an active owner" in last.json()["detail"]


@pytest.mark.parametrize("person", [BOB, VERA])
async def test_members_raise_nobody(client_as: Callable, person: Identity) -> None:
    browser = await client_as(person)
    for whom in (person, ALICE):
        answer = await browser.patch(f"{API}/users/{whom.user_id}", json={"role": "owner"})
        assert answer.status_code == 403
    assert (await browser.patch(f"{API}/settings", json={"workspace": "Mine"})).status_code == 403
    invitation = {"email": "x@example.test", "role": "viewer"}
    assert (await browser.post(f"{API}/users/invitations", json=invitation)).status_code == 403
    assert (await browser.get(f"{API}/users/invitations")).json() == {"data": []}


async def test_an_invitation_by_the_api_gives_its_link_when_there_is_no_mail(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    body = {"email": "mei@example.test", "role": "agent"}
    made = await client.post(f"{API}/users/invitations", json=body)
    assert made.status_code == 201
    assert (await client.get(path_of(made.json()["link"]))).status_code == 200
    assert (await client.post(f"{API}/users/invitations", json=body)).status_code == 409
    listed = (await client.get(f"{API}/users/invitations")).json()["data"]
    assert [one["email"] for one in listed] == ["mei@example.test"]
    assert "token_sha256" not in listed[0]
    at = f"{API}/users/invitations/{made.json()['id']}"
    assert (await client.delete(at)).status_code == 204
    assert (await client.delete(at)).status_code == 404
    assert (await client.get(path_of(made.json()["link"]))).status_code == 404
    for wrong in ({"email": "mei"}, {"email": "a@b.test", "role": "king"}, {}):
        assert (await client.post(f"{API}/users/invitations", json=wrong)).status_code == 422


async def test_a_token_by_the_api_is_made_once_and_shown_once(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    body = {"name": "Dialer", "scopes": ["contacts:read"], "expires_at": "2099-01-01T00:00:00Z"}
    key = {"Idempotency-Key": "the-same"}
    made = await client.post(f"{API}/tokens", json=body, headers=key)
    assert made.status_code == 201
    token = made.json()["token"]
    listed = (await client.get(f"{API}/tokens")).json()["data"]
    assert [one["hint"] for one in listed] == [token[-4:]]
    assert token not in str(listed)
    again = await client.post(f"{API}/tokens", json=body, headers=key)
    assert again.json() == made.json() | {"token": None}
    assert await admin.fetchval("select count(*) from app.api_tokens") == 1
    other = await client.post(f"{API}/tokens", json=body | {"name": "x"}, headers=key)
    assert other.status_code == 422
    for wrong in (
        {"scopes": ["everything:read"]}, {"scopes": []}, {"expires_at": "2020-01-01T00:00:00Z"},
        {"name": " "}, {"more": 1},
    ):  # fmt: skip
        assert (await client.post(f"{API}/tokens", json=body | wrong)).status_code == 422
    at = f"{API}/tokens/{made.json()['id']}"
    assert (await client.delete(at)).status_code == 204
    assert (await client.delete(at)).status_code == 404


async def test_sessions_are_ones_own(client_as: Callable, admin: asyncpg.Connection) -> None:
    bob = await client_as(BOB)
    mine = (await bob.get(f"{API}/sessions")).json()["data"]
    assert [one["is_this"] for one in mine].count(True) == 1
    mine = [one for one in mine if one["is_this"]]
    alice = await client_as(ALICE)
    at = f"{API}/sessions/{mine[0]['id']}"
    assert (await alice.delete(at)).status_code == 404
    assert (await bob.delete(at)).status_code == 204
    assert (await bob.get(f"{API}/sessions")).status_code == 401


async def test_settings_are_read_by_all_and_changed_by_owners(client_as: Callable) -> None:
    alice = await client_as(ALICE)
    body = {"workspace": " Northside ", "visibility": "assigned", "timezone": "Europe/Berlin"}
    changed = await alice.patch(f"{API}/settings", json=body)
    assert changed.json() == body | {"workspace": "Northside"}
    wrong = await alice.patch(f"{API}/settings", json={"timezone": "Mars/Base"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "timezone")
    assert (await alice.patch(f"{API}/settings", json={"visibility": "all"})).status_code == 422
    bob = await client_as(BOB)
    assert (await bob.get(f"{API}/settings")).json()["visibility"] == "assigned"


async def test_a_token_without_the_scope_gets_nothing(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    made = await client.post(f"{API}/tokens", json={"name": "n", "scopes": ["contacts:write"]})
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://crm.test", headers=headers
    ) as program:
        for path in ("users", "tokens", "users/invitations", "sessions", "settings"):
            assert (await program.get(f"{API}/{path}")).status_code == 403, path
        for method, path, body in (
            ("PATCH", f"users/{BOB.user_id}", {"role": "viewer"}),
            ("PATCH", "settings", {"workspace": "x"}),
            ("POST", "tokens", {"name": "x", "scopes": ["contacts:read"]}),
            ("POST", "users/invitations", {"email": "x@example.test"}),
        ):
            answer = await program.request(method, f"{API}/{path}", json=body)
            assert answer.status_code == 403, path
        assert (await program.delete(f"{API}/tokens/{made.json()['id']}")).status_code == 403


async def test_charlie_gets_nothing(app: FastAPI, client_as: Callable) -> None:
    nobody = await client_as(None)
    for path in ("users", "tokens", "users/invitations", "sessions", "settings"):
        assert (await nobody.get(f"{API}/{path}")).status_code == 401
        nobody.headers["Authorization"] = "Bearer crm_made-up"
        assert (await nobody.get(f"{API}/{path}")).status_code == 401
        del nobody.headers["Authorization"]
    async with app.state.db.session(CHARLIE) as connection:
        for table in ("users", "api_tokens", "invitations", "sessions", "settings"):
            count = await connection.fetchval(f"select count(*) from (select 1 from app.{table}) t")
            assert count == 0
