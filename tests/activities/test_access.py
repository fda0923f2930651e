"""Who sees and changes which activities: strangers none, viewers only look, agents their own."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from tests.cast import ALICE, BOB

from .scene import PARTIAL, activity, contact, row, titles

SECRET = "Zebediah"
PATHS = ["/activities", "/activities?owner=all", "/activities?view=week&owner=all",
         "/activities?view=month&owner=all", "/activities?group=later&owner=all",
         "/activities?owner=none", "/reminders", "/reminders/counts",
         "/activities/contacts?contact=zebediah"]  # fmt: skip
CHANGES = ("tick", "reopen", "snooze", "move?to=none", "assign", "assign-back", "edit", "delete")


@pytest.fixture(scope="module")
async def theirs(admin: asyncpg.Connection) -> dict[str, UUID]:
    """An activity of a contact of Alice's, of Bob's, and of none; the last is Alice's own."""
    found = {}
    for name, owner in (("alice", ALICE), ("bob", BOB)):
        who = await contact(admin, SECRET, name, assigned_to=owner.user_id)
        found[name] = await activity(
            admin, f"{SECRET} {name}", contact_id=who, assigned_to=BOB.user_id,
            created_by=ALICE.user_id, recurrence_rule="FREQ=DAILY",
        )  # fmt: skip
    found["none"] = await activity(admin, f"{SECRET} none")
    return found


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Agents see their own."""
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


async def everything(admin: asyncpg.Connection) -> list[asyncpg.Record]:
    tables = ("activities", "app.reminders", "app.recurrences", "app.removed_activities",
              "app.calendar_feeds", "app.activity_preferences")  # fmt: skip
    return [row for table in tables for row in await admin.fetch(f"select * from {table}")]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
async def test_a_stranger_sees_nothing(
    client_as, charlie: Identity, theirs: dict, path: str, headers: dict
) -> None:
    answer = await (await client_as(charlie)).get(path, headers=headers)
    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert "Alice" not in answer.text


@pytest.mark.parametrize("rest", ["", "/edit", "/menu"])
async def test_a_stranger_is_told_that_there_is_no_such_activity(
    client_as, charlie: Identity, theirs: dict, rest: str
) -> None:
    stranger = await client_as(charlie)
    for one in theirs.values():
        answer = await stranger.get(f"/activities/{one}{rest}")
        assert answer.status_code == 404
        assert SECRET not in answer.text


async def change_all(client: httpx.AsyncClient, one: UUID, headers: dict) -> set[int]:
    data = {"done": "on", "to": "hour", "owner": str(BOB.user_id), "title": "x", "type": "task",
            "priority": "low", "version": "x", "scope": "one"}  # fmt: skip
    statuses = set()
    for path in CHANGES:
        answer = await client.post(f"/activities/{one}/{path}", data=data, headers=headers)
        statuses.add(answer.status_code)
    return statuses


@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
async def test_a_stranger_changes_nothing(
    client_as, charlie: Identity, theirs: dict, admin: asyncpg.Connection, headers: dict
) -> None:
    stranger = await client_as(charlie)
    before = await everything(admin)
    assert await change_all(stranger, theirs["bob"], headers) == {404}
    new = {"title": "x", "type": "task", "priority": "low"}
    assert (await stranger.post("/activities/new", data=new)).status_code == 403
    assert (await stranger.post("/settings/calendar/feed")).status_code == 403
    settings = await stranger.post("/settings/calendar", data={"time_zone": "UTC"})
    assert settings.status_code == 403
    assert await everything(admin) == before


async def test_a_viewer_looks_and_changes_nothing(
    client_as, vera: Identity, theirs: dict, admin: asyncpg.Connection
) -> None:
    viewer = await client_as(vera)
    html = (await viewer.get("/activities?owner=all")).text
    assert len(titles(html)) == 3
    assert "hx-post" not in html
    assert (await viewer.get(f"/activities/{theirs['bob']}")).status_code == 200
    before = await everything(admin)
    data = {"done": "on", "to": "hour", "title": "x", "type": "task", "priority": "low"}
    for path in ("tick", "snooze", "assign", "move?to=none", "delete"):
        answer = await viewer.post(f"/activities/{theirs['none']}/{path}", data=data)
        assert answer.status_code == 403, path
    assert (await viewer.post("/activities/new", data=data)).status_code == 403
    version = (await row(admin, theirs["none"]))["updated_at"].isoformat()
    answer = await viewer.post(
        f"/activities/{theirs['none']}/edit", data=data | {"version": version}
    )
    assert answer.status_code == 403
    assert await everything(admin) == before


@pytest.mark.usefixtures("assigned")
async def test_an_agent_sees_what_hangs_on_their_own(
    client_as, bob: Identity, theirs: dict, admin: asyncpg.Connection
) -> None:
    agent = await client_as(bob)
    for view in ("", "&view=week", "&view=month"):
        html = (await agent.get(f"/activities?owner=all{view}")).text
        assert f"{SECRET} alice" not in html
        assert f"{SECRET} bob" in html
    assert f"{SECRET} alice" not in (await agent.get("/activities/contacts?contact=zeb")).text
    counts = (await agent.get("/reminders/counts")).text
    assert ">1<" in counts or "0" not in counts
    before = await everything(admin)
    assert await change_all(agent, theirs["alice"], PARTIAL) == {404}
    assert await everything(admin) == before


async def test_an_agent_deletes_only_what_is_theirs(
    client_as, bob: Identity, theirs: dict, admin: asyncpg.Connection
) -> None:
    agent = await client_as(bob)
    before = await everything(admin)
    answer = await agent.post(f"/activities/{theirs['none']}/delete", data={"scope": "one"})
    assert answer.status_code == 403
    assert await everything(admin) == before


async def test_nobody_signed_in_is_sent_to_sign_in(client_as, theirs: dict) -> None:
    visitor = await client_as(None)
    for path in ("/activities", "/activities/new", "/reminders", "/settings/calendar"):
        answer = await visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
