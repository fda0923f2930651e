"""The list of contacts: what a row says, search, filters, empty states."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.contacts.words import fields
from crm.db import Identity
from crm.keyset import write_cursor
from crm.web import mail_address

from .scene import PARTIAL, add, contact, link, names, page, text


def now() -> datetime:
    """Not a constant: a run of all tests may pass midnight."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
async def book(admin: asyncpg.Connection) -> dict[str, UUID]:
    """Six contacts, one with everything."""
    alice = UUID("a11ce000-0000-4000-8000-000000000001")
    dana = await contact(
        admin, "Dana", "Whitfield", llc_name="Harbor Dental", phone1="+14155550132",
        email1="dana@harbor.example", city="Austin", state="TX", property_type="Condo",
        property_address="12 Oak Street", deal_status="qualified", assigned_to=alice,
        est_value=Decimal(412000),
    )  # fmt: skip
    await contact(admin, "Omar", "Kim", city="Dallas", state="TX", property_type="Land")
    await contact(admin, "Ingrid", "Almeida", city="Miami", state="FL", deal_status="closed_won")
    await contact(admin, llc_name="Blue Ridge HVAC", phone1="+13055550111", state="FL")
    await contact(admin, "Percy", "100%_\\x", city="Reno, NV")
    gone = await contact(admin, "Trashed", "Person", city="Austin", state="TX", deleted_at=now())
    tag = await add(admin, "tags", name="Hot lead", color="#dc2626")
    await add(admin, "contact_tags", contact_id=dana, tag_id=tag)
    await add(
        admin, "messages", contact_id=dana, direction="inbound", content="Hello",
        status="received", phone_number="+14155550132", occurred_at=now() - timedelta(hours=5),
    )  # fmt: skip
    await add(
        admin, "calls", contact_id=dana, direction="outbound", status="completed", duration=60,
        occurred_at=now() - timedelta(hours=2),
    )  # fmt: skip
    await add(
        admin, "activities", contact_id=dana, type="task", title="Send contract",
        due_date=now() - timedelta(days=3),
    )  # fmt: skip
    return {"dana": dana, "gone": gone}


async def test_a_row_says_who_where_what_is_next(client: httpx.AsyncClient, book: dict) -> None:
    html = (await client.get("/contacts?q=dana")).text
    row = page(html).css_first(f"#c{book['dana']}")
    words = text(row)
    for part in ("Dana Whitfield", "Harbor Dental", "+1 (415) 555-0132", "Qualified", "Alice Adams",
                 "Austin, TX", "Hot lead", "Send contract", "3d late", "$412,000"):  # fmt: skip
        assert part in words
    assert row.css_first("circle").attributes["fill"] == "#dc2626"


async def test_the_last_activity_is_the_newest_of_all_channels(
    client: httpx.AsyncClient, book: dict
) -> None:
    row = page((await client.get("/contacts")).text).css_first(f"#c{book['dana']}")
    assert "Call" in text(row.css_first("td.m2"))
    assert "2h" in text(row.css_first("td.m2"))


async def test_an_unread_message_marks_the_row_in_words_too(
    client: httpx.AsyncClient, book: dict
) -> None:
    row = page((await client.get("/contacts")).text).css_first(f"#c{book['dana']}")
    assert "unread" in (row.attributes["class"] or "")
    assert "unread messages" in text(row.css_first(".who"))


async def test_a_company_without_a_person_is_shown_by_its_name(
    client: httpx.AsyncClient, book: dict
) -> None:
    assert "Blue Ridge HVAC" in names((await client.get("/contacts")).text)


async def test_the_trash_is_not_in_the_list(client: httpx.AsyncClient, book: dict) -> None:
    html = (await client.get("/contacts")).text
    assert "Trashed" not in html
    assert "5 contacts" in text(page(html).css_first("#total"))


@pytest.mark.parametrize(
    "typed",
    ["dana", "WHITFIELD", "dana whit", "harbor", "(415) 555-0132", "415.555.0132", "4155550132",
     "+1 415 555 0132", "0132", "dana@harbor", "12 oak"],
)  # fmt: skip
async def test_search_finds_her_by_whatever_is_typed(
    client: httpx.AsyncClient, book: dict, typed: str
) -> None:
    assert names((await client.get("/contacts", params={"q": typed})).text) == ["Dana Whitfield"]


async def test_one_character_is_not_searched_and_says_so(
    client: httpx.AsyncClient, book: dict
) -> None:
    html = (await client.get("/contacts?q=d")).text
    assert len(names(html)) == 5
    assert "at least 2 characters" in html


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("f=status:eq:qualified", {"Dana Whitfield"}),
        ("f=status:in:qualified,closed_won", {"Dana Whitfield", "Ingrid Almeida"}),
        ("f=state:eq:TX", {"Dana Whitfield", "Omar Kim"}),
        ("f=state:eq:TX&f=city:eq:Dallas", {"Omar Kim"}),
        ("f=city:eq:Reno, NV", {"Percy 100%_\\x"}),
        ("f=city:in:Reno\\, NV,Miami", {"Percy 100%_\\x", "Ingrid Almeida"}),
        ("f=property_type:eq:Land", {"Omar Kim"}),
        ("f=tag:has-tag:hot LEAD", {"Dana Whitfield"}),
        ("f=owner:eq:me", {"Dana Whitfield"}),
        ("f=owner:ne:me&f=city:eq:Miami", {"Ingrid Almeida"}),
        ("f=est_value:gte:400,000", {"Dana Whitfield"}),
        ("f=est_value:is-null:false", {"Dana Whitfield"}),
        ("f=last_name:contains:%25_", {"Percy 100%_\\x"}),
        ("f=first_name:starts:dA", {"Dana Whitfield"}),
        ("f=created:gte:1d&f=company:starts:blue", {"Blue Ridge HVAC"}),
        ("f=dnc:eq:true", set()),
        ("q=dana&f=state:eq:FL", set()),
    ],
)
async def test_a_filter_shows_exactly_its_contacts(
    client: httpx.AsyncClient, book: dict, asked: str, found: set[str]
) -> None:
    html = (await client.get(f"/contacts?{asked}")).text
    assert set(names(html)) == found
    if found:
        assert f"{len(found)} contact" in text(page(html).css_first("#total"))


async def test_a_filter_is_a_chip_whose_cross_takes_only_it_away(
    client: httpx.AsyncClient, book: dict
) -> None:
    html = (await client.get("/contacts?q=an&f=state:eq:TX&f=city:eq:Austin&sort=name")).text
    chips = page(html).css("span.chip")
    assert [text(chip) for chip in chips] == ["State is TX", "City is Austin"]
    assert chips[0].css_first("a.x").attributes["href"] == (
        "/contacts?q=an&f=city:eq:Austin&sort=name"
    )


async def test_the_filter_form_works_without_javascript(
    client: httpx.AsyncClient, book: dict
) -> None:
    asked = "f=est_value:gte:1&sort=name&field=status"
    form = page((await client.get(f"/contacts/filter?{asked}")).text)
    hidden = [(n.attributes["name"], n.attributes["value"])
              for n in form.css("input[type=hidden]")]  # fmt: skip
    assert hidden == [("f", "est_value:gte:1"), ("sort", "name")]
    sent = [*hidden, ("field", "status"), ("op", "in"), ("value", "lead"), ("value", "qualified")]
    answer = await client.get("/contacts", params=sent)
    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/contacts?f=est_value:gte:1&f=status:in:lead,qualified&sort=name"
    )
    assert names((await client.get(answer.headers["location"])).text) == ["Dana Whitfield"]


async def test_a_filter_is_changed_in_its_place(client: httpx.AsyncClient, book: dict) -> None:
    here = "f=status:in:lead,closing&f=state:eq:TX"
    form = page((await client.get(f"/contacts/filter?{here}&was=status:in:lead,closing")).text)
    boxes = form.css("input[name=value][checked]")
    assert [box.attributes["value"] for box in boxes] == ["lead", "closing"]
    assert text(form.css_first("#f-field option[selected]")) == "Stage"
    sent = f"{here}&was=status:in:lead,closing&field=city&op=contains&value=aus"
    answer = await client.get(f"/contacts?{sent}")
    assert answer.headers["location"] == "/contacts?f=city:contains:aus&f=state:eq:TX"


async def test_any_of_the_filters_may_hold(client: httpx.AsyncClient, book: dict) -> None:
    answer = await client.get("/contacts?f=city:eq:Dallas&f=city:eq:Miami&match=any")
    html = (await client.get(answer.headers["location"])).text
    assert set(names(html)) == {"Omar Kim", "Ingrid Almeida"}
    chips = page(html).css("span.chip")
    assert [text(chip) for chip in chips] == ["City is Dallas", "City is Miami"]
    left = chips[0].css_first("a.x").attributes["href"] or ""
    assert names((await client.get(left)).text) == ["Ingrid Almeida"]
    back = [(n.attributes["name"], n.attributes["value"])
            for n in page(html).css("form.match input")]  # fmt: skip
    answer = await client.get("/contacts", params=[*back, ("match", "all")])
    assert answer.headers["location"] == "/contacts?f=city:eq:Dallas&f=city:eq:Miami"


@pytest.mark.parametrize("field", [name for name, _ in fields(())])
async def test_every_field_can_be_asked_for(
    client: httpx.AsyncClient, book: dict, field: str
) -> None:
    form = page((await client.get(f"/contacts/filter?field={field}")).text)
    assert form.css_first(f"#f-field option[value={field}][selected]") is not None
    value = {"created": "30d", "updated": "30d", "last_sale": "2026-01-01", "dnc": "true"}
    given = value.get(field, "true" if "opt_out" in field else "1")
    for option in form.css("#f-op option"):
        sent = {"field": field, "op": option.attributes["value"], "value": given}
        if field == "owner":
            sent["value"] = "me"
        answer = await client.get("/contacts", params=sent)
        assert answer.status_code == 303, sent
        assert (await client.get(answer.headers["location"])).status_code == 200


async def test_the_list_has_a_second_order(client: httpx.AsyncClient, book: dict) -> None:
    html = page((await client.get("/contacts?sort=name")).text)
    then = [node.attributes["href"] for node in html.css("#sort-menu a")]
    assert "/contacts?sort=name,-est_value" in then
    assert len(names((await client.get("/contacts?sort=-est_value,name")).text)) == 5


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("f=password:eq:x", "password"),
        ("f=city:like:x", "city"),
        ("f=est_value:gt:many", "est_value"),
        ("f=est_value:gt:NaN", "est_value"),
        ("f=owner:eq:nobody", "owner"),
        ("f=created:lt:yesterday", "created"),
        ("f=dnc:eq:perhaps", "dnc"),
        ("f=city", "f"),
        ("f=city:eq:%00", "city"),
        ("sort=phone1", "sort"),
        ("after=rubbish", "cursor"),
        ("after=WyItY3JlYXRlZCIsICJ4Il0", "cursor"),
    ],
)
async def test_what_the_list_does_not_know_is_a_422_that_names_it(
    client: httpx.AsyncClient, asked: str, field: str
) -> None:
    answer = await client.get(f"/contacts?{asked}", headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_cursor_with_a_false_value_is_refused(client: httpx.AsyncClient) -> None:
    for start in (["never", "x"], ["2026-01-01", "x"], ["2026-01-01"], [None, "x"]):
        answer = await client.get("/contacts", params={"after": write_cursor("-created", start)})
        assert answer.status_code == 422


async def test_nothing_matches_offers_to_clear(client: httpx.AsyncClient, book: dict) -> None:
    html = (await client.get("/contacts?f=city:eq:Nowhere")).text
    assert "No contacts match these filters." in html
    assert link(html, ".empty a") == "/contacts"
    assert "No contacts match “zzz”" in (await client.get("/contacts?q=zzz")).text


async def test_the_region_alone_is_sent_to_htmx(client: httpx.AsyncClient, book: dict) -> None:
    answer = await client.get("/contacts?q=dana", headers=PARTIAL)
    assert "<html" not in answer.text
    assert names(answer.text) == ["Dana Whitfield"]
    assert "HX-Request-Type" in answer.headers["vary"]


async def test_the_exact_total_is_there_for_lists_that_are_too_long_to_count_at_once(
    client: httpx.AsyncClient, book: dict
) -> None:
    assert "2 contacts" in (await client.get("/contacts/total?f=state:eq:TX")).text


async def test_markup_in_a_contact_is_only_text(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    one = await contact(admin, evil, "X", llc_name=evil, city=evil, phone1="+14155550999")
    tag = await add(admin, "tags", name=evil)
    await add(admin, "contact_tags", contact_id=one, tag_id=tag)
    await add(admin, "activities", contact_id=one, type="task", title=evil)
    try:
        for path in ("/contacts", f"/contacts/{one}", f"/contacts/{one}/edit",
                     f"/contacts?f=city:eq:{evil}"):  # fmt: skip
            html = (await client.get(path)).text
            assert page(html).css("img") == []
            assert "onerror=alert(1)&gt;" in html
    finally:
        await admin.execute("delete from contacts where id = $1", one)
        await admin.execute("delete from tags where id = $1", tag)


async def test_a_viewer_is_not_offered_what_they_may_not_do(
    client_as, vera: Identity, book: dict
) -> None:
    viewer = await client_as(vera)
    html = (await viewer.get("/contacts")).text
    assert len(names(html)) == 5
    assert page(html).css('a[href="/contacts/new"]') == []


async def test_a_row_offers_to_call_text_email_and_note_a_task_unless_they_opted_out(
    client: httpx.AsyncClient, client_as, vera: Identity, admin: asyncpg.Connection, book: dict
) -> None:
    async def offered(browser: httpx.AsyncClient) -> list[str]:
        row = page((await browser.get("/contacts?q=dana")).text).css_first(f"#c{book['dana']}")
        return [one.attributes["href"] for one in row.css(".row-tools a")]

    call, write, mail = "tel:+14155550132", "sms:+14155550132", "mailto:dana@harbor.example"
    task = f"/activities/new?contact={book['dana']}"
    assert await offered(client) == [call, write, mail, task]
    assert await offered(await client_as(vera)) == [call, write, mail]
    assert mail_address("d?cc=x&y#z%@a.example") == "d%3Fcc%3Dx%26y%23z%25@a.example"
    for change, left in (("sms_opt_out", [call, mail, task]), ("email_opt_out", [call, task]),
                         ("dnc", [task])):  # fmt: skip
        await admin.execute(f"update contacts set {change} = true where id = $1", book["dana"])
        assert await offered(client) == left
    await admin.execute(
        "update contacts set sms_opt_out = false, email_opt_out = false, dnc = false where id = $1",
        book["dana"],
    )
