"""Who sees and changes what through every resource: members, a stranger, agents, narrow tokens."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from tests.cast import ALICE, BOB, CHARLIE, VERA

from .book import CHANGES, SECRET, fingerprint, new, one_of_everything
from .conftest import EVERYTHING, Program

READABLE = (
    "contacts tags conversations messages calls emails deals deal-stage-history activities"
    " documents assistants phone-numbers vapi-calls contact-summary deal-pipeline"
    " activity-dashboard"
).split()
# What an agent sees only with its contact.
PRIVATE = [one for one in READABLE if one not in ("tags", "assistants", "phone-numbers")]
INCLUDES = {
    "contacts": "tags,summary,score", "deals": "contact,tags,stage_history",
    "activities": "contact,deal", "messages": "contact", "conversations": "contact",
}  # fmt: skip


@pytest.fixture(scope="module")
async def alices(admin: asyncpg.Connection) -> dict[str, UUID]:
    """One of everything, of a contact that is Alice's."""
    return await one_of_everything(admin, ALICE.user_id)


@pytest.fixture(scope="module")
async def bobs(admin: asyncpg.Connection) -> dict[str, UUID]:
    """One of everything, of a contact that is Bob's."""
    return await one_of_everything(admin, BOB.user_id)


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Agents see their own."""
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


def address(resource: str, rows: dict[str, UUID]) -> str:
    return f"/{resource}/{rows[resource]}"


async def ids(client: httpx.AsyncClient, resource: str) -> set[str]:
    answer = await client.get(f"/{resource}", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["data"]}


@pytest.mark.parametrize("resource", READABLE)
async def test_a_member_lists_and_reads(
    program_of: Program, alices: dict[str, UUID], resource: str
) -> None:
    for person in (ALICE, BOB, VERA):
        program = await program_of(person)
        assert str(alices[resource]) in await ids(program, resource)
        one = await program.get(address(resource, alices))
        assert one.status_code == 200
        assert one.json()["id"] == str(alices[resource])
        unchanged = await program.get(
            address(resource, alices), headers={"If-None-Match": one.headers["etag"]}
        )
        assert unchanged.status_code == 304


@pytest.mark.parametrize("resource", READABLE)
async def test_nobody_without_a_credential_gets_anything(
    program_of: Program, alices: dict[str, UUID], resource: str
) -> None:
    visitor = await program_of(None)
    for header in ({}, {"Authorization": "Bearer crm_nothing"}, {"Authorization": "Basic eA=="},
                   {"Cookie": "crm_session=nothing"}):  # fmt: skip
        for path in (f"/{resource}", address(resource, alices)):
            answer = await visitor.get(path, headers=header)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert SECRET not in answer.text


@pytest.mark.parametrize("resource", READABLE)
async def test_a_stranger_sees_nothing(
    program_of: Program, alices: dict[str, UUID], resource: str
) -> None:
    stranger = await program_of(CHARLIE)
    included = f"&include={INCLUDES[resource]}" if resource in INCLUDES else ""
    for query in ("", "&count=exact", "&count=estimated", included):
        answer = await stranger.get(f"/{resource}?limit=200{query}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"] == []
        assert answer.json().get("total", 0) == 0
    for path in (
        address(resource, alices),
        f"/contacts/{alices['contacts']}/timeline",
        f"/contacts/{alices['contacts']}/tags",
        f"/deals/{alices['deals']}/tags",
    ):
        assert (await stranger.get(path)).status_code == 404
    found = await stranger.get("/contacts", params={"q": SECRET})
    assert found.json()["data"] == []


@pytest.mark.parametrize("resource", CHANGES)
async def test_a_stranger_changes_nothing(
    program_of: Program, alices: dict[str, UUID], admin: asyncpg.Connection, resource: str
) -> None:
    stranger = await program_of(CHARLIE)
    before = await fingerprint(admin)
    assert (
        await stranger.patch(address(resource, alices), json=CHANGES[resource])
    ).status_code == 404
    if resource != "conversations":
        assert (await stranger.delete(address(resource, alices))).status_code == 404
    if body := new(resource, alices):
        assert (await stranger.post(f"/{resource}", json=body)).status_code in (403, 409)
    assert await fingerprint(admin) == before


BULK_BODIES = {
    "bulk-update": lambda rows: {"ids": [str(rows)], "set": {}},
    "bulk-delete": lambda rows: {"ids": [str(rows)]},
}


@pytest.mark.parametrize("person", [CHARLIE, VERA], ids=["stranger", "viewer"])
@pytest.mark.parametrize("resource", ["contacts", "deals", "activities", "tags"])
async def test_bulk_and_tags_change_nothing_for_who_may_not(
    program_of: Program, alices: dict[str, UUID], admin: asyncpg.Connection, resource: str,
    person: Identity,
) -> None:  # fmt: skip
    program = await program_of(person)
    before = await fingerprint(admin)
    row = str(alices[resource])
    calls = [
        ("bulk-update", {"ids": [row], "set": CHANGES[resource]}),
        ("bulk-update", {"all": True, "set": CHANGES[resource]}),
        ("bulk-delete", {"ids": [row]}),
        ("bulk-delete", {"all": True}),
        ("bulk-create", {"items": [new(resource, alices)]}),
    ]
    if resource in ("contacts", "deals"):
        calls += [("bulk-tag", {"ids": [row], "add": ["Stolen"]}), (f"{row}/tags", {"name": "X"})]
        for method in ("PUT", "DELETE"):
            answer = await program.request(method, f"/{resource}/{row}/tags/{alices['tags']}")
            assert answer.status_code in (204, 403, 404)
    for path, body in calls:
        answer = await program.post(f"/{resource}/{path}", json=body)
        harmless = body.get("all") and answer.status_code == 200 and 0 in answer.json().values()
        assert answer.status_code in (403, 404, 409) or harmless, (path, answer.text)
    assert await fingerprint(admin) == before


@pytest.mark.parametrize("resource", CHANGES)
async def test_a_viewer_may_look_but_not_touch(
    program_of: Program, alices: dict[str, UUID], admin: asyncpg.Connection, resource: str
) -> None:
    viewer = await program_of(VERA)
    before = await fingerprint(admin)
    answer = await viewer.patch(address(resource, alices), json=CHANGES[resource])
    assert answer.status_code == 403
    if resource != "conversations":
        assert (await viewer.delete(address(resource, alices))).status_code == 403
    if body := new(resource, alices):
        assert (await viewer.post(f"/{resource}", json=body)).status_code == 403
    assert await fingerprint(admin) == before


@pytest.mark.usefixtures("assigned")
@pytest.mark.parametrize("resource", PRIVATE)
async def test_an_agent_under_assigned_sees_only_what_is_theirs(
    program_of: Program, alices: dict[str, UUID], bobs: dict[str, UUID], resource: str
) -> None:
    agent = await program_of(BOB)
    seen = await ids(agent, resource)
    assert str(bobs[resource]) in seen
    assert str(alices[resource]) not in seen
    assert (await agent.get(address(resource, alices))).status_code == 404
    assert (await agent.get(address(resource, bobs))).status_code == 200
    if resource in CHANGES:
        answer = await agent.patch(address(resource, alices), json=CHANGES[resource])
        assert answer.status_code == 404
    assert (await agent.get(f"/contacts/{alices['contacts']}/timeline")).status_code == 404
    counted = await agent.get(f"/{resource}?limit=200&count=exact")
    assert counted.json()["total"] == len(seen)


SCOPE_OF = {
    "deal-stage-history": "deals", "contact-summary": "contacts", "deal-pipeline": "deals",
    "activity-dashboard": "activities",
}  # fmt: skip


@pytest.mark.parametrize("resource", READABLE)
async def test_a_token_without_the_scope_sees_and_changes_nothing(
    program_of: Program, alices: dict[str, UUID], admin: asyncpg.Connection, resource: str
) -> None:
    mine = SCOPE_OF.get(resource, resource)
    program = await program_of(ALICE, [one for one in EVERYTHING if not one.startswith(mine)])
    before = await fingerprint(admin)
    for path in (f"/{resource}", f"/{resource}?count=exact", address(resource, alices)):
        answer = await program.get(path)
        assert answer.status_code == 403
        assert f"{mine}:read" in answer.text
    if resource in CHANGES:
        answer = await program.patch(address(resource, alices), json=CHANGES[resource])
        assert answer.status_code == 403
        if body := new(resource, alices):
            assert (await program.post(f"/{resource}", json=body)).status_code == 403
    assert await fingerprint(admin) == before


@pytest.mark.parametrize("resource", CHANGES)
async def test_a_reading_token_changes_nothing(
    program_of: Program, alices: dict[str, UUID], admin: asyncpg.Connection, resource: str
) -> None:
    program = await program_of(ALICE, [one.replace("write", "read") for one in EVERYTHING])
    before = await fingerprint(admin)
    answer = await program.patch(address(resource, alices), json=CHANGES[resource])
    assert answer.status_code == 403
    if body := new(resource, alices):
        assert (await program.post(f"/{resource}", json=body)).status_code == 403
    assert await fingerprint(admin) == before


async def test_what_a_token_may_not_read_is_not_included_either(
    program_of: Program, alices: dict[str, UUID]
) -> None:
    program = await program_of(ALICE, ["contacts:read", "deals:read"])
    contact = await program.get(f"/contacts/{alices['contacts']}?include=tags,summary")
    assert contact.json()["tags"] == []
    assert contact.json()["summary"]["message_count"] == 0
    assert contact.json()["summary"]["active_deals"] == 1
    timeline = await program.get(f"/contacts/{alices['contacts']}/timeline")
    assert {item["kind"] for item in timeline.json()["data"]} == {"stage_change"}
    program = await program_of(ALICE, ["messages:read"])
    message = await program.get(f"/messages/{alices['messages']}?include=contact")
    assert message.json()["contact"] is None


async def test_a_revoked_or_expired_token_ends_at_once(
    program_of: Program, admin: asyncpg.Connection, alices: dict[str, UUID]
) -> None:
    for change in ("revoked_at = now()", "expires_at = now()"):
        program = await program_of(BOB)
        assert (await program.get("/contacts")).status_code == 200
        await admin.execute(f"update app.api_tokens set {change} where user_id = $1", BOB.user_id)
        assert (await program.get("/contacts")).status_code == 401
    program = await program_of(BOB)
    await admin.execute("update app.users set is_active = false where id = $1", BOB.user_id)
    assert (await program.get("/contacts")).status_code == 401
    await admin.execute("update app.users set is_active = true where id = $1", BOB.user_id)
    assert (await program.get("/contacts")).status_code == 401, "ended for good"
    assert (await (await program_of(BOB)).get("/contacts")).status_code == 200
