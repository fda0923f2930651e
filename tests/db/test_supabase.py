"""The files install into a Supabase project as it is, and open nothing that was closed."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from . import versions
from .cluster import Cluster
from .files import INSTALL, TABLES, VIEWS
from .people import STRANGER, acting_as, seen_of, totals, workspace
from .test_install import relations

PROJECT_SETUP = Path(__file__).with_name("supabase.sql")
REALTIME = ["messages", "conversations", "calls", "vapi_calls", "activities", "deals", "contacts"]


@pytest_asyncio.fixture(scope="module", params=[15, 17], ids=["pg15", "pg17"])
async def project(request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """A server of its own, because roles belong to the whole server; installed twice."""
    try:
        cluster = Cluster(request.param)
    except versions.UnavailableError as reason:
        pytest.skip(str(reason))
    try:
        cluster.start()
        cluster.create("project")
        cluster.run_files("project", [PROJECT_SETUP])
        for _ in range(2):
            cluster.run_files("project", INSTALL, user="project_owner")
        yield cluster
    finally:
        cluster.stop()


@pytest_asyncio.fixture
async def conn(project: Cluster) -> AsyncIterator[asyncpg.Connection]:
    connection = await project.connect("project")
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


def test_the_tables_and_views_are_in_public(project: Cluster) -> None:
    assert relations(project, "project", "'r'") == sorted(TABLES)
    assert relations(project, "project", "'v'") == VIEWS


def test_extensions_are_in_their_own_schema(project: Cluster) -> None:
    sql = "select extname from pg_extension where extnamespace = 'public'::regnamespace"
    assert project.psql("project", sql) == ""
    trigram = "select count(*) from pg_indexes where indexname = 'contacts_search_trgm_idx'"
    assert project.psql("project", trigram) == "1"


def test_the_tables_are_published_for_realtime(project: Cluster) -> None:
    sql = "select tablename from pg_publication_tables where pubname = 'supabase_realtime'"
    assert set(project.psql("project", sql).split()) >= set(REALTIME)


def test_the_projects_own_functions_are_as_they_were(project: Cluster) -> None:
    sql = "select count(*) from pg_proc where pronamespace = 'auth'::regnamespace"
    assert project.psql("project", sql) == "3"


async def test_anon_sees_nothing_though_the_project_grants_everything_by_default(
    conn: asyncpg.Connection,
) -> None:
    made = await workspace(conn)
    everything = [*TABLES, *VIEWS]
    for outsider in (None, STRANGER, made.users["inactive"]):
        async with acting_as(conn, outsider):
            assert await seen_of(conn, everything) == dict.fromkeys(everything, 0)
    counted = await totals(conn)
    async with acting_as(conn, made.users["manager"]):
        assert await seen_of(conn, TABLES) == counted


async def test_anon_and_members_may_not_call_what_runs_with_the_owners_rights(
    conn: asyncpg.Connection,
) -> None:
    """Lints 0028 and 0029: SECURITY DEFINER functions that a caller over the network reaches."""
    sql = """
        select p.oid::regprocedure::text || ' by ' || r.rolname
        from pg_proc p, unnest(array['anon', 'authenticated']) as r(rolname)
        where pronamespace = 'public'::regnamespace and prosecdef
          and has_function_privilege(r.rolname, p.oid, 'execute')
    """
    assert [row[0] for row in await conn.fetch(sql)] == []


async def test_the_identity_is_that_of_auth_uid(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    async with acting_as(conn, made.users["mei"]):
        same = "select auth.uid() = current_user_id() and auth.uid() = $1"
        assert await conn.fetchval(same, made.users["mei"])


async def test_views_obey_the_policies_of_who_asks(conn: asyncpg.Connection) -> None:
    sql = """
        select count(*) from pg_class where relkind = 'v' and relname = any($1)
          and array_to_string(reloptions, ',') ~ 'security_invoker=(true|on|1)'
    """
    assert await conn.fetchval(sql, VIEWS) == 3
