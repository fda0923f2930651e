"""Changes in a contact's timeline: folded, told in words, with the way back."""

from collections.abc import Callable
from uuid import UUID

import asyncpg
import httpx
import pytest

from crm.db import Database
from tests.cast import BOB, CHARLIE, VERA
from tests.contacts.scene import PARTIAL, page, text

from .scene import add


@pytest.fixture
async def person(admin: asyncpg.Connection, pool: Database) -> UUID:
    """A contact of which Bob changed four fields and a tag at once."""
    made = await add(admin, "contacts", first_name="Nora", city="Miami", state="FL")
    tag = await add(admin, "tags", name=f"Buyer {made}")
    async with pool.session(BOB) as connection:
        await connection.execute(
            "update contacts set city = 'Tampa', state = 'GA', deal_status = 'qualified',"
            " assigned_to = $2 where id = $1",
            made, BOB.user_id,
        )  # fmt: skip
        await add(connection, "contact_tags", contact_id=made, tag_id=tag)
    return made


async def timeline(client: httpx.AsyncClient, person: UUID, show: str = "changes") -> str:
    answer = await client.get(f"/contacts/{person}/timeline?show={show}", headers=PARTIAL)
    assert answer.status_code == 200
    return answer.text


async def test_what_one_transaction_changed_is_one_item(client: httpx.AsyncClient, person: UUID):
    shown = page(await timeline(client, person))
    (item,) = shown.css(".ev")
    assert "Bob Brown changed Owner, City and 3 more" in text(item.css_first(".meta"))
    lines = text(item.css_first("dl"))
    assert "City Miami became Tampa" in lines
    assert "Owner Bob Brown" in lines
    assert f"Tag Buyer {person}" in lines
    assert len(page(await timeline(client, person, "everything")).css(".ev")) == 1


async def test_its_button_takes_all_of_it_back(
    client: httpx.AsyncClient, admin: asyncpg.Connection, person: UUID
):
    form = page(await timeline(client, person)).css_first(".ev form")
    ids = [node.attributes["value"] for node in form.css("input")]
    answer = await client.post(form.attributes["action"], data={"change": ids}, headers=PARTIAL)
    assert answer.status_code == 200
    row = await admin.fetchrow("select * from contacts where id = $1", person)
    assert row
    assert (row["city"], row["deal_status"], row["assigned_to"]) == ("Miami", "lead", None)
    assert not await admin.fetch("select from contact_tags where contact_id = $1", person)
    first, second = page(await timeline(client, person)).css(".ev")
    assert "undone since" in text(first)
    assert first.css_first("form") is None
    assert "took back a change of Tag" in text(second)


async def test_a_deals_history_is_not_told_twice(
    client: httpx.AsyncClient, admin: asyncpg.Connection
):
    person = await add(admin, "contacts", first_name="Nora")
    deal = await add(admin, "deals", contact_id=person, name="House")
    await admin.execute("update deals set stage = 'closed_won' where id = $1", deal)
    assert page(await timeline(client, person)).css(".ev") == []
    await admin.execute("update deals set next_step = 'call', value = 5 where id = $1", deal)
    (item,) = page(await timeline(client, person)).css(".ev")
    assert "changed Next step" in text(item)


async def test_older_changes_come_in_pages_without_a_gap_or_a_repeat(
    client: httpx.AsyncClient, admin: asyncpg.Connection
):
    person = await add(admin, "contacts", first_name="Nora")
    for number in range(40):
        await admin.execute("update contacts set city = $2 where id = $1", person, str(number))
    seen: list[str] = []
    address = f"/contacts/{person}/timeline?show=changes"
    while address:
        shown = page((await client.get(address, headers=PARTIAL)).text)
        items = [node.attributes["id"] or "" for node in shown.css(".ev")]
        seen = items + seen
        more = shown.css_first("#older a")
        address = (more.attributes["href"] or "") if more else ""
    assert len(seen) == len(set(seen)) == 40


async def test_who_only_reads_has_no_button_and_charlie_sees_nothing(
    client_as: Callable, person: UUID
):
    shown = page(await timeline(await client_as(VERA), person))
    assert len(shown.css(".ev")) == 1
    assert shown.css(".ev form") == []
    charlie = await client_as(CHARLIE)
    answer = await charlie.get(f"/contacts/{person}/timeline?show=changes", headers=PARTIAL)
    assert answer.status_code == 404
