"""Pages of the list: every order in both directions, and what concurrent writers do to them."""

import random
import re
from decimal import Decimal
from typing import cast
from uuid import UUID

import asyncpg
import httpx
import pytest
from starlette.datastructures import QueryParams

from crm.contacts.listing import ContactFilter
from crm.db import Connection, Database, Identity
from crm.filters import Page, fetch_page

from .scene import add, contact, link, names, page

SORTS = ["name", "-name", "created", "-created", "updated", "-updated", "est_value", "-est_value",
         "est_value,name", "-est_value,created", "name,-est_value"]  # fmt: skip


@pytest.fixture(scope="module")
async def crowd(admin: asyncpg.Connection) -> set[UUID]:
    """143 contacts with many equal names, times and values, and many without."""
    dice = random.Random(5)
    found = set()
    async with admin.transaction():  # one moment for all created_at
        for _ in range(143):
            value = None if dice.random() < 0.4 else Decimal(dice.randrange(5) * 1000)
            person = dice.random() < 0.7
            found.add(
                await contact(
                    admin, dice.choice(["Al", "Bo"]) if person else "",
                    dice.choice(["Xu", "Yi"]) if person else "", est_value=value,
                    llc_name=dice.choice([None, "Acme", "Beta"]), phone1="+14155550100",
                )
            )  # fmt: skip
    return found


async def ask(pool: Database, me: Identity, text: str) -> Page:
    async with pool.session(me) as connection:
        query = ContactFilter.parse(QueryParams(text)).model_copy(update={"limit": 20})
        return await fetch_page(connection, query, 10_001)


@pytest.mark.parametrize("sort", SORTS)
async def test_every_order_shows_every_contact_once_in_both_directions(
    pool: Database, alice: Identity, crowd: set[UUID], sort: str
) -> None:
    pages = [await ask(pool, alice, f"sort={sort}")]
    while pages[-1].next:
        pages.append(await ask(pool, alice, f"sort={sort}&after={pages[-1].next}"))
    walked = [one for each in pages for one in each.ids]
    assert len(walked) == len(crowd)
    assert set(walked) == crowd
    assert {each.total for each in pages} == {143}
    back = [pages[-1]]
    while back[0].previous:
        back.insert(0, await ask(pool, alice, f"sort={sort}&before={back[0].previous}"))
    assert [one for each in back for one in each.ids] == walked
    assert not pages[0].previous


@pytest.mark.parametrize("sort", ["est_value", "-est_value"])
async def test_contacts_without_a_value_come_last(
    pool: Database, admin: asyncpg.Connection, alice: Identity, crowd: set[UUID], sort: str
) -> None:
    each = await ask(pool, alice, f"sort={sort}")
    values = await admin.fetch(
        "select est_value from unnest($1::uuid[]) with ordinality as o (id, n)"
        " join contacts using (id) order by n", each.ids,
    )  # fmt: skip
    given = [row["est_value"] for row in values]
    assert None not in given
    assert given == sorted(given, reverse=sort.startswith("-"))


async def test_a_page_stays_what_it_was_while_others_write(
    pool: Database, admin: asyncpg.Connection, alice: Identity, crowd: set[UUID]
) -> None:
    first = await ask(pool, alice, "sort=-created")
    second = await ask(pool, alice, f"sort=-created&after={first.next}")
    newer = [await contact(admin, "New", f"Person {n}") for n in range(30)]
    again = await ask(pool, alice, f"sort=-created&after={first.next}")
    assert again.ids == second.ids
    back = await ask(pool, alice, f"sort=-created&before={second.previous}")
    assert back.ids == first.ids
    await admin.execute("update contacts set deleted_at = now() where id = $1", first.ids[-1])
    assert (await ask(pool, alice, f"sort=-created&after={first.next}")).ids == second.ids
    await admin.execute("update contacts set deleted_at = null where id = $1", first.ids[-1])
    await admin.execute("delete from contacts where id = any ($1)", newer)


async def test_the_same_filter_holds_on_every_page(
    pool: Database, admin: asyncpg.Connection, alice: Identity, crowd: set[UUID]
) -> None:
    expected = await admin.fetchval("select count(*) from contacts where llc_name = 'Acme'")
    asked = "f=company:eq:Acme&sort=-est_value"
    walked, each = [], await ask(pool, alice, asked)
    while True:
        walked += each.ids
        assert each.total == expected
        if not each.next:
            break
        each = await ask(pool, alice, f"{asked}&after={each.next}")
    assert len(set(walked)) == len(walked) == expected


async def test_next_and_previous_are_links_that_keep_filter_and_order(
    client: httpx.AsyncClient, crowd: set[UUID]
) -> None:
    first = (await client.get("/contacts?f=dnc:eq:false&sort=name")).text
    assert page(first).css("span#page-previous, a#page-previous") == []
    assert len(names(first)) == 50
    second = (await client.get(link(first, "#page-next"))).text
    third = (await client.get(link(second, "#page-next"))).text
    assert len(names(second)) == 50
    assert len(names(third)) == 43
    assert link(third, "#page-next") == ""
    assert names((await client.get(link(second, "#page-previous"))).text) == names(first)
    assert "f=dnc:eq:false" in link(second, "#page-next")


async def test_a_column_head_sorts_up_then_down_then_not(
    client: httpx.AsyncClient, crowd: set[UUID]
) -> None:
    states = []
    address = "/contacts"
    for _ in range(3):
        html = (await client.get(address)).text
        head = page(html).css_first("th:has(#sort-est_value)")
        states.append(head.attributes["aria-sort"])
        address = link(html, "#sort-est_value")
    assert states == ["none", "ascending", "descending"]
    assert address == "/contacts"


async def test_a_page_that_is_empty_by_now_leads_back(
    client: httpx.AsyncClient, crowd: set[UUID]
) -> None:
    html = (await client.get("/contacts?sort=name")).text
    second = link(html, "#page-next")
    nobody = second.replace("/contacts?", "/contacts?f=city:eq:Nowhere&")
    html = (await client.get(nobody)).text
    assert "no contacts on this page any more" in html
    assert link(html, ".empty a").startswith("/contacts?f=city:eq:Nowhere&sort=name")


async def test_an_agent_under_assigned_pages_through_exactly_theirs(
    pool: Database, admin: asyncpg.Connection, bob: Identity, crowd: set[UUID]
) -> None:
    await admin.execute(
        "insert into app.settings (key, value) values ('visibility', '\"assigned\"')"
    )
    theirs = sorted(crowd)[::2]
    alice = UUID("a11ce000-0000-4000-8000-000000000001")
    await admin.execute("update contacts set assigned_to = $1", alice)
    await admin.execute(
        "update contacts set assigned_to = $2 where id = any ($1)", theirs, bob.user_id
    )
    try:
        for sort in ("est_value", "-est_value", "name"):
            walked, each = [], await ask(pool, bob, f"sort={sort}")
            while True:
                walked += each.ids
                if not each.next:
                    break
                each = await ask(pool, bob, f"sort={sort}&after={each.next}")
            assert sorted(walked) == theirs
    finally:
        await admin.execute("delete from app.settings where key = 'visibility'")
        await admin.execute("update contacts set assigned_to = null")


async def test_a_stranger_gets_no_page_in_any_order(
    pool: Database, alice: Identity, charlie: Identity, crowd: set[UUID]
) -> None:
    for sort in SORTS:
        cursor = (await ask(pool, alice, f"sort={sort}")).next
        for asked in (f"sort={sort}", f"sort={sort}&after={cursor}", f"sort={sort}&q=acme"):
            assert await ask(pool, charlie, asked) == Page([], "", "", 0)


class Recorder:
    """A connection that keeps the statements of a list, to be explained."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    async def execute(self, text: str) -> None:
        await self.connection.execute(text)

    async def fetch(self, text: str, *values: object) -> list[asyncpg.Record]:
        self.asked.append((text, values))
        return await self.connection.fetch(text, *values)

    async def fetchval(self, text: str, *values: object) -> object:
        return await self.connection.fetchval(text, *values)


@pytest.mark.parametrize("sort", SORTS[:8])
async def test_a_later_page_starts_in_an_index_and_never_sorts_the_table(
    pool: Database, alice: Identity, crowd: set[UUID], sort: str
) -> None:
    cursor = (await ask(pool, alice, f"sort={sort}")).next
    query = ContactFilter.parse(QueryParams(f"sort={sort}&after={cursor}"))
    async with pool.session(alice) as connection:
        # 143 rows are read fastest without an index: show what a big table gets.
        await connection.execute("set local enable_seqscan = off; set local enable_sort = off")
        recorder = Recorder(connection)
        await fetch_page(cast("Connection", recorder), query.model_copy(update={"limit": 2}), 0)
        text, values = recorder.asked[0]
        plan = "\n".join(row[0] for row in await connection.fetch(f"explain {text}", *values))
    assert "Index Cond" in plan
    assert "Seq Scan on contacts" not in plan
    if "contacts_pkey" not in plan:  # the ids of one page, found by app.contacts_beyond_value
        assert re.search(r"(?<!Incremental )Sort  \(", plan) is None


async def test_the_contacts_of_a_tag_are_counted_over_all_pages(
    pool: Database, admin: asyncpg.Connection, alice: Identity, crowd: set[UUID]
) -> None:
    tag = await add(admin, "tags", name="Half")
    half = sorted(crowd)[::2]
    await admin.executemany(
        "insert into contact_tags (contact_id, tag_id) values ($1, $2)", [(c, tag) for c in half]
    )
    await admin.execute("update contacts set deleted_at = now() where id = $1", half[0])
    for asked in ("f=tag:has-tag:half", "f=tag:has-tag:HALF&sort=name&f=dnc:eq:false"):
        each = await ask(pool, alice, asked)
        assert (len(each.ids), each.total) == (20, len(half) - 1)
    assert await ask(pool, alice, "f=tag:has-tag:unknown") == Page([], "", "", 0)
    await admin.execute("update contacts set deleted_at = null where id = $1", half[0])
