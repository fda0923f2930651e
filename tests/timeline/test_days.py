"""A date in a timeline: its day's end, the way on in both directions, and back to now."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.contacts.scene import PARTIAL, add, contact, page, text

from .scene import DAY, kinds, message, region


def shown(html: str) -> list[str]:
    return [text(node) for node in page(html).css(".msg")]


@pytest.fixture(scope="module")
async def year(admin: asyncpg.Connection) -> UUID:
    """Two texts a day, at 9 and 15 o'clock, from 18 November 2026 on; none on the 21st."""
    one = await contact(admin, "Day", "After")
    for day in range(60):
        for hour in (0, 6):
            if day != 3:
                await message(admin, one, (day * 24 + hour) * 60, f"{day}/{hour}")
    return one


async def test_a_date_shows_what_there_was_by_the_end_of_its_day(
    client: httpx.AsyncClient, year: UUID
) -> None:
    html = await region(client, year, "?at=2026-11-20")
    assert shown(html) == ["0/0", "0/6", "1/0", "1/6", "2/0", "2/6"]
    assert shown((await client.get(f"/contacts/{year}?at=2026-11-20")).text) == shown(html)
    onward = page(html).css_first("#onward")
    assert [text(a) for a in onward.css("a")] == ["Show later", "Back to now"]
    assert onward.css("a")[1].attributes["href"] == f"/contacts/{year}"
    assert "20 Nov 2026" in text(page(html).css_first(".tl-find"))


async def test_from_a_date_the_timeline_goes_on_both_ways_without_gap_or_repeat(
    client: httpx.AsyncClient, year: UUID, admin: asyncpg.Connection
) -> None:
    html = await region(client, year, "?at=2026-12-15")
    seen, days = shown(html), [text(node) for node in page(html).css(".tl > .day")]
    assert seen[-1] == "27/6"
    assert len(seen) == 30
    older, newer = html, html
    while link := page(older).css_first("#older a"):
        older = (await client.get(link.attributes["hx-get"], headers=PARTIAL)).text
        seen = shown(older) + seen
    while (link := page(newer).css("#onward a")[0]) and text(link) == "Show later":
        newer = (await client.get(link.attributes["hx-get"], headers=PARTIAL)).text
        assert "<nav" not in newer
        seen += shown(newer)
        days += [text(node) for node in page(newer).css(".day")]
    assert "Nothing is newer." in newer
    order = await admin.fetch(
        "select content from messages where contact_id = $1 order by occurred_at", year
    )
    assert seen == [row["content"] for row in order]
    assert len(days) == len(set(days))


async def test_a_day_without_anything_says_so(client: httpx.AsyncClient, year: UUID) -> None:
    html = await region(client, year, "?at=2026-11-21")
    assert shown(html)[-1] == "2/6"
    assert "Nothing happened on Saturday, 21 November 2026; this is what came before." in text(
        page(html)
    )
    html = await region(client, year, "?at=2020-01-01")
    assert shown(html) == []
    assert "Nothing happened until Wednesday, 1 January 2020." in text(page(html))
    later = page(html).css_first("#onward a").attributes["hx-get"]
    assert shown((await client.get(later, headers=PARTIAL)).text)[0] == "0/0"
    html = await region(client, year, "?at=2030-01-01")
    assert shown(html)[-1] == "59/6"
    assert "Nothing is newer." in html


async def test_a_day_ends_where_the_visitor_is(client: httpx.AsyncClient, year: UUID) -> None:
    client.cookies.set("tz", "Pacific%2FAuckland")  # 13 hours on: 15:00 UTC is the next day there
    assert shown(await region(client, year, "?at=2026-11-18"))[-1] == "0/0"
    client.cookies.set("tz", "America%2FLos_Angeles")
    assert shown(await region(client, year, "?at=2026-11-18"))[-1] == "0/6"
    client.cookies.delete("tz")


async def test_later_items_of_a_tab_are_of_its_kind(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "All", "Kinds")
    at = DAY - timedelta(days=1)
    await admin.execute("update contacts set city = 'Reno' where id = $1", one)
    call = await add(
        admin, "calls", contact_id=one, direction="outbound", status="completed", occurred_at=at
    )
    await add(admin, "vapi_calls", contact_id=one, call_id=call, status="ended", started_at=at)
    await add(admin, "vapi_calls", contact_id=one, status="ended", started_at=at)
    await add(
        admin, "emails", contact_id=one, direction="inbound", status="received", occurred_at=at
    )
    for kind in ("note", "task"):
        await add(admin, "activities", contact_id=one, type=kind, title=kind, completed_at=at,
                  status="completed")  # fmt: skip
    await message(admin, one, 0, "hi")
    await add(admin, "deals", contact_id=one, name="Roof", stage="lead")
    for show, expected in (
        ("everything", {"call": 0, "ai_call": 2, "email": 1, "note": 1, "task": 1, "message": 1,
                        "deal": 1, "change": 1}),
        ("messages", {"message": 1}), ("calls", {"ai_call": 2}), ("emails", {"email": 1}),
        ("notes", {"note": 1}), ("tasks", {"task": 1}), ("ai", {"ai_call": 2}),
        ("deals", {"deal": 1}), ("changes", {"change": 1}),
    ):  # fmt: skip
        start = page(await region(client, one, f"?show={show}&at=2020-01-01"))
        later = start.css_first("#onward a").attributes["hx-get"]
        html = (await client.get(later, headers=PARTIAL)).text
        found = kinds(html)
        assert {kind: found.count(kind) for kind in expected} == expected, show
        assert len(found) == sum(expected.values()), show
        assert page(html).css("#onward a.outline") == []


async def test_without_javascript_later_items_are_a_page(
    client: httpx.AsyncClient, year: UUID
) -> None:
    first = page((await client.get(f"/contacts/{year}?at=2026-11-20")).text)
    later = await client.get(first.css_first("#onward a").attributes["href"])
    assert later.status_code == 200
    assert "<html" in later.text
    assert shown(later.text)[0] == "4/0"


@pytest.mark.parametrize(
    "query",
    ["at=yesterday", "at=0001-01-01", "at=9999-12-31", "after=x", "new=2026-01-01T00:00:00"],
)
async def test_a_date_or_place_that_is_none_is_a_422(
    client: httpx.AsyncClient, year: UUID, query: str
) -> None:
    answer = await client.get(f"/contacts/{year}/timeline?{query}", headers=PARTIAL)
    assert answer.status_code == 422


async def test_a_search_looks_at_all_days(client: httpx.AsyncClient, year: UUID) -> None:
    html = await region(client, year, "?q=59/6&at=2026-11-20")
    assert shown(html) == ["59/6"]
    day = page(html).css_first(".day a").attributes["href"]
    assert day == f"/contacts/{year}?at=2027-01-16"
    assert shown((await client.get(day)).text)[-1] == "59/6"
