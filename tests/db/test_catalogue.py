"""What the catalogue says about every table at once: nothing here knows a single business rule."""

import re

import asyncpg
import pytest

from .expected_columns import EVERY_TABLE, FOREIGN_KEYS
from .expected_columns import TABLES as COLUMNS
from .files import TABLES, VIEWS

TYPES = {
    "text": "text",
    "int": "integer",
    "bigint": "bigint",
    "bool": "boolean",
    "uuid": "uuid",
    "ts": "timestamp with time zone",
    "date": "date",
    "jsonb": "jsonb",
    "text[]": "text[]",
    "float8": "double precision",
    "interval": "interval",
}
OURS = """
    select p.oid from pg_proc p
    where pronamespace in ('public'::regnamespace, to_regnamespace('app'))
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""


def full_type(short: str) -> str:
    if sized := re.fullmatch(r"v(\d+)", short):
        return f"character varying({sized[1]})"
    if sized := re.fullmatch(r"n([\d,]+)", short):
        return f"numeric({sized[1]})"
    return TYPES[short]


def expected(table: str) -> dict[str, str]:
    words = f"{EVERY_TABLE} {COLUMNS[table]}".split()
    return dict(zip(words[::2], words[1::2], strict=True))


async def stored(conn: asyncpg.Connection, table: str) -> dict[str, asyncpg.Record]:
    sql = """
        select attname::text as name, format_type(atttypid, atttypmod) as type, attnotnull,
               pg_get_expr(adbin, adrelid) as default_text
        from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = $1::text::regclass and attnum > 0 and not attisdropped
    """
    return {row["name"]: row for row in await conn.fetch(sql, table)}


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_has_the_columns_of_the_design(conn: asyncpg.Connection, table: str) -> None:
    there, wanted = await stored(conn, table), expected(table)
    assert set(there) == set(wanted)
    wrong = []
    for name, text in wanted.items():
        short, _, default = text.partition("=")
        column = there[name]
        if short == "?":
            continue
        if short != "?!" and column["type"] != full_type(short.strip("!")):
            wrong.append(f"{name} is {column['type']}, not {full_type(short.strip('!'))}")
        if column["attnotnull"] != short.endswith("!"):
            wrong.append(f"{name} not null: {column['attnotnull']}")
        written = re.sub(r"::[a-z ]+(\[\])?", "", column["default_text"] or "")
        if default and written not in (default, default.strip("'")):
            wrong.append(f"{name} defaults to {column['default_text']}, not {default}")
    assert not wrong


async def test_a_column_with_a_default_is_never_null(conn: asyncpg.Connection) -> None:
    nullable = [
        f"{table}.{name}"
        for table in TABLES
        for name, column in (await stored(conn, table)).items()
        if column["default_text"] and not column["attnotnull"]
    ]
    assert not nullable


@pytest.mark.parametrize("table", sorted(FOREIGN_KEYS))
async def test_a_reference_does_on_delete_what_the_design_says(
    conn: asyncpg.Connection, table: str
) -> None:
    sql = """
        select a.attname || '>' || confrelid::regclass || ':'
               || case confdeltype when 'c' then 'cascade' when 'n' then 'set-null'
                                   else confdeltype::text end
        from pg_constraint join pg_attribute a on a.attrelid = conrelid and a.attnum = conkey[1]
        where conrelid = $1::text::regclass and contype = 'f'
    """
    found = {row[0] for row in await conn.fetch(sql, table)}
    assert found == set(FOREIGN_KEYS[table].split())


async def names(conn: asyncpg.Connection, sql: str) -> list[str]:
    return sorted(str(row[0]) for row in await conn.fetch(sql))


async def test_there_are_fifteen_tables_and_three_views(conn: asyncpg.Connection) -> None:
    sql = (
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = {}"
    )
    assert await names(conn, sql.format("'r'")) == sorted(TABLES)
    assert await names(conn, sql.format("'v'")) == VIEWS


async def test_no_foreign_key_leaves_the_fifteen_tables(conn: asyncpg.Connection) -> None:
    sql = """
        select conname from pg_constraint
        where contype = 'f' and connamespace = 'public'::regnamespace
          and confrelid not in (
              select oid from pg_class where relnamespace = 'public'::regnamespace)
    """
    assert await names(conn, sql) == []


async def test_every_foreign_key_leads_an_index(conn: asyncpg.Connection) -> None:
    sql = """
        select conrelid::regclass || '.' || conname from pg_constraint f
        where contype = 'f' and not exists (
            select from pg_index i
            where i.indrelid = f.conrelid and i.indkey[0] = f.conkey[1] and i.indisvalid
              and (i.indpred is null
                   or pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$'))
    """
    assert await names(conn, sql) == []


async def test_no_index_stands_twice(conn: asyncpg.Connection) -> None:
    sql = """
        select string_agg(indexrelid::regclass::text, ' = ' order by indexrelid)
        from pg_index join pg_class c on c.oid = indrelid
        where c.relnamespace in ('public'::regnamespace, to_regnamespace('app'))
        group by indrelid, indkey::text, indclass::text, indoption::text,
                 pg_get_expr(indexprs, indrelid), pg_get_expr(indpred, indrelid)
        having count(*) > 1
    """
    assert await names(conn, sql) == []


async def test_every_table_has_row_level_security_and_a_policy(conn: asyncpg.Connection) -> None:
    sql = """
        select relname from pg_class c
        where relnamespace in ('public'::regnamespace, to_regnamespace('app')) and relkind = 'r'
          and (not relrowsecurity or (
              relnamespace = 'public'::regnamespace
              and not exists (
                  select from pg_policy where polrelid = c.oid and polcmd in ('r', '*'))))
    """
    assert await names(conn, sql) == []


async def test_policies_speak_to_signed_in_people_only(conn: asyncpg.Connection) -> None:
    """Or to the role that owns the views on 12 to 14, which nobody can log in as."""
    sql = """
        select polrelid::regclass || ': ' || polname from pg_policy, unnest(polroles) as r(role)
        left join pg_roles on pg_roles.oid = r.role
        where role = 0 or (rolname <> 'authenticated' and (rolcanlogin or rolname = 'anon'))
    """
    assert await names(conn, sql) == []


async def test_every_function_has_its_search_path_pinned(conn: asyncpg.Connection) -> None:
    sql = f"""
        select oid::regprocedure from pg_proc
        where oid in ({OURS}) and not exists (
            select from unnest(proconfig) s where s like 'search_path=%')
          and not (prolang = (select oid from pg_language where lanname = 'sql')
                   and provolatile = 'i' and not prosecdef)
    """
    assert await names(conn, sql) == []


async def test_every_definers_path_ends_with_the_temporary_schema(conn: asyncpg.Connection) -> None:
    sql = f"""
        select oid::regprocedure from pg_proc
        where oid in ({OURS}) and prosecdef and not exists (
            select from unnest(proconfig) s where s ~ '^search_path=.*pg_temp$')
    """
    assert await names(conn, sql) == []


async def test_the_public_and_anon_may_execute_nothing(conn: asyncpg.Connection) -> None:
    sql = f"""
        select p.oid::regprocedure || ' by ' || coalesce(r.rolname, 'public')
        from pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
        left join pg_roles r on r.oid = a.grantee
        where p.oid in ({OURS}) and (a.grantee = 0 or r.rolname = 'anon')
    """
    assert await names(conn, sql) == []


async def test_anon_has_no_right_on_any_table(conn: asyncpg.Connection) -> None:
    sql = """
        select c.oid::regclass || ' ' || privilege_type
        from pg_class c, aclexplode(coalesce(relacl, acldefault('r', relowner))) a
        left join pg_roles r on r.oid = a.grantee
        where relnamespace in ('public'::regnamespace, to_regnamespace('app'))
          and relkind in ('r', 'v', 'S') and (a.grantee = 0 or r.rolname = 'anon')
    """
    assert await names(conn, sql) == []


async def test_every_table_view_and_function_says_what_it_is(conn: asyncpg.Connection) -> None:
    sql = f"""
        select oid::regclass::text from pg_class
        where relnamespace in ('public'::regnamespace, to_regnamespace('app'))
          and relkind in ('r', 'v') and obj_description(oid, 'pg_class') is null
        union all
        select oid::regprocedure::text from pg_proc
        where oid in ({OURS}) and obj_description(oid, 'pg_proc') is null
    """
    assert await names(conn, sql) == []


async def test_every_constraint_and_index_is_named_after_its_table(
    conn: asyncpg.Connection,
) -> None:
    sql = """
        select conname from pg_constraint join pg_class c on c.oid = conrelid
        where c.relnamespace = 'public'::regnamespace and contype in ('c', 'f', 'u', 'p')
          and (conname not like relname || '\\_%' or conname ~ '(check|fkey|key)\\d+$')
        union all
        select i.relname from pg_index join pg_class i on i.oid = indexrelid
        join pg_class c on c.oid = indrelid
        where c.relnamespace = 'public'::regnamespace and i.relname not like c.relname || '\\_%'
    """
    assert await names(conn, sql) == []


async def test_every_table_keeps_updated_at_by_a_trigger(conn: asyncpg.Connection) -> None:
    sql = """
        select relname from pg_class c where relnamespace = 'public'::regnamespace and relkind = 'r'
          and not exists (select from pg_trigger t join pg_proc p on p.oid = tgfoid
                          where tgrelid = c.oid and proname = 'set_updated_at'
                            and tgtype & 19 = 19)  -- before, update, each row
    """
    assert await names(conn, sql) == []


async def test_tags_labels_and_capabilities_have_gin_indexes(conn: asyncpg.Connection) -> None:
    sql = """
        select indrelid::regclass || '.' || attname from pg_index
        join pg_class i on i.oid = indexrelid join pg_am on pg_am.oid = i.relam and amname = 'gin'
        join pg_attribute on attrelid = indrelid and attnum = indkey[0]
        join pg_type t on t.oid = atttypid and typcategory = 'A'
    """
    wanted = {"documents.tags", "conversations.labels", "phone_numbers.capabilities"}
    assert set(await names(conn, sql)) >= wanted


async def test_contacts_deals_and_activities_have_full_text_indexes(
    conn: asyncpg.Connection,
) -> None:
    sql = """
        select distinct indrelid::regclass from pg_index
        where pg_get_expr(indexprs, indrelid) like '%to_tsvector(''english''::regconfig%'
    """
    assert set(await names(conn, sql)) >= {"activities", "contacts", "deals"}


@pytest.mark.parametrize(
    ("table", "predicate"),
    [
        ("contacts", "deleted_at IS NULL"),
        ("deals", "deleted_at IS NULL"),
        ("deals", "closed_won"),
        ("messages", "read_at IS NULL"),
        ("activities", "planned"),
        ("conversations", "unread_count > 0"),
    ],
)
async def test_what_is_live_unread_or_open_has_a_partial_index(
    conn: asyncpg.Connection, table: str, predicate: str
) -> None:
    sql = """
        select indexrelid::regclass from pg_index
        where indrelid = $1::text::regclass
          and position($2::text in pg_get_expr(indpred, indrelid)) > 0
    """
    assert await conn.fetch(sql, table, predicate)


async def test_no_check_looks_at_the_clock(conn: asyncpg.Connection) -> None:
    sql = """
        select conname from pg_constraint where contype = 'c'
          and pg_get_constraintdef(oid) ~* 'now\\(|current_|clock_timestamp|at time zone'
    """
    assert await names(conn, sql) == []
