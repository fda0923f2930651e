"""Many contacts at once: which ones, what happens to them, who may, and the file of an export."""

import csv
import io
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Identity
from crm.exports import cell

from .scene import PARTIAL, add, contact, page, text

ALICE = UUID("a11ce000-0000-4000-8000-000000000001")
BOB = UUID("a11ce000-0000-4000-8000-000000000002")


@pytest.fixture
async def three(admin: asyncpg.Connection) -> list[UUID]:
    """Two leads in Austin and one in Waco; nothing else in the book."""
    await admin.execute("delete from contacts")
    await admin.execute("delete from tags")
    return [
        await contact(admin, "Ana", "One", city="Austin"),
        await contact(admin, "Bo", "Two", city="Austin"),
        await contact(admin, "Cy", "Three", city="Waco"),
    ]


def some(ids: list[UUID]) -> str:
    return ",".join(map(str, ids))


async def column(admin: asyncpg.Connection, name: str) -> list[object]:
    rows = await admin.fetch(f"select {name} as value from contacts order by first_name")
    return [row["value"] for row in rows]


async def test_the_ticked_ones_move_to_a_stage(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    sent = {"ids": some(three[:2]), "stage": "qualified"}
    answer = await client.post("/contacts/bulk", data=sent, headers=PARTIAL)
    assert answer.status_code == 200
    assert await column(admin, "deal_status") == ["qualified", "qualified", "lead"]
    html = page(answer.text)
    assert "2 contacts moved to Qualified." in text(html)
    undo = html.css_first("crm-toast form").attributes["action"] or ""
    assert undo.startswith("/changes/batches/bulk:")
    assert len(html.css("tbody tr")) == 3


async def test_all_that_match_means_the_filter_and_not_the_page(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    sent = {"all": "1", "list": "f=city:eq:Austin", "owner": str(BOB)}
    answer = await client.post("/contacts/bulk", data=sent, headers=PARTIAL)
    assert await column(admin, "assigned_to") == [BOB, BOB, None]
    assert len(page(answer.text).css("tbody tr")) == 2
    await client.post("/contacts/bulk", data=sent | {"owner": "none", "list": ""}, headers=PARTIAL)
    assert await column(admin, "assigned_to") == [None, None, None]


async def test_tags_go_on_and_off(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    await add(admin, "tags", name="Probate")
    sent = {"ids": some(three), "do": "tag", "tag": " PROBATE "}
    first = await client.post("/contacts/bulk", data=sent, headers=PARTIAL)
    assert "3 contacts tagged" in first.text
    again = await client.post("/contacts/bulk", data=sent, headers=PARTIAL)
    assert "0 contacts tagged" in again.text
    assert page(again.text).css("crm-toast form") == []
    sent |= {"ids": some(three[:1]), "do": "untag"}
    await client.post("/contacts/bulk", data=sent, headers=PARTIAL)
    assert await admin.fetchval("select count(*) from contact_tags") == 2
    await client.post("/contacts/bulk", data=sent | {"do": "tag", "tag": "Brand new"})
    assert await admin.fetchval("select count(*) from tags where name = 'Brand new'") == 1


async def test_each_of_them_gets_the_task(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    await admin.execute("update contacts set assigned_to = $1 where id = $2", BOB, three[0])
    sent = {"ids": some(three), "do": "task", "task": "Call them", "due": "2030-05-01"}
    await client.post("/contacts/bulk", data=sent, headers=PARTIAL)
    rows = await admin.fetch(
        "select assigned_to, due_date from activities where title = 'Call them'"
        " order by assigned_to"
    )
    assert [row["assigned_to"] for row in rows] == [ALICE, ALICE, BOB]
    assert rows[0]["due_date"] == datetime(2030, 5, 1, 9, tzinfo=UTC)


async def test_deleting_is_the_trash(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    sent = {"ids": some(three[1:]), "do": "delete"}
    answer = await client.post("/contacts/bulk", data=sent, headers=PARTIAL)
    assert "2 contacts moved to the trash." in answer.text
    trash = text(page((await client.get("/settings/trash")).text))
    assert "Bo Two" in trash
    assert "Cy Three" in trash
    assert await admin.fetchval("select count(*) from contacts") == 3


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"stage": "maybe"}, "stage"), ({"owner": "me"}, "owner"), ({"do": "tag"}, "tag"),
        ({"do": "task"}, "task"), ({"do": "task", "task": "x", "due": "May"}, "due"), ({}, "do"),
        ({"do": "delete", "ids": ""}, "ids"), ({"do": "delete", "ids": "7"}, "ids"),
        ({"do": "delete", "all": "1", "list": "f=nothing:eq:1"}, "nothing"),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_changes_nothing(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID], sent: dict, field: str
) -> None:
    before = await admin.fetch("select * from contacts order by id")
    answer = await client.post(
        "/contacts/bulk", data={"ids": some(three)} | sent, headers={"accept": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert await admin.fetch("select * from contacts order by id") == before


DEEDS: list[dict[str, str]] = [
    {"stage": "closing"}, {"owner": str(BOB)}, {"do": "tag", "tag": "x"},
    {"do": "untag", "tag": "T"}, {"do": "task", "task": "x"}, {"do": "delete"},
]  # fmt: skip


@pytest.mark.parametrize("deed", DEEDS, ids=str)
@pytest.mark.parametrize("which", ["ids", "all"])
async def test_a_stranger_and_a_viewer_change_nothing(
    client_as, charlie: Identity, vera: Identity, admin: asyncpg.Connection, three: list[UUID],
    deed: dict[str, str], which: str,
) -> None:  # fmt: skip
    tag = await add(admin, "tags", name="T")
    await add_link(admin, three[0], tag)
    looked = ("contacts", "contact_tags", "activities", "tags")
    before = [await admin.fetch(f"select * from {one} order by 1") for one in looked]
    sent = deed | ({"ids": some(three)} if which == "ids" else {"all": "1"})
    for person in (charlie, vera):
        answer = await (await client_as(person)).post("/contacts/bulk", data=sent, headers=PARTIAL)
        assert answer.status_code in (403, 200), person
        assert "3 contacts" not in answer.text.split("crm-toast")[-1]
    assert [await admin.fetch(f"select * from {one} order by 1") for one in looked] == before


async def add_link(admin: asyncpg.Connection, contact_id: UUID, tag: UUID) -> None:
    await admin.execute(
        "insert into contact_tags (contact_id, tag_id) values ($1, $2)", contact_id, tag
    )


async def test_an_agent_under_assigned_changes_and_exports_only_what_is_theirs(
    client_as, bob: Identity, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    await admin.execute("update contacts set assigned_to = $1 where id = $2", ALICE, three[0])
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    try:
        agent = await client_as(bob)
        await agent.post("/contacts/bulk", data={"all": "1", "stage": "closing"}, headers=PARTIAL)
        await agent.post(
            "/contacts/bulk", data={"ids": some(three), "do": "tag", "tag": "mine"}, headers=PARTIAL
        )
        file = (await agent.post("/contacts/export", data={"all": "1"})).text
    finally:
        await admin.execute("delete from app.settings where key = 'visibility'")
    assert await column(admin, "deal_status") == ["lead", "closing", "closing"]
    assert await admin.fetchval("select count(*) from contact_tags") == 2
    assert "Ana" not in file
    assert len(file.splitlines()) == 3


async def test_an_export_holds_every_field_and_no_formula(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    await admin.execute(
        "update contacts set llc_name = '=cmd()', phone1 = '+14155550132', est_equity = -5,"
        " notes = E'a\\nb, \"c\"', assigned_to = $1 where id = $2",
        BOB, three[0],
    )  # fmt: skip
    answer = await client.post("/contacts/export", data={"ids": some(three[:1])})
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["Company"] == "'=cmd()"
    assert row["Phone"] == "'+14155550132"
    assert (row["Equity"], row["Owner"], row["Notes"]) == ("-5.00", "Bob Brown", 'a\nb, "c"')


async def test_an_export_of_all_that_match_has_them_all(
    client: httpx.AsyncClient, admin: asyncpg.Connection, three: list[UUID]
) -> None:
    await admin.execute(
        "insert into contacts (first_name, city) select 'N' || n, 'Reno'"
        " from generate_series(1, 1201) n"
    )
    answer = await client.post("/contacts/export", data={"all": "1", "list": "f=city:eq:Reno"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["First name"] for row in rows} == {f"N{n}" for n in range(1, 1202)}


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@a", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_run_gets_a_quote_before_it(value: str) -> None:
    assert cell(value) == f"'{value}"


async def test_a_stranger_exports_nobody(client_as, charlie: Identity, three: list[UUID]) -> None:
    stranger = await client_as(charlie)
    for sent in ({"ids": some(three)}, {"all": "1"}):
        file = (await stranger.post("/contacts/export", data=sent)).text
        assert len(file.splitlines()) == 1
