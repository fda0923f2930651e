"""A deal's page: what it shows, editing in place and by the form, the bin."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.cast import BOB

from .scene import PARTIAL, add, contact, deal, now, page, row, text, version


async def test_the_page_tells_the_way_of_a_deal_and_what_hangs_on_it(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    rosa = await contact(admin, "Rosa")
    since = await now(admin) - timedelta(days=9)
    one = await deal(
        admin, "Roof", rosa, value=Decimal(100), stage_changed_at=since,
        next_step="Call the bank", assigned_to=BOB.user_id,
    )  # fmt: skip
    await admin.execute(
        "update deals set stage = 'proposal', stage_changed_at = now() - interval '2 days'"
    )
    await admin.execute("update deals set value = 150")
    await add(admin, "activities", contact_id=rosa, deal_id=one, type="task", title="Order survey")
    await add(admin, "documents", deal_id=one, name="Offer.pdf", file_path="x", file_size=2048)
    tag = await add(admin, "tags", name="Hot")
    await add(admin, "deal_tags", deal_id=one, tag_id=tag)
    html = page((await client.get(f"/deals/{one}")).text)
    words = text(html)
    for part in ("Rosa", "Call the bank", "Bob Brown", "Order survey", "Offer.pdf", "Hot"):
        assert part in words
    assert "Lead 7 days" in text(html.css_first(".spans"))
    assert "Proposal 2 days" in text(html.css_first(".spans"))
    history = [text(one) for one in html.css(".history li")]
    assert history[0].startswith("Value $100 to $150")
    assert history[1].startswith("Lead to Proposal")
    assert history[2].startswith("Created in Lead with $100")
    assert text(html.css_first("[aria-current=step]")).startswith("Proposal")


async def test_a_new_deal_of_a_contact_is_put_on_top_of_its_column(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    rosa = await contact(admin, "Rosa")
    other = await deal(admin, "Other", stage="contract", position=-50.0)
    form = page((await client.get(f"/deals/new?contact={rosa}&stage=contract")).text)
    assert form.css_first("input[name=contact_id]").attributes["value"] == str(rosa)
    assert text(form.css_first("#f-stage option[selected]")) == "Contract · 80%"
    sent = {
        "contact_id": str(rosa), "name": " New roof ", "pipeline": "default", "stage": "contract",
        "value": "$8,800.50", "currency": "usd", "probability": "", "notes": "",
        "expected_close_date": "2026-12-24", "assigned_to": str(BOB.user_id),
    }  # fmt: skip
    answer = await client.post("/deals/new", data=sent)
    assert answer.status_code == 303
    made = await row(admin, UUID(answer.headers["location"].removeprefix("/deals/")))
    assert (made["name"], made["value"]) == ("New roof", Decimal("8800.50"))
    assert made["currency"] == "USD"
    assert (made["probability"], str(made["expected_close_date"])) == (80, "2026-12-24")
    assert made["position"] < (await row(admin, other))["position"]
    assert made["created_by"] is not None


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"name": ""}, "name", "Give the deal a name."),
        ({"contact_id": ""}, "contact_id", "Choose one from the list."),
        ({"value": "much"}, "value", "This is not a number."),
        ({"value": "-1"}, "value", "This cannot be less than zero."),
        ({"value": "1e20"}, "value", "This number is too large."),
        ({"probability": "101"}, "probability", "At most 100 percent."),
        ({"currency": "$$$"}, "currency", "Three letters, such as USD."),
        ({"expected_close_date": "May"}, "expected_close_date", "A date reads 2026-11-30."),
        ({"stage": "nowhere"}, "stage", "This pipeline has no such stage."),
        ({"source": "x" * 101}, "source", "At most 100 characters."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    client: httpx.AsyncClient, admin: asyncpg.Connection, sent: dict, field: str, message: str
) -> None:
    rosa = await contact(admin, "Rosa")
    good = {"contact_id": str(rosa), "name": "Roof", "next_step": "Call"}
    answer = await client.post("/deals/new", data=good | sent)
    assert answer.status_code == 422
    html = page(answer.text)
    assert text(html.css_first(f"#e-{field}")) == message
    assert html.css_first("#f-next_step").attributes["value"] == "Call"
    assert html.css_first(f".notice.error a[href='#f-{field}']") is not None


async def test_the_form_finds_contacts_by_words(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Wilhelmina", llc_name="Oak LLC")
    html = page((await client.get("/deals/contacts?q=wilhel", headers=PARTIAL)).text)
    assert html.css_first("input[name=contact_id]").attributes["value"] == str(one)
    assert "Wilhelmina Oak LLC" in text(html)
    assert "No contact matches" in (await client.get("/deals/contacts?q=zzzz")).text


async def test_a_change_by_somebody_else_is_not_overwritten_unseen(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "Roof")
    form = page((await client.get(f"/deals/{one}/edit")).text)
    seen = form.css_first("input[name=version]").attributes["value"]
    await admin.execute("update deals set notes = 'theirs' where id = $1", one)
    sent = {"name": "Mine", "stage": "lead", "version": seen}
    refused = await client.post(f"/deals/{one}/edit", data=sent)
    assert refused.status_code == 409
    assert "Somebody changed this deal" in refused.text
    again = page(refused.text).css_first("input[name=version]").attributes["value"]
    saved = await client.post(f"/deals/{one}/edit", data=sent | {"version": again})
    assert saved.status_code == 303
    assert (await row(admin, one))["name"] == "Mine"


async def test_a_field_is_edited_in_place(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "Roof", value=Decimal(100), next_step="Keep me", probability=35)
    address = f"/deals/{one}/fields/value"
    form = page((await client.get(f"{address}?edit=true", headers=PARTIAL)).text)
    assert form.css_first("#f-value").attributes["value"] == "100.00"
    seen = form.css_first("input[name=version]").attributes["value"]
    wrong = await client.post(address, data={"value": "many", "version": seen}, headers=PARTIAL)
    assert wrong.status_code == 422
    assert text(page(wrong.text).css_first("#e-value")) == "This is not a number."
    assert page(wrong.text).css_first("#f-value").attributes["value"] == "many"
    saved = await client.post(address, data={"value": "2,500", "version": seen}, headers=PARTIAL)
    assert saved.status_code == 200
    assert "$2,500" in text(page(saved.text).css_first("#cell-value"))
    stored = await row(admin, one)
    assert (stored["value"], stored["next_step"], stored["probability"]) == (2500, "Keep me", 35)
    late = await client.post(address, data={"value": "1", "version": seen}, headers=PARTIAL)
    assert late.status_code == 409
    assert (await row(admin, one))["value"] == 2500
    assert (await client.get(f"/deals/{one}/fields/id")).status_code == 404


@pytest.mark.parametrize(
    ("field", "given", "shown"),
    [
        ("name", "Other", "Other"),
        ("probability", "45%", "45%"),
        ("expected_close_date", "2027-03-01", "1 Mar 2027"),
        ("assigned_to", str(BOB.user_id), "Bob Brown"),
        ("assigned_to", "", "Nobody"),
        ("next_step", "", "Add next step"),
        ("notes", "Two\nlines", "Two lines"),
    ],
)
async def test_every_field_can_be_edited_in_place(
    client: httpx.AsyncClient, admin: asyncpg.Connection, field: str, given: str, shown: str
) -> None:
    one = await deal(admin, "Roof")
    address = f"/deals/{one}/fields/{field}"
    assert (await client.get(f"{address}?edit=true", headers=PARTIAL)).status_code == 200
    sent = {field: given, "version": await version(admin, one)}
    saved = await client.post(address, data=sent, headers=PARTIAL)
    assert saved.status_code == 200, saved.text
    assert shown in text(page(saved.text).css_first(f"#cell-{field}"))


async def test_a_deleted_deal_can_be_brought_back(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "Gone deal")
    answer = await client.post(f"/deals/{one}/delete")
    assert answer.headers["location"] == f"/deals?deleted={one}"
    board = page((await client.get(answer.headers["location"])).text)
    assert "“Gone deal” is in the trash." in text(board.css_first("crm-toast"))
    assert board.css(f"#d{one}") == []
    assert "In the trash" in text(page((await client.get(f"/deals/{one}")).text))
    await client.post(f"/deals/{one}/restore")
    assert (await row(admin, one))["deleted_at"] is None


async def test_a_deal_is_tagged_and_untagged(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await deal(admin, "Roof")
    await client.post(f"/deals/{one}/tags", data={"name": "  Brand   new "})
    html = page((await client.get(f"/deals/{one}")).text)
    assert "Brand new" in text(html.css_first("#tags"))
    form = html.css_first("#tags .tag form").attributes["action"]
    await client.post(form)
    assert await admin.fetchval("select count(*) from deal_tags where deal_id = $1", one) == 0
