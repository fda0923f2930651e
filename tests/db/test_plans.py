"""With 50,000 contacts no page of the program reads a whole table, under either visibility."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from .conftest import Servers, template
from .people import acting_as, set_visibility
from .rows import value
from .test_search_ids import TEXT

# Filling a book takes some 15 s; views of 12 are owned by a role of their own.
MAJORS = [12, 18] if os.environ.get("CRM_TEST_FULL") else [18]
BOOK = Path(__file__).with_name("big_book.sql")
BIG = {"contacts", "messages", "calls", "emails", "activities", "deals", "conversations"}
ONE = "md5('contact77')::uuid"
NEWEST = "order by created_at desc, id desc limit 50"
OPEN = "status in ('planned', 'in_progress', 'overdue')"
STAGES = "'lead', 'qualified', 'proposal', 'negotiation', 'contract', 'closing'"
PAGES = {
    "the newest contacts": f"select * from contacts where deleted_at is null {NEWEST}",
    "by status": (
        f"select * from contacts where deleted_at is null and deal_status = 'closing' {NEWEST}"
    ),
    "by state and city": (
        "select * from contacts where deleted_at is null and state = 'FL' and city = 'City 30' "
        + NEWEST
    ),
    "the next page": (
        "select * from contacts where deleted_at is null "
        f"and (created_at, id) < (timestamptz '2025-01-01', {ONE}) {NEWEST}"
    ),
    "by tag": (
        "select * from contacts c where deleted_at is null and exists (select from contact_tags t "
        f"where t.contact_id = c.id and t.tag_id = md5('tag7')::uuid) {NEWEST}"
    ),
    "by phone": (
        "select * from contacts where phone1 = '+13050000077' or phone2 = '+13050000077' "
        "or phone3 = '+13050000077'"
    ),
    "one summary": f"select * from contact_summary where id = {ONE}",
    "a page of summaries": f"select * from contact_summary {NEWEST}",
    "a page of the pipeline": (
        "select * from deal_pipeline where pipeline = 'default' and stage = 'lead' "
        "order by position, id limit 50"
    ),
    "a page of the dashboard": (
        f"select * from activity_dashboard where {OPEN} order by due_date limit 50"
    ),
    "my next seven days": (
        f"select * from activity_dashboard where {OPEN} and assigned_to = md5('agent0')::uuid "
        "and due_date < now() + interval '7 days' order by due_date limit 50"
    ),
    "a board": (
        f"select d.* from unnest(array[{STAGES}]) as s (stage) cross join lateral ("
        "select * from deals where pipeline = 'default' and stage = s.stage and deleted_at is null "
        "order by position, id limit 50) d"
    ),
    "a thread": (
        "select * from messages where conversation_id = md5('thread77')::uuid "
        "order by occurred_at desc, id desc limit 50"
    ),
    "the inbox": (
        "select * from conversations where not is_archived "
        "order by last_message_at desc nulls last, id limit 50"
    ),
    "what is unread": (
        "select * from conversations where unread_count > 0 order by last_message_at desc limit 50"
    ),
    "a timeline": " union all ".join(
        f"(select id, occurred_at from {table} where contact_id = {ONE} "
        "order by occurred_at desc limit 50)"
        for table in ("messages", "calls", "emails")
    ),
    "a search": (
        "select c.* from app.search_contact_ids('person77', 50) as found (id) join contacts c "
        "on c.id = found.id"
    ),
    "the history of a deal": (
        "select * from deal_stage_history where deal_id = md5('deal77')::uuid "
        "order by changed_at desc"
    ),
}


@pytest_asyncio.fixture(scope="module", params=MAJORS, ids=lambda m: f"pg{m}")
async def book(request: pytest.FixtureRequest, pg: Servers) -> AsyncIterator[asyncpg.Connection]:
    cluster = pg(request.param)
    cluster.create("book", template(cluster))
    cluster.run_files("book", [BOOK])
    conn = await cluster.connect("book")
    yield conn
    await conn.close()
    cluster.drop("book")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


async def scanned(conn: asyncpg.Connection, sql: str) -> list[str]:
    """Big tables that the query read from end to end; what was planned but not run is not."""
    text = await value(conn, f"explain (analyze, format json) {sql}")
    return [
        f"{node['Relation Name']} ({node['Actual Rows']} rows)"
        for node in nodes(json.loads(text)[0]["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG and node["Actual Loops"]
    ]


@pytest.mark.parametrize("rule", ["team", "assigned"])
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_reads_no_table_from_end_to_end(
    book: asyncpg.Connection, page: str, rule: str
) -> None:
    async with book.transaction():
        await set_visibility(book, rule)
        user = await value(book, "select md5($1)::uuid", "owner" if rule == "team" else "agent0")
        async with acting_as(book, user):
            assert await scanned(book, PAGES[page]) == []


async def test_the_search_uses_its_trigram_index(book: asyncpg.Connection) -> None:
    """As the owner, which app.search_contact_ids() runs as; the expression is the same as there."""
    sql = f"select id from contacts where deleted_at is null and {TEXT} like '%person77@%'"
    plan = json.loads(await value(book, f"explain (format json) {sql}"))[0]["Plan"]
    used = {node.get("Index Name") for node in nodes(plan)}
    assert "contacts_search_trgm_idx" in used


async def test_a_plan_that_reads_everything_would_be_noticed(book: asyncpg.Connection) -> None:
    assert await scanned(book, "select max(notes) from contacts")


async def test_the_book_is_as_big_as_it_says(book: asyncpg.Connection) -> None:
    for table, count in (("contacts", 50_000), ("messages", 200_000), ("deals", 30_000)):
        assert await value(book, f"select count(*) from {table}") == count
