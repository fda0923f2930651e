"""The files install with psql alone, on every version, again and again, for any owner."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from . import versions
from .cluster import Cluster
from .conftest import MakeDatabase, Servers
from .files import INSTALL, SCHEMA, TABLES, VIEWS

EVERY_VERSION = pytest.mark.parametrize("major", versions.ALL, ids=lambda m: f"pg{m}")


def relations(cluster: Cluster, database: str, kind: str, schema: str = "public") -> list[str]:
    sql = (
        "select relname from pg_class where relnamespace = "
        f"'{schema}'::regnamespace and relkind in ({kind}) order by relname"
    )
    return cluster.psql(database, sql).split()


def counts(cluster: Cluster, database: str) -> str:
    each = " union all ".join(f"select '{t}', count(*) from {t}" for t in TABLES)
    return cluster.psql(database, f"{each} order by 1")


def test_the_specifications_files_are_all_there() -> None:
    assert [file.name[:3] for file in SCHEMA] == [f"{n:03}" for n in range(1, 21)]


@dataclass
class Installed:
    """A database after each of two installations of all files, the seed included."""

    cluster: Cluster
    database: str
    schemas: tuple[str, str]
    rows: tuple[str, str]


@pytest.fixture(scope="module")
def installed_twice(pg: Servers) -> Callable[[int], Installed]:
    made: dict[int, Installed] = {}

    def install(major: int) -> Installed:
        if major not in made:
            cluster, database = pg(major), "twice"
            cluster.drop(database)
            cluster.create(database)
            found = list[tuple[str, str]]()
            for _ in range(2):
                cluster.run_files(database, INSTALL)
                found.append((cluster.schema_of(database), counts(cluster, database)))
            (schema, rows), (schema_again, rows_again) = found
            pairs = (schema, schema_again), (rows, rows_again)
            made[major] = Installed(cluster, database, *pairs)
        return made[major]

    return install


@EVERY_VERSION
def test_the_files_install_twice_and_the_second_time_changes_nothing(
    major: int, installed_twice: Callable[[int], Installed]
) -> None:
    done = installed_twice(major)
    assert relations(done.cluster, done.database, "'r', 'p'") == sorted(TABLES)
    assert relations(done.cluster, done.database, "'v', 'm'") == VIEWS
    assert done.schemas[1] == done.schemas[0]
    assert done.rows[1] == done.rows[0]


def test_every_version_ends_with_the_same_columns_indexes_and_triggers(
    installed_twice: Callable[[int], Installed],
) -> None:
    parts: dict[int, str] = {}
    for major in versions.ALL:
        done = installed_twice(major)
        parts[major] = done.cluster.psql(done.database, INVENTORY)
    different = [major for major in parts if parts[major] != parts[18]]
    assert not different, f"not as on 18: {different}"


INVENTORY = """
    select 'column', attrelid::regclass::text, attname::text, format_type(atttypid, atttypmod)
    from pg_attribute join pg_class c on c.oid = attrelid
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and attnum > 0
      and not attisdropped
    union all
    select 'index', indrelid::regclass::text, indexrelid::regclass::text,
           pg_get_indexdef(indexrelid)
    from pg_index join pg_class c on c.oid = indrelid
    where relnamespace = 'public'::regnamespace and relkind = 'r'
    union all
    select 'trigger', tgrelid::regclass::text, tgname::text, tgtype::text
    from pg_trigger join pg_class c on c.oid = tgrelid
    where relnamespace = 'public'::regnamespace and not tgisinternal
    union all
    select 'constraint', conrelid::regclass::text, conname::text, contype::text
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
    order by 1, 2, 3, 4
"""


@pytest.mark.parametrize("major", [12, 15, 18], ids=lambda m: f"pg{m}")
def test_extensions_are_used_where_they_exist_and_not_missed_where_they_do_not(
    major: int, pg: Servers, empty_db: MakeDatabase
) -> None:
    cluster, database = pg(major), empty_db(major)
    offered = cluster.psql(
        database,
        "select count(*) from pg_available_extensions where name in ('uuid-ossp', 'pgcrypto')",
    )
    assert offered == ("0" if major == 18 else "2")
    cluster.run_files(database, INSTALL)
    extensions = cluster.psql(database, "select extname from pg_extension order by 1").split()
    assert "pg_trgm" in extensions
    assert ("uuid-ossp" in extensions) == (major != 18)
    assert ("pgcrypto" in extensions) == (major == 12)


@pytest.mark.parametrize("major", [16, 18], ids=lambda m: f"pg{m}")
def test_an_owner_who_is_no_superuser_can_install(major: int) -> None:
    """On a server of its own: the roles of 019 must not be there already, made by a superuser."""
    try:
        cluster = Cluster(major)
    except versions.UnavailableError as reason:
        pytest.skip(str(reason))
    try:
        cluster.start()
        cluster.psql("postgres", "create role plain_owner login createrole nosuperuser")
        database = cluster.create("owned", owner="plain_owner")
        for _ in range(2):
            cluster.run_files(database, INSTALL, user="plain_owner")
        assert relations(cluster, database, "'r'") == sorted(TABLES)
        roles = (
            "select count(*) from pg_roles where rolname in ('anon', 'authenticated', 'crm_app')"
        )
        assert cluster.psql(database, roles) == "3"
    finally:
        cluster.stop()


@pytest.mark.parametrize("major", [12, 18], ids=lambda m: f"pg{m}")
def test_the_files_install_into_any_schema_and_each_keeps_to_itself(
    major: int, pg: Servers, empty_db: MakeDatabase
) -> None:
    cluster, database = pg(major), empty_db(major)
    for schema in ("ws_x", "ws_y"):
        cluster.psql(database, f"create schema {schema}")
        for _ in range(2):
            cluster.run_files(database, SCHEMA, options=f"-c search_path={schema},public")
        assert relations(cluster, database, "'r'", schema) == sorted(TABLES)
        assert relations(cluster, database, "'v'", schema) == VIEWS
    assert relations(cluster, database, "'r', 'v'") == []
    unpinned = """
        select p.oid::regprocedure from pg_proc p
        where pronamespace in ('ws_x'::regnamespace, 'ws_y'::regnamespace)
          and not exists (select from unnest(proconfig) s
                          where s like 'search_path=' || pronamespace::regnamespace || '%')
          and proname <> 'contact_search_text'  -- uses built-in functions only, and in an index
          and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    """
    assert cluster.psql(database, unpinned) == ""
    # Written without any search_path: the triggers must find their own schema's tables.
    cluster.psql(
        database,
        """
        with c as (insert into ws_x.contacts (first_name) values ('Relocated') returning id)
        insert into ws_x.messages (contact_id, direction, message_type, status, phone_number)
        select id, 'inbound', 'sms', 'received', '+13055550100' from c
        """,
    )
    sql = (
        "select message_count, unread_count from {}.conversations c "
        "join {}.contacts p on p.id = c.contact_id where p.first_name = 'Relocated'"
    )
    assert cluster.psql(database, sql.format("ws_x", "ws_x")) == "1|1"
    assert cluster.psql(database, sql.format("ws_y", "ws_y")) == ""


def test_a_broken_second_half_leaves_no_file_half_done() -> None:
    for file in INSTALL:
        lines = [line.strip().lower() for line in file.read_text().splitlines()]
        code = [line for line in lines if line and not line.startswith("--")]
        assert code[0] == "begin;", file.name
        assert code[-1] == "commit;", file.name
        assert not any(line.startswith("\\") for line in lines), file.name
