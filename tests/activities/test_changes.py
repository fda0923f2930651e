"""Tick, snooze, reassign: from a list, with Undo."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from tests.cast import ALICE, BOB

from .scene import NEW_YORK, PARTIAL, activity, now, page, row, text

ZONE = ZoneInfo(NEW_YORK)


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


def undo(answer: httpx.Response) -> str:
    """Where the toast's Undo leads."""
    html = answer.text.replace("hx-partial", "div")
    return page(html).css_first("crm-toast form").attributes["hx-post"]


async def test_a_tick_completes_says_so_and_can_be_undone(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "Call Dana")
    answer = await here.post(f"/activities/{one}/tick", data={"done": "on"}, headers=PARTIAL)
    assert "“Call Dana” is done." in answer.text
    assert "activities-done" in answer.headers["hx-trigger"]
    done = await row(admin, one)
    assert (done["status"], done["completed_by"]) == ("completed", ALICE.user_id)
    answer = await here.post(undo(answer), headers=PARTIAL)
    assert '"activities":' in answer.headers["hx-trigger"]
    assert (await row(admin, one))["status"] == "planned"


async def test_unticking_opens_again_and_ticking_twice_is_one(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "Call Dana")
    for _ in range(2):
        answer = await here.post(f"/activities/{one}/tick", data={"done": "on"}, headers=PARTIAL)
        assert answer.status_code == 200
    await here.post(f"/activities/{one}/tick", headers=PARTIAL)
    assert (await row(admin, one))["status"] == "planned"


async def test_without_a_script_a_change_leads_back(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "Call Dana")
    answer = await here.post(
        f"/activities/{one}/tick", data={"done": "on"},
        headers={"referer": "http://crm.test/activities?view=week"},
    )  # fmt: skip
    assert (answer.status_code, answer.headers["location"]) == (303, "/activities?view=week")
    answer = await here.post(
        f"/activities/{one}/tick", headers={"referer": "http://evil.example/crm.test/x"}
    )
    assert answer.headers["location"] == "/activities"


@pytest.mark.parametrize("to", ["hour", "tomorrow", "week"])
async def test_a_snooze_moves_and_can_be_undone(
    here: httpx.AsyncClient, admin: asyncpg.Connection, to: str
) -> None:
    due = now() - timedelta(hours=3)
    one = await activity(admin, "Call Dana", due_date=due)
    answer = await here.post(f"/activities/{one}/snooze", data={"to": to}, headers=PARTIAL)
    moved = await row(admin, one)
    assert moved["due_date"] > now()
    assert moved["status"] == "planned"
    if to == "tomorrow":
        assert moved["due_date"].astimezone(ZONE).strftime("%H:%M") == "09:00"
    path = urlsplit(undo(answer))
    await here.post(f"{path.path}?{path.query}", headers=PARTIAL)
    assert (await row(admin, one))["due_date"] == due
    assert (await row(admin, one))["status"] == "overdue"


async def test_a_whole_day_stays_one_when_it_is_snoozed_to_another_day(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    one = await activity(admin, "fair", due_date=today, is_all_day=True)
    await here.post(f"/activities/{one}/snooze", data={"to": "tomorrow"}, headers=PARTIAL)
    moved = await row(admin, one)
    assert moved["is_all_day"]
    assert moved["due_date"].astimezone(ZONE).date() == today.date() + timedelta(days=1)
    await here.post(f"/activities/{one}/snooze", data={"to": "hour"}, headers=PARTIAL)
    assert not (await row(admin, one))["is_all_day"]


async def test_something_without_a_date_gets_one_and_loses_it_again(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "idea", due_date=None)
    answer = await here.post(f"/activities/{one}/snooze", data={"to": "hour"}, headers=PARTIAL)
    assert (await row(admin, one))["due_date"] > now()
    await here.post(undo(answer), headers=PARTIAL)
    assert (await row(admin, one))["due_date"] is None


async def test_another_owner_and_back(here: httpx.AsyncClient, admin: asyncpg.Connection) -> None:
    one = await activity(admin, "Call Dana")
    answer = await here.post(
        f"/activities/{one}/assign", data={"owner": str(BOB.user_id)}, headers=PARTIAL
    )
    assert "now belongs to Bob Brown" in answer.text
    assert (await row(admin, one))["assigned_to"] == BOB.user_id
    await here.post(undo(answer), headers=PARTIAL)
    assert (await row(admin, one))["assigned_to"] == ALICE.user_id
    await here.post(f"/activities/{one}/assign", data={"owner": ""}, headers=PARTIAL)
    assert (await row(admin, one))["assigned_to"] is None


async def test_nonsense_is_refused(here: httpx.AsyncClient, admin: asyncpg.Connection) -> None:
    one = await activity(admin, "Call Dana")
    for path, data in (
        ("snooze", {"to": "year"}), ("snooze", {}), ("assign", {"owner": "x"}),
        ("assign", {"owner": "00000000-0000-4000-8000-000000000000"}), ("move?to=x", {}),
        ("move?to=2026-01-01T00:00:00", {}),
    ):  # fmt: skip
        answer = await here.post(f"/activities/{one}/{path}", data=data, headers=PARTIAL)
        assert answer.status_code == 422, path
    nobody = "00000000-0000-4000-8000-000000000000"
    assert (await here.post(f"/activities/{nobody}/tick")).status_code == 404


async def test_the_menu_offers_what_can_be_done(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await activity(admin, "Call Dana")
    said = text(page((await here.get(f"/activities/{one}/menu", headers=PARTIAL)).text))
    for words in ("In 1 hour", "Tomorrow, 9:00", "Next week", "Bob Brown", "Nobody", "Delete"):
        assert words in said
    assert "Alice Adams" not in said


async def test_the_contact_page_ticks_and_adds(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    who = await admin.fetchval("insert into contacts (first_name) values ('Dana') returning id")
    one = await activity(admin, "Call Dana", contact_id=who)
    html = (await here.get(f"/contacts/{who}")).text
    box = page(html).css_first(f"#todo-{one} form")
    assert box.attributes["hx-post"] == f"/activities/{one}/tick"
    assert f"/activities/new?contact={who}" in html
