"""POST /api/v1/activities/{id}/complete and /snooze, and a PATCH that completes."""

import secrets
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.activities import series
from crm.db import Database
from crm.users.auth import token_sha256
from tests.cast import ALICE, VERA

from .scene import activity, row


async def token(admin: asyncpg.Connection, person: UUID, scopes: list[str]) -> dict[str, str]:
    """Headers with a new token of a person."""
    text = secrets.token_urlsafe(32)
    await admin.execute(
        "insert into app.api_tokens (user_id, name, token_sha256, hint, scopes)"
        " values ($1, 'test', $2, 'abcd', $3)",
        person, token_sha256(text), scopes,
    )  # fmt: skip
    return {"authorization": f"Bearer {text}"}


@pytest.fixture
async def writes(admin: asyncpg.Connection) -> dict[str, str]:
    """A token of Alice's that writes activities."""
    return await token(admin, ALICE.user_id, ["activities:write"])


async def test_completing_makes_what_follows(
    client: httpx.AsyncClient, admin: asyncpg.Connection, writes: dict[str, str]
) -> None:
    one = await activity(admin, "Water", recurrence_rule="FREQ=DAILY")
    for _ in range(2):
        answer = await client.post(f"/api/v1/activities/{one}/complete", headers=writes)
        assert answer.status_code == 200
        assert answer.json()["status"] == "completed"
        assert answer.headers["etag"]
    children = await admin.fetch("select 1 from activities where parent_activity_id = $1", one)
    assert len(children) == 1


async def test_a_patch_that_completes_is_followed_by_upkeep(
    client: httpx.AsyncClient, admin: asyncpg.Connection, writes: dict[str, str], pool: Database
) -> None:
    one = await activity(admin, "Water", recurrence_rule="FREQ=DAILY")
    answer = await client.patch(
        f"/api/v1/activities/{one}", json={"status": "completed"}, headers=writes
    )
    assert answer.status_code == 200
    assert await series.continue_waiting(pool) == 1


async def test_snoozing(
    client: httpx.AsyncClient, admin: asyncpg.Connection, writes: dict[str, str]
) -> None:
    one = await activity(admin, "Call")
    before = (await row(admin, one))["due_date"]
    path = f"/api/v1/activities/{one}/snooze"
    answer = await client.post(path, json={"to": "week"}, headers=writes)
    assert answer.status_code == 200
    assert (await row(admin, one))["due_date"] > before
    for body in ({"to": "year"}, {}, {"to": "hour", "time_zone": "Mars/Base"}):
        assert (await client.post(path, json=body, headers=writes)).status_code == 422


async def test_rights_and_scopes_hold(
    client_as, admin: asyncpg.Connection, writes: dict[str, str]
) -> None:
    one = await activity(admin, "Call")
    client = await client_as(None)
    path = f"/api/v1/activities/{one}/complete"
    assert (await client.post(path)).status_code == 401
    reads = await token(admin, ALICE.user_id, ["activities:read"])
    other = await token(admin, ALICE.user_id, ["contacts:write"])
    viewer = await token(admin, VERA.user_id, ["activities:write"])
    assert (await client.post(path, headers=reads)).status_code == 403
    assert (await client.post(path, headers=other)).status_code in (403, 404)
    assert (await client.post(path, headers=viewer)).status_code == 403
    nobody = path.replace(str(one), "00000000-0000-4000-8000-000000000000")
    assert (await client.post(nobody, headers=writes)).status_code == 404
    assert (await row(admin, one))["status"] == "planned"
