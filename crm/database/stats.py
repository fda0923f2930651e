"""Numbers about the database: sizes of tables, use of indexes, slowest queries."""

import asyncpg

_TABLES = """
    select c.oid::regclass::text as name,
           s.n_live_tup as rows,
           pg_size_pretty(pg_table_size(c.oid)) as data,
           pg_size_pretty(pg_indexes_size(c.oid)) as indexes,
           pg_size_pretty(pg_total_relation_size(c.oid)) as total,
           s.n_dead_tup as dead,
           greatest(s.last_vacuum, s.last_autovacuum) as vacuumed
    from pg_class c
    join pg_stat_user_tables s on s.relid = c.oid
    order by pg_total_relation_size(c.oid) desc
"""
_INDEXES = """
    select s.indexrelid::regclass::text as name, s.relid::regclass::text as table,
           s.idx_scan as scans, s.idx_tup_read as entries,
           pg_size_pretty(pg_relation_size(s.indexrelid)) as size
    from pg_stat_user_indexes s
    order by s.idx_scan desc, pg_relation_size(s.indexrelid) desc
    limit $1
"""
# PostgreSQL 12 still called them total_time and mean_time.
_STATEMENTS = """
    select calls, {total} as total_ms, {mean} as mean_ms, rows,
           regexp_replace(left(query, 300), '\\s+', ' ', 'g') as query
    from {schema}.pg_stat_statements
    where dbid = (select oid from pg_database where datname = current_database())
    order by 2 desc
    limit $1
"""
_EXTENSION = """
    select quote_ident(n.nspname) from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'pg_stat_statements'
"""


async def database_size(connection: asyncpg.Connection) -> str:
    """The size of the whole database, for people."""
    query = "select pg_size_pretty(pg_database_size(current_database()))"
    return str(await connection.fetchval(query))


async def tables(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """name, rows (estimated), data, indexes, total, dead rows, vacuumed; biggest first."""
    return await connection.fetch(_TABLES)


async def indexes(connection: asyncpg.Connection, limit: int) -> list[asyncpg.Record]:
    """name, table, scans, entries read, size; most used first."""
    return await connection.fetch(_INDEXES, limit)


async def slowest(connection: asyncpg.Connection, limit: int) -> list[asyncpg.Record] | None:
    """calls, total_ms, mean_ms, rows, query of the costliest statements of this database.

    None where pg_stat_statements is not loaded, or not open to this login.
    """
    schema = await connection.fetchval(_EXTENSION)
    if schema is None:
        return None
    old = connection.get_server_version().major < 13
    columns = ("total_time", "mean_time") if old else ("total_exec_time", "mean_exec_time")
    query = _STATEMENTS.format(schema=schema, total=columns[0], mean=columns[1])
    try:
        return await connection.fetch(query, limit)
    except (
        asyncpg.ObjectNotInPrerequisiteStateError,
        asyncpg.InsufficientPrivilegeError,
    ):
        return None
