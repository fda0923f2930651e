"""Who sees whom: a stranger nobody, an agent under "assigned" their own and nobody's."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity

from .scene import PARTIAL, add, contact, names, page, text

SECRET = "Zebediah"


@pytest.fixture(scope="module")
async def theirs(admin: asyncpg.Connection) -> dict[str, UUID]:
    """A contact of Alice's, one of Bob's, one of nobody's."""
    alice = UUID("a11ce000-0000-4000-8000-000000000001")
    bob = UUID("a11ce000-0000-4000-8000-000000000002")
    found = {}
    for name, owner in (("alice", alice), ("bob", bob), ("nobody", None)):
        one = await contact(
            admin, SECRET, name, phone1="+14155550132", city="Austin", assigned_to=owner
        )
        await add(
            admin, "activities", contact_id=one, type="note", title=f"{SECRET} note",
            status="completed", completed_at=await admin.fetchval("select now()"),
        )  # fmt: skip
        found[name] = one
    tag = await add(admin, "tags", name=f"{SECRET} tag")
    await add(admin, "contact_tags", contact_id=found["alice"], tag_id=tag)
    return found


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Agents see their own."""
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


PATHS = ["/contacts", "/contacts?q=zeb", "/contacts?f=city:eq:Austin", "/contacts?sort=name",
         "/contacts?f=tag:has-tag:Zebediah tag", "/contacts/total"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
async def test_a_stranger_sees_nothing_in_any_list(
    client_as, charlie: Identity, theirs: dict, path: str, headers: dict
) -> None:
    answer = await (await client_as(charlie)).get(path, headers=headers)
    assert answer.status_code == 200
    assert names(answer.text) == []
    shown = answer.text.replace("Zebediah+tag", "").replace("Zebediah tag", "")
    assert SECRET not in shown
    assert "Alice" not in answer.text


@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
@pytest.mark.parametrize("rest", ["", "/edit", "/timeline", "/timeline?show=notes"])
async def test_a_stranger_is_told_that_there_is_no_such_contact(
    client_as, charlie: Identity, theirs: dict, rest: str, headers: dict
) -> None:
    stranger = await client_as(charlie)
    for one in theirs.values():
        answer = await stranger.get(
            f"/contacts/{one}{rest}", headers=headers, follow_redirects=True
        )
        assert answer.status_code == 404
        assert SECRET not in answer.text


async def test_a_stranger_changes_nothing(
    client_as, charlie: Identity, theirs: dict, admin: asyncpg.Connection
) -> None:
    stranger = await client_as(charlie)
    before = await admin.fetch("select * from contacts order by id")
    for path in ("delete", "restore", "edit", "notes", "tags"):
        answer = await stranger.post(
            f"/contacts/{theirs['bob']}/{path}",
            data={"name": "x", "note": "x", "first_name": "x", "version": "x"},
        )
        assert answer.status_code == 404, path
    assert (await stranger.post("/contacts/new", data={"first_name": "x"})).status_code == 403
    assert await admin.fetch("select * from contacts order by id") == before


@pytest.mark.usefixtures("assigned")
async def test_an_agent_sees_their_own_and_nobodys(client_as, bob: Identity, theirs: dict) -> None:
    agent: httpx.AsyncClient = await client_as(bob)
    for path in ("/contacts", "/contacts?q=zebediah", "/contacts?f=city:eq:Austin&sort=-name"):
        html = (await agent.get(path)).text
        assert set(names(html)) == {f"{SECRET} bob", f"{SECRET} nobody"}
        assert "2 contacts" in text(page(html))
    assert (await agent.get(f"/contacts/{theirs['bob']}")).status_code == 200
    assert (await agent.get(f"/contacts/{theirs['alice']}")).status_code == 404
    region = await agent.get(f"/contacts/{theirs['alice']}/timeline", headers=PARTIAL)
    assert region.status_code == 404
    for path in ("delete", "edit", "notes", "tags"):
        answer = await agent.post(
            f"/contacts/{theirs['alice']}/{path}", data={"name": "x", "note": "x"}
        )
        assert answer.status_code == 404, path


@pytest.mark.usefixtures("assigned")
async def test_the_owner_sees_everybody_under_assigned_too(
    client: httpx.AsyncClient, theirs: dict
) -> None:
    assert len(names((await client.get("/contacts")).text)) == 3


async def test_nobody_signed_in_is_sent_to_sign_in(client_as, theirs: dict) -> None:
    visitor = await client_as(None)
    for path in ("/contacts", "/contacts/new", f"/contacts/{theirs['bob']}"):
        answer = await visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.usefixtures("assigned")
async def test_a_duplicate_that_an_agent_may_not_see_is_not_hinted_at(
    client_as, admin: asyncpg.Connection, alice: Identity, bob: Identity, charlie: Identity
) -> None:
    phone = "+14155550177"
    mine = await contact(admin, "Twin", "Mine", phone1=phone, assigned_to=bob.user_id)
    await contact(admin, "Twin", "Theirs", phone2=phone, assigned_to=alice.user_id)
    agent, owner = await client_as(bob), await client_as(alice)
    assert "possible duplicate" not in (await agent.get(f"/contacts/{mine}")).text
    assert "Theirs" not in (await agent.get(f"/contacts/{mine}/duplicates")).text
    assert "1 possible duplicate" in (await owner.get(f"/contacts/{mine}")).text
    async with admin.transaction():
        await admin.execute("set local role authenticated")
        for person, seen in ((bob, 0), (alice, 1), (charlie, 0)):
            await admin.execute(
                "select set_config('request.jwt.claims', $1, true)",
                json.dumps({"sub": str(person.user_id)}),
            )
            found = await admin.fetch("select app.duplicates_of($1)", mine)
            assert len(found) == seen, person.name
