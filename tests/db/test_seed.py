"""The demo book: full from the first load on, and the same after the second."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from .conftest import MakeDatabase, Servers
from .files import SEED, TABLES
from .rows import miscounted

STAGES = [
    "closed_lost", "closed_won", "closing", "contract",
    "lead", "negotiation", "proposal", "qualified",
]  # fmt: skip


@pytest_asyncio.fixture(params=[12, 18], ids=["pg12", "pg18"])
async def book(
    request: pytest.FixtureRequest, pg: Servers, fresh_db: MakeDatabase
) -> AsyncIterator[asyncpg.Connection]:
    """The owner of a database in which the seed was loaded once."""
    cluster, database = pg(request.param), fresh_db(request.param)
    cluster.run_files(database, [SEED])
    connection = await cluster.connect(database)
    yield connection
    await connection.close()


async def load_again(conn: asyncpg.Connection) -> None:
    await conn.execute(SEED.read_text(encoding="utf-8"))


async def fingerprints(conn: asyncpg.Connection) -> dict[str, object]:
    """Row count and digest of every table."""
    sql = "select count(*) || ' ' || md5(string_agg(t::text, '|' order by id)) from {} t"
    return {table: await conn.fetchval(sql.format(table)) for table in TABLES}


async def words(conn: asyncpg.Connection, table: str, column: str) -> list[str]:
    return [r[0] for r in await conn.fetch(f"select distinct {column} from {table} order by 1")]


async def test_a_second_load_changes_no_row_of_any_table(book: asyncpg.Connection) -> None:
    before = await fingerprints(book)
    await load_again(book)
    assert await fingerprints(book) == before


async def test_a_second_load_keeps_edits_and_deletions(book: asyncpg.Connection) -> None:
    await book.execute("update contacts set notes = 'mine' where first_name = 'Rosa'")
    await book.execute("update deals set stage = 'contract' where name like '1840 NW%'")
    await book.execute("update messages set read_at = now() where read_at is null")
    await book.execute("delete from contacts where first_name = 'Marcus'")
    before = await fingerprints(book)
    await load_again(book)
    assert await fingerprints(book) == before


async def test_a_tag_of_the_same_name_is_used_instead_of_the_seeds(
    pg: Servers, fresh_db: MakeDatabase
) -> None:
    cluster, database = pg(18), fresh_db(18)
    cluster.psql(database, "insert into tags (name) values ('hot LEAD')")
    cluster.run_files(database, [SEED])
    sql = (
        "select name from contact_tags join tags t on t.id = tag_id where lower(name) = 'hot lead'"
    )
    assert set(cluster.psql(database, sql).splitlines()) == {"hot LEAD"}


async def test_the_book_has_every_stage_channel_status_and_type(book: asyncpg.Connection) -> None:
    assert await words(book, "deals", "stage") == STAGES
    assert await words(book, "contacts", "deal_status") == STAGES
    assert await words(book, "conversations", "channel") == ["email", "sms", "voice", "whatsapp"]
    assert len(await words(book, "activities", "type")) == 9
    assert len(await words(book, "activities", "status")) == 5
    assert {"failed", "undelivered", "read"} <= set(await words(book, "messages", "status"))
    assert {"missed", "voicemail", "busy", "no-answer"} <= set(await words(book, "calls", "status"))
    assert {"bounced", "opened", "clicked"} <= set(await words(book, "emails", "status"))
    least = {"contacts": 40, "messages": 180, "emails": 35, "calls": 45, "activities": 70}
    least |= {"deals": 30, "documents": 12, "vapi_calls": 14, "assistants": 3, "phone_numbers": 3}
    enough = {t: await book.fetchval(f"select count(*) >= {n} from {t}") for t, n in least.items()}
    assert enough == dict.fromkeys(least, True)


async def test_the_threads_counters_are_those_of_a_recount(book: asyncpg.Connection) -> None:
    assert await miscounted(book) == []
    assert await book.fetchval("select sum(unread_count) > 10 from conversations")


async def test_nothing_has_happened_in_the_future_or_before_its_contact(
    book: asyncpg.Connection,
) -> None:
    wrong = await book.fetch(
        "select e.id from contacts c, lateral ("
        " select id, occurred_at as at from messages where contact_id = c.id"
        " union all select id, occurred_at from calls where contact_id = c.id"
        " union all select id, occurred_at from emails where contact_id = c.id"
        " union all select id, stage_changed_at from deals where contact_id = c.id"
        " union all select id, created_at from activities where contact_id = c.id"
        ") e where e.at > now() or e.at < c.created_at"
    )
    assert wrong == []


async def test_each_deals_history_leads_to_its_stage_and_value(book: asyncpg.Connection) -> None:
    wrong = await book.fetch(
        "select d.name from deals d join lateral ("
        "  select * from deal_stage_history where deal_id = d.id order by changed_at desc limit 1"
        ") last on true where (last.new_stage, last.new_value, last.new_probability)"
        " is distinct from (d.stage, d.value, d.probability)"
        " or (select count(*) from deal_stage_history h"
        "     where h.deal_id = d.id and h.old_stage is null) <> 1"
    )
    assert wrong == []


async def test_who_said_stop_gets_no_further_text(book: asyncpg.Connection) -> None:
    stopped = await book.fetch(
        "select c.id, dnc_reason, max(m.occurred_at) filter (where m.content like 'STOP%') as stop,"
        " max(m.occurred_at) as last from contacts c join messages m on m.contact_id = c.id"
        " where c.sms_opt_out group by c.id"
    )
    assert len(stopped) == 2
    assert all(row["dnc_reason"] and row["last"] == row["stop"] for row in stopped)
