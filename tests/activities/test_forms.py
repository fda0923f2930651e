"""New, edit, delete and bring back: what is kept, refused and undone."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from tests.cast import ALICE, BOB

from .scene import NEW_YORK, PARTIAL, activity, add, contact, now, page, row, text

ZONE = ZoneInfo(NEW_YORK)
GOOD = {"title": "Call Dana", "type": "call", "priority": "high", "due_day": "2027-03-14",
        "due_time": "09:30", "repeat": "none"}  # fmt: skip


@pytest.fixture(autouse=True)
async def empty(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """No activity of another test."""
    yield
    await admin.execute("delete from activities")


@pytest.fixture
async def here(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Alice's browser, in New York."""
    client.cookies.set("tz", NEW_YORK)
    return client


async def create(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post("/activities/new", data=GOOD | fields)


async def only(admin: asyncpg.Connection) -> dict[str, Any]:
    [found] = await admin.fetch("select * from activities")
    return dict(found)


def errors(html: str) -> list[str]:
    return [text(node) for node in page(html).css(".notice.error li")]


def value(html: str, css: str) -> str | None:
    return page(html).css_first(css).attributes.get("value")


async def test_a_new_activity_is_kept_as_it_was_typed(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    who = await contact(admin, "Dana", "Whitfield")
    deal = await add(admin, "deals", contact_id=who, name="Roof", stage="lead")
    answer = await create(
        here, contact_id=who, deal_id=deal, assigned_to=BOB.user_id, duration_minutes="45",
        reminder_minutes="15", location="Office", description="Ask\nher", repeat="weekly",
        weekday=["MO", "SU"], interval="2", ends="count", count="6", back="/activities?view=week",
    )  # fmt: skip
    assert answer.status_code == 303
    kept = await only(admin)
    assert answer.headers["location"] == f"/activities?view=week&saved={kept['id']}"
    assert kept["due_date"] == datetime(2027, 3, 14, 9, 30, tzinfo=ZONE)
    assert (kept["contact_id"], kept["deal_id"], kept["assigned_to"], kept["created_by"]) == (
        who, deal, BOB.user_id, ALICE.user_id,
    )  # fmt: skip
    assert kept["recurrence_rule"] == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=6"
    assert (kept["duration_minutes"], kept["reminder_minutes"], kept["location"]) == (
        45, 15, "Office",
    )  # fmt: skip


async def test_a_date_without_a_time_is_a_whole_day(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await create(here, due_time="")
    kept = await only(admin)
    assert (kept["is_all_day"], kept["due_date"]) == (True, datetime(2027, 3, 14, tzinfo=ZONE))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": "  "}, "title"), ({"title": "x" * 501}, "title"), ({"type": "party"}, "type"),
        ({"due_day": "", "due_time": "09:00"}, "due_day"), ({"due_day": "soon"}, "due_day"),
        ({"due_day": "9999-12-31"}, "due_day"), ({"duration_minutes": "-5"}, "duration_minutes"),
        ({"duration_minutes": "9" * 30}, "duration_minutes"),
        ({"due_day": "", "due_time": "", "reminder_minutes": "15"}, "due_day"),
        ({"due_day": "", "due_time": "", "repeat": "daily"}, "due_day"),
        ({"repeat": "custom", "rule": "FREQ=OFTEN"}, "rule"),
        ({"repeat": "custom", "rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rule"),
        ({"repeat": "daily", "interval": "0"}, "repeat"),
        ({"repeat": "daily", "ends": "count", "count": "x"}, "count"),
        ({"repeat": "daily", "ends": "until", "until": ""}, "until"),
        ({"repeat": "daily", "ends": "until", "until": "2020-01-01"}, "until"),
        ({"assigned_to": "x"}, "assigned_to"), ({"contact": "Nobody Known"}, "contact_id"),
        ({"contact_id": "00000000-0000-4000-8000-000000000000"}, "contact_id"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    here: httpx.AsyncClient, admin: asyncpg.Connection, wrong: dict[str, str], field: str
) -> None:
    answer = await create(here, location="Office 7", **wrong)
    assert answer.status_code == 422
    assert len(errors(answer.text)) == 1
    assert page(answer.text).css_first(f".notice.error a[href='#f-{field}']")
    assert page(answer.text).css_first(f"#f-{field}").attributes.get("id") == f"f-{field}"
    assert value(answer.text, "#f-location") == "Office 7"
    assert await admin.fetchval("select count(*) from activities") == 0


async def test_without_a_script_a_contact_is_found_by_what_was_typed(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Quentin", "Only")
    await create(here, contact="quentin only")
    assert (await only(admin))["contact_id"] == one
    await contact(admin, "Quentin", "Only Too")
    answer = await create(here, contact="quentin")
    assert "Several contacts match" in errors(answer.text)[0]


async def test_the_new_form_can_be_filled_by_its_address(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    who = await contact(admin, "Dana", "Whitfield")
    html = (await here.get(f"/activities/new?contact={who}&date=2026-12-01&time=14:00")).text
    assert [value(html, f"#f-{name}") for name in ("contact_id", "due_day", "due_time")] == [
        "Dana Whitfield", "2026-12-01", "14:00",
    ]  # fmt: skip
    assert value(html, "input[name=contact_id]") == str(who)


async def test_contacts_and_their_deals_are_found(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    who = await contact(admin, "Zelda", "Fitz", email1="zelda@example.test")
    await add(admin, "deals", contact_id=who, name="Zelda's house", stage="lead")
    html = (await here.get("/activities/contacts?contact=zelda", headers=PARTIAL)).text
    assert "zelda@example.test" in text(page(html).css_first("[role=option]"))
    html = (await here.get(f"/activities/deals?contact_id={who}", headers=PARTIAL)).text
    assert "Zelda's house" in text(page(html))
    assert "No contact" in (await here.get("/activities/contacts?contact=qqqq")).text


async def edit(client: httpx.AsyncClient, one: UUID, **fields: Any) -> httpx.Response:
    html = (await client.get(f"/activities/{one}/edit")).text
    version = value(html, "input[name=version]")
    return await client.post(f"/activities/{one}/edit", data=GOOD | {"version": version} | fields)


async def test_an_edit_keeps_what_it_does_not_show_and_says_conflicts(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "before", result="kept")
    assert (await edit(here, one)).status_code == 303
    kept = await only(admin)
    assert (kept["title"], kept["type"], kept["result"]) == ("Call Dana", "call", "kept")
    answer = await edit(here, one, title="mine", version="2020-01-01T00:00:00+00:00")
    assert answer.status_code == 409
    assert value(answer.text, "#f-title") == "mine"
    assert "Somebody changed this activity" in answer.text
    assert (await only(admin))["title"] == "Call Dana"
    again = value(answer.text, "input[name=version]")
    assert (await edit(here, one, title="mine", version=again)).status_code == 303


async def daily(admin: asyncpg.Connection) -> UUID:
    due = datetime(2027, 3, 14, 9, 30, tzinfo=ZONE)
    return await activity(admin, "every day", due_date=due, recurrence_rule="FREQ=DAILY")


async def test_an_edit_of_one_leaves_the_others_as_they_were(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    answer = await edit(here, one, scope="one", repeat="daily", title="this one")
    assert answer.status_code == 303
    assert (await row(admin, one))["recurrence_rule"] is None
    others = await admin.fetchrow("select * from activities where parent_activity_id = $1", one)
    assert others is not None
    assert (others["title"], others["recurrence_rule"]) == ("every day", "FREQ=DAILY")


async def test_an_edit_of_all_that_follow_changes_the_series(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    await edit(here, one, scope="all", repeat="daily", title="from now on")
    kept = await only(admin)
    assert (kept["id"], kept["title"], kept["recurrence_rule"]) == (
        one, "from now on", "FREQ=DAILY",
    )  # fmt: skip


async def test_deleting_can_be_undone_with_all_that_hung_on_it(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "gone", description="all of it")
    child = await activity(admin, "follows", parent_activity_id=one)
    deed = await add(admin, "documents", name="deed", file_path="x/deed.pdf", activity_id=one)
    before = await row(admin, one)
    answer = await here.post(f"/activities/{one}/delete", data={"back": "/activities?view=week"})
    assert answer.headers["location"] == f"/activities?view=week&removed={one}"
    assert await admin.fetchval("select count(*) from activities where id = $1", one) == 0
    shown = (await here.get(answer.headers["location"])).text
    assert "“gone” was deleted" in shown
    assert f"/activities/{one}/restore" in shown
    assert (await here.post(f"/activities/{one}/restore", headers=PARTIAL)).status_code == 200
    assert await row(admin, one) == before
    assert (await row(admin, child))["parent_activity_id"] == one
    linked = await admin.fetchval("select activity_id from documents where id = $1", deed)
    assert linked == one
    assert (await here.post(f"/activities/{one}/restore")).status_code == 404


async def test_nobody_undoes_what_another_deleted(
    here: httpx.AsyncClient, client_as, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "gone")
    await here.post(f"/activities/{one}/delete")
    assert (await (await client_as(BOB)).post(f"/activities/{one}/restore")).status_code == 404


async def test_deleting_one_of_a_series_keeps_the_others_and_undo_takes_them_back(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    await here.post(f"/activities/{one}/delete", data={"scope": "one"})
    following = await only(admin)
    assert following["due_date"] == datetime(2027, 3, 15, 9, 30, tzinfo=ZoneInfo("UTC")) or (
        following["due_date"] - datetime(2027, 3, 14, 9, 30, tzinfo=ZONE) == timedelta(days=1)
    )
    await here.post(f"/activities/{one}/restore", headers=PARTIAL)
    assert (await only(admin))["id"] == one


async def test_deleting_all_that_follow_ends_the_series(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await daily(admin)
    await here.post(f"/activities/{one}/delete", data={"scope": "all"})
    assert await admin.fetchval("select count(*) from activities") == 0


async def test_what_was_deleted_a_day_ago_is_forgotten(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    before = await admin.fetchval("select count(*) from app.removed_activities") or 0
    one = await activity(admin, "gone")
    await here.post(f"/activities/{one}/delete")
    assert await admin.fetchval("select app.upkeep_removed_activities()") == 0
    await admin.execute("update app.removed_activities set removed_at = now() - interval '2 days'")
    forgotten = await admin.fetchval("select app.upkeep_removed_activities()")
    assert forgotten == before + 1


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example/", "/\\evil", "x"])
async def test_a_form_leads_back_to_this_site_only(here: httpx.AsyncClient, path: str) -> None:
    answer = await create(here, back=path)
    assert answer.headers["location"].startswith("/activities?saved=")


async def test_a_rule_the_form_cannot_say_survives_an_edit(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    rule = "FREQ=MONTHLY;BYMONTHDAY=1,15"
    one = await activity(admin, "rent", recurrence_rule=rule, due_date=now() + timedelta(days=1))
    html = (await here.get(f"/activities/{one}/edit")).text
    assert value(html, "#f-rule") == rule
    assert "Every month on the 1st and 15th" in text(page(html))
    await edit(here, one, repeat="custom", rule=rule, scope="all")
    assert (await only(admin))["recurrence_rule"] == rule
