"""Unread: the line "New", the number in the title, and reading, which is for the whole team."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from tests.contacts.scene import PARTIAL, add, contact, page, text
from tests.timeline.scene import at, message, region


@pytest.fixture
async def nora(admin: asyncpg.Connection) -> UUID:
    """Read texts, ours, and then an unread text, a missed call and an email."""
    one = await contact(admin, "Nora", "New")
    await message(admin, one, 0, "old", read_at=at(1))
    await message(admin, one, 1, "ours", direction="outbound", status="delivered")
    await message(admin, one, 2, "read in the same breath", read_at=at(3))
    await message(admin, one, 3, "first unread")
    await message(admin, one, 4, "second unread")
    await add(
        admin, "calls", contact_id=one, direction="inbound", status="missed", occurred_at=at(5)
    )
    await add(
        admin, "calls", contact_id=one, direction="inbound", status="completed", occurred_at=at(6)
    )
    await add(
        admin, "emails", contact_id=one, direction="inbound", subject="Hello", status="received",
        occurred_at=at(7),
    )  # fmt: skip
    return one


async def read(client: httpx.AsyncClient, one: UUID, **form: str) -> httpx.Response:
    """As the page does after two seconds."""
    html = await client.get(f"/contacts/{one}/timeline", headers=PARTIAL)
    seen = page(html.text).css_first("crm-read").attributes
    values = {"until": seen.get("until") or datetime.now(UTC).isoformat(), "show": "everything"}
    return await client.post(f"/contacts/{one}/read", data=values | form)


async def unread(admin: asyncpg.Connection, one: UUID) -> int | None:
    return await admin.fetchval(
        "select sum(unread_count)::integer from conversations where contact_id = $1", one
    )


async def test_a_line_stands_before_the_first_unread_and_the_title_counts(
    client: httpx.AsyncClient, nora: UUID
) -> None:
    html = page((await client.get(f"/contacts/{nora}")).text)
    assert text(html.css_first("title")) == "(4) Nora New · Contacts · CRM"
    lines = [text(one) for one in html.css(".unread-line, .msg")]
    assert lines[2:4] == ["read in the same breath", "New"]
    blocks = [[text(one) for one in ev.css(".msg")] for ev in html.css("article.ev .msgs")]
    assert blocks == [["old"], ["ours"], ["read in the same breath"],
                      ["first unread", "second unread"]]  # fmt: skip


async def test_what_was_looked_at_is_read_and_the_line_stays_for_this_visit(
    client: httpx.AsyncClient, admin: asyncpg.Connection, nora: UUID
) -> None:
    opened = page((await client.get(f"/contacts/{nora}")).text)
    assert (await read(client, nora)).status_code == 204
    assert await unread(admin, nora) == 0
    stamps = await admin.fetch(
        "select read_at from messages where contact_id = $1 and direction = 'inbound'", nora
    )
    assert all(row["read_at"] for row in stamps)
    again = page((await client.get(opened.css_first("#live-timeline").attributes["href"],
                                   headers=PARTIAL)).text)  # fmt: skip
    assert len(again.css("#new")) == 1
    assert again.css_first("crm-read").attributes == {"unread": "0"}
    anew = page((await client.get(f"/contacts/{nora}")).text)
    assert anew.css("#new") == []
    assert text(anew.css_first("title")) == "Nora New · Contacts · CRM"


async def test_what_came_after_the_page_was_opened_stays_unread(
    client: httpx.AsyncClient, admin: asyncpg.Connection, nora: UUID
) -> None:
    before = (datetime.now(UTC) - timedelta(days=400)).isoformat()
    await read(client, nora, until=before)
    assert await unread(admin, nora) == 4


@pytest.mark.parametrize(("show", "left"), [("messages", 2), ("calls", 3), ("emails", 3)])
async def test_a_tab_reads_what_it_shows(
    client: httpx.AsyncClient, admin: asyncpg.Connection, nora: UUID, show: str, left: int
) -> None:
    seen = page(await region(client, nora, f"?show={show}")).css_first("crm-read").attributes
    assert seen["show"] == show
    await read(client, nora, show=show)
    assert await unread(admin, nora) == left


@pytest.mark.parametrize("rest", ["?show=notes", "?q=unread", "?at=2026-11-18"])
async def test_who_looks_elsewhere_has_read_nothing(
    client: httpx.AsyncClient, nora: UUID, rest: str
) -> None:
    html = page(await region(client, nora, rest))
    assert html.css_first("crm-read").attributes == {"unread": "4"}
    assert html.css("#new") == []


async def test_a_line_far_back_comes_with_the_older_items(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Far", "Back")
    for minutes in range(50):
        seen = {"read_at": at(999)} if minutes < 10 else {}
        await message(admin, one, minutes * 10, f"t{minutes}", **seen)
    html = page(await region(client, one))
    assert html.css("#new") == []
    await read(client, one)
    older = await client.get(html.css_first("#older a").attributes["hx-get"], headers=PARTIAL)
    lines = [text(node) for node in page(older.text).css(".unread-line, .msg")]
    assert lines[9:12] == ["t9", "New", "t10"]


async def test_a_viewer_reads_without_a_trace_and_a_stranger_nothing(
    client_as, vera: Identity, charlie: Identity, admin: asyncpg.Connection, nora: UUID
) -> None:
    viewer = await client_as(vera)
    html = page((await viewer.get(f"/contacts/{nora}")).text)
    assert html.css_first("crm-read").attributes == {"unread": "4"}
    assert (await read(viewer, nora)).status_code == 403
    stranger = await client_as(charlie)
    answer = await stranger.post(
        f"/contacts/{nora}/read", data={"until": datetime.now(UTC).isoformat()}
    )
    assert answer.status_code == 404
    assert await unread(admin, nora) == 4


@pytest.mark.parametrize(
    "form", [{"until": ""}, {"until": "2026-01-01T00:00:00"}, {"until": "x"}, {"show": "notes"}]
)
async def test_a_moment_or_kind_that_is_none_is_refused(
    client: httpx.AsyncClient, nora: UUID, form: dict[str, str]
) -> None:
    assert (await read(client, nora, **form)).status_code == 422
