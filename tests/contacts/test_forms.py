"""New contact, edit, trash and restore."""

from uuid import UUID

import asyncpg
import httpx
import pytest

from .scene import PARTIAL, contact, page, text

FULL = {
    "first_name": " Rosa ", "last_name": "Delgado", "llc_name": "Palm LLC", "job_title": "Owner",
    "phone1": "(305) 555-0111", "phone2": "+44 20 7946 0958", "phone3": "305.555.0113",
    "email1": "Rosa@Palm.example", "email2": "", "property_address": "1840 NW 32nd Ave",
    "city": "Miami", "state": "FL", "zip_code": "33125", "bedrooms": "3", "total_bathrooms": "2.5",
    "building_sqft": "1,480", "effective_year_built": "1952", "est_value": "$385,000.50",
    "est_equity": "-1000", "last_sale_date": "2019-05-02", "deal_status": "proposal",
    "assigned_to": "a11ce000-0000-4000-8000-000000000002", "dnc": "true", "dnc_reason": "Letter",
    "notes": "Line one\nline two",
}  # fmt: skip


async def row(admin: asyncpg.Connection, contact_id: str | UUID) -> asyncpg.Record:
    found = await admin.fetchrow("select * from contacts where id = $1::uuid", str(contact_id))
    assert found is not None
    return found


async def test_a_new_contact_is_saved_with_its_phones_in_one_notation(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    answer = await client.post("/contacts/new", data=FULL)
    assert answer.status_code == 303
    saved = await row(admin, answer.headers["location"].removeprefix("/contacts/"))
    assert saved["first_name"] == "Rosa"
    assert [saved[f"phone{n}"] for n in (1, 2, 3)] == [
        "+13055550111", "+442079460958", "+13055550113",
    ]  # fmt: skip
    assert saved["email2"] is None
    assert (saved["building_sqft"], str(saved["est_value"])) == (1480, "385000.50")
    assert (saved["dnc"], saved["sms_opt_out"], saved["est_equity"]) == (True, False, -1000)
    assert str(saved["created_by"]).endswith("0001")


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({}, "first_name", "Give a name, a company, a phone or an email."),
        ({"first_name": "A", "phone1": "call me"}, "phone1", "This is not a phone number."),
        ({"first_name": "A", "phone3": "12"}, "phone3", "This is not a phone number."),
        ({"first_name": "A", "email1": "nobody"}, "email1", "This is not an email address."),
        ({"first_name": "A", "email3": "a b@c.d"}, "email3", "This is not an email address."),
        ({"first_name": "A", "bedrooms": "two"}, "bedrooms", "This is not a whole number."),
        ({"first_name": "A", "bedrooms": "-1"}, "bedrooms", "Bedrooms cannot be less than zero."),
        ({"first_name": "A", "est_value": "-1"}, "est_value",
         "Estimated value cannot be less than zero."),
        ({"first_name": "A", "est_value": "1e20"}, "est_value", "This number is too large."),
        ({"first_name": "A", "building_sqft": "9999999999"}, "building_sqft",
         "This number is too large."),
        ({"first_name": "A", "effective_year_built": "12"}, "effective_year_built",
         "Years run from 1500 to 2200."),
        ({"first_name": "A", "last_sale_date": "May"}, "last_sale_date",
         "A date reads 2026-11-30."),
        ({"first_name": "A", "deal_status": "maybe"}, "deal_status", "This stage does not exist."),
        ({"first_name": "A", "assigned_to": "me"}, "assigned_to", "This person does not exist."),
        ({"first_name": "A" * 101}, "first_name", "At most 100 characters."),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    client: httpx.AsyncClient, sent: dict[str, str], field: str, message: str
) -> None:
    answer = await client.post("/contacts/new", data={"city": "Reno"} | sent)
    assert answer.status_code == 422
    html = page(answer.text)
    assert text(html.css_first(f"#e-{field}")) == message
    control = html.css_first(f"#f-{field}")
    assert control.attributes["aria-invalid"] == "true"
    assert f"e-{field}" in (control.attributes["aria-describedby"] or "")
    assert html.css_first("#f-city").attributes["value"] == "Reno"
    assert html.css_first(f".notice.error a[href='#f-{field}']") is not None


async def test_every_wrong_shape_is_told_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.post("/contacts/new", data={"phone1": "x", "bedrooms": "x"})
    assert len(page(answer.text).css(".notice.error li")) == 2


async def test_a_zero_byte_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/contacts/new", data={"first_name": "a\x00b"})).status_code == 422


async def test_the_form_shows_the_contact_and_saves_what_changed(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    made = await client.post("/contacts/new", data=FULL)
    address = made.headers["location"]
    html = page((await client.get(f"{address}/edit")).text)
    assert html.css_first("#f-phone1").attributes["value"] == "+13055550111"
    assert text(html.css_first("#f-assigned_to option[selected]")) == "Bob Brown"
    assert html.css_first("input[name=dnc]").attributes.get("checked", "no") != "no"
    version = html.css_first("input[name=version]").attributes["value"]
    changed = {k: v for k, v in FULL.items() if k != "dnc"} | {"city": "Tampa"}
    answer = await client.post(f"{address}/edit", data=changed | {"version": version or ""})
    assert answer.status_code == 303
    saved = await row(admin, address.removeprefix("/contacts/"))
    assert (saved["city"], saved["dnc"]) == ("Tampa", False)


async def test_a_change_by_somebody_else_is_not_overwritten_unseen(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Con", "Flict")
    form = page((await client.get(f"/contacts/{one}/edit")).text)
    version = form.css_first("input[name=version]").attributes["value"] or ""
    await admin.execute("update contacts set city = 'Theirs' where id = $1", one)
    mine = {"first_name": "Con", "city": "Mine", "version": version}
    refused = await client.post(f"/contacts/{one}/edit", data=mine)
    assert refused.status_code == 409
    assert "Somebody changed this contact" in refused.text
    html = page(refused.text)
    assert html.css_first("#f-city").attributes["value"] == "Mine"
    assert (await row(admin, one))["city"] == "Theirs"
    again = html.css_first("input[name=version]").attributes["value"] or ""
    kept = await client.post(f"/contacts/{one}/edit", data=mine | {"version": again})
    assert kept.status_code == 303
    assert (await row(admin, one))["city"] == "Mine"


async def test_a_broken_rule_on_edit_keeps_the_contact_and_the_form(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Rule", "Breaker")
    form = page((await client.get(f"/contacts/{one}/edit")).text)
    version = form.css_first("input[name=version]").attributes["value"] or ""
    answer = await client.post(
        f"/contacts/{one}/edit", data={"first_name": "R", "email1": "x", "version": version}
    )
    assert answer.status_code == 422
    assert (await row(admin, one))["first_name"] == "Rule"


async def test_a_deleted_contact_can_be_brought_back(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Bin", "Me")
    answer = await client.post(f"/contacts/{one}/delete")
    assert answer.status_code == 303
    html = page((await client.get(answer.headers["location"])).text)
    toast = html.css_first("#toasts .toast")
    assert "Bin Me is in the trash." in text(toast)
    assert html.css(f"#c{one}") == []
    shown = (await client.get(f"/contacts/{one}")).text
    assert "In the trash since" in shown
    assert page(shown).css("form[action$='/notes'], form[action$='/tags']") == []
    assert (await client.get(f"/contacts/{one}/edit")).status_code == 404
    undo = toast.css_first("form").attributes["action"]
    assert undo == f"/contacts/{one}/restore"
    assert (await client.post(undo)).headers["location"] == f"/contacts/{one}"
    assert (await row(admin, one))["deleted_at"] is None
    again = await client.post(undo, headers=PARTIAL)  # the toast's own Undo, already done
    assert again.headers["HX-Refresh"] == "true"


async def test_the_new_form_takes_values_from_its_address(client: httpx.AsyncClient) -> None:
    html = page((await client.get("/contacts/new?phone1=%2B13055550111&first_name=Al")).text)
    assert html.css_first("#f-phone1").attributes["value"] == "+13055550111"
    assert text(html.css_first("#f-assigned_to option[selected]")) == "Alice Adams"
