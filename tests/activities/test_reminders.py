"""Reminders: made once when their time has come, shown until dismissed, by mail when wished."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.cast import ALICE, BOB
from tests.conftest import Copy

from .scene import NEW_YORK, PARTIAL, activity, contact, now, page, text


@pytest.fixture(autouse=True)
async def empty(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """No activity of another test."""
    yield
    await admin.execute("delete from activities")


async def soon(admin: asyncpg.Connection, title: str = "Call Dana", **more: object) -> UUID:
    """Due in ten minutes, to be reminded of a quarter of an hour before."""
    values = {"due_date": now() + timedelta(minutes=10), "reminder_minutes": 15}
    return await activity(admin, title, **(values | more))


async def upkeep(admin: asyncpg.Connection) -> int:
    return await admin.fetchval("select app.upkeep_reminders()") or 0


async def shown(client: httpx.AsyncClient) -> list[str]:
    html = (await client.get("/reminders")).text
    return [text(node) for node in page(html).css(".reminders .who")]


async def test_each_is_made_once(admin: asyncpg.Connection) -> None:
    await soon(admin)
    await soon(admin, "not yet", due_date=now() + timedelta(minutes=20))
    await soon(admin, "no reminder", reminder_minutes=None)
    await soon(admin, "done", status="completed", completed_at=now())
    await soon(admin, "long ago", due_date=now() - timedelta(days=2))
    await soon(admin, "nobodys", assigned_to=None, created_by=None)
    await soon(admin, "in trash", contact_id=await contact(admin, "G", deleted_at=now()))
    assert await upkeep(admin) == 1
    assert await upkeep(admin) == 0


async def test_many_upkeeps_at_once_make_one(admin: asyncpg.Connection, database: Copy) -> None:
    for n in range(20):
        await soon(admin, f"task {n}")
    connections = [await asyncpg.connect(database.app_dsn) for _ in range(4)]
    made = await asyncio.gather(
        *(one.fetchval("select app.upkeep_reminders()") for one in connections)
    )
    for one in connections:
        await one.close()
    assert sum(made) == 20
    assert await admin.fetchval("select count(*) from app.reminders") == 20


async def test_a_moved_activity_reminds_again_at_its_new_time(
    admin: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    one = await soon(admin)
    await upkeep(admin)
    assert await shown(client) == ["Call Dana"]
    await admin.execute(
        "update activities set due_date = due_date + interval '1 hour' where id = $1", one
    )
    assert await shown(client) == []
    assert await upkeep(admin) == 0
    await admin.execute(
        "update activities set due_date = due_date - interval '59 minutes' where id = $1", one
    )
    assert await upkeep(admin) == 1
    assert await shown(client) == ["Call Dana"]


async def test_the_owner_is_reminded_and_nobody_else(admin: asyncpg.Connection, client_as) -> None:
    await soon(admin, "bobs", assigned_to=BOB.user_id)
    await soon(admin, "made by alice", assigned_to=None)
    await upkeep(admin)
    assert await shown(await client_as(BOB)) == ["bobs"]
    assert await shown(await client_as(ALICE)) == ["made by alice"]


async def test_the_bell_counts_and_dismissing_can_be_undone(
    admin: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    await soon(admin)
    await upkeep(admin)

    async def bell() -> str:
        html = (await client.get("/reminders/counts", headers=PARTIAL)).text
        return text(page(html.replace("hx-partial", "div")).css_first("[hx-target='.bell-count']"))

    assert await bell() == "1 waiting"
    one = await admin.fetchval("select id from app.reminders")
    answer = await client.post(f"/reminders/{one}/dismiss", headers=PARTIAL)
    assert await shown(client) == []
    assert await bell() == ""
    path = page(answer.text.replace("hx-partial", "div")).css_first("crm-toast form")
    await client.post(path.attributes["hx-post"], headers=PARTIAL)
    assert await shown(client) == ["Call Dana"]
    await client.post("/reminders/dismiss", headers=PARTIAL)
    assert await shown(client) == []


async def test_a_reminder_can_be_put_off(
    admin: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    await soon(admin)
    await upkeep(admin)
    one = await admin.fetchval("select id from app.reminders")
    answer = await client.post(f"/reminders/{one}/snooze", data={"minutes": "10"}, headers=PARTIAL)
    assert "again in 10 minutes" in answer.text
    assert await shown(client) == []
    await admin.execute("update app.reminders set snoozed_until = now() - interval '1 second'")
    assert await shown(client) == ["Call Dana"]
    answer = await client.post(f"/reminders/{one}/snooze", data={"minutes": "7"}, headers=PARTIAL)
    assert answer.status_code == 422


async def test_a_finished_activity_reminds_nobody(
    admin: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    one = await soon(admin)
    await upkeep(admin)
    await client.post(f"/activities/{one}/tick", data={"done": "on"}, headers=PARTIAL)
    assert await shown(client) == []
    assert "No reminders" in (await client.get("/reminders")).text


async def test_another_persons_reminder_is_not_there(
    admin: asyncpg.Connection, client_as, charlie
) -> None:
    await soon(admin)
    await upkeep(admin)
    one = await admin.fetchval("select id from app.reminders")
    before = await admin.fetch("select * from app.reminders")
    for person in (BOB, charlie):
        browser = await client_as(person)
        assert await shown(browser) == []
        for path in (f"{one}/dismiss", f"{one}/snooze", f"{one}/recall"):
            answer = await browser.post(f"/reminders/{path}", data={"minutes": "10"})
            assert answer.status_code == 404
        await browser.post("/reminders/dismiss")
    assert await admin.fetch("select * from app.reminders") == before


async def test_mail_goes_to_who_wants_it_with_times_as_they_count_them(
    admin: asyncpg.Connection,
) -> None:
    await admin.execute(
        "insert into app.activity_preferences (user_id, time_zone, reminders_by_mail)"
        " values ($1, $2, true), ($3, 'UTC', false)",
        ALICE.user_id, NEW_YORK, BOB.user_id,
    )  # fmt: skip
    who = await contact(admin, "Dana", "Whitfield")
    due = datetime.fromisoformat("2027-01-04T15:00:00+00:00")
    one = await soon(admin, "Call", contact_id=who, due_date=due, location="Office")
    words = str(await admin.fetchval("select app.reminder_mail($1, $2)", one, ALICE.user_id))
    assert "Due Monday, 4 January 2027, 10:00 (America/New_York)" in words
    assert "With Dana Whitfield" in words
    assert "At Office" in words
    await soon(admin, "Mail\nme " + "x" * 480)
    await soon(admin, "Not Bob", assigned_to=BOB.user_id)
    assert await upkeep(admin) == 2
    assert await upkeep(admin) == 0
    mails = await admin.fetch("select recipient, subject from app.mails")
    assert [one["recipient"] for one in mails] == ["alice@example.test"]
    assert mails[0]["subject"].startswith("Reminder: Mail me xxx")


async def test_the_settings_keep_zone_and_wish(
    admin: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    answer = await client.post(
        "/settings/calendar", data={"time_zone": "Europe/Berlin", "by_mail": "on"}
    )
    assert answer.status_code == 303
    kept = await admin.fetchrow(
        "select * from app.activity_preferences where user_id = $1", ALICE.user_id
    )
    assert kept is not None
    assert (kept["time_zone"], kept["reminders_by_mail"]) == ("Europe/Berlin", True)
    answer = await client.post("/settings/calendar", data={"time_zone": "Mars/Base"})
    assert answer.status_code == 422
    html = (await client.get("/settings/calendar")).text
    assert page(html).css_first("#f-time_zone option[selected]").attributes["value"] == (
        "Europe/Berlin"
    )
