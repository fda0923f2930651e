"""A contact's page: what is known, tags and notes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from crm.db import Identity

from .scene import PARTIAL, add, contact, page, text


def now() -> datetime:
    """Not a constant: a run of all tests may pass midnight."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
async def dana(admin: asyncpg.Connection) -> UUID:
    """Somebody about whom everything is known."""
    one = await contact(
        admin, "Dana", "Whitfield", llc_name="Harbor Dental", job_title="Owner",
        phone1="+14155550132", phone2="+14155550133", email1="dana@harbor.example",
        property_address="12 Oak Street", city="Austin", state="TX", zip_code="78701",
        property_county="Travis", property_type="Condo", bedrooms=3,
        total_bathrooms=Decimal("2.5"), building_sqft=1480, effective_year_built=1952,
        est_value=Decimal(412000), debt_owed=Decimal(500000), est_equity=Decimal(-88000),
        last_sale_date=date(2019, 5, 2), last_sale_amount=Decimal(300000),
        lead_source="Website form", notes="Met at the fair.",
        custom_fields='{"gate_code": "4711", "vacant": true}',
        assigned_to=UUID("a11ce000-0000-4000-8000-000000000002"),
    )  # fmt: skip
    tag = await add(admin, "tags", name="Hot lead")
    await add(admin, "tags", name="Cold")
    await add(admin, "contact_tags", contact_id=one, tag_id=tag)
    await add(admin, "deals", contact_id=one, name="Roof", stage="proposal", value=Decimal(12500))
    await add(
        admin, "activities", contact_id=one, type="task", title="Send contract",
        due_date=now() - timedelta(days=2), priority="urgent",
    )  # fmt: skip
    await add(
        admin, "activities", contact_id=one, type="task", title="Old thing", status="completed",
        completed_at=now(),
    )  # fmt: skip
    await add(admin, "documents", contact_id=one, name="Quote.pdf", file_path="q", file_size=2048)
    return one


async def test_the_page_shows_what_is_known(client: httpx.AsyncClient, dana: UUID) -> None:
    html = page((await client.get(f"/contacts/{dana}")).text)
    aside = text(html.css_first("#details"))
    for part in ("+1 (415) 555-0132", "+1 (415) 555-0133", "dana@harbor.example", "Harbor Dental",
                 "Owner", "Bob Brown", "Website form", "Travis", "Condo",
                 "Address 12 Oak Street City Austin State TX ZIP 78701",
                 "Bedrooms 3 Bathrooms 2.5", "1,480 sqft", "Year built 1952", "$412,000",
                 "$500,000", "-$88,000", "2 May 2019", "$300,000", "Gate code 4711", "Vacant Yes",
                 "Met at the fair.", "Hot lead", "Roof", "$12,500", "Proposal", "Send contract",
                 "2d late", "Urgent", "Quote.pdf"):  # fmt: skip
        assert part in aside
    assert "Old thing" not in aside
    assert text(html.css_first("h1")) == "Dana Whitfield"
    assert text(html.css_first("title")) == "Dana Whitfield · Contacts · CRM"


async def test_the_score_is_the_sum_of_its_explained_parts(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID
) -> None:
    score = page((await client.get(f"/contacts/{dana}")).text).css_first(".score")
    expected = await admin.fetchval("select calculate_contact_score($1)", dana)
    assert text(score.css_first(".total b")) == str(expected)
    parts = [int(text(node).split("/")[0]) for node in score.css(".parts .num")]
    assert sum(parts) == expected
    assert len(parts) > 3


async def test_who_may_not_be_contacted_is_said_first_with_the_reason(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(
        admin, "Stop", "Please", phone1="+14155550177", dnc=True, dnc_reason="Asked by letter",
        sms_opt_out=True, email_opt_out=True,
    )  # fmt: skip
    html = page((await client.get(f"/contacts/{one}")).text)
    words = text(html.css_first("#details .notice.error"))
    for part in ("Do not contact", "Asked by letter", "No text messages", "No emails"):
        assert part in words
    assert html.css(".head a[href^='tel:']") == []
    assert "Asked not to be contacted" in html.css_first(".head .actions").html
    assert text(html.css_first(".score .total b")) == "0"


async def test_a_tag_is_added_by_name_and_taken_off(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Tag", "Me")
    answer = await client.post(f"/contacts/{one}/tags", data={"name": "  hot   LEAD "})
    assert answer.status_code == 303
    await client.post(f"/contacts/{one}/tags", data={"name": "Brand new"})
    await client.post(f"/contacts/{one}/tags", data={"name": "brand NEW"})
    html = page((await client.get(f"/contacts/{one}")).text)
    assert [text(tag) for tag in html.css("#tags .tag")] == ["Brand new", "Hot lead"]
    remove = html.css_first("#tags .tag form").attributes["action"]
    region = await client.post(remove or "", headers=PARTIAL, follow_redirects=True)
    assert [text(tag) for tag in page(region.text).css("#tags .tag")] == ["Hot lead"]
    assert "<html" not in region.text


async def test_a_note_lands_in_the_timeline(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await contact(admin, "Note", "Me")
    answer = await client.post(f"/contacts/{one}/notes", data={"note": " First line\nsecond "})
    assert answer.headers["location"] == f"/contacts/{one}"
    row = await admin.fetchrow("select * from activities where contact_id = $1", one)
    assert row is not None
    assert (row["type"], row["status"], row["title"]) == ("note", "completed", "First line")
    assert str(row["created_by"]).startswith("a11ce000")
    region = await client.post(
        f"/contacts/{one}/notes", data={"note": "By htmx"}, headers=PARTIAL, follow_redirects=True
    )
    assert "<html" not in region.text
    cards = page(region.text).css(".card.note")
    assert [text(card) for card in cards] == ["First line second", "By htmx"]


async def test_an_empty_note_is_refused(client: httpx.AsyncClient, dana: UUID) -> None:
    assert (await client.post(f"/contacts/{dana}/notes", data={"note": " \n"})).status_code == 422


async def test_an_unknown_contact_is_a_404(client: httpx.AsyncClient) -> None:
    nobody = uuid4()
    for path in (f"/contacts/{nobody}", "/contacts/7", f"/contacts/{nobody}/edit",
                 f"/contacts/{nobody}/timeline?before=2026-01-01T00:00:00Z,{nobody}"):  # fmt: skip
        assert (await client.get(path)).status_code == 404
    for path in ("delete", "restore", "notes", "tags", f"tags/{uuid4()}/remove"):
        answer = await client.post(f"/contacts/{uuid4()}/{path}", data={"name": "x", "note": "x"})
        assert answer.status_code == 404, path


async def test_a_viewer_reads_and_changes_nothing(
    client_as, vera: Identity, dana: UUID, admin: asyncpg.Connection
) -> None:
    viewer = await client_as(vera)
    html = page((await viewer.get(f"/contacts/{dana}")).text)
    assert html.css("main form[method=post]") == []
    assert html.css("#details [data-readonly] [tabindex]") == []
    before = await admin.fetchrow("select updated_at from contacts where id = $1", dana)
    version = before["updated_at"].isoformat() if before else ""
    for path, data in (("tags", {"name": "Viewer"}), ("notes", {"note": "x"}), ("delete", {}),
                       ("edit", {"first_name": "Changed", "version": version})):  # fmt: skip
        assert (await viewer.post(f"/contacts/{dana}/{path}", data=data)).status_code == 403, path
    assert (await viewer.post("/contacts/new", data={"first_name": "V"})).status_code == 403
    assert await admin.fetchrow("select updated_at from contacts where id = $1", dana) == before
