"""The timeline: order, kinds, words, and pages of older items."""

from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.contacts.scene import PARTIAL, add, contact, link, page, text

from .scene import BOB, at, kinds, message, region


@pytest.fixture(scope="module")
async def rosa(admin: asyncpg.Connection) -> UUID:
    """One thing of every kind, ten minutes apart."""
    one = await contact(admin, "Rosa", "Delgado", phone1="+14155550132", email1="r@palm.example")
    await message(admin, one, 10, "Hello there")
    await add(
        admin, "calls", contact_id=one, direction="inbound", status="missed", occurred_at=at(20)
    )
    await add(
        admin, "emails", contact_id=one, direction="outbound", subject="Your quote",
        body="Plain body", html_body="<b>secret html</b>", status="bounced",
        bounce_reason="mailbox full", occurred_at=at(30), sent_by=BOB,
        attachments='[{"filename": "Quote.pdf"}]',
    )  # fmt: skip
    await add(
        admin, "activities", contact_id=one, type="note", title="Wants 390",
        description="Wants 390 at least", status="completed", completed_at=at(40), created_by=BOB,
    )  # fmt: skip
    await add(
        admin, "activities", contact_id=one, type="call", title="Call Rosa back",
        created_at=at(50), due_date=at(60 * 24 * 365), created_by=BOB,
    )  # fmt: skip
    linked = await add(
        admin, "calls", contact_id=one, direction="outbound", status="completed", duration=252,
        call_type="ai", occurred_at=at(60),
    )  # fmt: skip
    ava = await add(admin, "assistants", name="Ava", model_provider="openai", model="gpt")
    await add(
        admin, "vapi_calls", contact_id=one, call_id=linked, assistant_id=ava, status="ended",
        started_at=at(60), outcome="interested", summary="Asked for a quote.", cost=0.42,
        duration=252, transcript="AI: Hello Rosa\nUser: Hi, who is this?",
        recording_url="javascript:alert(1)",
    )  # fmt: skip
    await add(
        admin, "vapi_calls", contact_id=one, assistant_id=ava, status="ended",
        started_at=at(70), outcome="call_back", type="inboundPhoneCall",
    )  # fmt: skip
    deal = await add(admin, "deals", contact_id=one, name="Roof", stage="lead", value=1000)
    await admin.execute("update deals set stage = 'proposal', value = 1500 where id = $1", deal)
    return one


async def test_everything_stands_in_one_line_newest_last(
    client: httpx.AsyncClient, rosa: UUID
) -> None:
    html = await region(client, rosa)
    assert kinds(html) == ["message", "call", "email", "note", "task", "ai_call", "ai_call",
                           "deal", "deal"]  # fmt: skip
    whole = (await client.get(f"/contacts/{rosa}")).text
    assert kinds(whole) == kinds(html)


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("messages", ["message"]),
        ("calls", ["call", "ai_call", "ai_call"]),
        ("emails", ["email"]),
        ("notes", ["note"]),
        ("tasks", ["task"]),
        ("ai", ["ai_call", "ai_call"]),
        ("deals", ["deal", "deal"]),
        ("nonsense", []),
    ],
)
async def test_a_tab_shows_its_kind_alone(
    client: httpx.AsyncClient, rosa: UUID, show: str, expected: list[str]
) -> None:
    html = await region(client, rosa, f"?show={show}")
    assert kinds(html) == expected
    assert kinds((await client.get(f"/contacts/{rosa}?show={show}")).text) == expected
    if expected:
        assert text(page(html).css_first("[aria-current]")).lower().startswith(show[:2])


async def test_a_call_that_the_ai_made_is_shown_once_with_what_the_ai_knows(
    client: httpx.AsyncClient, rosa: UUID
) -> None:
    items = page(await region(client, rosa, "?show=ai")).css("article.ev")
    words = text(items[0])
    for part in ("Ava", "4 min 12 s", "Interested", "AI summary", "Asked for a quote.", "$0.42"):
        assert part in words
    lines = [text(line) for line in items[0].css(".transcript li")]
    assert lines == ["AI Hello Rosa", "User Hi, who is this?"]
    assert "answered by Ava" in text(items[1])


async def test_an_email_shows_its_plain_text_never_its_html(
    client: httpx.AsyncClient, rosa: UUID
) -> None:
    html = await region(client, rosa, "?show=emails")
    words = text(page(html).css_first("article.ev"))
    for part in ("Bob Brown", "emailed · Your quote", "Plain body", "Quote.pdf",
                 "Not delivered: mailbox full"):  # fmt: skip
        assert part in words
    assert "secret html" not in html


async def test_states_are_words(client: httpx.AsyncClient, rosa: UUID) -> None:
    words = text(page(await region(client, rosa)))
    for part in ("Rosa Delgado called · missed", "Bob Brown planned a call", "Call Rosa back",
                 "added a note", "opened a deal", "moved a deal", "$1,000 → $1,500"):  # fmt: skip
        assert part in words


async def test_an_address_that_is_no_web_address_is_no_link(
    client: httpx.AsyncClient, rosa: UUID
) -> None:
    assert "javascript:" not in await region(client, rosa)


async def test_texts_of_one_sender_within_five_minutes_are_one_block(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Chatty")
    for minutes, words in ((0, "a"), (1, "b"), (4, "c"), (12, "d")):
        await message(admin, one, minutes, words)
    await message(admin, one, 13, "e", direction="outbound", status="delivered", sent_by=BOB)
    await message(
        admin, one, 14, "f", direction="outbound", status="undelivered", sent_by=BOB,
        error_code="30003", error_message="Unreachable",
    )  # fmt: skip
    html = page(await region(client, one))
    blocks = [[text(node) for node in block.css(".msg")] for block in html.css("article.ev")]
    assert blocks == [["a", "b", "c"], ["d"], ["e", "f"]]
    states = [text(node) for node in html.css(".st")]
    assert states == ["Delivered", "Not delivered: Unreachable (30003)"]


async def test_older_items_come_in_pages_without_a_gap_or_a_repeat(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Long", "Story")
    for minutes in range(50):
        await message(admin, one, minutes * 60, f"text {minutes}")
        await add(
            admin, "emails", contact_id=one, direction="inbound", subject=f"mail {minutes}",
            status="received", occurred_at=at(minutes * 60),
        )  # fmt: skip
    seen: list[str | None] = []
    days: list[str] = []
    html = await region(client, one)
    while True:
        tree = page(html)
        seen = [node.attributes["id"] for node in tree.css("article.ev")] + seen
        kept = [text(node) for node in tree.css(".day") if not node.parent.attributes.get("id")]
        days = kept + days
        older = tree.css_first("#older a")
        if older is None:
            break
        answer = await client.get(older.attributes["hx-get"] or "", headers=PARTIAL)
        assert "<nav" not in answer.text
        html = answer.text
    assert len(seen) == len(set(seen)) == 100
    assert len(days) == len(set(days)) == 3
    order = await admin.fetch(
        "select 'message-' || id as id, occurred_at, id as tie from messages where contact_id = $1"
        " union all select 'email-' || id, occurred_at, id from emails where contact_id = $1"
        " order by 2, 3", one,
    )  # fmt: skip
    assert seen == [row["id"] for row in order]


async def test_the_day_of_the_first_item_is_told_even_when_it_began_earlier(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Busy", "Day")
    for minutes in range(40):
        await message(admin, one, minutes * 6, f"t{minutes}")
    html = page(await region(client, one))
    assert [text(node) for node in html.css(".day")] == ["Wednesday, 18 November 2026"]
    assert text(html.css_first("#older .day")) == "Wednesday, 18 November 2026"


async def test_without_javascript_older_items_are_a_page(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "No", "Script")
    for minutes in range(40):
        await message(admin, one, minutes * 60, f"t{minutes}")
    first = (await client.get(f"/contacts/{one}")).text
    older = await client.get(link(first, "#older a"))
    assert older.status_code == 200
    assert "<html" in older.text
    assert len(kinds(older.text)) == 10


async def test_a_false_cursor_is_a_422(client: httpx.AsyncClient, rosa: UUID) -> None:
    for before in ("x", "2026-01-01,x", f"2026-01-01T00:00:00,{rosa}"):
        answer = await client.get(
            f"/contacts/{rosa}/timeline", params={"before": before}, headers=PARTIAL
        )
        assert answer.status_code == 422


async def test_nothing_yet_and_nothing_of_this_kind_differ(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Quiet")
    assert "Nothing has happened with this contact yet." in await region(client, one)
    assert "Nothing of this kind yet." in await region(client, one, "?show=emails")


async def test_markup_in_any_text_stays_text(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    evil = "<script>alert(1)</script>"
    one = await contact(admin, evil)
    await message(admin, one, 1, evil, media_urls=["javascript:alert(1)"])
    await add(
        admin, "emails", contact_id=one, direction="inbound", subject=evil, body=evil,
        status="received", attachments='[{"filename": "<script>alert(1)</script>"}]',
    )  # fmt: skip
    await add(
        admin, "calls", contact_id=one, direction="inbound", status="completed", notes=evil,
        transcript=f"{evil}: {evil}", outcome="<script>",
    )  # fmt: skip
    await add(admin, "activities", contact_id=one, type="note", title=evil, description=evil)
    await add(admin, "deals", contact_id=one, name=evil)
    html = page((await client.get(f"/contacts/{one}")).text)
    assert [node for node in html.css("script") if not node.attributes.get("src")] == []
    assert "javascript:" not in html.html


async def test_a_long_text_is_cut_and_can_be_read_whole(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Long", "Mail")
    body = "word " * 10_000
    mail = await add(
        admin, "emails", contact_id=one, direction="inbound", subject="Long", body=body,
        status="received",
    )  # fmt: skip
    html = await region(client, one)
    assert len(html) < 40_000
    whole = await client.get(f"/contacts/{one}/timeline/email/{mail}/text")
    assert whole.text == body
    assert whole.headers["content-type"].startswith("text/plain")
    other = await contact(admin, "Other")
    assert (await client.get(f"/contacts/{other}/timeline/email/{mail}/text")).status_code == 404


async def test_days_and_times_are_the_visitors_own(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Late", "Evening")
    await message(admin, one, -4 * 60, "before")  # 05:00 in UTC, the evening before in California
    await message(admin, one, 0, "after")
    for zone, days, times in (
        ("America%2FLos_Angeles", ["Tuesday, 17 November 2026", "Wednesday, 18 November 2026"],
         ["21:00", "01:00"]),
        ("..%2F..%2Fetc%2Fpasswd", ["Wednesday, 18 November 2026"], ["05:00", "09:00"]),
        ("Nowhere", ["Wednesday, 18 November 2026"], ["05:00", "09:00"]),
    ):  # fmt: skip
        client.cookies.set("tz", zone)
        html = page(await region(client, one))
        assert [text(node) for node in html.css(".day")] == days
        assert [text(node) for node in html.css(".meta time")] == times
    client.cookies.delete("tz")
