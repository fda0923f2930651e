"""The calendar feed: what it holds, who may read it, and what its address is worth."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest
from icalendar import Calendar

from tests.cast import ALICE, BOB

from .scene import NEW_YORK, activity, contact, now, page, text

ZONE = ZoneInfo(NEW_YORK)


@pytest.fixture(autouse=True)
async def empty(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """No activity and no feed of another test."""
    await admin.execute(
        "insert into app.activity_preferences (user_id, time_zone) values ($1, $2)"
        " on conflict (user_id) do update set time_zone = excluded.time_zone",
        ALICE.user_id, NEW_YORK,
    )  # fmt: skip
    yield
    await admin.execute("delete from activities; delete from app.calendar_feeds")


async def address(client: httpx.AsyncClient) -> str:
    """A new address of the person's feed, as a path."""
    answer = await client.post("/settings/calendar/feed")
    assert answer.status_code == 200
    return urlsplit(text(page(answer.text).css_first("#feed-address"))).path


async def events(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    found = Calendar.from_ical(answer.content)
    return {str(one["summary"]): one for one in found.walk("VEVENT")}


async def test_a_calendar_program_reads_what_is_planned(
    client: httpx.AsyncClient, client_as, admin: asyncpg.Connection
) -> None:
    who = await contact(admin, "Dana", "Whitfield", phone1="+14155550132")
    due = datetime.now(ZONE).replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    one = await activity(
        admin, "Show the house", type="appointment", contact_id=who, due_date=due,
        duration_minutes=45, reminder_minutes=30, location="12 Oak St", description="Key\nfirst",
    )  # fmt: skip
    day = due.replace(hour=0)
    await activity(admin, "Fair", is_all_day=True, due_date=day, type="meeting")
    await activity(admin, "Paint", due_date=due)
    await activity(admin, "Sent", due_date=due, status="completed", completed_at=now())
    await activity(admin, "Off", due_date=due, status="cancelled")
    await activity(admin, "Bobs", due_date=due, assigned_to=BOB.user_id)
    await activity(admin, "Old", due_date=due - timedelta(days=100))
    await activity(admin, "Far", due_date=due + timedelta(days=800))
    await activity(admin, "Some day", due_date=None)
    stranger = await client_as(None)  # no cookie: a calendar program has none
    found = await events(stranger, await address(client))
    assert set(found) == {"Show the house · Dana Whitfield", "Fair", "Paint", "✓ Sent"}
    house = found["Show the house · Dana Whitfield"]
    assert house["uid"] == f"{one}@contact-crm"
    assert house["dtstart"].dt == due
    assert house["dtstart"].params["tzid"] == NEW_YORK
    assert house["dtend"].dt - house["dtstart"].dt == timedelta(minutes=45)
    assert house["location"] == "12 Oak St"
    assert "Key\nfirst" in house["description"]
    assert house["transp"] == "OPAQUE"
    [alarm] = house.walk("VALARM")
    assert alarm["trigger"].dt == timedelta(minutes=-30)
    assert (found["Fair"]["dtstart"].dt, found["Fair"]["dtend"].dt) == (
        due.date(), due.date() + timedelta(days=1),
    )  # fmt: skip
    assert found["Paint"]["transp"] == "TRANSPARENT"


async def test_a_series_carries_its_rule_with_an_end_of_the_right_kind(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    due = datetime(datetime.now(ZONE).year + 1, 3, 1, 9, tzinfo=ZONE)
    until = f"{due.year}0701"
    rule = f"FREQ=WEEKLY;BYDAY=MO;UNTIL={until}"
    await activity(admin, "timed", due_date=due, recurrence_rule=rule)
    midnight = due.replace(hour=0)
    await activity(admin, "days", due_date=midnight, is_all_day=True, recurrence_rule=rule)
    await activity(admin, "broken", due_date=due, recurrence_rule="FREQ=OFTEN")
    await activity(
        admin, "over", due_date=due, recurrence_rule=rule, status="completed", completed_at=now()
    )
    found = await events(client, await address(client))
    assert found["timed"]["rrule"]["until"] == [datetime(due.year, 7, 2, 3, 59, 59, tzinfo=UTC)]
    assert found["days"]["rrule"]["until"] == [date(due.year, 7, 1)]
    assert "rrule" not in found["broken"]
    assert "rrule" not in found["✓ over"]


async def test_an_unchanged_feed_is_304_and_changes_are_seen(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    who = await contact(admin, "Dana", "Whitfield")
    one = await activity(admin, "Call", contact_id=who)
    path = await address(client)
    first = await client.get(path)
    assert first.content == (await client.get(path)).content
    headers = {"if-none-match": first.headers["etag"]}
    assert (await client.get(path, headers=headers)).status_code == 304
    for change in (
        "update activities set title = 'Call again' where id = $1",
        f"update contacts set first_name = 'Dane' where id = '{who}' and $1::uuid is not null",
        "update activities set status = 'completed' where id = $1",
        "delete from activities where id = $1",
    ):
        await admin.execute(change, one)
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 200, change
        headers = {"if-none-match": answer.headers["etag"]}


async def test_a_big_feed_is_compressed(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    for n in range(40):
        await activity(admin, f"Task {n}")
    request = client.build_request("GET", await address(client))
    request.headers["accept-encoding"] = "gzip"
    answer = await client.send(request, stream=True)
    raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw).startswith(b"BEGIN:VCALENDAR")
    assert answer.headers["cache-control"] == "private, max-age=0, must-revalidate"


async def test_renewing_and_switching_off_end_an_address(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    first = await address(client)
    second = await address(client)
    assert (await client.get(first)).status_code == 404
    assert (await client.get(second)).status_code == 200
    assert second.split("/")[-1] not in (await client.get("/settings/calendar")).text
    await client.post("/settings/calendar/feed/end")
    assert (await client.get(second)).status_code == 404
    stored = await admin.fetchval("select count(*) from app.calendar_feeds")
    assert stored == 0


async def test_who_was_made_inactive_has_no_feed(client_as, admin: asyncpg.Connection) -> None:
    agent = await client_as(BOB)
    path = await address(agent)
    assert (await agent.get(path)).status_code == 200
    await admin.execute("update app.users set is_active = false where id = $1", BOB.user_id)
    answer = await agent.get(path)
    await admin.execute("update app.users set is_active = true where id = $1", BOB.user_id)
    assert answer.status_code == 404


async def test_a_guessed_address_is_nobodys(client_as) -> None:
    stranger = await client_as(None)
    for secret in ("x", "0" * 43, "../settings"):
        assert (await stranger.get(f"/calendar/{secret}.ics")).status_code == 404


async def test_the_feed_is_read_with_the_rights_of_its_owner(
    client_as, admin: asyncpg.Connection
) -> None:
    hers = await contact(admin, "Secret", "Seller", assigned_to=ALICE.user_id)
    await activity(admin, "of hers", contact_id=hers, assigned_to=BOB.user_id)
    await activity(admin, "of his", assigned_to=BOB.user_id)
    agent = await client_as(BOB)
    path = await address(agent)
    assert "of hers · Secret Seller" in await events(agent, path)
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    try:
        assert set(await events(agent, path)) == {"of his"}
    finally:
        await admin.execute("delete from app.settings where key = 'visibility'")


async def test_only_the_hash_of_the_secret_is_kept(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    secret = (await address(client)).removeprefix("/calendar/").removesuffix(".ics")
    kept = await admin.fetchrow("select * from app.calendar_feeds")
    assert kept is not None
    assert secret not in str(dict(kept))
    assert len(secret) >= 43
