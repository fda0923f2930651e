"""Doctor, stats and maintain: each trouble is planted, found, and gone after its advice."""

import pytest

from crm.database import connect, stats
from crm.database.doctor import Finding, examine
from crm.database.maintain import BLOATED, Step, bloated, maintain
from crm.embedded import Server


@pytest.fixture
async def book(new_database, seeded_template: str) -> Server:
    """The demo book."""
    return await new_database(seeded_template)


async def troubles(target: Server, *, production: bool = False) -> list[Finding]:
    findings = await examine(target.admin_dsn, target.app_dsn, production=production)
    return [
        finding
        for finding in findings
        if finding.severity in ("warning", "error") and finding.subject != "fsync"
    ]  # the server of the tests may do without fsync


async def test_a_fresh_database_is_healthy(book: Server, on):
    await on(book, "create extension if not exists pg_stat_statements")
    assert await troubles(book, production=True) == []


PLANTED = {
    "alter table deals disable row level security": ("error", "deals has none"),
    "drop policy tags_select on tags; drop policy tags_insert on tags; "
    "drop policy tags_update on tags; drop policy tags_delete on tags":
        ("warning", "tags has no policy"),
    "alter view contact_summary set (security_invoker = false)":
        ("error", "view contact_summary shows what its owner sees"),
    "create table planted (contact_id uuid references contacts); "
    "alter table planted enable row level security; "
    "create policy planted_all on planted using (true)":
        ("warning", "planted (contact_id) refers to contacts without an index"),
    "alter table tags add constraint planted check (name <> '') not valid":
        ("warning", "planted of tags was never checked"),
    "update pg_index set indisvalid = false where indexrelid = 'tags_pkey'::regclass":
        ("error", "tags_pkey is invalid"),
    "alter table conversations disable trigger all; "
    "update conversations set message_count = message_count + 1":
        ("error", "conversations count wrong"),
    "drop index contacts_search_trgm_idx; drop extension pg_trgm cascade":
        ("warning", "pg_trgm is missing"),
    "delete from app.schema_files where path = 'app/101_sessions.sql'":
        ("warning", "not as in db/: app/101_sessions.sql"),
}  # fmt: skip


@pytest.mark.parametrize("statement", PLANTED, ids=lambda text: text[:40])
async def test_the_doctor_finds(book: Server, on, statement: str):
    severity, text = PLANTED[statement]
    await on(book, statement)
    found = [finding for finding in await troubles(book) if text in finding.text]
    assert [finding.severity for finding in found] == [severity]
    assert found[0].advice


async def test_a_superuser_login_is_refused_in_production_only(book: Server):
    above = Server(book.admin_dsn, book.admin_dsn, book.bin)
    assert [finding.severity for finding in await troubles(above)] == ["warning"]
    assert [finding.severity for finding in await troubles(above, production=True)] == ["error"]


async def test_a_database_without_our_schema_is_one_finding(new_database):
    target = await new_database()
    assert [finding.text for finding in await troubles(target)] == [
        "this database has not been set up"
    ]


async def test_stats_name_sizes_indexes_and_the_slowest_statements(book: Server):
    async with connect(book.admin_dsn) as connection:
        found = await stats.read(connection)
        tables = {row["name"]: row for row in found.tables}
        assert tables["contacts"]["total_bytes"] > tables["contacts"]["index_bytes"] > 0
        whole = "select pg_total_relation_size('contacts')"
        assert tables["contacts"]["total_bytes"] == await connection.fetchval(whole)
        assert {"contacts_pkey", "app.users_pkey"} <= {row["name"] for row in found.indexes}
        assert (found.statements_state, found.statements) == ("missing", [])
        await connection.execute("create extension pg_stat_statements")
        await connection.fetch("select count(*) as planted from contacts")
        found = await stats.read(connection, 100)
    assert found.statements_state == "ready"
    assert any("planted" in row["statement"] for row in found.statements)


async def test_maintain_rebuilds_bloated_indexes_and_no_others(book: Server):
    async with connect(book.admin_dsn) as connection:
        await connection.execute(
            "create table planted (id int primary key, word text);"
            "insert into planted select n, 'word' || n from generate_series(1, 60000) n;"
            "create index planted_word_idx on planted (word);"
            "delete from planted where id % 20 <> 0"
        )
        steps: list[Step] = []
        rebuilt = await maintain(connection, lambda step, done, total: steps.append(step))
        assert rebuilt == ["planted_word_idx", "planted_pkey"]
        assert await bloated(connection) == []
        statements = [step.statement for step in steps]
        assert statements[0].startswith("vacuum (analyze)")
        assert statements[-1] == "reindex index concurrently planted_pkey"
        small = f"select pg_relation_size('planted_word_idx') < {3000 * 40 * BLOATED}"
        assert await connection.fetchval(small)


async def test_maintain_clears_away_an_interrupted_rebuild(book: Server):
    async with connect(book.admin_dsn) as connection:
        await connection.execute(
            "create index tags_name_ccnew on tags (name);"
            "update pg_index set indisvalid = false where indexrelid = 'tags_name_ccnew'::regclass"
        )
        await maintain(connection, lambda step, done, total: None)
        assert await connection.fetchval("select to_regclass('tags_name_ccnew')") is None
