"""The agenda, the week and the month, as the server sends them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest

from tests.cast import ALICE, BOB

from .scene import NEW_YORK, PARTIAL, activity, add, contact, link, now, page, text, titles

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


def local(days: int, clock: str = "12:00") -> datetime:
    """A time of a day from today, in New York."""
    hour, minute = map(int, clock.split(":"))
    day = datetime.now(ZONE).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


async def test_each_is_in_its_group_late_first(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await activity(admin, "very late", due_date=now() - timedelta(days=9))
    await activity(admin, "late", due_date=now() - timedelta(minutes=1))
    await activity(admin, "tonight", due_date=local(0, "23:59"))
    await activity(admin, "all of today", due_date=local(0, "00:00"), is_all_day=True)
    await activity(admin, "all of yesterday", due_date=local(-2, "00:00"), is_all_day=True)
    await activity(admin, "tomorrow", due_date=local(1, "00:00"))
    await activity(admin, "some day", due_date=local(30))
    await activity(admin, "any day", due_date=None)
    await activity(admin, "done", status="completed", completed_at=now())
    await activity(admin, "called off", status="cancelled")
    html = (await here.get("/activities")).text
    assert titles(html, "overdue") == ["very late", "all of yesterday", "late"]
    assert titles(html, "today") == ["all of today", "tonight"]
    assert titles(html, "tomorrow") == ["tomorrow"]
    assert titles(html, "later") == ["some day"]
    assert titles(html, "unscheduled") == ["any day"]
    assert len(titles(html)) == 8
    heads = [text(node) for node in page(html).css(".grp th")]
    assert heads == ["Overdue 3", "Today 2", "Tomorrow 1", "Later 1", "Unscheduled 1"]
    assert page(html).css(".due.late")
    assert "9d late" in text(page(html))


async def test_a_day_begins_where_the_visitor_is(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    due = now() + timedelta(hours=12)
    await activity(admin, "in twelve hours", due_date=due)
    groups = {}
    for name in ("Pacific/Kiritimati", "Asia/Tokyo", "UTC", NEW_YORK, "Pacific/Pago_Pago"):
        where = ZoneInfo(name)
        tomorrow = due.astimezone(where).date() > now().astimezone(where).date()
        groups[name] = "tomorrow" if tomorrow else "today"
        client.cookies.set("tz", name)
        html = (await client.get("/activities")).text
        assert titles(html, groups[name]) == ["in twelve hours"]
    assert set(groups.values()) == {"today", "tomorrow"}


async def test_mine_everybodys_nobodys_and_types(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await activity(admin, "mine", type="call")
    await activity(admin, "bobs", assigned_to=BOB.user_id)
    await activity(admin, "nobodys", assigned_to=None)
    shown = {
        query: sorted(titles((await here.get(f"/activities?{query}")).text))
        for query in ("", "owner=all", "owner=none", f"owner={BOB.user_id}", "type=call",
                      "owner=all&type=task")
    }  # fmt: skip
    assert list(shown.values()) == [
        ["mine"], ["bobs", "mine", "nobodys"], ["nobodys"], ["bobs"], ["mine"],
        ["bobs", "nobodys"],
    ]  # fmt: skip


async def test_a_long_group_is_counted_and_paged_without_gaps(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    same = local(20)
    for n in range(99):
        await activity(admin, f"task {n}", due_date=same + timedelta(minutes=n // 7))
    assert "Later 99 Show all" in text(page((await here.get("/activities")).text))
    for n in range(99, 120):
        await activity(admin, f"task {n}", due_date=same + timedelta(minutes=n // 7))
    html = (await here.get("/activities")).text
    assert len(titles(html, "later")) == 20
    assert "Later 100+ Show all" in text(page(html).css_first("#g-later .grp"))
    seen: list[str] = []
    path = link(html, "#g-later .grp a")
    while path:
        html = (await here.get(path)).text
        seen += titles(html)
        path = link(html, "nav.foot .btn:last-child") if "Next" in text(page(html)) else ""
    assert sorted(seen) == sorted(f"task {n}" for n in range(120))
    assert len(set(seen)) == 120


async def test_the_unscheduled_are_paged_too(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    for n in range(60):
        await activity(admin, f"idea {n}", due_date=None)
    html = (await here.get("/activities?group=unscheduled")).text
    first = titles(html)
    second = titles((await here.get(link(html, "nav.foot .btn:last-child"))).text)
    assert (len(first), len(second), len({*first, *second})) == (50, 10, 60)


async def test_what_hangs_on_a_contact_in_the_trash_is_not_shown(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    gone = await contact(admin, "Gone", "Girl", deleted_at=now())
    await activity(admin, "unseen thing", contact_id=gone)
    html = (await here.get("/activities")).text
    assert titles(html) == []
    assert "All done" in text(page(html))
    assert "unseen thing" not in (await here.get("/activities?view=week")).text
    assert "unseen thing" not in (await here.get("/activities?view=month")).text


async def test_a_region_is_what_the_page_holds(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await activity(admin, "seen")
    for query in ("", "?view=week", "?view=month", "?group=later"):
        whole = await here.get(f"/activities{query}")
        part = await here.get(f"/activities{query}", headers=PARTIAL)
        assert "<html" in whole.text
        assert "<html" not in part.text
        assert part.text.strip()[:200] in whole.text
        assert "HX-Request-Type" in part.headers["vary"]


def column(html: str, nth: int) -> list[str]:
    """The titles in the nth day of a week."""
    return [text(node) for node in page(html).css(".day-col")[nth].css(".blk b")]


async def test_the_week_puts_things_on_their_day_and_quarter(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    monday = datetime(2026, 3, 2, 9, 15, tzinfo=ZONE)
    await activity(admin, "standup", due_date=monday, duration_minutes=60)
    await activity(admin, "clash", due_date=monday + timedelta(minutes=30), duration_minutes=60)
    sunday = datetime(2026, 3, 8, 23, 30, tzinfo=ZONE)  # the clocks changed in its night
    await activity(admin, "late show", due_date=sunday, duration_minutes=60)
    await activity(admin, "fair", due_date=datetime(2026, 3, 4, tzinfo=ZONE), is_all_day=True)
    html = (await here.get("/activities?view=week&date=2026-03-05")).text
    assert [column(html, n) for n in (0, 6)] == [["standup", "clash"], ["late show"]]
    places = [node.attributes["class"] for node in page(html).css(".day-col")[0].css(".blk")]
    assert "q37 s4 l1of2" in places[0]
    assert "q39 s4 l2of2" in places[1]
    assert "q94 s2" in page(html).css(".day-col")[6].css_first(".blk").attributes["class"]
    assert text(page(html).css("div.all-day .blk")[0]) == "fair"
    following = (await here.get("/activities?view=week&date=2026-03-09")).text
    assert column(following, 0) == ["late show"]
    assert "2 \u2013 8 Mar 2026" in text(page(html))


async def test_a_week_shows_what_a_series_will_bring(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await activity(admin, "standup", due_date=local(1, "09:00"), recurrence_rule="FREQ=DAILY")
    later = local(15)
    html = (await here.get(f"/activities?view=week&date={later.date()}")).text
    blocks = page(html).css(".blk.soon")
    assert len(blocks) == 7
    assert {text(block.css_first("time")) for block in blocks} == {"09:00"}


async def test_a_month_shows_three_a_day_and_how_many_more(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    for n in range(5):
        await activity(admin, f"n{n}", due_date=datetime(2026, 11, 1, 9 + n, tzinfo=ZONE))
    await activity(admin, "new year", due_date=datetime(2026, 10, 31, 23, 59, tzinfo=ZONE))
    html = (await here.get("/activities?view=month&date=2026-11-20")).text
    cells = page(html).css("td")
    assert len(cells) == 42
    first = next(cell for cell in cells if "n0" in text(cell))
    assert [text(node) for node in first.css("b")] == ["n0", "n1", "n2"]
    assert "+2 more" in text(first)
    assert "new year" not in text(first)
    assert "November 2026" in text(page(html).css_first("main h2"))


@pytest.mark.parametrize(
    "query",
    ["view=year", "owner=x", "type=party", "date=soon", "date=0001-01-01", "group=x",
     "group=later&after=x", "group=later&after=2026-01-01~x"],
)  # fmt: skip
async def test_an_address_that_cannot_be_understood_says_so(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/activities?{query}")
    assert answer.status_code == 422
    assert "cannot be shown" in answer.text


async def test_the_frame_counts_what_is_late_or_due_today(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    html = (await here.get("/reminders/counts", headers=PARTIAL)).text
    assert "due" not in text(page(html.replace("hx-partial", "div")))
    await activity(admin, "late", due_date=now() - timedelta(days=1))
    await activity(admin, "tonight", due_date=local(0, "23:59"))
    await activity(admin, "tomorrow", due_date=local(1, "00:00"))
    await activity(admin, "bobs", due_date=now() - timedelta(days=1), assigned_to=BOB.user_id)
    html = (await here.get("/reminders/counts", headers=PARTIAL)).text
    assert text(page(html.replace("hx-partial", "div"))) == "2 due"


async def test_the_browsers_time_zone_is_remembered_once(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await admin.execute("delete from app.activity_preferences")
    await here.get("/activities")
    here.cookies.set("tz", "Asia/Tokyo")
    await here.get("/activities")
    zones = await admin.fetch("select user_id, time_zone from app.activity_preferences")
    assert [tuple(one) for one in zones] == [(ALICE.user_id, NEW_YORK)]


async def test_a_row_links_its_contact_and_names_its_deal(
    here: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    who = await contact(admin, "Dana", "Whitfield")
    deal = await add(admin, "deals", contact_id=who, name="Roof", stage="lead")
    one: UUID = await activity(admin, "Send the offer", contact_id=who, deal_id=deal)
    html = (await here.get("/activities")).text
    shown = text(page(html).css_first(f"#a{one}"))
    assert "Send the offer Dana Whitfield · Roof" in shown
    assert link(html, f"#a{one} .plain") == f"/contacts/{who}"
