"""Words in a timeline: what is searched, what is marked, and the address that says so."""

from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from crm.timelines import SearchTerms
from tests.contacts.scene import PARTIAL, add, contact, page, text

from .scene import BOB, at, kinds, message, region


@pytest.fixture(scope="module")
async def omar(admin: asyncpg.Connection) -> UUID:
    """Every kind says "copper" somewhere, and something else happened in between."""
    one = await contact(admin, "Omar", "Haddad")
    await message(admin, one, 1, "The Copper pipes leak")
    await message(admin, one, 2, "Nothing to see")
    await add(
        admin, "calls", contact_id=one, direction="inbound", status="completed",
        notes="asked about copper", occurred_at=at(10),
    )  # fmt: skip
    linked = await add(
        admin, "calls", contact_id=one, direction="outbound", status="completed", occurred_at=at(20)
    )
    await add(
        admin, "vapi_calls", contact_id=one, call_id=linked, status="ended", started_at=at(20),
        summary="Wants a quote.", transcript="AI: Hello\nUser: the copper roof\nAI: Bye",
    )  # fmt: skip
    await add(
        admin, "vapi_calls", contact_id=one, status="ended", started_at=at(30),
        summary="Copper again.",
    )  # fmt: skip
    await add(
        admin, "emails", contact_id=one, direction="outbound", subject="Copper prices",
        body="As promised.", status="sent", occurred_at=at(40), sent_by=BOB,
    )  # fmt: skip
    await add(
        admin, "emails", contact_id=one, direction="inbound", status="received",
        subject="Re: prices", occurred_at=at(50),
        body="word " * 200 + "copper at last " + "word " * 200,
    )  # fmt: skip
    for minutes, kind, more in (
        (60, "note", {"title": "Copper", "description": "Only copper will do"}),
        (70, "task", {"title": "Order it", "result": "copper ordered"}),
    ):
        await add(
            admin, "activities", contact_id=one, type=kind, status="completed",
            completed_at=at(minutes), **more,
        )  # fmt: skip
    await add(admin, "deals", contact_id=one, name="Copper roof", stage="lead")
    return one


async def test_a_search_finds_what_was_said_and_marks_it(
    client: httpx.AsyncClient, omar: UUID
) -> None:
    html = await region(client, omar, "?q=copper")
    assert kinds(html) == ["message", "call", "ai_call", "ai_call", "email", "email", "note",
                           "task", "deal"]  # fmt: skip
    items = page(html).css("article.ev")
    assert all(item.css("mark") for item in items)
    assert {text(mark).lower() for mark in page(html).css("mark")} == {"copper"}
    said = [text(line) for line in items[2].css("[aria-label='From the transcript'] li")]
    assert said == ["User the copper roof"]
    assert "…" in text(items[5].css_first(".begin"))
    assert "copper at last" in text(items[5].css_first(".begin"))
    whole = (await client.get(f"/contacts/{omar}?q=copper")).text
    assert kinds(whole) == kinds(html)
    assert page(whole).css_first("#timeline-q").attributes["value"] == "copper"


async def test_a_tab_searches_its_kind_and_keeps_the_words(
    client: httpx.AsyncClient, omar: UUID
) -> None:
    html = page(await region(client, omar, "?show=emails&q=copper"))
    assert kinds(html.html) == ["email", "email"]
    tab = html.css_first("#show-calls").attributes
    assert tab["href"] == f"/contacts/{omar}?show=calls&q=copper"
    assert kinds((await client.get(tab["href"])).text) == ["call", "ai_call", "ai_call"]
    assert html.css_first("#timeline-search [name=show]").attributes["value"] == "emails"


@pytest.mark.parametrize(
    ("typed", "count"),
    [("copper roof", 2), ("COPPER", 9), ("opper", 9), ("copper zinc", 0), ("100%", 0), ("_", 0),
     ("\\", 0), ("%00copper", 9)],
)  # fmt: skip
async def test_every_word_must_be_there_as_it_is_written(
    client: httpx.AsyncClient, omar: UUID, typed: str, count: int
) -> None:
    answer = await client.get(
        f"/contacts/{omar}/timeline", params={"q": typed.replace("%00", "\0")}, headers=PARTIAL
    )
    assert len(kinds(answer.text)) == count


async def test_no_hit_says_so_and_leads_back(client: httpx.AsyncClient, omar: UUID) -> None:
    html = page(await region(client, omar, "?show=calls&q=zinc"))
    assert "Nothing here mentions “zinc”." in text(html)
    links = {text(a): a.attributes["href"] for a in html.css(".empty a")}
    assert links == {
        "Search everything": f"/contacts/{omar}?q=zinc",
        "Clear the search": f"/contacts/{omar}?show=calls",
    }
    changes = page(await region(client, omar, "?show=changes&q=zinc"))
    assert "Changes of fields are not searched." in text(changes)


async def test_the_address_of_what_was_typed_is_told_to_the_browser(
    client: httpx.AsyncClient, omar: UUID
) -> None:
    path = f"/contacts/{omar}"
    form = PARTIAL | {"HX-Source": "form#timeline-search"}
    answer = await client.get(f"{path}/timeline?show=calls&q=copper%20roof", headers=form)
    assert answer.headers["HX-Replace-Url"] == f"{path}?show=calls&q=copper+roof"
    answer = await client.get(f"{path}/timeline?q=", headers=form)
    assert answer.headers["HX-Replace-Url"] == path
    plain = await client.get(f"{path}/timeline?show=calls&q=copper")
    assert plain.headers["location"] == f"{path}?show=calls&q=copper"


async def test_a_long_search_goes_on_in_pages(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Much", "Said")
    for minutes in range(100):
        await message(admin, one, minutes * 10, f"{'tin' if minutes % 2 else 'lead'} {minutes}")
    first = page(await region(client, one, "?q=tin"))
    assert text(first.css_first("[data-announce]")) == "The newest 30 mention “tin”."
    older = await client.get(first.css_first("#older a").attributes["hx-get"], headers=PARTIAL)
    assert len(kinds(first.html)) == 30
    assert len(kinds(older.text)) == 20
    assert {text(mark) for mark in page(older.text).css("mark")} == {"tin"}


async def test_markup_in_what_is_found_or_typed_stays_text(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Evil")
    evil = "<img src=x><mark onclick=x>script</mark> &amp;"
    await message(admin, one, 1, evil)
    await add(
        admin, "emails", contact_id=one, direction="inbound", subject=evil, body=evil * 20,
        status="received",
    )  # fmt: skip
    for typed in ("<img", "script", "<mark onclick=x>", "amp;", "x", "&"):
        answer = await client.get(f"/contacts/{one}/timeline", params={"q": typed}, headers=PARTIAL)
        html = page(answer.text)
        assert len(kinds(answer.text)) == 2
        assert html.css("img, mark[onclick]") == []


async def test_a_stranger_and_other_contacts_find_nothing(
    client: httpx.AsyncClient, client_as, charlie: Identity, omar: UUID, admin: asyncpg.Connection
) -> None:
    other = await contact(admin, "Other")
    assert kinds(await region(client, other, "?q=copper")) == []
    stranger = await client_as(charlie)
    for rest in ("?q=copper", "?at=2026-11-18"):
        for path in (f"/contacts/{omar}{rest}", f"/contacts/{omar}/timeline{rest}"):
            answer = await stranger.get(path, headers=PARTIAL if "timeline" in path else {})
            assert answer.status_code == 404
            assert "Copper" not in answer.text


def test_marks_hold_only_what_was_escaped() -> None:
    terms = SearchTerms("<b> a")
    assert terms.mark("<b>A & c") == "<mark>&lt;b&gt;</mark><mark>A</mark> &amp; c"
    assert SearchTerms("").mark(None) == ""
    assert SearchTerms("").mark("<a>") == "&lt;a&gt;"
    assert SearchTerms("50%_\\").patterns == ["%50\\%\\_\\\\%"]
    assert SearchTerms("end").beginning("x" * 300 + " the end", 30) == "…" + "x" * 5 + " the end"
