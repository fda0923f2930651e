"""The log, the feed and undo through the API."""

import secrets
from collections.abc import Callable
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Database, Identity
from crm.users import auth
from tests.cast import ALICE, BOB, CHARLIE, VERA

from .scene import add, last

API = "/api/v1/changes"


@pytest.fixture
async def person(admin: asyncpg.Connection, pool: Database) -> UUID:
    """A contact that Bob moved from Miami to Tampa."""
    made = await add(admin, "contacts", first_name="Nora", city="Miami")
    async with pool.session(BOB, batch="bulk:api") as connection:
        await connection.execute("update contacts set city = 'Tampa' where id = $1", made)
    return made


async def bearer(admin: asyncpg.Connection, who: Identity, *scopes: str) -> dict[str, str]:
    """The headers of a program that acts for somebody."""
    text = secrets.token_urlsafe(16)
    await add(
        admin, "app.api_tokens", user_id=who.user_id, name="t",
        token_sha256=auth.token_sha256(text), scopes=list(scopes),
    )  # fmt: skip
    return {"Authorization": f"Bearer {text}"}


async def test_a_change_says_who_what_and_which_fields(client: httpx.AsyncClient, person: UUID):
    found = (await client.get(API, params={"row_id": str(person)})).json()
    update, insert = found["data"]
    assert found["next"] is None
    assert (update["actor_name"], update["source"], update["fields"]) == (
        "Bob Brown", "web", ["city"],
    )  # fmt: skip
    assert (update["old"], update["new"]) == ({"city": "Miami"}, {"city": "Tampa"})
    assert (insert["operation"], insert["fields"], insert["new"]) == ("insert", [], None)
    assert (await client.get(f"{API}/{update['id']}")).json() == update


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"contact_id": "{person}"}, 2),
        ({"contact_id": "{person}", "actor": str(BOB.user_id)}, 1),
        ({"row_id": "{person}", "table": "deals"}, 0),
        ({"row_id": "{person}", "since": "2020-01-01T00:00:00Z"}, 2),
        ({"row_id": "{person}", "since": "2999-01-01T00:00:00Z"}, 0),
    ],
)
async def test_the_log_is_narrowed(
    client: httpx.AsyncClient, person: UUID, asked: dict[str, str], count: int
):
    params = {name: value.format(person=person) for name, value in asked.items()}
    answer = await client.get(API, params=params)
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == count


async def test_pages_follow_each_other(client: httpx.AsyncClient, person: UUID):
    seen, after = [], None
    while True:
        more = {"after": after} if after else {}
        found = (await client.get(API, params={"batch": "bulk:api", "limit": 1} | more)).json()
        seen += [change["id"] for change in found["data"]]
        after = found["next"]
        if not after:
            break
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 1


@pytest.mark.parametrize(
    "bad",
    [
        "?x=1",
        "?row_id=7",
        "?limit=0",
        "?limit=999",
        "?after=x",
        "?since=soon",
        "?since=2026-01-01",
        "?since=2026-01-01T00:00:00",
        "?batch=%00",
        "/feed?after=x",
        "/feed?limit=1001",
        "/feed?x=1",
        f"?row_id={ALICE.user_id}&contact_id={ALICE.user_id}",
    ],
)  # fmt: skip
async def test_a_question_that_makes_no_sense_is_a_422(client: httpx.AsyncClient, bad: str):
    assert (await client.get(API + bad)).status_code == 422


async def test_the_feed_is_read_on_from_its_next(client: httpx.AsyncClient, person: UUID):
    start = (await client.get(f"{API}/feed", params={"after": "now"})).json()
    assert start["data"] == []
    await client.post("/api/v1/tags", json={"name": f"feed {secrets.token_hex(4)}"})
    found = (await client.get(f"{API}/feed", params={"after": start["next"]})).json()
    assert [change["table"] for change in found["data"]] == ["tags"]
    again = (await client.get(f"{API}/feed", params={"after": found["next"]})).json()
    assert again == {"data": [], "next": found["next"]}
    assert (await client.get(f"{API}/feed", params={"after": f"{10**17}.0"})).status_code == 410


async def test_a_change_is_undone_and_redone(
    client: httpx.AsyncClient, admin: asyncpg.Connection, person: UUID
):
    change = (await last(admin))["id"]
    answer = await client.post(f"{API}/{change}/undo")
    assert answer.status_code == 200
    undone = answer.json()
    assert undone["undone"] == 1
    assert await admin.fetchval("select city from contacts where id = $1", person) == "Miami"
    refused = await client.post(f"{API}/{change}/undo")
    assert refused.status_code == 409
    assert refused.json()["conflicts"][0]["reason"] == "undone already"
    await client.post(f"{API}/{undone['changes'][0]}/undo")
    assert await admin.fetchval("select city from contacts where id = $1", person) == "Tampa"


async def test_a_conflict_says_what_stands_in_the_way(
    client: httpx.AsyncClient, admin: asyncpg.Connection, pool: Database, person: UUID
):
    change = (await last(admin))["id"]
    async with pool.session(BOB) as connection:
        await connection.execute("update contacts set city = 'Naples' where id = $1", person)
    refused = await client.post(f"{API}/{change}/undo")
    assert refused.status_code == 409
    body = refused.json()
    assert body["detail"].startswith("City is now “Naples”: changed since by Bob Brown, just now.")
    assert body["conflicts"][0]["column"] == "city"


async def test_a_bulk_change_of_the_api_goes_back_as_its_batch(
    client: httpx.AsyncClient, admin: asyncpg.Connection
):
    ids = [str(await add(admin, "contacts", first_name=f"B{n}")) for n in range(3)]
    body = {"ids": ids, "set": {"city": "Bulk"}}
    done = await client.post("/api/v1/contacts/bulk-update", json=body)
    assert done.status_code == 200, done.text
    answer = await client.post(f"{API}/batches/{done.json()['batch']}/undo")
    assert answer.status_code == 200, answer.text
    assert answer.json()["undone"] == 3
    assert await admin.fetchval("select count(*) from contacts where city = 'Bulk'") == 0


async def test_charlie_sees_and_undoes_nothing(
    client_as: Callable, admin: asyncpg.Connection, person: UUID
):
    change = (await last(admin))["id"]
    await admin.execute(
        "insert into app.users (id, email, name, role, is_active)"
        " values ($1, $2, 'C', 'agent', true) on conflict (id) do update set is_active = true",
        CHARLIE.user_id, CHARLIE.email,
    )  # fmt: skip
    headers = await bearer(admin, CHARLIE, "contacts:write")
    await admin.execute("update app.users set is_active = false where id = $1", CHARLIE.user_id)
    stranger = await client_as(None)
    for method, path in (
        ("GET", API), ("GET", f"{API}/feed"), ("GET", f"{API}/{change}"),
        ("POST", f"{API}/{change}/undo"), ("POST", f"{API}/batches/bulk:api/undo"),
    ):  # fmt: skip
        for sent in ({}, headers):
            answer = await stranger.request(method, path, headers=sent)
            assert answer.status_code == 401
    assert await admin.fetchval("select city from contacts where id = $1", person) == "Tampa"


async def test_a_token_without_the_scope_sees_and_undoes_nothing(
    client_as: Callable, admin: asyncpg.Connection, person: UUID
):
    change = (await last(admin))["id"]
    stranger = await client_as(None)
    headers = await bearer(admin, ALICE, "deals:write")
    params = {"row_id": str(person)}
    assert (await stranger.get(API, params=params, headers=headers)).json()["data"] == []
    feed = (await stranger.get(f"{API}/feed", headers=headers)).json()["data"]
    assert {one["table"] for one in feed} <= {"deals"}
    assert (await stranger.get(f"{API}/{change}", headers=headers)).status_code == 404
    assert (await stranger.post(f"{API}/{change}/undo", headers=headers)).status_code == 404
    batch = f"{API}/batches/bulk:api/undo"
    assert (await stranger.post(batch, headers=headers)).status_code == 404


async def test_who_only_reads_undoes_nothing(
    client_as: Callable, admin: asyncpg.Connection, person: UUID
):
    change = (await last(admin))["id"]
    vera = await client_as(VERA)
    assert (await vera.get(f"{API}/{change}")).status_code == 200
    assert (await vera.post(f"{API}/{change}/undo")).status_code == 403
