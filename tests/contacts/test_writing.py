"""What people write on a contact's page: tasks, calls, drafts; consent, stage, duplicates, peek."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity

from .scene import PARTIAL, contact, link, names, page, text

ALICE = UUID("a11ce000-0000-4000-8000-000000000001")
BOB = UUID("a11ce000-0000-4000-8000-000000000002")


@pytest.fixture
async def dana(admin: asyncpg.Connection) -> UUID:
    """A contact."""
    return await contact(
        admin, "Dana", "Whitfield", phone1="+14155550132", email1="dana@harbor.example"
    )


async def test_a_task_is_planned_for_somebody(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID
) -> None:
    client.cookies.set("tz", "America/New_York")
    sent = {"title": " Send  papers ", "kind": "follow_up", "due": "2030-05-01", "time": "10:30",
            "priority": "high", "assignee": str(BOB)}  # fmt: skip
    answer = await client.post(f"/contacts/{dana}/tasks", data=sent, headers=PARTIAL)
    assert answer.status_code == 200
    assert "Send papers" in text(page(answer.text))
    row = await admin.fetchrow("select * from activities where contact_id = $1", dana)
    assert row is not None
    assert (row["type"], row["title"], row["priority"]) == ("follow_up", "Send papers", "high")
    assert (row["assigned_to"], row["created_by"]) == (BOB, ALICE)
    assert row["due_date"] == datetime(2030, 5, 1, 14, 30, tzinfo=UTC)
    await client.post(f"/contacts/{dana}/tasks", data={"title": "Someday", "due": "2030-05-01"})
    is_all_day = await admin.fetchval("select is_all_day from activities where title = 'Someday'")
    assert is_all_day is True


@pytest.mark.parametrize(
    ("result", "direction", "status", "outcome"),
    [
        ("reached", "outbound", "completed", "connected"),
        ("no_answer", "outbound", "no-answer", None),
        ("no_answer", "inbound", "missed", None), ("voicemail", "outbound", "voicemail", None),
        ("wrong_number", "outbound", "completed", "wrong_number"),
    ],
)  # fmt: skip
async def test_a_call_is_logged(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID, result: str, direction: str,
    status: str, outcome: str | None,
) -> None:  # fmt: skip
    sent = {"result": result, "direction": direction, "minutes": "4.5", "note": "Wants to think"}
    await client.post(f"/contacts/{dana}/calls", data=sent)
    row = await admin.fetchrow("select * from calls where contact_id = $1", dana)
    assert row is not None
    assert (row["direction"], row["status"], row["outcome"]) == (direction, status, outcome)
    assert (row["duration"], row["notes"], row["handled_by"]) == (270, "Wants to think", ALICE)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("tasks", {"title": " "}), ("tasks", {"title": "x", "kind": "note"}),
        ("tasks", {"title": "x", "due": "May"}), ("tasks", {"title": "x", "assignee": "me"}),
        ("tasks", {"title": "x", "priority": "extreme"}), ("calls", {"result": "magic"}),
        ("calls", {"minutes": "many"}), ("calls", {"minutes": "-1"}), ("calls", {"minutes": "inf"}),
        ("calls", {"at": (datetime.now(UTC) + timedelta(days=2)).isoformat()[:16]}),
        ("consent", {"what": "dnc", "is_set": "true"}), ("stage", {"stage": "maybe"}),
        ("consent", {"what": "notes", "is_set": "true", "reason": "x"}),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(
    client: httpx.AsyncClient, dana: UUID, path: str, sent: dict[str, str]
) -> None:
    answer = await client.post(f"/contacts/{dana}/{path}", data=sent)
    assert answer.status_code == 422


async def test_a_draft_is_kept_per_person_and_channel_until_it_is_saved(
    client: httpx.AsyncClient, client_as, bob: Identity, dana: UUID
) -> None:
    await client.post(f"/contacts/{dana}/drafts/note", data={"note": "Half a thou"})
    await client.post(f"/contacts/{dana}/drafts/task", data={"title": "Call", "priority": "low"})
    mine = page((await client.get(f"/contacts/{dana}")).text)
    assert text(mine.css_first("#note")) == "Half a thou"
    assert mine.css_first("[name=title]").attributes["value"] == "Call"
    theirs = page((await (await client_as(bob)).get(f"/contacts/{dana}")).text)
    assert text(theirs.css_first("#note")) == ""
    await client.post(f"/contacts/{dana}/notes", data={"note": "Half a thought"})
    await client.post(f"/contacts/{dana}/drafts/task", data={"title": ""})
    mine = page((await client.get(f"/contacts/{dana}")).text)
    assert text(mine.css_first("#note")) == ""
    assert mine.css_first("[name=title]").attributes["value"] == ""
    assert (await client.post(f"/contacts/{dana}/drafts/fax", data={})).status_code == 404


async def test_consent_is_set_and_lifted_with_who_when_and_why(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID
) -> None:
    path = f"/contacts/{dana}/consent"
    await client.post(path, data={"what": "sms_opt_out", "is_set": "true", "reason": "By phone"})
    await client.post(path, data={"what": "dnc", "is_set": "true", "reason": "By letter"})
    await client.post(path, data={"what": "dnc", "is_set": "false", "reason": "A mistake"})
    rows = await admin.fetch(
        "select * from app.consent_events where contact_id = $1 order by id", dana
    )
    found = [(row["what"], row["is_set"], row["reason"], row["actor"], row["source"])
             for row in rows]  # fmt: skip
    assert found == [
        ("sms_opt_out", True, "By phone", ALICE, "web"), ("dnc", True, "By letter", ALICE, "web"),
        ("dnc", False, "A mistake", ALICE, "web"),
    ]  # fmt: skip
    row = await admin.fetchrow("select * from contacts where id = $1", dana)
    assert row is not None
    assert (row["dnc"], row["dnc_reason"], row["sms_opt_out"]) == (False, None, True)
    card = text(page((await client.get(f"/contacts/{dana}")).text).css_first("#consent"))
    for part in ("By phone", "Alice Adams", "A mistake", "Do not contact: lifted"):
        assert part in card


async def test_consent_is_written_down_whoever_changes_it(
    admin: asyncpg.Connection, dana: UUID
) -> None:
    await admin.execute("update contacts set email_opt_out = true where id = $1", dana)
    await admin.execute("update contacts set email_opt_out = true where id = $1", dana)
    born = await contact(admin, "Born", "Out", dnc=True, dnc_reason="List")
    rows = await admin.fetch(
        "select * from app.consent_events where contact_id = any($1) order by id", [dana, born]
    )
    assert [(row["what"], row["reason"], row["source"]) for row in rows] == [
        ("email_opt_out", None, "psql"), ("dnc", "List", "psql"),
    ]  # fmt: skip


async def test_the_stage_is_changed_in_the_head(
    client: httpx.AsyncClient, admin: asyncpg.Connection, dana: UUID
) -> None:
    answer = await client.post(
        f"/contacts/{dana}/stage", data={"stage": "contract"}, headers=PARTIAL
    )
    assert "Contract" in text(page(answer.text).css_first("#contact-title"))
    stage = await admin.fetchval("select deal_status from contacts where id = $1", dana)
    assert stage == "contract"


async def test_contacts_with_the_same_phone_or_email_are_hinted_at(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await admin.execute("delete from contacts")
    one = await contact(admin, "Twin", "One", phone1="+14155550100", email1="T@win.example")
    await contact(admin, "Twin", "Two", phone3="+14155550100")
    await contact(admin, "Twin", "Three", email2="t@WIN.example")
    await contact(admin, "Twin", "Gone", phone1="+14155550100", deleted_at=datetime.now(UTC))
    await contact(admin, "Some", "Body", phone1="+14155550101")
    html = (await client.get(f"/contacts/{one}")).text
    assert "2 possible duplicates" in text(page(html).css_first("#details"))
    found = names((await client.get(link(html, "#details .hint-line a"))).text)
    assert found[0] == "Twin One"
    assert set(found[1:]) == {"Twin Two", "Twin Three"}


async def test_peek_is_the_contact_without_the_frame(client: httpx.AsyncClient, dana: UUID) -> None:
    answer = await client.get(f"/contacts/{dana}/peek", headers=PARTIAL)
    assert "<html" not in answer.text
    assert "Dana Whitfield" in text(page(answer.text).css_first("h2"))
    assert (await client.get(f"/contacts/{dana}/peek")).headers["location"] == f"/contacts/{dana}"


async def test_the_neighbours_are_those_of_the_list_it_was_opened_from(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    await admin.execute("delete from contacts")
    ids = [await contact(admin, name, "X", city=city) for name, city in
           (("A", "Waco"), ("B", "Reno"), ("C", "Waco"), ("D", "Waco"))]  # fmt: skip
    came = "list=f%3Dcity:eq:Waco%26sort%3Dname"
    html = (await client.get(f"/contacts/{ids[2]}?{came}")).text
    hrefs = [node.attributes["href"] or "" for node in page(html).css(".pair a")]
    assert [href.split("?")[0] for href in hrefs] == [f"/contacts/{ids[0]}", f"/contacts/{ids[3]}"]
    assert all("city" in href for href in hrefs)
    assert link(html, ".crumb") == "/contacts?f=city:eq:Waco&sort=name"
    first = (await client.get(f"/contacts/{ids[0]}?{came}")).text
    assert len(page(first).css(".pair a")) == 1
    assert (await client.get(f"/contacts/{ids[0]}?list=f%3Dnothing")).status_code == 200


@pytest.mark.parametrize(
    ("path", "sent"),
    [("tasks", {"title": "x"}), ("calls", {"note": "x"}), ("stage", {"stage": "closing"}),
     ("consent", {"what": "dnc", "is_set": "true", "reason": "x"}), ("drafts/note", {"note": "x"})],
)  # fmt: skip
async def test_a_stranger_and_a_viewer_write_nothing(
    client_as, charlie: Identity, vera: Identity, admin: asyncpg.Connection, dana: UUID, path: str,
    sent: dict[str, str],
) -> None:  # fmt: skip
    stranger, viewer = await client_as(charlie), await client_as(vera)
    code = 204 if path.startswith("drafts") else 403  # who reads may keep a note to themselves
    assert (await viewer.post(f"/contacts/{dana}/{path}", data=sent)).status_code == code
    await client_as(charlie)
    answer = await stranger.post(f"/contacts/{dana}/{path}", data=sent)
    assert answer.status_code == 404
    for table in ("activities", "calls", "app.consent_events"):
        count = f"select count(*) from {table} where contact_id = $1"
        assert await admin.fetchval(count, dana) == 0
    for rest in ("/peek", "/duplicates"):
        answer = await stranger.get(f"/contacts/{dana}{rest}", headers=PARTIAL)
        assert answer.status_code == 404
        assert "Whitfield" not in answer.text
