"""Values changed in place: what comes back, 422, conflicts, and who may."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity

from .scene import PARTIAL, add, contact, page, text

BOB = UUID("a11ce000-0000-4000-8000-000000000002")


@pytest.fixture
async def dana(admin: asyncpg.Connection) -> UUID:
    """A contact."""
    return await contact(
        admin, "Dana", "Whitfield", city="Austin", state="TX", phone1="+14155550132"
    )


async def value(admin: asyncpg.Connection, contact_id: UUID, column: str) -> Any:
    return await admin.fetchval(f"select {column} from contacts where id = $1", contact_id)


@pytest.mark.parametrize(
    ("field", "sent", "column", "kept"),
    [
        ("city", "Waco", "city", "Waco"), ("city", "", "city", None),
        ("phone1", "(305) 555-0111", "phone1", "+13055550111"),
        ("est_value", "$385,000", "est_value::int", 385000),
        ("deal_status", "closing", "deal_status", "closing"),
        ("assigned_to", str(BOB), "assigned_to", BOB),
        ("last_sale_date", "2019-05-02", "last_sale_date::text", "2019-05-02"),
        ("dnc", "true", "dnc", True), ("notes", "One\ntwo", "notes", "One\ntwo"),
    ],
)  # fmt: skip
async def test_a_value_is_saved_and_its_row_comes_back(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID, field: str, sent: str,
    column: str, kept: object,
) -> None:  # fmt: skip
    form = page((await client.get(f"/contacts/{dana}/field/{field}", headers=PARTIAL)).text)
    was = form.css_first("input[name=was]").attributes["value"] or ""
    answer = await client.post(
        f"/contacts/{dana}/field/{field}", data={"value": sent, "was": was, "place": "row"}
    )
    assert answer.status_code == 200
    assert await value(admin, dana, column) == kept
    assert page(f"<table>{answer.text}</table>").css_first(f"tr#c{dana} .who") is not None


@pytest.mark.parametrize(
    ("field", "sent", "message"),
    [
        ("phone1", "call me", "This is not a phone number."),
        ("email1", "nobody", "This is not an email address."),
        ("bedrooms", "two", "This is not a whole number."),
        ("est_value", "-1", "Estimated value cannot be less than zero."),
        ("last_sale_date", "May", "A date reads 2026-11-30."),
        ("city", "x" * 101, "At most 100 characters."),
        ("deal_status", "maybe", "This stage does not exist."),
    ],
)
async def test_what_does_not_fit_comes_back_with_the_error_under_it(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID, field: str, sent: str,
    message: str,
) -> None:  # fmt: skip
    before = await admin.fetchrow("select * from contacts where id = $1", dana)
    answer = await client.post(f"/contacts/{dana}/field/{field}", data={"value": sent})
    assert answer.status_code == 422
    form = page(answer.text)
    assert text(form.css_first("[role=alert]")) == message
    shown = form.css_first("[name=value]")
    assert shown.attributes["aria-invalid"] == "true"
    if shown.tag == "input":
        assert shown.attributes["value"] == sent
    assert await admin.fetchrow("select * from contacts where id = $1", dana) == before


async def test_the_last_thing_a_contact_is_known_by_stays(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, llc_name="Acme")
    answer = await client.post(f"/contacts/{one}/field/llc_name", data={"value": ""})
    assert answer.status_code == 422
    assert "Give a name, a company, a phone or an email." in answer.text


async def test_a_change_of_the_same_value_meanwhile_shows_theirs_and_mine(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID
) -> None:
    await admin.execute("update contacts set city = 'Theirs' where id = $1", dana)
    sent = {"value": "Mine", "was": "Austin"}
    answer = await client.post(f"/contacts/{dana}/field/city", data=sent)
    assert answer.status_code == 409
    form = page(answer.text)
    assert "Theirs: Theirs" in text(form)
    assert form.css_first("input[name=value]").attributes["value"] == "Mine"
    assert await value(admin, dana, "city") == "Theirs"
    now = await client.get(f"/contacts/{dana}/field/city/now?place=row")
    assert "Theirs" in now.text
    sent |= {"was": form.css_first("input[name=was]").attributes["value"] or "", "mine": "1"}
    assert (await client.post(f"/contacts/{dana}/field/city", data=sent)).status_code == 200
    assert await value(admin, dana, "city") == "Mine"


async def test_a_change_of_another_value_meanwhile_is_no_conflict_and_stays(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID
) -> None:
    await admin.execute("update contacts set state = 'NV' where id = $1", dana)
    sent = {"value": "Reno", "was": "Austin"}
    assert (await client.post(f"/contacts/{dana}/field/city", data=sent)).status_code == 200
    assert (await value(admin, dana, "city"), await value(admin, dana, "state")) == ("Reno", "NV")


async def test_tags_are_ticked_and_a_new_one_is_made(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID
) -> None:
    for name in ("Hot", "Cold"):
        tag = await add(admin, "tags", name=name)
        await admin.execute(
            "insert into contact_tags (contact_id, tag_id) values ($1, $2)", dana, tag
        )
    form = page((await client.get(f"/contacts/{dana}/field/tags", headers=PARTIAL)).text)
    assert len(form.css("input[type=checkbox][checked]")) == 2
    was = form.css_first("input[name=was]").attributes["value"] or ""
    sent = {"value": ["Hot"], "new": " Brand  new ", "was": was}
    answer = await client.post(f"/contacts/{dana}/field/tags", data=sent)
    assert answer.status_code == 200
    rows = await admin.fetch(
        "select t.name from tags t join contact_tags c on c.tag_id = t.id where c.contact_id = $1",
        dana,
    )
    assert {row["name"] for row in rows} == {"Hot", "Brand new"}


async def test_on_the_contacts_page_the_head_and_the_cards_come_back(
    client: httpx.AsyncClient, dana: UUID
) -> None:
    sent = {"value": "Diana", "was": "Dana", "place": "page"}
    answer = page((await client.post(f"/contacts/{dana}/field/first_name", data=sent)).text)
    assert text(answer.css_first("#contact-title h1")) == "Diana Whitfield"
    assert answer.css_first(f"#record-cards[data-record='{dana}']") is not None


async def test_an_unknown_field_is_a_404(client: httpx.AsyncClient, dana: UUID) -> None:
    for name in ("password", "deleted_at", "created_by", "cf.nothing", "id"):
        path = f"/contacts/{dana}/field/{name}"
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, data={"value": "x"})).status_code == 404


@pytest.mark.parametrize("field", ["city", "tags", "assigned_to", "dnc"])
async def test_a_stranger_finds_nothing_and_a_viewer_changes_nothing(
    client_as, charlie: Identity, vera: Identity, admin: asyncpg.Connection, dana: UUID, field: str
) -> None:
    path = f"/contacts/{dana}/field/{field}"
    before = await admin.fetchrow("select * from contacts where id = $1", dana)
    for person, codes in ((charlie, (403, 404)), (vera, (403,))):
        browser = await client_as(person)
        sent = {"value": "true" if field == "dnc" else str(BOB) if field == "assigned_to" else "x"}
        assert (await browser.get(path)).status_code in codes
        assert (await browser.post(path, data=sent)).status_code in codes, person
    stranger = await client_as(charlie)
    assert "Whitfield" not in (await stranger.get(f"{path}/now?place=row")).text
    assert (await stranger.get(f"{path}/now?place=page")).status_code == 404
    assert await admin.fetchrow("select * from contacts where id = $1", dana) == before
    tags = await admin.fetchval("select count(*) from contact_tags where contact_id = $1", dana)
    assert tags == 0
